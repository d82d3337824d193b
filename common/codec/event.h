/*
 * event.h - one entry of the event log: CloudEvents 1.0, frozen as MessagePack at commit.
 *
 * A map with string keys in this order: specversion, id (the number as text), source, type, subject, time,
 * datacontenttype, sequence (20 digits, zero-padded), data {status, outcome, declared_total, computed_total,
 * confirmed_total, grade, unit, unit_code, department, project_name, year, revision, digest, superseded_by}.
 * Totals are texts with two decimals or nil. The JSON is the same map, member for member.
 */
#ifndef ZP_CODEC_EVENT_H
#define ZP_CODEC_EVENT_H

#include "codec/status.h"

/* Packs the event that says `status` was reached, numbered status->seq, at time now_ms. */
void zp_event_pack(const zp_status *status, int64_t now_ms, zp_buf *out);
/* The frozen bytes as a JSON object, the same for the same bytes. ZP_CORRUPT. */
zp_rc zp_event_write_json(zp_str bytes, zp_buf *out);

#define ZP_TOPIC_MAX 224
/*
 * The topic of a frozen event: "<state>/<year>/<unit>/<grade or ->/<outcome or ->", such as
 * "scored/2022/<unit>/优/consistent". The unit is unit_code when there is one, else the unit's name with '/' as '_',
 * cut to 96 bytes at a character. What is told about a webhook endpoint (notice.h) has "webhook/<endpoint>".
 * ZP_CORRUPT.
 */
zp_rc zp_event_topic(zp_str bytes, char out[ZP_TOPIC_MAX]);

#endif

/*
 * notice.h - the one kind of event that is about no submission: a webhook endpoint that was disabled because it failed.
 *
 * type ziping.webhook.disabled, subject the endpoint's id; data {endpoint, address, reason, failing_since, disabled_at,
 * store, notice}. The last three say which entry of which webhooks store it was made of: by them it is told once.
 */
#ifndef ZP_CODEC_NOTICE_H
#define ZP_CODEC_NOTICE_H

#include "base/buf.h"
#include "base/error.h"

enum { ZP_NOTICE_STORE = 16 };

/*
 * The entry of a webhooks store that a notice was made of. Those of one store are numbered from 1; one that was
 * restored from an earlier day numbers on from there, so the time belongs to it.
 */
typedef struct {
    uint8_t store[ZP_NOTICE_STORE]; /* random, made with the store */
    uint64_t serial;
    int64_t at_ms; /* when the endpoint was disabled */
} zp_notice_mark;

typedef struct {
    zp_notice_mark mark;
    uint64_t endpoint;
    zp_str address; /* scheme, host and port; never the whole URL, which may hold a secret */
    zp_str reason;
    int64_t failing_since_ms;
} zp_notice;

/* Whether a notice comes no later than the one that was told last. Pure. */
bool zp_notice_is_told(const zp_notice_mark *told, const zp_notice_mark *mark);

/* Packs the event with that number and time. */
void zp_notice_pack(const zp_notice *notice, uint64_t seq, int64_t now_ms, zp_buf *out);
/* Views point into frozen. ZP_NOTFOUND: an event of another kind. ZP_CORRUPT. Pure; any thread. */
zp_rc zp_notice_read(zp_str frozen, zp_notice *out, uint64_t *seq, int64_t *at_ms);

#endif

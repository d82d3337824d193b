/*
 * event_head.h - what all kinds of events share: the members in front of `data`, and how some of them are read again.
 * For the files of this folder.
 */
#ifndef ZP_CODEC_EVENT_HEAD_H
#define ZP_CODEC_EVENT_HEAD_H

#include "codec/mp.h"

#define ZP_TYPE_WEBHOOK "ziping.webhook." /* begins the type of what is told about an endpoint */

typedef struct {
    uint64_t seq;
    int64_t now_ms;
    const char *source, *type, *subject;
} zp_event_head;
/* Opens the map and packs all of its members but the value of `data`, which comes next. */
void zp_event_pack_head(msgpack_packer *p, const zp_event_head *head);

/* A number or a time that was packed as text; sets m->bad when it is none. */
uint64_t zp_event_number(zp_mp *m);
int64_t zp_event_time(zp_mp *m);

#endif

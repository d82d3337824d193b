/*
 * event_read.h - a frozen event's members as values again: for those who check or replay the log itself.
 */
#ifndef ZP_CODEC_EVENT_READ_H
#define ZP_CODEC_EVENT_READ_H

#include "codec/status.h"

typedef struct {
    uint64_t number, sequence; /* the same in a sound event */
    int64_t time_ms;
    char digest[ZP_DIGEST_TEXT + 1];
    /* id, state, seq, year, names, revision, superseded_by: as they were when it was frozen. No digest, no result. */
    zp_status status;
    bool has_result;
} zp_event;

/* Views point into bytes. ZP_CORRUPT for anything but an event as zp_event_pack writes it. Pure; any thread. */
zp_rc zp_event_read(zp_str bytes, zp_event *out);

#endif

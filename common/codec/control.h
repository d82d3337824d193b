/*
 * control.h - control totals over a stretch of the event log: what two sides compare instead of their rows.
 *
 * The service computes them from the log, a subscriber from what it received; the frozen bytes are the same on both
 * sides, and so is every figure. What matches the filter is counted, in the order of the numbers.
 */
#ifndef ZP_CODEC_CONTROL_H
#define ZP_CODEC_CONTROL_H

#include "base/buf.h"
#include "base/digest.h"
#include "codec/event_brief.h"

#include <nettle/sha2.h>

typedef struct {
    zp_event_filter filter; /* whose texts must outlive this */
    uint64_t events;        /* that match */
    uint64_t scored, failed, superseded;
    uint64_t damaged;         /* whose bytes cannot be read; what they were about is not known */
    uint64_t confirmed;       /* scored ones whose confirmed total is known */
    int64_t confirmed_sum;    /* cents, of those */
    struct sha256_ctx sha256; /* over the frozen bytes of those that match, one behind the other */
} zp_control;

void zp_control_begin(zp_control *self, const zp_event_filter *filter);
/* The next event of the log; empty bytes: damaged. */
void zp_control_add(zp_control *self, zp_str frozen);
/*
 * Appends one JSON object: the numbers between which was counted (behind `after`, up to and with `upto`), the filter,
 * the figures and the digest, and a line's end. Ends the digest: call it once.
 */
void zp_control_write_json(zp_control *self, uint64_t after, uint64_t upto, zp_buf *out);

#endif

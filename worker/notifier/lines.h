/*
 * lines.h - how many lines a crowd may write into the log: ten in ten seconds. One thread's.
 */
#ifndef ZP_NOTIFIER_LINES_H
#define ZP_NOTIFIER_LINES_H

#include "base/clock.h"

enum { ZP_LINES = 10, ZP_LINES_MS = 10 * 1000 };

typedef struct {
    int64_t since; /* monotonic */
    unsigned count;
} zp_lines;

static inline bool zp_lines_may(zp_lines *self)
{
    int64_t now = zp_clock_mono_ms();
    if (now - self->since >= ZP_LINES_MS)
        *self = (zp_lines){.since = now};
    return self->count++ < ZP_LINES;
}

#endif

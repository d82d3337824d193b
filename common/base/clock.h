/*
 * clock.h - the two clocks, read at the edges only; the core takes `now` as an argument.
 */
#ifndef ZP_BASE_CLOCK_H
#define ZP_BASE_CLOCK_H

#include "base/str.h"

/* Milliseconds since the Unix epoch; may step. For timestamps that people see. */
int64_t zp_clock_wall_ms(void);
/* Milliseconds of CLOCK_MONOTONIC; never steps. For timeouts, leases, ages within a process. */
int64_t zp_clock_mono_ms(void);

#define ZP_TIME_TEXT 24
/* RFC 3339 in UTC with milliseconds: 2026-03-01T08:15:30.123Z, and a NUL. */
void zp_time_format(int64_t wall_ms, char out[ZP_TIME_TEXT + 1]);

#endif

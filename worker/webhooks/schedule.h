/*
 * schedule.h - when a delivery that failed is tried again: the settings' schedule, jitter, what the receiver asked for.
 */
#ifndef ZP_WEBHOOKS_SCHEDULE_H
#define ZP_WEBHOOKS_SCHEDULE_H

#include "base/config.h"

#define ZP_RETRY_AFTER_MOST_MS (INT64_C(24) * 3600 * 1000)
#define ZP_NO_RETRY            (-1)

/*
 * The wait after the `failed`-th attempt (from 1) has failed: the schedule's, a tenth more or less by `random`, and no
 * shorter than retry_after_ms, of which a day at most is granted. ZP_NO_RETRY when the schedule is used up. Pure.
 */
int64_t zp_retry_wait(const zp_config *config, uint32_t failed, int64_t retry_after_ms, uint64_t random);

#endif

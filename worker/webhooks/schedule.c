/*
 * schedule.c - see schedule.h.
 */
#include "schedule.h"

enum { JITTER_PART = 10 };

int64_t zp_retry_wait(const zp_config *config, uint32_t failed, int64_t retry_after_ms, uint64_t random)
{
    if (failed == 0 || failed > config->webhooks.retry_count)
        return ZP_NO_RETRY;
    uint64_t wait = config->webhooks.retry_ms[failed - 1], part = wait / JITTER_PART;
    int64_t jittered = (int64_t)(wait - part + random % (2 * part + 1));
    int64_t asked = retry_after_ms < ZP_RETRY_AFTER_MOST_MS ? retry_after_ms : ZP_RETRY_AFTER_MOST_MS;
    return asked > jittered ? asked : jittered;
}

/*
 * retry.c - see retry.h. Reads the gateway's figures, which the committer keeps; any request thread.
 */
#include "retry.h"

#include "base/clock.h"

enum {
    LEAST_MS = 500,
    MOST_MS = 20 * 1000, /* before jitter: with half of it added still 30 s, so that the cap does not align clients */
    SCORED_PER_MS = 8,   /* the order of what one worker does; the age corrects it where it is wrong */
};

/* The finaliser of SplitMix64: every bit of the salt moves every bit of the jitter. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

unsigned zp_retry_after_s(const zp_gateway *gateway, int64_t now_ms, uint64_t salt)
{
    int64_t oldest = atomic_load_explicit(&gateway->oldest_ms, memory_order_relaxed);
    uint64_t pending = atomic_load_explicit(&gateway->pending, memory_order_relaxed);
    uint64_t wait = LEAST_MS + pending / SCORED_PER_MS;
    if (oldest > 0 && now_ms > oldest)
        wait += (uint64_t)(now_ms - oldest);
    /* A full store is not helped by coming back soon: somebody has to make room. */
    zp_shut shut = atomic_load_explicit(&gateway->shut, memory_order_relaxed);
    if (wait > MOST_MS || shut == ZP_SHUT_DISK || shut == ZP_SHUT_MAP)
        wait = MOST_MS;
    wait += mix(salt) % (wait / 2 + 1);
    return (unsigned)((wait + 999) / 1000);
}

void zp_retry_after(const zp_gateway *gateway, zp_request *request, const zp_id *id)
{
    uint64_t salt = (uint64_t)(uintptr_t)request;
    int64_t now = zp_clock_wall_ms();
    if (id)
        memcpy(&salt, id->b + 8, sizeof salt); /* the random half of a UUIDv7 */
    char text[2];
    unsigned seconds = zp_retry_after_s(gateway, now, salt ^ (uint64_t)now);
    text[0] = (char)('0' + seconds / 10);
    text[1] = (char)('0' + seconds % 10);
    zp_header(request, "Retry-After", seconds < 10 ? (zp_str){text + 1, 1} : (zp_str){text, 2});
}

/*
 * feed.h - every message of the event feed.
 *
 * publish (XPUB, the notifier binds): frames [topic][seq u64 BE][frozen event, MessagePack]. Topics are prefixes such
 * as "scored/2022/". Beats, so that a lost tail is noticed: ["beat"][newest seq u64 BE][]. replay (ROUTER, the notifier
 * binds; subscribers use DEALER): request [“AFTER”][seq u64 BE][limit u32 BE] → zero or more frames triples as one
 * multipart reply: ["EVENTS"][newest seq u64 BE] then [seq u64 BE][frozen]… (at most 1000 events or 1 MiB). Anything
 * else is answered ["ERROR"][text]. poke (PULL, the notifier binds; workers PUSH): [newest seq u64 BE]. Losing one
 * loses nothing.
 */
#ifndef ZP_WIRE_FEED_H
#define ZP_WIRE_FEED_H

#include "base/error.h"
#include "base/str.h"

enum { ZP_REPLAY_MAX_EVENTS = 1000, ZP_REPLAY_MAX_BYTES = 1024 * 1024 };

static inline void zp_be64_put(uint8_t out[8], uint64_t n)
{
    for (int i = 7; i >= 0; i--, n >>= 8)
        out[i] = (uint8_t)n;
}
static inline uint64_t zp_be64_get(const uint8_t in[8])
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++)
        n = n << 8 | in[i];
    return n;
}

#endif

/*
 * follower.h - joins the live feed and the replay of the log: every event in order, each once. One thread's.
 *
 * Subscribes first, asks the log for what lies between its position and the newest number, then goes on live; a gap in
 * the numbers, in an event or in a beat, and a long silence send it back to the log. Returns the codes of
 * ziping_subscriber.h.
 */
#ifndef ZP_CLIENT_FOLLOWER_H
#define ZP_CLIENT_FOLLOWER_H

#include "base/str.h"
#include "client/link.h"
#include "client/ziping_subscriber.h"

typedef struct zp_follower zp_follower;

typedef struct {
    uint64_t number;
    zp_str frozen; /* valid until the next call; empty when damaged in the store */
} zp_followed;

/* address and context must outlive it. ZIPING_INVALID, ZIPING_NO_MEMORY, ZIPING_SYSTEM. */
int zp_follower_open(void *context, const zp_address *address, uint64_t after, zp_follower **out);
void zp_follower_close(zp_follower **self);
/* The next event, if it has been received: nothing is waited for, no clock read. */
bool zp_follower_has(zp_follower *self, zp_followed *out);
/* until_ms: monotonic; INT64_MAX: for ever. As ziping_subscriber_next. */
int zp_follower_next(zp_follower *self, int64_t until_ms, zp_followed *out);
uint64_t zp_follower_position(const zp_follower *self);
uint64_t zp_follower_first(const zp_follower *self);
int64_t zp_follower_silence_ms(const zp_follower *self);

/* What a code of ours is to the library's users. */
int zp_ziping_code(zp_rc rc);

#endif

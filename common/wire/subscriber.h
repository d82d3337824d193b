/*
 * subscriber.h - a reader of the event feed that misses nothing and repeats nothing.
 *
 * Joins the live feed (SUB) and the replay of the log (DEALER): it subscribes first, asks the log for what lies between
 * its position and the newest number, then goes on live; a gap in the numbers, in an event or in a beat, sends it
 * back to the log. It subscribes to every topic, since only the whole sequence shows a gap; callers filter what they
 * get. One thread's; both ends may come and go.
 */
#ifndef ZP_WIRE_SUBSCRIBER_H
#define ZP_WIRE_SUBSCRIBER_H

#include "base/error.h"
#include "base/str.h"

typedef struct zp_subscriber zp_subscriber;

#define ZP_FROM_NOW UINT64_MAX /* as `after`: only what comes from now on */

typedef struct {
    uint64_t seq;
    zp_str frozen; /* MessagePack, valid until the next call; empty when the event is damaged in the store */
} zp_feed_event;

/*
 * publish, replay: endpoints of the notifier; it need not be up. after: the last number the caller has.
 * ZP_INVALID for an endpoint that ZeroMQ does not understand, ZP_NOMEM, ZP_IO.
 */
zp_rc zp_subscriber_open(const char *publish, const char *replay, uint64_t after, zp_subscriber **out);
void zp_subscriber_close(zp_subscriber **self);
/* After ZP_NOTFOUND: the first event that the log still holds. */
uint64_t zp_subscriber_log_start(const zp_subscriber *self);
/*
 * The next event in order. ZP_TIMEOUT after timeout_ms without one, ZP_CONFLICT when the
 * log is shorter than the position (another store: start again from 0), ZP_NOTFOUND when events behind the position
 * have gone to an archive, ZP_IO.
 */
zp_rc zp_subscriber_next(zp_subscriber *self, int timeout_ms, zp_feed_event *out);

#endif

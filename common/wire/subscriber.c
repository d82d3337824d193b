/*
 * subscriber.c - see subscriber.h.
 *
 *   LIVE ──gap in an event or a beat──▶ ASKING ──reply──▶ HANDING OUT ──reply used up, newest reached──▶ LIVE
 *                                         ▲  └─no answer in time: ask again─┘        └──newest not reached: ASKING
 *
 * While it asks, the live socket is left alone: what it drops meanwhile shows as a gap later and is asked for again.
 */
#include "wire/subscriber.h"

#include "base/clock.h"
#include "wire/feed.h"
#include "wire/zmq_socket.h"

#include <stdlib.h>

enum { ANSWER_MS = 2000, SILENCE_MS = 5000 };

typedef enum { LIVE, ASKING, HANDING_OUT } phase;

struct zp_subscriber {
    void *context, *live, *replay;
    phase phase;
    bool from_now; /* the position is still to be learned: the first answer's newest number */
    uint64_t last, newest;
    int64_t asked_ms; /* monotonic; when the question went out */
    int64_t heard_ms; /* the live feed's last word */
    zmq_msg_t frame;  /* holds the bytes of the event that was handed out */
};

zp_rc zp_subscriber_open(const char *publish, const char *replay, uint64_t after, zp_subscriber **out)
{
    zp_subscriber *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    zmq_msg_init(&self->frame);
    self->from_now = after == ZP_FROM_NOW;
    self->last = self->newest = self->from_now ? 0 : after;
    self->phase = ASKING;
    self->asked_ms = INT64_MIN;
    self->heard_ms = zp_clock_mono_ms();
    self->context = zmq_ctx_new();
    zp_rc rc = self->context ? ZP_OK : ZP_NOMEM;
    if (!rc)
        rc = zp_zmq_open(self->context, ZMQ_SUB, 0, &self->live);
    if (!rc && zmq_setsockopt(self->live, ZMQ_SUBSCRIBE, "", 0))
        rc = ZP_IO;
    if (!rc)
        rc = zp_zmq_connect(self->live, publish);
    if (!rc)
        rc = zp_zmq_open(self->context, ZMQ_DEALER, 0, &self->replay);
    if (!rc)
        rc = zp_zmq_connect(self->replay, replay);
    if (rc)
        zp_subscriber_close(&self);
    else
        *out = self;
    return rc;
}

void zp_subscriber_close(zp_subscriber **self)
{
    if (!*self)
        return;
    zmq_msg_close(&(*self)->frame);
    zp_zmq_close(&(*self)->live);
    zp_zmq_close(&(*self)->replay);
    zp_zmq_term(&(*self)->context);
    free(*self);
    *self = NULL;
}

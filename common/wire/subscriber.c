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

enum { ANSWER_MS = 2000 };

typedef enum { LIVE, ASKING, HANDING_OUT } phase;

struct zp_subscriber {
    void *context, *live, *replay;
    phase phase;
    bool from_now; /* the position is still to be learned: the first answer's newest number */
    uint64_t last, newest;
    uint64_t log_start; /* once events have turned out to be gone */
    int64_t asked_ms;   /* monotonic; when the question went out; 0 = it has not yet */
    zmq_msg_t frame;    /* holds the bytes of the event that was handed out */
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

/* One frame that must be there, of a multipart message whose first frame has come; *more says whether another follows.
 */
static zp_rc next_frame(void *socket, zmq_msg_t *frame, bool *more)
{
    zp_rc rc = zp_zmq_recv(socket, frame, ZMQ_DONTWAIT);
    *more = !rc && zmq_msg_more(frame);
    return rc;
}

static zp_str bytes_of(zmq_msg_t *frame)
{
    return (zp_str){zmq_msg_data(frame), zmq_msg_size(frame)};
}

static bool number_of(zmq_msg_t *frame, uint64_t *out)
{
    if (zmq_msg_size(frame) != 8)
        return false;
    *out = zp_be64(zmq_msg_data(frame));
    return true;
}

static void drop_rest(zp_subscriber *self, void *socket, bool more)
{
    while (more && !next_frame(socket, &self->frame, &more))
        ;
}

static zp_rc ask(zp_subscriber *self, int64_t now_ms)
{
    uint8_t after[8];
    /* A limit of 0 asks for the newest number only. */
    const uint32_t wanted = self->from_now ? 0 : ZP_REPLAY_MAX_EVENTS;
    uint8_t limit[4];
    zp_be32_put(limit, wanted);
    zp_be64_put(after, self->last);
    self->phase = ASKING;
    self->asked_ms = now_ms;
    zp_rc rc = zp_zmq_send(self->replay, "AFTER", 5, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(self->replay, after, sizeof after, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(self->replay, limit, sizeof limit, ZMQ_DONTWAIT);
    /* Nobody there yet: asked again when the time for an answer is over. */
    return rc == ZP_AGAIN ? ZP_OK : rc;
}

/* The rest of ["GONE"][the log's start][asked]: what is asked for next has been archived, and will not come. */
static zp_rc take_gone(zp_subscriber *self, bool more)
{
    uint64_t start, asked;
    bool gone =
        more && next_frame(self->replay, &self->frame, &more) == ZP_OK && number_of(&self->frame, &start) && more;
    gone = gone && next_frame(self->replay, &self->frame, &more) == ZP_OK && number_of(&self->frame, &asked);
    drop_rest(self, self->replay, more);
    if (!gone || asked != self->last)
        return ZP_AGAIN;
    self->log_start = start;
    self->asked_ms = 0;
    return ZP_NOTFOUND;
}

uint64_t zp_subscriber_log_start(const zp_subscriber *self)
{
    return self->log_start;
}

/*
 * The head of an answer: ["EVENTS"][newest][asked]. What else comes is dropped, and the question asked again in time;
 * so is the answer to an earlier question, which was asked twice because the first answer took long.
 */
static zp_rc take_answer(zp_subscriber *self)
{
    bool more;
    uint64_t newest, asked;
    zp_rc rc = next_frame(self->replay, &self->frame, &more);
    if (rc)
        return rc;
    if (zp_str_is(bytes_of(&self->frame), "GONE"))
        return take_gone(self, more);
    bool events = zp_str_is(bytes_of(&self->frame), "EVENTS") && more;
    events =
        events && next_frame(self->replay, &self->frame, &more) == ZP_OK && number_of(&self->frame, &newest) && more;
    events = events && next_frame(self->replay, &self->frame, &more) == ZP_OK && number_of(&self->frame, &asked);
    if (!events || asked != self->last) {
        drop_rest(self, self->replay, more);
        return ZP_AGAIN;
    }
    if (newest < self->last) {
        drop_rest(self, self->replay, more);
        return ZP_CONFLICT;
    }
    if (self->from_now) {
        self->from_now = false;
        self->last = newest;
    }
    self->newest = newest;
    self->phase = more ? HANDING_OUT : LIVE;
    return ZP_OK;
}

/* The next event of an answer that is being handed out; ZP_AGAIN when it is used up. */
static zp_rc hand_out(zp_subscriber *self, zp_feed_event *out)
{
    for (bool more = true; more;) {
        uint64_t seq;
        if (next_frame(self->replay, &self->frame, &more) || !number_of(&self->frame, &seq) || !more ||
            next_frame(self->replay, &self->frame, &more)) {
            drop_rest(self, self->replay, more);
            self->phase = ASKING;
            self->asked_ms = 0;
            return ZP_AGAIN;
        }
        self->phase = more ? HANDING_OUT : LIVE;
        if (seq <= self->last)
            continue;
        self->last = seq;
        *out = (zp_feed_event){seq, bytes_of(&self->frame)};
        return ZP_OK;
    }
    return ZP_AGAIN;
}

/* One live message: [topic][number][frozen event], or ["beat"][newest number][]. */
static zp_rc take_live(zp_subscriber *self, zp_feed_event *out)
{
    bool more;
    uint64_t seq;
    zp_rc rc = next_frame(self->live, &self->frame, &more);
    if (rc)
        return rc;
    bool beat = zp_str_is(bytes_of(&self->frame), "beat");
    if (!more || next_frame(self->live, &self->frame, &more) || !number_of(&self->frame, &seq) || !more ||
        next_frame(self->live, &self->frame, &more) || more) {
        drop_rest(self, self->live, more);
        return ZP_AGAIN;
    }
    if (seq > self->newest)
        self->newest = seq;
    if (beat || seq != self->last + 1)
        return ZP_AGAIN;
    self->last = seq;
    *out = (zp_feed_event){seq, bytes_of(&self->frame)};
    return ZP_OK;
}

/* One step of the state machine; ZP_AGAIN: nothing to hand out yet. */
static zp_rc step(zp_subscriber *self, int64_t now_ms, long wait_ms, zp_feed_event *out)
{
    if (self->phase == HANDING_OUT)
        return hand_out(self, out);
    if (self->phase == LIVE && self->newest > self->last) {
        zp_rc rc = ask(self, now_ms);
        if (rc)
            return rc;
    }
    if (self->phase == ASKING && (!self->asked_ms || now_ms - self->asked_ms >= ANSWER_MS)) {
        zp_rc rc = ask(self, now_ms);
        if (rc)
            return rc;
    }
    zmq_pollitem_t item = {.socket = self->phase == ASKING ? self->replay : self->live, .events = ZMQ_POLLIN};
    zp_rc rc = zp_zmq_poll(&item, 1, wait_ms);
    if (rc || !(item.revents & ZMQ_POLLIN))
        return rc ? rc : ZP_AGAIN;
    if (self->phase == LIVE)
        return take_live(self, out);
    rc = take_answer(self);
    return rc ? rc : ZP_AGAIN;
}

zp_rc zp_subscriber_next(zp_subscriber *self, int timeout_ms, zp_feed_event *out)
{
    int64_t now_ms = zp_clock_mono_ms(), until_ms = now_ms + timeout_ms;
    do {
        long wait_ms = (long)(until_ms - now_ms);
        zp_rc rc = step(self, now_ms, wait_ms > ANSWER_MS ? ANSWER_MS : wait_ms, out);
        if (rc != ZP_AGAIN)
            return rc;
        now_ms = zp_clock_mono_ms();
    } while (now_ms < until_ms || self->phase == HANDING_OUT);
    return ZP_TIMEOUT;
}

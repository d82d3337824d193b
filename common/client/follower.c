/*
 * follower.c - see follower.h.
 *
 *   LIVE ──gap in an event or a beat, silence──▶ ASKING ──answer──▶ HANDING OUT ──answer used up──▶ LIVE
 *                                                 ▲  └─no answer in time: ask again─┘
 *
 * While it asks, the live socket is left alone: what it drops meanwhile shows as a gap later and is asked for again. A
 * beat below the position asks too: the log may be a shorter one than it was. Silence asks, since a connection can be
 * dead without either end knowing, and after a long one both connections are dialled anew.
 */
#include "client/follower.h"

#include "base/clock.h"
#include "codec/mp.h"
#include "wire/feed.h"
#include "wire/zmq_socket.h"

#include <errno.h>
#include <stdlib.h>

/* A service's beats are at most 60 s apart. */
enum {
    ANSWER_MS = 2000,
    PAUSE_MS = 1000,
    TRIES = 3,
    REDIAL_MS = 1000,
    QUIET_MS = 5 * 1000,
    DEAD_MS = 70 * 1000,
    NOTHING_YET = -1
};

typedef enum { LIVE, ASKING, HANDING_OUT } phase;

struct zp_follower {
    zp_link link;
    phase phase;
    bool from_now; /* the position is still to be learned: the first answer's newest number */
    bool behind;   /* a beat was below the position */
    uint64_t last, newest, first;
    uint64_t question; /* the number that was asked with last */
    int64_t asked_ms;  /* monotonic; when it went out; 0: it has not, or was answered */
    int64_t ask_ms;    /* not before: the answer to the last one was of no use */
    unsigned missing;  /* answers in a row that began behind the next event */
    int64_t heard_ms;  /* when the live feed said something last, or was dialled */
    int64_t known_ms;  /* when the newest number was learned last, from either side */
    int64_t redial_ms; /* when to dial anew; 0: no need */
    zmq_msg_t frame;   /* holds the bytes of the live event that was handed out */
    zmq_msg_t page;    /* those of an answer, of which `events` is what has not been handed out */
    zp_mp events;
};

int zp_ziping_code(zp_rc rc)
{
    switch (rc) {
    case ZP_OK:
        return ZIPING_OK;
    case ZP_INVALID:
        return ZIPING_INVALID;
    case ZP_NOMEM:
        return ZIPING_NO_MEMORY;
    case ZP_CORRUPT:
        return ZIPING_DAMAGED;
    default:
        return ZIPING_SYSTEM;
    }
}

int zp_follower_open(void *context, const zp_address *address, uint64_t after, zp_follower **out)
{
    zp_follower *self = calloc(1, sizeof *self);
    if (!self)
        return ZIPING_NO_MEMORY;
    zmq_msg_init(&self->frame);
    zmq_msg_init(&self->page);
    self->from_now = after == ZIPING_FROM_NOW;
    self->last = self->newest = self->from_now ? 0 : after;
    self->phase = ASKING;
    self->heard_ms = self->known_ms = zp_clock_mono_ms();
    zp_rc rc = zp_link_open(&self->link, context, address);
    if (rc)
        zp_follower_close(&self);
    else
        *out = self;
    return zp_ziping_code(rc);
}

void zp_follower_close(zp_follower **self)
{
    if (!*self)
        return;
    zmq_msg_close(&(*self)->frame);
    zmq_msg_close(&(*self)->page);
    zp_link_close(&(*self)->link);
    free(*self);
    *self = NULL;
}

uint64_t zp_follower_position(const zp_follower *self)
{
    return self->from_now ? ZIPING_FROM_NOW : self->last;
}

uint64_t zp_follower_first(const zp_follower *self)
{
    return self->first;
}

/* ---- frames ---- */

/* A frame that must be there, of a message whose first one has come; *more says whether another follows. */
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

static bool next_number(zp_follower *self, void *socket, uint64_t *out, bool *more)
{
    return !next_frame(socket, &self->frame, more) && number_of(&self->frame, out);
}

static void drop_rest(zp_follower *self, void *socket, bool more)
{
    while (more && !next_frame(socket, &self->frame, &more))
        ;
}

/* ---- questions ---- */

static void begin_to_ask(zp_follower *self)
{
    self->phase = ASKING;
    self->asked_ms = 0;
    self->behind = false;
}

/* Whoever gave a useless answer will give it again at once, as often as it is asked. */
static void ask_later(zp_follower *self)
{
    begin_to_ask(self);
    self->ask_ms = zp_clock_mono_ms() + PAUSE_MS;
}

/* A limit of 0 asks for the newest number only. */
static int ask(zp_follower *self, uint64_t behind, int64_t now_ms)
{
    uint8_t after[8], limit[4];
    zp_be64_put(after, behind);
    zp_be32_put(limit, self->from_now ? 0 : ZP_REPLAY_MAX_EVENTS);
    void *socket = self->link.replay.socket;
    zp_rc rc = zp_zmq_send(socket, "AFTER", 5, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(socket, after, sizeof after, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(socket, limit, sizeof limit, ZMQ_DONTWAIT);
    if (!rc) {
        self->question = behind;
        self->asked_ms = now_ms;
    }
    return !rc || rc == ZP_AGAIN ? NOTHING_YET : zp_ziping_code(rc);
}

/* Behind ["GONE"]: [first number][asked]. The answer to an earlier question, asked twice, is dropped. */
static int take_gone(zp_follower *self, bool more)
{
    void *socket = self->link.replay.socket;
    uint64_t first, asked;
    bool good = more && next_number(self, socket, &first, &more) && more && next_number(self, socket, &asked, &more);
    drop_rest(self, socket, more);
    if (!good || asked != self->question || first <= self->last + 1 || self->from_now)
        return NOTHING_YET;
    self->first = first;
    begin_to_ask(self);
    return ZIPING_GONE;
}

/* The next page is asked for before this one is handed out: the service reads while the program works. */
static int begin_page(zp_follower *self, uint64_t last)
{
    self->phase = HANDING_OUT;
    self->asked_ms = 0;
    return last < self->newest ? ask(self, last, self->known_ms) : NOTHING_YET;
}

/* Behind ["EVENTS"]: [newest][asked][last][events]. The answer to an earlier question, asked twice, is dropped. */
static int take_events(zp_follower *self, bool more)
{
    void *socket = self->link.replay.socket;
    uint64_t newest, asked, last;
    bool good = more && next_number(self, socket, &newest, &more) && more && next_number(self, socket, &asked, &more) &&
                more && next_number(self, socket, &last, &more) && more && !next_frame(socket, &self->page, &more) &&
                !more;
    drop_rest(self, socket, more);
    if (!good || asked != self->question)
        return NOTHING_YET;
    if (newest < self->last) {
        begin_to_ask(self);
        return ZIPING_AHEAD;
    }
    if (self->from_now) {
        self->from_now = false;
        self->last = newest;
    }
    self->newest = newest;
    self->known_ms = zp_clock_mono_ms();
    self->events = zp_mp_of(bytes_of(&self->page));
    if (!zp_mp_done(&self->events))
        return begin_page(self, last);
    if (newest == self->last)
        self->phase = LIVE;
    return NOTHING_YET; /* else it has nothing for us although there is something: asked again in time */
}

/* ERROR, or what nobody has agreed on, is dropped, and the question asked again in time. */
static int take_answer(zp_follower *self)
{
    bool more;
    zp_rc rc = next_frame(self->link.replay.socket, &self->frame, &more);
    if (rc)
        return rc == ZP_AGAIN ? NOTHING_YET : zp_ziping_code(rc);
    zp_str verb = bytes_of(&self->frame);
    if (zp_str_is(verb, "EVENTS"))
        return take_events(self, more);
    if (zp_str_is(verb, "GONE"))
        return take_gone(self, more);
    drop_rest(self, self->link.replay.socket, more);
    return NOTHING_YET;
}

/* The next event of an answer that is being handed out. What cannot be read, or lacks the one that comes next (which
 * may be going to an archive just now), is asked for again. */
static int hand_out(zp_follower *self, zp_followed *out)
{
    while (!zp_mp_done(&self->events)) {
        bool pair = zp_mp_array(&self->events) == 2;
        uint64_t number = zp_mp_uint(&self->events);
        zp_str frozen = zp_mp_bin(&self->events);
        if (!pair || self->events.bad) {
            ask_later(self);
            return NOTHING_YET;
        }
        if (number <= self->last)
            continue;
        if (number != self->last + 1) {
            ask_later(self);
            return ++self->missing >= TRIES ? ZIPING_MISSING : NOTHING_YET;
        }
        self->missing = 0;
        self->last = number;
        *out = (zp_followed){number, frozen};
        return ZIPING_OK;
    }
    bool asked = self->asked_ms != 0;
    self->phase = asked ? ASKING : LIVE;
    self->asked_ms = asked ? zp_clock_mono_ms() : 0; /* however long the program took over the page */
    return NOTHING_YET;
}

/* ---- live ---- */

/* One message: [topic][number][frozen event], or ["beat"][newest number][]. ZIPING_TIMEOUT: none waits. */
static int take_live(zp_follower *self, int64_t now_ms, zp_followed *out)
{
    void *socket = self->link.live.socket;
    bool more;
    uint64_t number;
    zp_rc rc = next_frame(socket, &self->frame, &more);
    if (rc)
        return rc == ZP_AGAIN ? ZIPING_TIMEOUT : zp_ziping_code(rc);
    bool beat = zp_str_is(bytes_of(&self->frame), "beat");
    if (!more || !next_number(self, socket, &number, &more) || !more || next_frame(socket, &self->frame, &more) ||
        more) {
        drop_rest(self, socket, more);
        return NOTHING_YET;
    }
    self->heard_ms = self->known_ms = now_ms;
    self->behind |= beat && number < self->last;
    if (number > self->newest)
        self->newest = number;
    if (beat || number != self->last + 1)
        return NOTHING_YET;
    self->last = number;
    *out = (zp_followed){number, bytes_of(&self->frame)};
    return ZIPING_OK;
}

/* ---- waiting ---- */

static int take_news(zp_follower *self, int64_t now_ms)
{
    zp_link_news news = zp_link_take_news(&self->link);
    if (news == ZP_LINK_GOOD)
        return NOTHING_YET;
    self->redial_ms = now_ms + REDIAL_MS;
    return news == ZP_LINK_DENIED ? ZIPING_DENIED : ZIPING_HANDSHAKE;
}

/* ZIPING_TIMEOUT when a signal has come; NOTHING_YET otherwise, whatever has happened. */
static int wait(zp_follower *self, int64_t now_ms, int64_t until_ms)
{
    bool unasked = self->phase == ASKING && !self->asked_ms && now_ms >= self->ask_ms;
    int64_t ms = until_ms - now_ms < REDIAL_MS ? until_ms - now_ms : REDIAL_MS;
    if (now_ms < self->ask_ms && self->ask_ms - now_ms < ms)
        ms = self->ask_ms - now_ms;
    zmq_pollitem_t items[] = {
        {.socket = self->phase == ASKING ? self->link.replay.socket : self->link.live.socket,
         .events = (short)(unasked ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)},
        {.socket = self->link.live.monitor, .events = ZMQ_POLLIN},
        {.socket = self->link.replay.monitor, .events = ZMQ_POLLIN},
    };
    if (zmq_poll(items, sizeof items / sizeof *items, ms > 0 ? (long)ms : 0) < 0)
        return errno == EINTR ? ZIPING_TIMEOUT : ZIPING_SYSTEM;
    if ((items[1].revents | items[2].revents) & ZMQ_POLLIN)
        return take_news(self, zp_clock_mono_ms());
    return NOTHING_YET;
}

static int redial(zp_follower *self, int64_t now_ms)
{
    const zp_address *address = self->link.address;
    void *context = self->link.context;
    zp_link_close(&self->link);
    zp_rc rc = zp_link_open(&self->link, context, address);
    self->redial_ms = 0;
    self->heard_ms = now_ms;
    begin_to_ask(self);
    return rc ? zp_ziping_code(rc) : NOTHING_YET;
}

static bool is_time_to_redial(const zp_follower *self, int64_t now_ms)
{
    return !self->link.live.socket || (self->redial_ms && now_ms >= self->redial_ms) ||
           (self->phase == LIVE && now_ms - self->heard_ms >= DEAD_MS);
}

static int step_live(zp_follower *self, int64_t now_ms, int64_t until_ms, zp_followed *out)
{
    if (self->newest > self->last || self->behind) {
        begin_to_ask(self);
        return NOTHING_YET;
    }
    int code = take_live(self, now_ms, out);
    if (code != ZIPING_TIMEOUT)
        return code;
    if (is_time_to_redial(self, now_ms))
        return redial(self, now_ms);
    if (now_ms - self->known_ms >= QUIET_MS) {
        begin_to_ask(self);
        return NOTHING_YET;
    }
    return wait(self, now_ms, until_ms);
}

static int step_asking(zp_follower *self, int64_t now_ms, int64_t until_ms)
{
    if (is_time_to_redial(self, now_ms))
        return redial(self, now_ms);
    if (self->asked_ms && now_ms - self->asked_ms >= ANSWER_MS)
        begin_to_ask(self);
    int code = self->asked_ms || now_ms < self->ask_ms ? NOTHING_YET : ask(self, self->last, now_ms);
    if (code == NOTHING_YET)
        code = wait(self, now_ms, until_ms);
    return code == NOTHING_YET ? take_answer(self) : code;
}

int zp_follower_next(zp_follower *self, int64_t until_ms, zp_followed *out)
{
    if (self->phase == HANDING_OUT) { /* without looking at the clock: of a season there are millions */
        int code = hand_out(self, out);
        if (code != NOTHING_YET)
            return code;
    }
    int64_t now_ms = zp_clock_mono_ms();
    do {
        int code = self->phase == HANDING_OUT ? hand_out(self, out)
                   : self->phase == LIVE      ? step_live(self, now_ms, until_ms, out)
                                              : step_asking(self, now_ms, until_ms);
        if (code != NOTHING_YET)
            return code;
        now_ms = zp_clock_mono_ms();
    } while (now_ms < until_ms || self->phase == HANDING_OUT);
    return ZIPING_TIMEOUT;
}

/*
 * follower.c - see follower.h.
 *
 *   LIVE ──gap in an event or a beat, silence──▶ BEHIND: asks the log ──all up to the newest handed out──▶ LIVE
 *
 * While it is behind, the live socket is left alone: what that drops meanwhile shows as a gap later and is asked for.
 * It asks for the next pieces as soon as the last ones have arrived, before their events are handed out, so that the
 * service reads while the program works. A beat below the position asks too: the log may be a shorter one than it was.
 * Silence asks, since a connection can be dead without either end knowing, and after a long one both connections are
 * dialled anew.
 */
#include "client/follower.h"

#include "base/clock.h"
#include "client/pieces.h"
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
/* What is received and not handed out stays below twice the credit. */
enum { CREDIT = 4 * 1024 * 1024, ENOUGH_PIECES = CREDIT / ZP_REPLAY_PIECE };

struct zp_follower {
    zp_link link;
    zp_pieces pieces; /* what was taken last is the position, also when it is live */
    bool live;
    bool from_now; /* the position is still to be learned: the first answer's newest number */
    bool unsure;   /* the log is to be asked even if nothing seems to be missing */
    uint64_t newest, first;
    int64_t asked_ms;  /* monotonic; when the last question went out, or a piece of its answer came; 0: none is out */
    int64_t ask_ms;    /* not before: the answer to the last one was of no use */
    unsigned missing;  /* answers in a row that lacked the next event */
    int64_t heard_ms;  /* when the live feed said something last, or was dialled */
    int64_t known_ms;  /* when the newest number was learned last, from either side */
    int64_t redial_ms; /* when to dial anew; 0: no need */
    zmq_msg_t frame;   /* holds the bytes of the event that was handed out live */
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
    zp_pieces_init(&self->pieces);
    self->from_now = after == ZIPING_FROM_NOW;
    self->newest = self->from_now ? 0 : after;
    zp_pieces_restart(&self->pieces, self->newest);
    self->unsure = true;
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
    zp_pieces_free(&(*self)->pieces);
    zp_link_close(&(*self)->link);
    free(*self);
    *self = NULL;
}

uint64_t zp_follower_position(const zp_follower *self)
{
    return self->from_now ? ZIPING_FROM_NOW : self->pieces.taken;
}

uint64_t zp_follower_first(const zp_follower *self)
{
    return self->first;
}

int64_t zp_follower_silence_ms(const zp_follower *self)
{
    return zp_clock_mono_ms() - self->known_ms;
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

static void drop_rest(zp_follower *self, void *socket, bool more)
{
    while (more && !next_frame(socket, &self->frame, &more))
        ;
}

/* ---- questions ---- */

static void fall_behind(zp_follower *self)
{
    zp_pieces_restart(&self->pieces, self->pieces.taken);
    self->live = false;
    self->unsure = true;
    self->asked_ms = 0;
}

/*
 * What was received cannot be read, or lacks the next event, which may be going to an archive just now. Whoever gave a
 * useless answer will give it again at once, as often as it is asked.
 */
static int ask_later(zp_follower *self, int64_t now_ms)
{
    self->missing += self->pieces.lacks;
    fall_behind(self);
    self->ask_ms = now_ms + PAUSE_MS;
    return self->missing >= TRIES ? ZIPING_MISSING : NOTHING_YET;
}

static bool wants_to_ask(const zp_follower *self, int64_t now_ms)
{
    return !self->asked_ms && now_ms >= self->ask_ms && (self->unsure || self->pieces.got < self->newest) &&
           self->pieces.count <= ENOUGH_PIECES;
}

/* A credit of 0 asks for the newest number only. */
static int ask(zp_follower *self, int64_t now_ms)
{
    uint8_t after[8], credit[4];
    zp_be64_put(after, self->pieces.got);
    zp_be32_put(credit, self->from_now ? 0 : CREDIT);
    void *socket = self->link.replay.socket;
    zp_rc rc = zp_zmq_send(socket, "AFTER", 5, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(socket, after, sizeof after, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(socket, credit, sizeof credit, ZMQ_DONTWAIT);
    if (!rc)
        self->asked_ms = now_ms;
    return !rc || rc == ZP_AGAIN ? NOTHING_YET : zp_ziping_code(rc);
}

/* ---- answers ---- */

/* `before` is where the pieces ended until now. An answer that has nothing although there is something leaves the
 * question open, which is asked again in time. */
static int take_piece(zp_follower *self, bool is_last, uint64_t before, uint64_t newest, int64_t now_ms)
{
    zp_pieces *pieces = &self->pieces;
    if (newest < pieces->got) {
        fall_behind(self);
        return newest < pieces->taken ? ZIPING_AHEAD : NOTHING_YET;
    }
    if (self->from_now)
        zp_pieces_restart(pieces, newest);
    if (!is_last)
        self->asked_ms = now_ms;
    else if (pieces->got > before || pieces->got == newest)
        self->asked_ms = 0;
    self->from_now = self->unsure = false;
    self->newest = newest;
    self->known_ms = now_ms;
    return NOTHING_YET;
}

/* What was received before is handed out first; then it is asked and told again. */
static int take_gone(zp_follower *self, uint64_t first)
{
    self->asked_ms = 0;
    if (self->from_now || self->pieces.taken != self->pieces.got)
        return NOTHING_YET;
    self->first = first;
    fall_behind(self);
    return ZIPING_GONE;
}

/* Everything that has come, so that the next question can go out. */
static int read_ahead(zp_follower *self, int64_t now_ms)
{
    for (;;) {
        uint64_t before = self->pieces.got, number;
        zp_answer answer = zp_pieces_receive(&self->pieces, self->link.replay.socket, &number);
        int code = answer == ZP_ANSWER_PIECE || answer == ZP_ANSWER_END
                       ? take_piece(self, answer == ZP_ANSWER_END, before, number, now_ms)
                   : answer == ZP_ANSWER_GONE   ? take_gone(self, number)
                   : answer == ZP_ANSWER_FAILED ? ZIPING_SYSTEM
                                                : NOTHING_YET;
        if (code != NOTHING_YET || answer == ZP_NO_ANSWER)
            return code;
    }
}

bool zp_follower_has(zp_follower *self, zp_followed *out)
{
    return zp_pieces_next(&self->pieces, &out->number, &out->frozen);
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
    if (!more || next_frame(socket, &self->frame, &more) || !number_of(&self->frame, &number) || !more ||
        next_frame(socket, &self->frame, &more) || more) {
        drop_rest(self, socket, more);
        return NOTHING_YET;
    }
    self->heard_ms = self->known_ms = now_ms;
    self->unsure |= beat && number < self->pieces.taken;
    if (number > self->newest)
        self->newest = number;
    if (beat || number != self->pieces.taken + 1)
        return NOTHING_YET;
    zp_pieces_restart(&self->pieces, number);
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
    int64_t ms = until_ms - now_ms < REDIAL_MS ? until_ms - now_ms : REDIAL_MS;
    if (now_ms < self->ask_ms && self->ask_ms - now_ms < ms)
        ms = self->ask_ms - now_ms;
    zmq_pollitem_t items[] = {
        {.socket = self->live ? self->link.live.socket : self->link.replay.socket,
         .events = (short)(!self->live && wants_to_ask(self, now_ms) ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)},
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
    fall_behind(self);
    return rc ? zp_ziping_code(rc) : NOTHING_YET;
}

static bool is_time_to_redial(const zp_follower *self, int64_t now_ms)
{
    return !self->link.live.socket || (self->redial_ms && now_ms >= self->redial_ms) ||
           (self->live && now_ms - self->heard_ms >= DEAD_MS);
}

static int step_live(zp_follower *self, int64_t now_ms, int64_t until_ms, zp_followed *out)
{
    if (self->newest > self->pieces.taken || self->unsure) {
        fall_behind(self);
        return NOTHING_YET;
    }
    int code = take_live(self, now_ms, out);
    if (code != ZIPING_TIMEOUT)
        return code;
    if (is_time_to_redial(self, now_ms))
        return redial(self, now_ms);
    if (now_ms - self->known_ms >= QUIET_MS) {
        fall_behind(self);
        return NOTHING_YET;
    }
    return wait(self, now_ms, until_ms);
}

/* Behind the last event of a piece: takes in what has come, asks for more, and begins the next piece or waits for it.
 */
static int step_behind(zp_follower *self, int64_t now_ms, int64_t until_ms, zp_followed *out)
{
    if (is_time_to_redial(self, now_ms))
        return redial(self, now_ms);
    int code = read_ahead(self, now_ms);
    if (self->asked_ms && now_ms - self->asked_ms >= ANSWER_MS)
        self->asked_ms = 0;
    if (code == NOTHING_YET && wants_to_ask(self, now_ms))
        code = ask(self, now_ms);
    if (code != NOTHING_YET)
        return code;
    while (zp_pieces_turn(&self->pieces))
        if (zp_follower_has(self, out)) {
            self->missing = 0;
            return ZIPING_OK;
        }
    if (self->pieces.taken != self->pieces.got) {
        code = ask_later(self, now_ms);
        return code == NOTHING_YET ? wait(self, now_ms, until_ms) : code;
    }
    self->live = !self->unsure && !self->asked_ms && self->pieces.taken == self->newest;
    return self->live ? NOTHING_YET : wait(self, now_ms, until_ms);
}

int zp_follower_next(zp_follower *self, int64_t until_ms, zp_followed *out)
{
    if (zp_follower_has(self, out))
        return ZIPING_OK;
    int64_t now_ms = zp_clock_mono_ms();
    do {
        int code = self->live ? step_live(self, now_ms, until_ms, out) : step_behind(self, now_ms, until_ms, out);
        if (code != NOTHING_YET)
            return code;
        now_ms = zp_clock_mono_ms();
    } while (now_ms < until_ms);
    return ZIPING_TIMEOUT;
}

/*
 * replay.c - see replay.h. The notifier's one thread.
 *
 * The events of an answer are copied out first, so that no read transaction is open while sending; all in one frame,
 * since a frame costs more than an event. An asker's queue is short, as those who do not read cost memory: what does
 * not go in is dropped (ROUTER_MANDATORY says so), and asked for again.
 */
#include "replay.h"

#include "codec/mp.h"
#include "door.h"
#include "wire/feed.h"
#include "wire/zmq_socket.h"

#include <stdio.h>
#include <stdlib.h>

enum { QUEUED_ANSWERS = 2, SERVE_BURST = 16 };
enum { ASKER, VERB, AFTER, LIMIT, FRAMES };

struct zp_replay {
    zp_door door;
    zp_scores_reader *reader;
    zmq_msg_t frames[FRAMES];
    zp_replay_counts counts;
    /* the answer at hand */
    uint64_t newest, last;
    zp_buf events;
    msgpack_packer packer; /* into events */
};

zp_rc zp_replay_open(void *context, const zp_config *config, const zp_key *secret, zp_scores_reader *reader,
                     zp_replay **out, char *message, size_t message_size)
{
    zp_replay *self = calloc(1, sizeof *self);
    if (!self) {
        snprintf(message, message_size, "out of memory; free some and start again");
        return ZP_NOMEM;
    }
    self->reader = reader;
    zp_mp_packer(&self->packer, &self->events);
    for (int i = 0; i < FRAMES; i++)
        zmq_msg_init(&self->frames[i]);
    zp_rc rc = zp_door_open(&self->door, context, ZMQ_ROUTER, QUEUED_ANSWERS, config->notifier.replay, secret, message,
                            message_size);
    if (rc)
        zp_replay_close(&self);
    else
        *out = self;
    return rc;
}

void zp_replay_close(zp_replay **self)
{
    zp_replay *replay = *self;
    if (!replay)
        return;
    for (int i = 0; i < FRAMES; i++)
        zmq_msg_close(&replay->frames[i]);
    zp_door_close(&replay->door);
    zp_buf_free(&replay->events);
    free(replay);
    *self = NULL;
}

zp_rc zp_replay_renew(zp_replay *self)
{
    return zp_door_renew(&self->door);
}

void *zp_replay_socket(zp_replay *self)
{
    return self->door.socket;
}

zp_replay_counts zp_replay_tally(const zp_replay *self)
{
    return self->counts;
}

static zp_str frame(zp_replay *self, int which)
{
    return (zp_str){zmq_msg_data(&self->frames[which]), zmq_msg_size(&self->frames[which])};
}

/* ---- the answer ---- */

/* The asker's name in front decides: full and gone are told here, and nothing of the rest can fail half-way. */
static bool address(zp_replay *self)
{
    zp_str asker = frame(self, ASKER);
    if (zp_zmq_send(self->door.socket, asker.p, asker.n, ZMQ_SNDMORE | ZMQ_DONTWAIT) == ZP_OK)
        return true;
    self->counts.dropped++;
    return false;
}

static zp_rc add_number(zp_replay *self, uint64_t n, int flags)
{
    uint8_t number[8];
    zp_be64_put(number, n);
    return zp_zmq_send(self->door.socket, number, sizeof number, flags | ZMQ_DONTWAIT);
}

static void answer_error(zp_replay *self, const char *text)
{
    self->counts.malformed++;
    if (!address(self))
        return;
    zp_rc rc = zp_zmq_send(self->door.socket, "ERROR", 5, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (!rc)
        rc = zp_zmq_send(self->door.socket, text, strlen(text), ZMQ_DONTWAIT);
    self->counts.dropped += rc != ZP_OK;
}

/* Whether events behind `after` have gone to an archive: then that is answered. */
static bool answer_gone(zp_replay *self, uint64_t after)
{
    uint64_t start;
    if (zp_scores_log_start(self->reader, &start) != ZP_OK || after >= start - 1)
        return false;
    if (!address(self))
        return true;
    zp_rc rc = zp_zmq_send(self->door.socket, "GONE", 4, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (!rc)
        rc = add_number(self, start, ZMQ_SNDMORE);
    if (!rc)
        rc = add_number(self, after, 0);
    self->counts.dropped += rc != ZP_OK;
    self->counts.answered += rc == ZP_OK;
    return true;
}

static void answer_events(zp_replay *self, uint64_t after)
{
    if (!address(self))
        return;
    zp_rc rc = zp_zmq_send(self->door.socket, "EVENTS", 6, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (!rc)
        rc = add_number(self, self->newest, ZMQ_SNDMORE);
    if (!rc)
        rc = add_number(self, after, ZMQ_SNDMORE);
    if (!rc)
        rc = add_number(self, self->last, ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(self->door.socket, self->events.p, self->events.n, ZMQ_DONTWAIT);
    if (rc)
        self->counts.dropped++;
    else
        self->counts.answered++;
}

/* ---- the log ---- */

static bool collect(void *context, uint64_t seq, zp_str frozen)
{
    zp_replay *self = context;
    if (seq > self->newest)
        return false;
    msgpack_pack_array(&self->packer, 2);
    msgpack_pack_uint64(&self->packer, seq);
    zp_mp_put_bin(&self->packer, frozen.p, frozen.n);
    self->last = seq;
    return !self->events.failed;
}

static void answer(zp_replay *self, uint64_t after, uint32_t limit)
{
    zp_buf_clear(&self->events);
    self->last = after;
    if (limit > 0 && answer_gone(self, after))
        return;
    zp_rc rc = zp_scores_last(self->reader, &self->newest);
    if (!rc && limit > 0)
        rc = zp_scores_events(self->reader, after, limit < ZP_REPLAY_MAX_EVENTS ? limit : ZP_REPLAY_MAX_EVENTS,
                              ZP_REPLAY_MAX_BYTES, collect, self);
    if (rc || self->events.failed)
        answer_error(self, "the log cannot be read now; ask again");
    else
        answer_events(self, after);
}

/* ---- requests ---- */

static void serve_one(zp_replay *self, size_t frames)
{
    zp_str verb = frame(self, VERB), after = frame(self, AFTER), limit = frame(self, LIMIT);
    if (frames < 2) {
        self->counts.malformed++; /* not even a peer of ours */
    } else if (frames != FRAMES || !zp_str_is(verb, "AFTER") || after.n != 8 || limit.n != 4) {
        answer_error(self, "ask with three frames: AFTER, the last number (8 bytes), the limit (4 bytes)");
    } else {
        answer(self, zp_be64(after.p), zp_be32(limit.p));
    }
}

void zp_replay_serve(zp_replay *self)
{
    size_t frames;
    for (int i = 0; i < SERVE_BURST; i++) {
        if (zp_zmq_recv_message(self->door.socket, self->frames, FRAMES, &frames) != ZP_OK)
            return;
        serve_one(self, frames);
    }
}

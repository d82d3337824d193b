/*
 * replay.c - see replay.h. The notifier's one thread.
 *
 * Events are copied once, from the store's map into the message that libzmq sends from there: a message that lay in the
 * map would need its read transaction to stay open until the slowest asker has read it, and the store would grow as
 * long. An asker's queue holds the largest answer and little more; whoever asks for more without reading is dropped
 * (ROUTER_MANDATORY says so), and asks again.
 */
#include "replay.h"

#include "door.h"
#include "wire/feed.h"
#include "wire/zmq_socket.h"

#include <stdio.h>
#include <stdlib.h>

/* The largest answer fits: in each piece but the last there was no room for the next event, so two hold more than one.
 */
enum {
    QUEUED_PIECES = 2 * ZP_REPLAY_MAX_CREDIT / ZP_REPLAY_PIECE,
    ANSWERS = 16,
    SERVE_BURST = 16,
    ROUTING_ID_MAX = 255
};
enum { ASKER, VERB, AFTER, CREDIT, FRAMES };

typedef struct {
    char asker[ROUTING_ID_MAX];
    size_t asker_n;
    uint64_t after;
    size_t credit; /* in bytes; 0: the newest number is all that was asked for */
} answer;

typedef struct {
    char *bytes; /* libzmq's once it is sent */
    size_t n, room, credit;
    uint64_t first, upto, newest;
    bool more, failed;
} piece;

struct zp_replay {
    zp_door door;
    zp_scores_reader *reader;
    zmq_msg_t frames[FRAMES];
    zp_replay_counts counts;
    answer answers[ANSWERS];
    size_t under_way;
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
    for (int i = 0; i < FRAMES; i++)
        zmq_msg_init(&self->frames[i]);
    zp_rc rc = zp_door_open(&self->door, context, ZMQ_ROUTER, QUEUED_PIECES, config->notifier.replay, secret, message,
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
    free(replay);
    *self = NULL;
}

zp_rc zp_replay_renew(zp_replay *self)
{
    self->under_way = 0;
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

/* ---- messages ---- */

static zp_str frame(zp_replay *self, int which)
{
    return (zp_str){zmq_msg_data(&self->frames[which]), zmq_msg_size(&self->frames[which])};
}

/* The asker's name in front decides: full and gone are told here, and nothing of the rest can fail half-way. */
static bool address(zp_replay *self, zp_str asker, const char *verb)
{
    zp_rc rc = zp_zmq_send(self->door.socket, asker.p, asker.n, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (!rc)
        rc = zp_zmq_send(self->door.socket, verb, strlen(verb), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    self->counts.dropped += rc != ZP_OK;
    return !rc;
}

static zp_rc add_number(zp_replay *self, uint64_t n, int flags)
{
    uint8_t number[8];
    zp_be64_put(number, n);
    return zp_zmq_send(self->door.socket, number, sizeof number, flags | ZMQ_DONTWAIT);
}

/* What has begun goes on, unless the connection has ended meanwhile. */
static bool is_sent(zp_replay *self, zp_rc rc)
{
    self->counts.dropped += rc != ZP_OK;
    return !rc;
}

static void send_error(zp_replay *self, zp_str asker, const char *text)
{
    self->counts.malformed++;
    if (address(self, asker, "ERROR"))
        (void)is_sent(self, zp_zmq_send(self->door.socket, text, strlen(text), ZMQ_DONTWAIT));
}

static void send_gone(zp_replay *self, const answer *a, uint64_t start)
{
    if (!address(self, (zp_str){a->asker, a->asker_n}, "GONE"))
        return;
    zp_rc rc = add_number(self, start, ZMQ_SNDMORE);
    if (!rc)
        rc = add_number(self, a->after, 0);
    self->counts.answered += is_sent(self, rc);
}

static void free_batch(void *bytes, void *unused)
{
    (void)unused;
    free(bytes);
}

/* Takes the piece's bytes. */
static zp_rc add_batch(zp_replay *self, piece *p)
{
    zmq_msg_t batch;
    if (p->n == 0 || zmq_msg_init_data(&batch, p->bytes, p->n, free_batch, NULL) < 0) {
        free(p->bytes); /* without a batch the frame is empty; for want of memory the asker asks again */
        zmq_msg_init(&batch);
    }
    zp_rc rc = zp_zmq_send_msg(self->door.socket, &batch, ZMQ_DONTWAIT);
    zmq_msg_close(&batch);
    return rc;
}

/* Takes the piece's bytes. False: the asker could not take it. */
static bool send_piece(zp_replay *self, const answer *a, piece *p)
{
    if (!address(self, (zp_str){a->asker, a->asker_n}, "EVENTS")) {
        free(p->bytes);
        return false;
    }
    zp_rc rc = add_number(self, p->newest, ZMQ_SNDMORE);
    if (!rc)
        rc = add_number(self, a->after, ZMQ_SNDMORE);
    if (!rc)
        rc = add_number(self, p->upto, ZMQ_SNDMORE);
    if (!rc)
        rc = zp_zmq_send(self->door.socket, p->more ? "\1" : "\0", 1, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (rc)
        free(p->bytes);
    else
        rc = add_batch(self, p);
    return is_sent(self, rc);
}

/* ---- pieces ---- */

/* The first event goes whatever its size: else nothing would ever follow it. */
static bool make_room(piece *p, size_t n)
{
    if (p->bytes) {
        bool fits = p->n + n <= p->room, bought = p->n + n <= p->credit;
        p->more = bought && !fits;
        return bought && fits;
    }
    p->room = n > ZP_REPLAY_PIECE ? n : ZP_REPLAY_PIECE;
    p->bytes = malloc(p->room);
    p->failed = !p->bytes;
    return !p->failed;
}

static bool collect(void *context, uint64_t seq, zp_str frozen)
{
    piece *p = context;
    if (seq > p->newest || !make_room(p, ZP_BATCH_HEAD + frozen.n))
        return false;
    if (p->n == 0)
        p->first = seq;
    p->upto = seq;
    p->n += zp_batch_put(p->bytes + p->n, seq, frozen);
    return true;
}

/* Whether events behind the answer's position have gone to an archive. */
static bool is_gone(zp_replay *self, const answer *a, uint64_t *start)
{
    return a->credit > 0 && !zp_scores_log_start(self->reader, start) && a->after < *start - 1;
}

/* The archive may take events away between two looks: then the first one found is not the next one. */
static zp_rc read_piece(zp_replay *self, const answer *a, piece *p)
{
    *p = (piece){.credit = a->credit, .upto = a->after, .first = a->after + 1};
    zp_rc rc = zp_scores_last(self->reader, &p->newest);
    if (!rc && a->credit > 0)
        rc = zp_scores_events(self->reader, a->after, SIZE_MAX, SIZE_MAX, collect, p);
    if (!rc && p->failed)
        rc = ZP_NOMEM;
    if (rc)
        free(p->bytes);
    return rc;
}

/* One piece of the answer. True: there is more of it. */
static bool go_on(zp_replay *self, answer *a)
{
    piece p;
    uint64_t start;
    if (is_gone(self, a, &start)) {
        send_gone(self, a, start);
        return false;
    }
    if (read_piece(self, a, &p)) {
        send_error(self, (zp_str){a->asker, a->asker_n}, "the log cannot be read now; ask again");
        return false;
    }
    if (p.first != a->after + 1 && is_gone(self, a, &start)) {
        free(p.bytes);
        send_gone(self, a, start);
        return false;
    }
    if (!send_piece(self, a, &p))
        return false;
    a->after = p.upto;
    a->credit -= p.more ? p.n : 0;
    self->counts.answered += !p.more;
    return p.more;
}

/* ---- questions ---- */

static void begin(zp_replay *self, zp_str asker, uint64_t after, uint32_t credit)
{
    answer *a = &self->answers[self->under_way++];
    *a = (answer){
        .asker_n = asker.n, .after = after, .credit = credit < ZP_REPLAY_MAX_CREDIT ? credit : ZP_REPLAY_MAX_CREDIT};
    memcpy(a->asker, asker.p, asker.n);
}

static void take_question(zp_replay *self, size_t frames)
{
    zp_str asker = frame(self, ASKER), verb = frame(self, VERB), after = frame(self, AFTER),
           credit = frame(self, CREDIT);
    if (frames < 2 || asker.n > ROUTING_ID_MAX)
        self->counts.malformed++; /* not even a peer of ours */
    else if (frames != FRAMES || !zp_str_is(verb, "AFTER") || after.n != 8 || credit.n != 4)
        send_error(self, asker,
                   "ask with three frames: AFTER, the last number (8 bytes), the credit in bytes (4 bytes)");
    else
        begin(self, asker, zp_be64(after.p), zp_be32(credit.p));
}

bool zp_replay_serve(zp_replay *self)
{
    size_t frames, kept = 0;
    for (int i = 0; i < SERVE_BURST && self->under_way < ANSWERS; i++) {
        if (zp_zmq_recv_message(self->door.socket, self->frames, FRAMES, &frames) != ZP_OK)
            break;
        take_question(self, frames);
    }
    for (size_t i = 0; i < self->under_way; i++)
        if (go_on(self, &self->answers[i])) {
            if (kept != i)
                self->answers[kept] = self->answers[i];
            kept++;
        }
    self->under_way = kept;
    return kept > 0;
}

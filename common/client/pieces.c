/*
 * pieces.c - see pieces.h.
 */
#include "client/pieces.h"

#include "wire/feed.h"

void zp_pieces_init(zp_pieces *self)
{
    *self = (zp_pieces){0};
    zmq_msg_init(&self->frame);
    for (size_t i = 0; i < ZP_PIECES_MAX; i++)
        zmq_msg_init(&self->batches[i]);
}

void zp_pieces_free(zp_pieces *self)
{
    zmq_msg_close(&self->frame);
    for (size_t i = 0; i < ZP_PIECES_MAX; i++)
        zmq_msg_close(&self->batches[i]);
}

static void drop_first(zp_pieces *self)
{
    zmq_msg_t *batch = &self->batches[self->first];
    zmq_msg_close(batch);
    zmq_msg_init(batch);
    self->first = (self->first + 1) % ZP_PIECES_MAX;
    self->count--;
    self->rest = (zp_str){0};
}

void zp_pieces_restart(zp_pieces *self, uint64_t after)
{
    while (self->count > 0)
        drop_first(self);
    self->taken = self->got = after;
    self->lacks = false;
}

/* ---- receiving ---- */

/* A message whose first frame has come is there as a whole. */
typedef struct {
    zp_pieces *pieces;
    void *socket;
    bool more;
} message;

static bool next_frame(message *m, zmq_msg_t *frame)
{
    if (!m->more || zp_zmq_recv(m->socket, frame, ZMQ_DONTWAIT) != ZP_OK) {
        m->more = false;
        return false;
    }
    m->more = zmq_msg_more(frame);
    return true;
}

static bool next_number(message *m, uint64_t *out)
{
    zmq_msg_t *frame = &m->pieces->frame;
    if (!next_frame(m, frame) || zmq_msg_size(frame) != 8)
        return false;
    *out = zp_be64(zmq_msg_data(frame));
    return true;
}

static bool next_flag(message *m, bool *out)
{
    zmq_msg_t *frame = &m->pieces->frame;
    if (!next_frame(m, frame) || zmq_msg_size(frame) != 1)
        return false;
    *out = *(const char *)zmq_msg_data(frame) != 0;
    return true;
}

static zp_answer take_piece(zp_pieces *self, message *m, uint64_t *newest)
{
    uint64_t after, upto;
    bool more;
    size_t place = (self->first + self->count) % ZP_PIECES_MAX;
    if (!next_number(m, newest) || !next_number(m, &after) || !next_number(m, &upto) || !next_flag(m, &more) ||
        after != self->got || upto < after || !next_frame(m, &self->batches[place]) || m->more)
        return ZP_OTHER_ANSWER;
    if (upto > after) {
        self->upto[place] = upto;
        self->count++;
        self->got = upto;
    }
    return more ? ZP_ANSWER_PIECE : ZP_ANSWER_END;
}

static zp_answer take_gone(const zp_pieces *self, message *m, uint64_t *first)
{
    uint64_t after;
    bool good = next_number(m, first) && next_number(m, &after) && !m->more;
    return good && after == self->got && *first > after + 1 ? ZP_ANSWER_GONE : ZP_OTHER_ANSWER;
}

zp_answer zp_pieces_receive(zp_pieces *self, void *socket, uint64_t *number)
{
    message m = {self, socket, true};
    if (self->count == ZP_PIECES_MAX)
        return ZP_NO_ANSWER;
    zp_rc rc = zp_zmq_recv(socket, &self->frame, ZMQ_DONTWAIT);
    if (rc)
        return rc == ZP_AGAIN ? ZP_NO_ANSWER : ZP_ANSWER_FAILED;
    m.more = zmq_msg_more(&self->frame);
    zp_str verb = {zmq_msg_data(&self->frame), zmq_msg_size(&self->frame)};
    zp_answer answer = ZP_OTHER_ANSWER;
    if (zp_str_is(verb, "EVENTS"))
        answer = take_piece(self, &m, number);
    else if (zp_str_is(verb, "GONE"))
        answer = take_gone(self, &m, number);
    while (next_frame(&m, &self->frame))
        ;
    return answer;
}

/* ---- handing out ---- */

bool zp_pieces_next(zp_pieces *self, uint64_t *number, zp_str *frozen)
{
    while (!self->lacks && zp_batch_take(&self->rest, number, frozen)) {
        if (*number == self->taken + 1) {
            self->taken = *number;
            return true;
        }
        self->lacks = *number > self->taken;
    }
    return false;
}

/* Behind a piece that lacks something, or ends elsewhere than it said, nothing is of use. */
bool zp_pieces_turn(zp_pieces *self)
{
    bool sound = !self->rest.p || (!self->lacks && self->rest.n == 0 && self->taken == self->upto[self->first]);
    if (self->rest.p)
        drop_first(self);
    while (!sound && self->count > 0)
        drop_first(self);
    if (self->count == 0)
        return false;
    zmq_msg_t *batch = &self->batches[self->first];
    self->rest = (zp_str){zmq_msg_data(batch), zmq_msg_size(batch)};
    return true;
}

/*
 * pieces.h - what the replay has answered: pieces of the log, read ahead of whoever takes the events. One thread's.
 *
 * Pieces chain: each begins behind the number that the one before ended with. What does not chain, the answer to an
 * earlier question for instance, is dropped. Events are handed out where libzmq put them, without a copy.
 */
#ifndef ZP_CLIENT_PIECES_H
#define ZP_CLIENT_PIECES_H

#include "base/str.h"
#include "wire/zmq_socket.h"

enum { ZP_PIECES_MAX = 64 };

typedef struct {
    zmq_msg_t batches[ZP_PIECES_MAX]; /* a ring; the first one is being handed out */
    uint64_t upto[ZP_PIECES_MAX];     /* where each ends */
    size_t first, count;
    zp_str rest;     /* of the first batch; absent as long as that is not begun */
    uint64_t taken;  /* the number of the last event that was handed out */
    uint64_t got;    /* of the last event that was received */
    bool lacks;      /* what was received last had later events and not the next one */
    zmq_msg_t frame; /* the one at hand */
} zp_pieces;

void zp_pieces_init(zp_pieces *self);
void zp_pieces_free(zp_pieces *self);
/* Forgets what it has, and goes on behind `after`. What was handed out is gone with it. */
void zp_pieces_restart(zp_pieces *self, uint64_t after);

typedef enum {
    ZP_NO_ANSWER,    /* none waits */
    ZP_OTHER_ANSWER, /* ERROR, or what nobody has agreed on, or an answer to another question: dropped */
    ZP_ANSWER_PIECE, /* the next piece of the log, which may be empty; more of the same answer follows */
    ZP_ANSWER_END,   /* the same, and the question is answered */
    ZP_ANSWER_GONE,  /* what comes behind `got` has gone to an archive: `number` is the log's first one */
    ZP_ANSWER_FAILED /* the socket */
} zp_answer;

/* Takes one message, if one waits and there is room for it. *number: the newest of the log, or at GONE its first. */
zp_answer zp_pieces_receive(zp_pieces *self, void *socket, uint64_t *number);

/*
 * The next event of the piece at hand; frozen stays until the next call with self. False: its last one is taken, or
 * what follows is not the next one (then `lacks` is set), or not an event.
 */
bool zp_pieces_next(zp_pieces *self, uint64_t *number, zp_str *frozen);
/*
 * Goes on to the next piece. False: there is none; if taken != got then, what was received was of no use, and what
 * comes behind `taken` is to be asked for again.
 */
bool zp_pieces_turn(zp_pieces *self);

#endif

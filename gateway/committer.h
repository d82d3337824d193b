/*
 * committer.h - the thread that makes submissions durable: one writer, group commit.
 *
 * Takes everything that is waiting (at most config batch), commits it in one transaction with one sync, and only then
 * hands each request back to its loop. Acknowledgements of workers ride along (alone after at most 50 ms). No
 * artificial delay: while one sync runs, the next batch gathers. After ZP_IN_DOUBT every waiting request gets
 * ZP_PUT_IN_DOUBT and the process stops; its successor looks.
 */
#ifndef ZP_GATEWAY_COMMITTER_H
#define ZP_GATEWAY_COMMITTER_H

#include "gateway.h"
#include "request.h"

zp_rc zp_committer_start(zp_gateway *gateway, zp_committer **out);
/* Commits what waits, then ends the thread. */
void zp_committer_stop(zp_committer **self);

/* Any thread. Ownership of the request passes to the committer until the loop gets it back. */
void zp_committer_submit(zp_committer *self, zp_request *request);
/* Dispatcher thread: ids whose results are committed. Copied. ZP_NOMEM. */
zp_rc zp_committer_ack(zp_committer *self, const zp_id *ids, size_t count);
/* Dispatcher thread: attempts that ended without an answer. Copied. ZP_NOMEM. */
zp_rc zp_committer_bump(zp_committer *self, const zp_pending *items, size_t count);

/* dispatcher.c: any thread; says that pending may have grown. */
void zp_dispatcher_poke(zp_dispatcher *self);
/* Committer thread: these attempts are on disk, the jobs may be sent again. Losing it (out of memory) delays them, no
 * more. */
void zp_dispatcher_bumped(zp_dispatcher *self, const zp_pending *items, size_t count);
zp_rc zp_dispatcher_start(zp_gateway *gateway, zp_dispatcher **out);
/* Ends the thread: no acks and bumps come after. Then the committer may stop, then the dispatcher be freed. */
void zp_dispatcher_halt(zp_dispatcher *self);
void zp_dispatcher_stop(zp_dispatcher **self);

/* loop.c: any thread. Gives a request back after its commit; says that these ids have a new state. */
void zp_loop_give_back(zp_loop *self, zp_request *chain);
void zp_loop_scored(zp_loop *self, const zp_id *ids, size_t count);

#endif

/*
 * loop.h - one request thread: epoll, accept, read, handlers, parked requests. (zp_loop_give_back and zp_loop_scored
 * stand in committer.h.)
 */
#ifndef ZP_GATEWAY_LOOP_H
#define ZP_GATEWAY_LOOP_H

#include "gateway.h"
#include "listener.h"

/* Makes a loop with its readers and buffers, without its thread. Logs why it could not. Main thread. */
zp_rc zp_loop_new(zp_gateway *gateway, zp_listener *listener, zp_loop **out);
/* Starts the thread; all of gateway->loops must be set by then. */
zp_rc zp_loop_start(zp_loop *self);
/* Asks the loop to end: no more connections, parked requests are answered. Any thread; returns at once. */
void zp_loop_stop(zp_loop *self);
/* Waits until every request of the loop has been answered and its thread has ended; the committer must still run. */
void zp_loop_join(zp_loop *self);
/* Frees it: after the committer and the dispatcher have ended, who hand mail to it. */
void zp_loop_destroy(zp_loop **self);

#endif

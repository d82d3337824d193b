/*
 * fastcgi.h - one connection from nginx: a request comes in whole, an answer goes out whole or in parts.
 * fastcgi.c is the only file that knows fcgiapp.h.
 */
#ifndef ZP_GATEWAY_FASTCGI_H
#define ZP_GATEWAY_FASTCGI_H

#include "request.h"

typedef struct zp_fastcgi zp_fastcgi;

/* Once, in the main thread, after the program's own signal handling is in place and before other threads. */
zp_rc zp_fastcgi_init(void);

/* A connection without a descriptor, to be attached. NULL when out of memory. */
zp_fastcgi *zp_fastcgi_new(void);
/* Drops the connection when there is one. */
void zp_fastcgi_destroy(zp_fastcgi **self);
/* Takes over an accepted descriptor whose timeouts are set. */
void zp_fastcgi_attach(zp_fastcgi *self, int fd);
/* -1 when closed. */
int zp_fastcgi_fd(const zp_fastcgi *self);

/*
 * Reads one request from a readable descriptor: parameters and the body up to its end, which must be exactly
 * CONTENT_LENGTH bytes and at most max_body. Fills the request's fields; its views live in the connection and in
 * `body` until the answer is sent. A body that is too large or not as announced is read to its end and marked in
 * the request. ZP_OK, or ZP_CLOSED: nothing usable came, the descriptor is closed. Blocks for a few seconds at most.
 */
zp_rc zp_fastcgi_receive(zp_fastcgi *self, size_t max_body, zp_buf *body, zp_request *request);

/* How much the peer can be sent without waiting for it. */
size_t zp_fastcgi_room(const zp_fastcgi *self);
/* Sends a part of the answer; more will follow, the last of it by zp_fastcgi_send. ZP_IO: the client has gone. */
zp_rc zp_fastcgi_send_part(zp_fastcgi *self, zp_str part);

/*
 * Sends the answer, or the rest of it, and ends the request; its views are then invalid. ZP_OK: the connection is kept
 * for the next request. ZP_CLOSED: sent, and closed because nginx, the request or `keep` wanted it so. ZP_IO: the
 * client has gone or did not take the answer; closed.
 */
zp_rc zp_fastcgi_send(zp_fastcgi *self, zp_str answer, bool keep);

/* Ends the connection at once, without an answer. */
void zp_fastcgi_drop(zp_fastcgi *self);

#endif

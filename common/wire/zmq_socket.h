/*
 * zmq_socket.h - the one place in common that knows zmq.h: sockets with every option set that keeps them safe.
 *
 * libzmq's defaults hang at exit, queue without telling, and let a second bind of an ipc path take over the first one's
 * peers; what zp_zmq_open sets is what each of our sockets needs. A socket belongs to one thread. Codes of libzmq
 * become ours here; errno keeps the cause for a message (zmq_strerror).
 */
#ifndef ZP_WIRE_ZMQ_SOCKET_H
#define ZP_WIRE_ZMQ_SOCKET_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

/* The least MAXMSGSIZE that works: libzmq's own handshake, with a routing id in it, counts as a message. */
enum { ZP_ZMQ_LEAST_LIMIT = 512 };

/*
 * A socket of `type` with LINGER 0, both HWMs at `hwm` messages (0: 1000, never unlimited), MAXMSGSIZE at
 * ZP_DISPATCH_MAX_BYTES, HANDSHAKE_IVL, TCP_KEEPALIVE*, RECONNECT_IVL; IMMEDIATE on DEALER and PUSH (nothing is queued
 * towards nobody), ROUTER_MANDATORY on ROUTER (nothing vanishes with a success). What differs is set before bind or
 * connect. ZP_NOMEM, ZP_IO.
 */
zp_rc zp_zmq_open(void *context, int type, int hwm, void **out);
/* An option of type int; of MAXMSGSIZE. Only before bind or connect. ZP_INVALID. */
zp_rc zp_zmq_set(void *socket, int option, int value);
zp_rc zp_zmq_limit(void *socket, int64_t max_bytes);

/*
 * An ipc path is guarded by an flock on "<path>.lock", held until the process ends, so that two programs that start at
 * once cannot both find it free. The socket is made with mode 0660. A path that somebody listens on, or that is not a
 * socket, is never taken; what a dead process left behind is. Changes the umask for a moment: call it while no other
 * thread creates files. ZP_EXISTS (taken), ZP_INVALID (not an endpoint, path too long), ZP_NOTFOUND (no such folder),
 * ZP_IO.
 */
zp_rc zp_zmq_bind(void *socket, const char *endpoint);
/* The same; on failure one line in message says what is wrong with the endpoint and what to do. */
zp_rc zp_zmq_bind_or_say(void *socket, const char *endpoint, char *message, size_t message_size);
/*
 * An endpoint that this process has bound before with zp_zmq_bind, and whose socket it has closed. ZP_EXISTS as long as
 * libzmq, which closes in the background, has not let go of it: try again; otherwise as zp_zmq_bind.
 */
zp_rc zp_zmq_bind_again(void *socket, const char *endpoint);
/*
 * Opens a socket with a bound on what it takes in (bytes of a frame) and binds it; on failure one line in message says
 * what is wrong with the endpoint and what to do. As zp_zmq_open and zp_zmq_bind.
 */
zp_rc zp_zmq_listen(void *context, int type, int hwm, int64_t max_bytes, const char *endpoint, void **out,
                    char *message, size_t message_size);
/* The peer need not be there. ZP_INVALID, ZP_IO. */
zp_rc zp_zmq_connect(void *socket, const char *endpoint);

/*
 * One frame; flags as zmq_send. Interruptions are retried. ZP_AGAIN (ZMQ_DONTWAIT: full, or nobody there), ZP_NOTFOUND
 * (ROUTER: no such peer), ZP_CLOSED (the context ends), ZP_IO.
 */
zp_rc zp_zmq_send(void *socket, const void *bytes, size_t n, int flags);
/* A message that is initialised already: libzmq's when it is sent, empty then; on failure it stays as it was. As above.
 */
zp_rc zp_zmq_send_msg(void *socket, zmq_msg_t *frame, int flags);
/* One frame into an initialised message. ZP_AGAIN (ZMQ_DONTWAIT: none waits), ZP_CLOSED, ZP_IO. */
zp_rc zp_zmq_recv(void *socket, zmq_msg_t *frame, int flags);
/*
 * One whole message without waiting, its frames into `frames` (initialised, `max` of them); *count is how many it had:
 * those beyond max were read and dropped, so a larger count means a message of another shape. As zp_zmq_recv.
 */
zp_rc zp_zmq_recv_message(void *socket, zmq_msg_t *frames, size_t max, size_t *count);
/* zmq_poll; an interruption counts as nothing having happened. ZP_OK, ZP_CLOSED, ZP_IO. */
zp_rc zp_zmq_poll(zmq_pollitem_t *items, int count, long timeout_ms);

/* NULL inside is fine; set to NULL. Term waits for what LINGER allows, after all sockets have been closed. */
void zp_zmq_close(void **socket);
void zp_zmq_term(void **context);

#endif

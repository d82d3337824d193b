/*
 * listener.h - the listening unix socket: made or inherited, guarded by a lock, open to named users only.
 */
#ifndef ZP_GATEWAY_LISTENER_H
#define ZP_GATEWAY_LISTENER_H

#include "base/config.h"

#include <stdbool.h>

typedef struct zp_listener zp_listener;

/*
 * Opens what gateway.listen names: a socket path (its folder is made 0750 when missing, the socket is 0660
 * and gets the folder's group when that has the setgid bit, a lock
 * file beside it keeps a second gateway away, a dead gateway's socket is replaced) or "-", a listening unix socket
 * inherited as descriptor 0. Resolves gateway.peer_users. On failure writes one line that names the file and the
 * remedy. ZP_INVALID, ZP_EXISTS (another gateway lives there), ZP_IO, ZP_NOMEM. Main thread, before there are others.
 */
zp_rc zp_listener_open(const zp_config *config, zp_listener **out, char *message, size_t message_size);

/* Closes; removes the socket file when it was made here. Main thread, after the loops have ended. */
void zp_listener_close(zp_listener **self);

/* Whether the socket outlives this process: then what waits in its backlog is for the successor. */
bool zp_listener_is_inherited(const zp_listener *self);

/* For epoll; stays owned by the listener. */
int zp_listener_fd(const zp_listener *self);

/*
 * Takes one connection that waits, with its timeouts set. Any thread. ZP_OK (*fd is the caller's), ZP_AGAIN (none
 * waits), ZP_INVALID (one was refused for its user, closed and logged: go on), ZP_IO (no descriptors or memory: pause).
 */
zp_rc zp_listener_accept(zp_listener *self, int *fd);

#endif

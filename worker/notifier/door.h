/*
 * door.h - a socket that subscribers connect to: plain, or CURVE for those whom the ZAP handler lets in.
 *
 * libzmq asks about a client once, when it connects. To turn out those whose key was withdrawn, the door is closed for
 * a moment: everybody connects again, and is asked again. The notifier's one thread.
 */
#ifndef ZP_NOTIFIER_DOOR_H
#define ZP_NOTIFIER_DOOR_H

#include "base/config.h"
#include "wire/curve.h"

#include <stdbool.h>

typedef struct {
    void *context, *socket;
    int type, queue; /* of ZeroMQ; messages held for one peer */
    char *endpoint;  /* as it was bound: a port that the system chose stays the same */
    bool local;      /* ipc */
    const zp_key *secret;
} zp_door;

/* secret: the server's, which must outlive it; NULL: plain. On failure one line in message. */
zp_rc zp_door_open(zp_door *self, void *context, int type, int queue, const char *endpoint, const zp_key *secret,
                   char *message, size_t message_size);
/* Closed or zeroed is fine. */
void zp_door_close(zp_door *self);
/* Closes and opens it again; logs what fails. ZP_IO: it stays closed, and the program is of no use any more. */
zp_rc zp_door_renew(zp_door *self);

/* Whether other machines can reach the endpoint: tcp, and not the loopback address. */
bool zp_door_is_exposed(const char *endpoint);

#endif

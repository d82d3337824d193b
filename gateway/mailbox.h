/*
 * mailbox.h - what other threads hand to a loop: requests after their commit, ids with a new state, connections.
 *
 * A list under a mutex and an eventfd that is written only when the box was empty.
 */
#ifndef ZP_GATEWAY_MAILBOX_H
#define ZP_GATEWAY_MAILBOX_H

#include "request.h"

typedef struct zp_mailbox zp_mailbox;

typedef struct {
    zp_request *committed; /* chain in order of commit */
    zp_id *scored;
    size_t scored_count;
    int *fds;
    size_t fd_count;
} zp_mail;

zp_mailbox *zp_mailbox_new(void); /* NULL when out of memory or descriptors */
void zp_mailbox_destroy(zp_mailbox **self);
/* Readable while there is mail. */
int zp_mailbox_fd(const zp_mailbox *self);

/* Any thread. */
void zp_mailbox_put_committed(zp_mailbox *self, zp_request *chain);
void zp_mailbox_put_scored(zp_mailbox *self, const zp_id *ids, size_t count); /* dropped when out of memory: a hint */
/* ZP_NOMEM, ZP_CLOSED: fd is still the caller's. */
zp_rc zp_mailbox_put_fd(zp_mailbox *self, int fd);
void zp_mailbox_ring(zp_mailbox *self); /* wakes the loop without mail */

/* Owner: everything there is; the arrays are valid until the next take. */
zp_mail zp_mailbox_take(zp_mailbox *self);
/* Owner: takes no connection from now on. False: there is one inside, and it stays open. */
bool zp_mailbox_shut(zp_mailbox *self);

#endif

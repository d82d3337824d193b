/*
 * link.h - a subscriber's two connections: SUB of the live feed, DEALER of the replay, and what their handshakes say.
 *
 * libzmq dials again by itself after a connection breaks, but not after its handshake was refused; then, and when
 * nothing has been heard for long, both are dialled anew. One thread's.
 */
#ifndef ZP_CLIENT_LINK_H
#define ZP_CLIENT_LINK_H

#include "wire/curve.h"

typedef struct {
    const char *publish, *replay; /* endpoints; the caller's, as long as the link */
    bool encrypted;
    zp_key server, public_half, secret;
} zp_address;

typedef struct {
    void *socket, *monitor; /* the monitor: PAIR, reports connections and handshakes */
    int64_t connected_ms;   /* monotonic */
    unsigned broken_off;    /* handshakes in a row that ended without a word */
} zp_dialled;

typedef struct {
    void *context;
    const zp_address *address;
    zp_dialled live, replay;
} zp_link;

/*
 * The one context of all links of the process: taken before the first socket, given back after the last. Any thread.
 * NULL when out of memory.
 */
void *zp_link_take_context(void);
void zp_link_give_context(void);

/* Dials both; address and context must outlive it. ZP_INVALID (an endpoint, a key), ZP_NOMEM, ZP_IO. */
zp_rc zp_link_open(zp_link *self, void *context, const zp_address *address);
/* Hangs up; closed or zeroed is fine. */
void zp_link_close(zp_link *self);

typedef enum { ZP_LINK_GOOD, ZP_LINK_DENIED, ZP_LINK_NO_HANDSHAKE } zp_link_news;
/* What the handshakes since the last call have come to; anything but GOOD is said once, and wants a new link. */
zp_link_news zp_link_take_news(zp_link *self);

#endif

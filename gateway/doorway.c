/*
 * doorway.c - new connections, and which loop gets them. See loop_parts.h.
 *
 * When the gateway is full, or out of descriptors, new ones wait in the socket's backlog until the next tick.
 */
#include "loop_parts.h"

#include <errno.h>
#include <sys/epoll.h>

enum { FAIR_DIFFERENCE = 2 }; /* a loop with so many connections more than another one passes new ones on */

void zp_loop_listen_again(zp_loop *self)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = self->listener};
    self->listening =
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, zp_listener_fd(self->listener), &event) == 0 || errno == EEXIST;
}

void zp_loop_listen_no_more(zp_loop *self)
{
    (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, zp_listener_fd(self->listener), NULL);
    self->listening = false;
}

/*
 * EPOLLEXCLUSIVE wakes whoever sleeps, and a kept connection stays for ever where it was accepted: without a look at
 * the others one loop could end up with all of nginx's connections.
 */
static zp_loop *least_busy(zp_loop *self)
{
    zp_loop *best = self;
    unsigned least = atomic_load_explicit(&self->connections, memory_order_relaxed);
    least = least > FAIR_DIFFERENCE ? least - FAIR_DIFFERENCE : 0;
    for (unsigned i = 0; i < self->gateway->loop_count; i++) {
        zp_loop *other = self->gateway->loops[i];
        unsigned n = atomic_load_explicit(&other->connections, memory_order_relaxed);
        if (n < least) {
            best = other;
            least = n;
        }
    }
    return best;
}

static bool is_full(const zp_gateway *gateway)
{
    unsigned connections = 0;
    for (unsigned i = 0; i < gateway->loop_count; i++)
        connections += atomic_load_explicit(&gateway->loops[i]->connections, memory_order_relaxed);
    return connections >= gateway->max_connections;
}

bool zp_loop_is_crowded(const zp_loop *self)
{
    const zp_gateway *gateway = self->gateway;
    unsigned share = gateway->max_connections / gateway->loop_count;
    return atomic_load_explicit(&self->connections, memory_order_relaxed) > share - share / 4;
}

/* It counts from here on, and not only where it arrives: else a rush on its way to another loop looks like room. */
static void hand_over(zp_loop *self, zp_loop *taker, int fd)
{
    atomic_fetch_add_explicit(&taker->connections, 1, memory_order_relaxed);
    if (taker != self && zp_mailbox_put_fd(taker->mailbox, fd) == ZP_OK)
        return;
    if (taker != self) {
        atomic_fetch_sub_explicit(&taker->connections, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&self->connections, 1, memory_order_relaxed);
    }
    zp_conn_adopt(self, fd);
}

void zp_loop_accept_all(zp_loop *self)
{
    for (;;) {
        int fd;
        if (is_full(self->gateway)) {
            zp_loop_listen_no_more(self); /* the tick begins again; others wait in the backlog */
            return;
        }
        zp_rc rc = zp_listener_accept(self->listener, &fd);
        if (rc == ZP_AGAIN)
            return;
        if (rc == ZP_IO) {
            zp_loop_listen_no_more(self); /* the tick begins again; a descriptor may be free by then */
            return;
        }
        if (rc) {
            zp_tally(&self->gateway->counters.peers_refused, 1);
            continue;
        }
        hand_over(self, self->desk.draining ? self : least_busy(self), fd);
    }
}

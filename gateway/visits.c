/*
 * visits.c - connections and the requests on them: taken, kept for reuse, given back. See loop_parts.h.
 *
 * A few of each are kept, so that a busy loop allocates nothing for a request. Out of memory costs the connection and
 * is logged; nginx then says 502 for that one request.
 */
#include "loop_parts.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { KEEP_BODY = 32 * 1024 };
enum { POOLED = 128 }; /* requests and connections that are kept for reuse */

static void visit_free(zp_visit *v)
{
    zp_request_free(&v->request);
    zp_buf_free(&v->body);
    free(v);
}

zp_visit *zp_visit_take(zp_loop *self, zp_conn *c)
{
    zp_visit *v = SLIST_FIRST(&self->spare_visits);
    if (v) {
        SLIST_REMOVE_HEAD(&self->spare_visits, pool);
        self->spare_visit_count--;
    } else {
        v = calloc(1, sizeof *v);
        if (!v || !zp_request_refit(&v->request)) {
            free(v);
            return NULL;
        }
        v->request.loop = self;
    }
    v->conn = c;
    v->state = ZP_HANDLED;
    c->visit = v;
    return v;
}

void zp_visit_hold(zp_loop *self, zp_visit *v, size_t bytes)
{
    atomic_fetch_add_explicit(&self->gateway->in_hand, bytes - v->in_hand, memory_order_relaxed); /* modulo 2^64 */
    v->in_hand = bytes;
}

void zp_visit_release(zp_loop *self, zp_visit *v)
{
    zp_visit_hold(self, v, 0);
    v->conn->visit = NULL;
    v->conn = NULL;
    if (self->spare_visit_count >= POOLED || !v->request.arena) {
        visit_free(v);
        return;
    }
    if (v->body.cap > KEEP_BODY)
        zp_buf_free(&v->body);
    zp_request_reset(&v->request);
    SLIST_INSERT_HEAD(&self->spare_visits, v, pool);
    self->spare_visit_count++;
}

static void conn_free(zp_conn *c)
{
    zp_fastcgi_destroy(&c->io);
    free(c);
}

void zp_conn_close(zp_loop *self, zp_conn *c)
{
    if (c->visit)
        zp_visit_release(self, c->visit);
    zp_fastcgi_drop(c->io);
    LIST_REMOVE(c, all);
    atomic_fetch_sub_explicit(&self->connections, 1, memory_order_relaxed);
    if (self->spare_conn_count >= POOLED) {
        conn_free(c);
        return;
    }
    LIST_INSERT_HEAD(&self->spare_conns, c, all);
    self->spare_conn_count++;
}

static zp_conn *conn_take(zp_loop *self)
{
    zp_conn *c = LIST_FIRST(&self->spare_conns);
    if (c) {
        LIST_REMOVE(c, all);
        self->spare_conn_count--;
    } else {
        c = calloc(1, sizeof *c);
        if (c)
            c->io = zp_fastcgi_new();
        if (!c || !c->io) {
            free(c);
            return NULL;
        }
    }
    c->gone = c->served = false;
    c->submits = true;
    return c;
}

void zp_conn_adopt(zp_loop *self, int fd)
{
    zp_conn *c = conn_take(self);
    if (!c) {
        zp_log(ZP_ERROR, "connection-dropped", "reason=\"out of memory\"");
        close(fd);
        atomic_fetch_sub_explicit(&self->connections, 1, memory_order_relaxed);
        return;
    }
    zp_fastcgi_attach(c->io, fd);
    LIST_INSERT_HEAD(&self->conns, c, all);
    struct epoll_event event = {.events = ZP_CONN_EVENTS, .data.ptr = c};
    if (epoll_ctl(zp_conn_set(self, c), EPOLL_CTL_ADD, fd, &event) < 0) {
        zp_log(ZP_ERROR, "connection-dropped", "reason=\"epoll_ctl: %s\"", strerror(errno));
        zp_conn_close(self, c);
    }
}

int zp_conn_set(const zp_loop *self, const zp_conn *c)
{
    return c->submits ? self->epoll : self->readers;
}

/* Where the kernel has no memory for it, the connection stays in the line where it is. */
void zp_conn_line_up(zp_loop *self, zp_conn *c, bool submits)
{
    if (c->submits == submits)
        return;
    int fd = zp_fastcgi_fd(c->io), before = zp_conn_set(self, c);
    c->submits = submits;
    struct epoll_event event = {.events = ZP_CONN_EVENTS, .data.ptr = c};
    if (epoll_ctl(zp_conn_set(self, c), EPOLL_CTL_ADD, fd, &event) < 0)
        c->submits = !submits;
    else
        (void)epoll_ctl(before, EPOLL_CTL_DEL, fd, NULL);
}

void zp_visits_free(zp_loop *self)
{
    zp_visit *v;
    zp_conn *c;
    while ((v = SLIST_FIRST(&self->spare_visits))) {
        SLIST_REMOVE_HEAD(&self->spare_visits, pool);
        visit_free(v);
    }
    while ((c = LIST_FIRST(&self->spare_conns))) {
        LIST_REMOVE(c, all);
        conn_free(c);
    }
}

/*
 * serve.c - a request's way through its loop. See loop_parts.h.
 *
 *              readable            zp_route, zp_submit_committed, zp_wait_over
 *   idle ───────────────▶ handling ──ZP_DONE_ANSWER──▶ sent ──kept──▶ idle, else closed
 *                          │    ▲ ▲
 *           ZP_WAIT_COMMIT │    │ └──── scored, time is up, stopping ── parked ◀─┐
 *                          ▼    │                                          │     │ ZP_WAIT_SCORE (from handling)
 *                     committing┘ given back                  client gone ▼     │
 *                                                                        closed ┘
 */
#include "loop_parts.h"

#include "base/clock.h"
#include "base/log.h"

#include <sys/epoll.h>

enum { MOST_HEAD = 512 }; /* status line, content type and separators of an answer */

static void answer(zp_loop *self, zp_visit *v)
{
    zp_conn *c = v->conn;
    zp_counters *counters = &self->gateway->counters;
    if (c->gone) {
        zp_tally(&counters->clients_gone, 1);
        zp_conn_close(self, c);
        return;
    }
    zp_buf_clear(&self->out);
    zp_request_render(&v->request, &self->out);
    if (self->out.failed) {
        zp_log(ZP_ERROR, "answer-dropped", "reason=\"out of memory\"");
        zp_conn_close(self, c);
        return;
    }
    zp_tally(&counters->requests, 1);
    if (v->request.response.status == 503)
        zp_tally(&counters->unavailable, 1);
    zp_rc rc = zp_fastcgi_send(c->io, zp_buf_view(&self->out), !self->draining);
    if (rc == ZP_IO)
        zp_tally(&counters->clients_gone, 1);
    c->served = true;
    if (rc)
        zp_conn_close(self, c);
    else
        zp_visit_release(self, v);
}

static void unpark(zp_loop *self, zp_visit *v)
{
    zp_park_remove(self->park, &v->parked);
    v->is_parked = false;
    atomic_fetch_sub(&self->waiting, 1);
    atomic_fetch_sub(&self->gateway->parked, 1);
}

void zp_visit_wait_over(zp_loop *self, zp_visit *v)
{
    if (v->is_parked)
        unpark(self, v);
    if (!zp_request_refit(&v->request)) {
        zp_log(ZP_ERROR, "answer-dropped", "reason=\"out of memory\"");
        zp_conn_close(self, v->conn);
        return;
    }
    (void)zp_wait_over(&self->desk, &v->request); /* always answers */
    answer(self, v);
}

static void park(zp_loop *self, zp_visit *v)
{
    unsigned limit = self->gateway->config->gateway.max_parked;
    if (v->conn->gone || self->draining) {
        zp_visit_wait_over(self, v);
        return;
    }
    bool room = atomic_fetch_add(&self->gateway->parked, 1) < limit;
    atomic_fetch_add(&self->waiting, 1);
    zp_park_add(self->park, &v->parked, &v->request.wait_id, v->request.wait_s, zp_clock_mono_ms());
    v->is_parked = true;
    /* Looked up after it is counted: the score that came in between was not announced to this loop. */
    if (!room || zp_wait_is_over(&self->desk, &v->request)) {
        zp_visit_wait_over(self, v);
        return;
    }
    /* Thousands may wait for long: what the store holds too is read again then. */
    zp_request_shed(&v->request);
    zp_buf_free(&v->body);
    zp_visit_put_down(self, v);
}

/* Input or hang-up while a request is under way: there is nobody left to answer. */
static void peer_left(zp_loop *self, zp_conn *c)
{
    zp_visit *v = c->visit;
    if (v->is_parked) {
        unpark(self, v);
        zp_tally(&self->gateway->counters.clients_gone, 1);
        zp_conn_close(self, c);
        return;
    }
    /* The committer holds the request: its memory must stay until it is given back. */
    c->gone = true;
    (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, zp_fastcgi_fd(c->io), NULL);
}

/*
 * Verdicts of a batch that are known, on their way while others are still being committed. Never waits for the client:
 * what it does not take now stays in the body, and goes with the next part or with the last one.
 */
static void send_known(zp_loop *self, zp_visit *v)
{
    zp_response *response = &v->request.response;
    zp_conn *c = v->conn;
    zp_batch_write_known(&v->request);
    if (c->gone || !response->body.n || zp_fastcgi_room(c->io) < response->head.n + response->body.n + MOST_HEAD)
        return;
    zp_buf_clear(&self->out);
    if (!zp_request_render_part(&v->request, &self->out) ||
        zp_fastcgi_send_part(c->io, zp_buf_view(&self->out)) != ZP_OK)
        peer_left(self, c);
}

void zp_visit_act(zp_loop *self, zp_visit *v, zp_handled handled)
{
    switch (handled) {
    case ZP_DONE_ANSWER:
        answer(self, v);
        break;
    case ZP_WAIT_COMMIT: /* the committer has it; it comes back by mail */
        if (v->request.batch)
            send_known(self, v);
        break;
    case ZP_WAIT_SCORE:
        park(self, v);
        break;
    }
}

static void serve(zp_loop *self, zp_conn *c)
{
    zp_visit *v = zp_visit_take(self, c);
    if (!v) {
        zp_log(ZP_ERROR, "connection-dropped", "reason=\"out of memory\"");
        zp_conn_close(self, c);
        return;
    }
    zp_gateway *gateway = self->gateway;
    bool room = atomic_load_explicit(&gateway->in_hand, memory_order_relaxed) < gateway->config->gateway.max_in_hand;
    if (zp_fastcgi_receive(c->io, room ? gateway->config->gateway.max_body : 0, &v->body, &v->request) != ZP_OK) {
        zp_conn_close(self, c);
        return;
    }
    v->request.body_declined = !room && v->request.body_too_large;
    v->in_hand = v->body.n;
    atomic_fetch_add_explicit(&gateway->in_hand, v->in_hand, memory_order_relaxed);
    zp_visit_act(self, v, zp_route(&self->desk, &v->request));
}

void zp_conn_ready(zp_loop *self, zp_conn *c, uint32_t events)
{
    if (c->visit)
        peer_left(self, c);
    else if (events & EPOLLIN)
        serve(self, c);
    else
        zp_conn_close(self, c);
}

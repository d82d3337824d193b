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
 *
 *   handling ──ZP_GO_ON──▶ working ──its next turn──▶ handling
 *                            │   ▲
 *       the client does not  ▼   │ it takes more
 *       take what is there  blocked
 *
 *   handling ──ZP_WAIT_NEWS──▶ following (or blocked) ──the log has grown, it is time──▶ working
 */
#include "loop_parts.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <sys/epoll.h>

enum { MOST_HEAD = 512 };        /* status line, content type and separators of an answer */
enum { WORK_MS = 4 };            /* until other requests are looked at again */
enum { KEEP_OUT = 1024 * 1024 }; /* a larger buffer is given back after its answer */

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
    zp_rc rc = zp_fastcgi_send(c->io, zp_buf_view(&self->out), !self->desk.draining && !zp_loop_is_crowded(self));
    if (self->out.cap > KEEP_OUT)
        zp_buf_free(&self->out);
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
    v->state = ZP_HANDLED;
    atomic_fetch_sub(&self->waiting, 1);
    atomic_fetch_sub(&self->gateway->parked, 1);
}

void zp_visit_wait_over(zp_loop *self, zp_visit *v)
{
    if (v->state == ZP_PARKED)
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
    if (v->conn->gone || self->desk.draining) {
        zp_visit_wait_over(self, v);
        return;
    }
    bool room = atomic_fetch_add(&self->gateway->parked, 1) < limit;
    atomic_fetch_add(&self->waiting, 1);
    zp_park_add(self->park, &v->parked, &v->request.wait_id, v->request.wait_s, zp_clock_mono_ms());
    v->state = ZP_PARKED;
    /* Looked up after it is counted: the score that came in between was not announced to this loop. */
    if (!room || zp_wait_is_over(&self->desk, &v->request)) {
        zp_visit_wait_over(self, v);
        return;
    }
    /* Thousands may wait for long: what the store holds too is read again then. */
    zp_request_shed(&v->request);
    zp_buf_free(&v->body);
    zp_visit_hold(self, v, 0);
}

/* Input or hang-up while a request is under way: there is nobody left to answer. */
static void peer_left(zp_loop *self, zp_conn *c)
{
    zp_visit *v = c->visit;
    switch (v->state) {
    case ZP_HANDLED: /* the committer holds the request: its memory must stay until it is given back */
        c->gone = true;
        (void)epoll_ctl(zp_conn_set(self, c), EPOLL_CTL_DEL, zp_fastcgi_fd(c->io), NULL);
        return;
    case ZP_PARKED:
        unpark(self, v);
        break;
    case ZP_WORKING:
        TAILQ_REMOVE(&self->working, v, turn);
        break;
    case ZP_FOLLOWING:
        TAILQ_REMOVE(&self->following, v, turn);
        break;
    case ZP_BLOCKED:
        break;
    }
    zp_tally(&self->gateway->counters.clients_gone, 1);
    zp_conn_close(self, c);
}

/* ---- answers in parts ---- */

static size_t unsent(const zp_response *response)
{
    return response->body.n - response->sent;
}

static zp_rc send_head(zp_loop *self, zp_visit *v)
{
    zp_buf_clear(&self->out);
    zp_request_render_head(&v->request, &self->out);
    return self->out.failed ? ZP_NOMEM : zp_fastcgi_send_part(v->conn->io, zp_buf_view(&self->out));
}

/*
 * Sends what there is of an answer that is still being written, as far as the client takes it without being waited for.
 * ZP_AGAIN: the rest is for later. Anything else but ZP_OK: the client has gone, or memory has; nothing was closed.
 */
static zp_rc send_known(zp_loop *self, zp_visit *v)
{
    zp_response *response = &v->request.response;
    zp_fastcgi *io = v->conn->io;
    size_t room = zp_fastcgi_room(io), want = unsent(response);
    if (!want)
        return ZP_OK;
    if (room < response->head.n + 2 * MOST_HEAD)
        return ZP_AGAIN;
    zp_rc rc = response->begun ? ZP_OK : send_head(self, v);
    size_t piece = want < room - response->head.n - MOST_HEAD ? want : room - response->head.n - MOST_HEAD;
    if (!rc)
        rc = zp_fastcgi_send_part(io, (zp_str){response->body.p + response->sent, piece});
    if (rc)
        return rc;
    response->sent += piece;
    if (piece < want)
        return ZP_AGAIN;
    response->sent = 0;
    zp_buf_clear(&response->body);
    return ZP_OK;
}

static void watch(zp_loop *self, zp_conn *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(zp_conn_set(self, c), EPOLL_CTL_MOD, zp_fastcgi_fd(c->io), &event) < 0)
        zp_log(ZP_ERROR, "connection-unwatched", "reason=\"epoll_ctl: %s\"", strerror(errno));
}

/* False: the client does not take what there is, and it will have its next turn when it does; or it has gone. */
static bool send_or_block(zp_loop *self, zp_visit *v)
{
    zp_conn *c = v->conn;
    zp_rc rc = send_known(self, v);
    zp_visit_hold(self, v, v->body.n + unsent(&v->request.response));
    if (rc && rc != ZP_AGAIN) {
        zp_tally(&self->gateway->counters.clients_gone, 1);
        zp_conn_close(self, c);
    } else if (rc) {
        v->state = ZP_BLOCKED;
        watch(self, c, ZP_CONN_EVENTS | EPOLLOUT);
    }
    return rc == ZP_OK;
}

static void go_on_later(zp_loop *self, zp_visit *v)
{
    if (!send_or_block(self, v))
        return;
    v->state = ZP_WORKING;
    TAILQ_INSERT_TAIL(&self->working, v, turn);
}

static void unblocked(zp_loop *self, zp_visit *v)
{
    watch(self, v->conn, ZP_CONN_EVENTS);
    go_on_later(self, v);
}

void zp_loop_work(zp_loop *self)
{
    int64_t end = zp_clock_mono_ms() + WORK_MS;
    zp_visit *last = TAILQ_LAST(&self->working, zp_turns);
    for (zp_visit *v = NULL; v != last && zp_clock_mono_ms() <= end;) {
        v = TAILQ_FIRST(&self->working);
        TAILQ_REMOVE(&self->working, v, turn);
        v->state = ZP_HANDLED;
        zp_visit_act(self, v, v->request.go_on(&self->desk, &v->request));
    }
}

/* Verdicts of a batch that are known, on their way while others are being committed; a client that has gone is found
 * out when they come back. */
static void send_while_committing(zp_loop *self, zp_visit *v)
{
    if (v->conn->gone)
        return;
    zp_rc rc = send_known(self, v);
    if (rc && rc != ZP_AGAIN)
        peer_left(self, v->conn);
}

void zp_visit_act(zp_loop *self, zp_visit *v, zp_handled handled)
{
    switch (handled) {
    case ZP_DONE_ANSWER:
        answer(self, v);
        return;
    case ZP_WAIT_COMMIT: /* the committer has it; it comes back by mail */
        if (v->request.batch)
            send_while_committing(self, v);
        break;
    case ZP_WAIT_SCORE:
        park(self, v);
        return;
    case ZP_GO_ON:
        if (v->conn->gone) {
            answer(self, v);
            return;
        }
        go_on_later(self, v);
        break;
    case ZP_WAIT_NEWS:
        if (send_or_block(self, v))
            zp_visit_follow(self, v);
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
    zp_conn_line_up(self, c, v->request.method == ZP_POST);
    v->request.body_declined = !room && v->request.body_too_large;
    zp_visit_hold(self, v, v->body.n);
    zp_visit_act(self, v, zp_route(&self->desk, &v->request));
}

void zp_conn_ready(zp_loop *self, zp_conn *c, uint32_t events)
{
    if (c->visit && events == EPOLLOUT && c->visit->state == ZP_BLOCKED)
        unblocked(self, c->visit);
    else if (c->visit)
        peer_left(self, c);
    else if (events & EPOLLIN)
        serve(self, c);
    else
        zp_conn_close(self, c);
}

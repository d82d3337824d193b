/*
 * loop.c - see loop.h. Everything here runs in the loop's own thread, but for new, start, stop, join and the two
 * calls at the end that put mail into its box.
 *
 *              readable            zp_route, zp_submit_committed, zp_wait_over
 *   idle ───────────────▶ handling ──ZP_DONE_ANSWER──▶ sent ──kept──▶ idle, else closed
 *                          │    ▲ ▲
 *           ZP_WAIT_COMMIT │    │ └──── scored, time is up, stopping ── parked ◀─┐
 *                          ▼    │                                          │     │ ZP_WAIT_SCORE (from handling)
 *                     committing┘ given back                  client gone ▼     │
 *                                                                        closed ┘
 *
 * A connection stays registered with epoll for its whole life, so that a request costs no epoll_ctl. Input while a
 * request is under way is therefore news of its end: nginx closes when the client has left, and never sends ahead.
 *
 * The loop waits in epoll only; reading and writing are bounded by the socket's timeouts. Wake-ups are hints: once a
 * second every parked request is looked up in the store, so that a lost hint delays and loses nothing.
 */
#include "loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "codec/form_reader.h"
#include "committer.h"
#include "fastcgi.h"
#include "mailbox.h"
#include "park.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sysexits.h>
#include <unistd.h>

enum { EVENTS = 256, TICK_MS = 1000, KEEP_BODY = 32 * 1024 };
enum { POOLED = 128 }; /* requests and connections that are kept for reuse */
enum { FIRST_REQUEST_MS = 500 };
enum { MOST_HEAD = 512 };     /* status line, content type and separators of an answer */
enum { FAIR_DIFFERENCE = 2 }; /* a loop with so many connections more than another one passes new ones on */

typedef struct conn conn;

/* A request under way. `request` comes first: handlers see only that. */
typedef struct visit {
    zp_request request;
    zp_parked parked;
    zp_buf body;
    conn *conn;
    bool is_parked;
    size_t in_hand; /* bytes that are counted in the gateway's in_hand */
    SLIST_ENTRY(visit) pool;
} visit;

struct conn {
    zp_fastcgi *io;
    visit *visit; /* NULL: idle */
    bool gone;    /* the peer left while its submission was being committed */
    bool served;  /* has had a request answered */
    LIST_ENTRY(conn) all;
};

struct zp_loop {
    zp_gateway *gateway;
    zp_listener *listener;
    zp_mailbox *mailbox;
    zp_park *park;
    zp_desk desk;
    zp_buf out;
    int epoll;
    pthread_t thread;
    atomic_uint connections;
    atomic_uint waiting; /* parked requests; read by zp_loop_scored */
    atomic_bool stop;
    bool listening, draining;
    bool patient; /* while draining: new connections were left open at the last look */
    int64_t next_tick;
    int64_t drained_by; /* until then, while draining, a new connection is given time for its first request */
    LIST_HEAD(, conn) conns;
    LIST_HEAD(, conn) spare_conns;
    SLIST_HEAD(, visit) spare_visits;
    unsigned spare_conn_count, spare_visit_count;
};

/* ---- pools ---- */

static void visit_free(visit *v)
{
    zp_request_free(&v->request);
    zp_buf_free(&v->body);
    free(v);
}

static visit *visit_take(zp_loop *self, conn *c)
{
    visit *v = SLIST_FIRST(&self->spare_visits);
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
    c->visit = v;
    return v;
}

static void put_down(zp_loop *self, visit *v)
{
    atomic_fetch_sub_explicit(&self->gateway->in_hand, v->in_hand, memory_order_relaxed);
    v->in_hand = 0;
}

static void visit_release(zp_loop *self, visit *v)
{
    put_down(self, v);
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

static void conn_free(conn *c)
{
    zp_fastcgi_destroy(&c->io);
    free(c);
}

static void conn_close(zp_loop *self, conn *c)
{
    if (c->visit)
        visit_release(self, c->visit);
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

static conn *conn_take(zp_loop *self)
{
    conn *c = LIST_FIRST(&self->spare_conns);
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
    return c;
}

/* Takes over the descriptor, or closes it. */
static void adopt(zp_loop *self, int fd)
{
    conn *c = conn_take(self);
    if (!c) {
        zp_log(ZP_ERROR, "connection-dropped", "reason=\"out of memory\"");
        close(fd);
        return;
    }
    zp_fastcgi_attach(c->io, fd);
    LIST_INSERT_HEAD(&self->conns, c, all);
    atomic_fetch_add_explicit(&self->connections, 1, memory_order_relaxed);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        zp_log(ZP_ERROR, "connection-dropped", "reason=\"epoll_ctl: %s\"", strerror(errno));
        conn_close(self, c);
    }
}

/* ---- a request's way ---- */

static void tally(atomic_ullong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void answer(zp_loop *self, visit *v)
{
    conn *c = v->conn;
    zp_counters *counters = &self->gateway->counters;
    if (c->gone) {
        tally(&counters->clients_gone);
        conn_close(self, c);
        return;
    }
    zp_buf_clear(&self->out);
    zp_request_render(&v->request, &self->out);
    if (self->out.failed) {
        zp_log(ZP_ERROR, "answer-dropped", "reason=\"out of memory\"");
        conn_close(self, c);
        return;
    }
    tally(&counters->requests);
    if (v->request.response.status == 503)
        tally(&counters->unavailable);
    zp_rc rc = zp_fastcgi_send(c->io, zp_buf_view(&self->out), !self->draining);
    if (rc == ZP_IO)
        tally(&counters->clients_gone);
    c->served = true;
    if (rc)
        conn_close(self, c);
    else
        visit_release(self, v);
}

static void unpark(zp_loop *self, visit *v)
{
    zp_park_remove(self->park, &v->parked);
    v->is_parked = false;
    atomic_fetch_sub(&self->waiting, 1);
    atomic_fetch_sub(&self->gateway->parked, 1);
}

static void wait_over(zp_loop *self, visit *v)
{
    if (v->is_parked)
        unpark(self, v);
    if (!zp_request_refit(&v->request)) {
        zp_log(ZP_ERROR, "answer-dropped", "reason=\"out of memory\"");
        conn_close(self, v->conn);
        return;
    }
    (void)zp_wait_over(&self->desk, &v->request); /* always answers */
    answer(self, v);
}

static void park(zp_loop *self, visit *v)
{
    unsigned limit = self->gateway->config->gateway.max_parked;
    if (v->conn->gone || self->draining) {
        wait_over(self, v);
        return;
    }
    bool room = atomic_fetch_add(&self->gateway->parked, 1) < limit;
    atomic_fetch_add(&self->waiting, 1);
    zp_park_add(self->park, &v->parked, &v->request.wait_id, v->request.wait_s, zp_clock_mono_ms());
    v->is_parked = true;
    /* Looked up after it is counted: the score that came in between was not announced to this loop. */
    if (!room || zp_wait_is_over(&self->desk, &v->request)) {
        wait_over(self, v);
        return;
    }
    /* Thousands may wait for long: what the store holds too is read again then. */
    zp_request_shed(&v->request);
    zp_buf_free(&v->body);
    put_down(self, v);
}

/* Input or hang-up while a request is under way: there is nobody left to answer. */
static void peer_left(zp_loop *self, conn *c)
{
    visit *v = c->visit;
    if (v->is_parked) {
        unpark(self, v);
        tally(&self->gateway->counters.clients_gone);
        conn_close(self, c);
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
static void send_known(zp_loop *self, visit *v)
{
    zp_response *response = &v->request.response;
    conn *c = v->conn;
    zp_batch_write_known(&v->request);
    if (c->gone || !response->body.n || zp_fastcgi_room(c->io) < response->head.n + response->body.n + MOST_HEAD)
        return;
    zp_buf_clear(&self->out);
    if (!zp_request_render_part(&v->request, &self->out) ||
        zp_fastcgi_send_part(c->io, zp_buf_view(&self->out)) != ZP_OK)
        peer_left(self, c);
}

static void act(zp_loop *self, visit *v, zp_handled handled)
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

static void serve(zp_loop *self, conn *c)
{
    visit *v = visit_take(self, c);
    if (!v) {
        zp_log(ZP_ERROR, "connection-dropped", "reason=\"out of memory\"");
        conn_close(self, c);
        return;
    }
    zp_gateway *gateway = self->gateway;
    bool room = atomic_load_explicit(&gateway->in_hand, memory_order_relaxed) < gateway->config->gateway.max_in_hand;
    if (zp_fastcgi_receive(c->io, room ? gateway->config->gateway.max_body : 0, &v->body, &v->request) != ZP_OK) {
        conn_close(self, c);
        return;
    }
    v->request.body_declined = !room && v->request.body_too_large;
    v->in_hand = v->body.n;
    atomic_fetch_add_explicit(&gateway->in_hand, v->in_hand, memory_order_relaxed);
    act(self, v, zp_route(&self->desk, &v->request));
}

static void on_connection(zp_loop *self, conn *c, uint32_t events)
{
    if (c->visit)
        peer_left(self, c);
    else if (events & EPOLLIN)
        serve(self, c);
    else
        conn_close(self, c);
}

/* ---- new connections ---- */

static void listen_again(zp_loop *self)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = self->listener};
    self->listening =
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, zp_listener_fd(self->listener), &event) == 0 || errno == EEXIST;
}

static void listen_no_more(zp_loop *self)
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

static void accept_all(zp_loop *self)
{
    for (;;) {
        int fd;
        if (is_full(self->gateway)) {
            listen_no_more(self); /* the tick begins again; others wait in the backlog */
            return;
        }
        zp_rc rc = zp_listener_accept(self->listener, &fd);
        if (rc == ZP_AGAIN)
            return;
        if (rc == ZP_IO) {
            listen_no_more(self); /* the tick begins again; a descriptor may be free by then */
            return;
        }
        if (rc) {
            tally(&self->gateway->counters.peers_refused);
            continue;
        }
        zp_loop *taker = self->draining ? self : least_busy(self);
        if (taker == self || zp_mailbox_put_fd(taker->mailbox, fd) != ZP_OK)
            adopt(self, fd);
    }
}

/* ---- mail, time, end ---- */

static void wake_parked(void *context, zp_parked *node)
{
    zp_loop *self = context;
    visit *v = (visit *)((char *)node - offsetof(visit, parked));
    if (self->draining || zp_wait_is_over(&self->desk, &v->request))
        wait_over(self, v);
}

/* What becomes of a request, or of the batch that a line belongs to, now that the committer has given it back. */
static void committed(zp_loop *self, zp_request *request)
{
    if (!request->parent) {
        request->next = NULL;
        act(self, (visit *)request, zp_submit_committed(&self->desk, request));
        return;
    }
    visit *v = (visit *)request->parent;
    bool more_of_its_batch = request->next && request->next->parent == request->parent;
    request->next = NULL;
    zp_handled handled = zp_batch_committed(&self->desk, request);
    if (handled == ZP_DONE_ANSWER || !more_of_its_batch)
        act(self, v, handled);
}

static void read_mail(zp_loop *self)
{
    zp_mail mail = zp_mailbox_take(self->mailbox);
    for (size_t i = 0; i < mail.fd_count; i++)
        adopt(self, mail.fds[i]);
    for (zp_request *next, *request = mail.committed; request; request = next) {
        next = request->next;
        committed(self, request);
    }
    for (size_t i = 0; i < mail.scored_count; i++)
        zp_park_each_of(self->park, &mail.scored[i], wake_parked, self);
}

static void tick(zp_loop *self, int64_t now)
{
    for (zp_parked *node; (node = zp_park_overdue(self->park, now));)
        wait_over(self, (visit *)((char *)node - offsetof(visit, parked)));
    if (now < self->next_tick)
        return;
    self->next_tick = now + TICK_MS;
    zp_park_each_all(self->park, wake_parked, self);
    if (!self->listening && !self->draining)
        listen_again(self);
}

static int time_to_wait(const zp_loop *self, int64_t now)
{
    if (self->draining)
        return 0;
    if (!zp_park_count(self->park) && self->listening)
        return -1;
    int64_t next = zp_park_next_deadline(self->park);
    if (self->next_tick < next)
        next = self->next_tick;
    return next > now ? (int)(next - now) : 0;
}

/* What had been connected by now is still answered, each with the end of its connection; parked requests at once. What
 * waits at an inherited socket has not met us, and will meet the successor. */
static void begin_draining(zp_loop *self)
{
    self->draining = true;
    self->drained_by = zp_clock_mono_ms() + FIRST_REQUEST_MS;
    if (!zp_listener_is_inherited(self->listener))
        accept_all(self);
    listen_no_more(self);
    zp_park_each_all(self->park, wake_parked, self);
}

/*
 * Nothing to read any more: idle connections can go. One that was accepted and has not been heard of yet is not idle:
 * its first request is on its way, and nginx would not send it a second time. True when some remain, for that or
 * because their requests are with the committer.
 */
static bool close_idle(zp_loop *self)
{
    bool patient = self->patient = zp_clock_mono_ms() < self->drained_by;
    conn *next;
    for (conn *c = LIST_FIRST(&self->conns); c; c = next) {
        next = LIST_NEXT(c, all);
        if (!c->visit && (c->served || !patient))
            conn_close(self, c);
    }
    return !LIST_EMPTY(&self->conns);
}

/* While draining, with connections that remain: only mail or a first request can bring news. */
static int time_to_remain(const zp_loop *self)
{
    int64_t left = self->drained_by - zp_clock_mono_ms();
    return !self->patient ? -1 : left > 0 ? (int)left : 0;
}

static void *run(void *context)
{
    zp_loop *self = context;
    struct epoll_event events[EVENTS];
    bool remaining = false; /* connections, while draining */
    for (;;) {
        int n = epoll_wait(self->epoll, events, EVENTS,
                           remaining ? time_to_remain(self) : time_to_wait(self, zp_clock_mono_ms()));
        if (n < 0 && errno != EINTR) {
            zp_log(ZP_ERROR, "epoll-failed", "error=\"%s\"", strerror(errno));
            zp_gateway_stop(self->gateway, EX_SOFTWARE);
            return NULL;
        }
        bool mail = false, news = false;
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == self->listener)
                news = true;
            else if (events[i].data.ptr == self->mailbox)
                mail = true;
            else
                on_connection(self, events[i].data.ptr, events[i].events);
        }
        /* After the connections: mail may free one whose event stands later in the same array. */
        if (news)
            accept_all(self);
        if (mail)
            read_mail(self);
        tick(self, zp_clock_mono_ms());
        if (!self->draining && atomic_load(&self->stop))
            begin_draining(self);
        else if (self->draining && n <= 0 && !(remaining = close_idle(self)))
            return NULL;
        else if (n > 0)
            remaining = false;
    }
}

/* ---- main thread ---- */

static zp_rc open_desk(zp_loop *self)
{
    self->desk.gateway = self->gateway;
    self->desk.json = zp_json_reader_new();
    if (!self->desk.json)
        return ZP_NOMEM;
    zp_rc rc = zp_intake_reader_new(self->gateway->intake, &self->desk.intake);
    return rc ? rc : zp_scores_reader_new(self->gateway->scores, &self->desk.scores);
}

static void loop_free(zp_loop *self)
{
    visit *v;
    conn *c;
    while ((v = SLIST_FIRST(&self->spare_visits))) {
        SLIST_REMOVE_HEAD(&self->spare_visits, pool);
        visit_free(v);
    }
    while ((c = LIST_FIRST(&self->spare_conns))) {
        LIST_REMOVE(c, all);
        conn_free(c);
    }
    zp_scores_reader_destroy(&self->desk.scores);
    zp_intake_reader_destroy(&self->desk.intake);
    zp_json_reader_destroy(&self->desk.json);
    zp_buf_free(&self->desk.scratch);
    zp_buf_free(&self->out);
    zp_park_destroy(&self->park);
    zp_mailbox_destroy(&self->mailbox);
    if (self->epoll >= 0)
        close(self->epoll);
    free(self);
}

zp_rc zp_loop_new(zp_gateway *gateway, zp_listener *listener, zp_loop **out)
{
    zp_loop *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    self->gateway = gateway;
    self->listener = listener;
    LIST_INIT(&self->conns);
    LIST_INIT(&self->spare_conns);
    SLIST_INIT(&self->spare_visits);
    self->mailbox = zp_mailbox_new();
    self->park = zp_park_new();
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    zp_rc rc = self->mailbox && self->park ? open_desk(self) : ZP_NOMEM;
    if (!rc && self->epoll >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = self->mailbox};
        listen_again(self);
        if (self->listening && epoll_ctl(self->epoll, EPOLL_CTL_ADD, zp_mailbox_fd(self->mailbox), &event) == 0) {
            *out = self;
            return ZP_OK;
        }
    }
    if (!rc)
        rc = ZP_IO;
    zp_log(ZP_ERROR, "loop-not-made", "reason=%s errno=\"%s\"", zp_rc_name(rc), strerror(errno));
    loop_free(self);
    return rc;
}

zp_rc zp_loop_start(zp_loop *self)
{
    int error = pthread_create(&self->thread, NULL, run, self);
    if (error)
        zp_log(ZP_ERROR, "thread-not-started", "error=\"%s\"", strerror(error));
    return error ? ZP_IO : ZP_OK;
}

void zp_loop_stop(zp_loop *self)
{
    atomic_store(&self->stop, true);
    zp_mailbox_ring(self->mailbox);
}

void zp_loop_join(zp_loop *self)
{
    pthread_join(self->thread, NULL);
}

void zp_loop_destroy(zp_loop **self)
{
    if (*self)
        loop_free(*self);
    *self = NULL;
}

/* ---- any thread ---- */

void zp_loop_give_back(zp_loop *self, zp_request *chain)
{
    zp_mailbox_put_committed(self->mailbox, chain);
}

void zp_loop_scored(zp_loop *self, const zp_id *ids, size_t n)
{
    if (n && atomic_load(&self->waiting))
        zp_mailbox_put_scored(self->mailbox, ids, n);
}

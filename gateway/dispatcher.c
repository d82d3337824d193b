/*
 * dispatcher.c - hands pending submissions to workers and takes their acknowledgements; the only owner of the ROUTER
 * socket. One thread.
 *
 *   pending ──read in id order──▶ out, under a lease ──DONE with the right attempt──▶ acknowledged (committer)
 *                 ▲                      │
 *                 │                      ├─ BYE, or never delivered: back, no failure ────────────────────┐
 *                 │                      └─ lease over, worker silent: attempt + 1 ─▶ on disk (committer) ─┤
 *                 └────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * The store is the queue: what is lost here (this process, a message, memory) is found there again. A job that has
 * failed before travels alone, so that one poisonous form takes nobody with it; after max_attempts the worker is asked
 * to record it as failed instead. Of the jobs that were with a worker when it ended, the one that it had begun has
 * failed: the next worker says which one that was, or that it was none (FELL), and the others go on as if nothing had
 * happened. While nobody knows, each travels alone and none is charged. Every job costs O(1); nothing is rescanned.
 */
#include "backlog.h"
#include "base/clock.h"
#include "base/log.h"
#include "committer.h"
#include "inflight.h"
#include "wire/dispatch.h"
#include "wire/zmq_socket.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

enum { MESSAGE_JOBS = 64, MESSAGE_BYTES = 256 * 1024, MAX_WORKERS = 64, MAX_PEER_ID = 255 };
enum { LOST_BEATS = 3, REWIND_MS = 10 * 1000, RECEIVE_BURST = 256 };

typedef struct worker {
    zp_holder holder; /* first: a lease's holder is its worker */
    uint8_t peer[MAX_PEER_ID];
    size_t peer_n;
    unsigned credit;
    bool stuffed; /* its pipe was full: nothing more before its next READY */
    int64_t heard_ms;
    LIST_ENTRY(worker) all;
} worker;

struct zp_dispatcher {
    zp_gateway *gateway;
    void *context, *router;
    int event;
    pthread_t thread;
    atomic_bool stop;
    bool running; /* the thread has been started and not joined */
    /* bumps that are on disk, from the committer */
    pthread_mutex_t lock;
    zp_pending *bumped;
    size_t bumped_n, bumped_cap;
    /* the thread's own */
    zp_backlog *backlog;
    zp_inflight *inflight;
    LIST_HEAD(, worker) workers;
    unsigned worker_count;
    int64_t now, busy_ms; /* busy: when there was last something out */
    zp_buf records, message;
    zp_job jobs[MESSAGE_JOBS];
    zp_done done[ZP_DISPATCH_MAX_JOBS];
    zp_id acked[ZP_DISPATCH_MAX_JOBS];
    uint8_t peer[MAX_PEER_ID]; /* who sent the message at hand */
    size_t peer_n;
};

/* ---- any thread ---- */

void zp_dispatcher_poke(zp_dispatcher *self)
{
    const uint64_t one = 1;
    if (write(self->event, &one, sizeof one) < 0 && errno != EAGAIN)
        zp_log(ZP_ERROR, "dispatcher-not-woken", "error=\"%s\"", strerror(errno));
}

void zp_dispatcher_bumped(zp_dispatcher *self, const zp_pending *items, size_t count)
{
    pthread_mutex_lock(&self->lock);
    if (self->bumped_n + count > self->bumped_cap) {
        size_t cap = self->bumped_n + count + 256;
        zp_pending *bigger = realloc(self->bumped, cap * sizeof *bigger);
        if (bigger) {
            self->bumped = bigger;
            self->bumped_cap = cap;
        }
    }
    if (self->bumped_n + count <= self->bumped_cap) {
        memcpy(self->bumped + self->bumped_n, items, count * sizeof *items);
        self->bumped_n += count;
    }
    pthread_mutex_unlock(&self->lock);
    zp_dispatcher_poke(self);
}

/* ---- jobs that come back ---- */

/* A failed attempt: written down first, sent again when the committer says that it is on disk. */
static void fail_attempt(zp_dispatcher *self, zp_lease *lease)
{
    zp_pending item = {.id = lease->id, .attempts = lease->attempt};
    zp_inflight_remove(self->inflight, lease);
    if (zp_committer_bump(self->gateway->committer, &item, 1) != ZP_OK)
        zp_log(ZP_ERROR, "job-set-aside", "reason=\"out of memory\""); /* a rewind finds it */
}

static void forget_worker(zp_dispatcher *self, worker *w)
{
    LIST_REMOVE(w, all);
    self->worker_count--;
    atomic_store(&self->gateway->workers, self->worker_count);
    free(w);
}

typedef void give_back(zp_backlog *backlog, const zp_pending *item);

/* No failure of these, so the same attempt again. */
static void return_all(zp_dispatcher *self, worker *w, give_back *to)
{
    for (zp_lease *lease; (lease = LIST_FIRST(&w->holder.leases));) {
        zp_pending item = {.id = lease->id, .attempts = lease->attempt - 1};
        zp_inflight_remove(self->inflight, lease);
        to(self->backlog, &item);
    }
    forget_worker(self, w);
}

/* Silence: if it had one job only, that is what it was at. */
static void lose_worker(zp_dispatcher *self, worker *w)
{
    zp_log(ZP_WARN, "worker-lost", "jobs=%u silent_ms=%lld", w->holder.count, (long long)(self->now - w->heard_ms));
    if (w->holder.count == 1)
        fail_attempt(self, LIST_FIRST(&w->holder.leases));
    return_all(self, w, zp_backlog_suspect_it);
}

/* The worker says itself that it has not done these. */
static void dismiss_worker(zp_dispatcher *self, worker *w)
{
    zp_log(ZP_INFO, "worker-left", "jobs=%u", w->holder.count);
    return_all(self, w, zp_backlog_return);
}

/*
 * A successor says at which job the worker before it ended. Its silence may not have been noticed yet, or it has, and
 * all that it had are suspects. What fits neither is an old message.
 */
static void on_fell(zp_dispatcher *self, const worker *sender, const zp_done *job)
{
    zp_pending item;
    zp_lease *lease = zp_inflight_find(self->inflight, &job->id);
    if (lease && lease->attempt == job->attempt && (worker *)lease->holder != sender) {
        worker *fallen = (worker *)lease->holder;
        zp_log(ZP_WARN, "worker-fell", "jobs=%u", fallen->holder.count);
        fail_attempt(self, lease);
        return_all(self, fallen, zp_backlog_return);
    } else if (!lease && zp_backlog_blame(self->backlog, &job->id, job->attempt, &item)) {
        if (zp_committer_bump(self->gateway->committer, &item, 1) != ZP_OK)
            zp_log(ZP_ERROR, "job-set-aside", "reason=\"out of memory\"");
    } else {
        zp_tally(&self->gateway->counters.messages_dropped, 1);
    }
}

/* The same, when it ended at none: only one at a time holds the lease, so whoever else has jobs is no more. */
static void on_none_fell(zp_dispatcher *self, const worker *sender)
{
    worker *next;
    for (worker *w = LIST_FIRST(&self->workers); w; w = next) {
        next = LIST_NEXT(w, all);
        if (w == sender || !w->holder.count)
            continue;
        zp_log(ZP_INFO, "worker-ended", "jobs=%u", w->holder.count);
        return_all(self, w, zp_backlog_return);
    }
    zp_backlog_acquit(self->backlog);
}

static void expire(zp_dispatcher *self)
{
    zp_lease *lease;
    while ((lease = zp_inflight_first_due(self->inflight)) && lease->deadline <= self->now) {
        char id[ZP_ID_TEXT + 1];
        zp_id_format(&lease->id, id);
        zp_log(ZP_WARN, "lease-expired", "id=%s attempt=%u", id, lease->attempt);
        fail_attempt(self, lease);
    }
    worker *next;
    int64_t patience = (int64_t)LOST_BEATS * self->gateway->config->worker.heartbeat_ms;
    for (worker *w = LIST_FIRST(&self->workers); w; w = next) {
        next = LIST_NEXT(w, all);
        if (self->now - w->heard_ms > patience)
            lose_worker(self, w);
    }
}

static void take_bumped(zp_dispatcher *self)
{
    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < self->bumped_n; i++)
        zp_backlog_return(self->backlog, &self->bumped[i]);
    self->bumped_n = 0;
    pthread_mutex_unlock(&self->lock);
}

/* ---- sending ---- */

typedef struct {
    size_t count;
    size_t ends[MESSAGE_JOBS]; /* of each record in self->records, which moves while it grows */
} cargo;

/* Leases the job to the worker and appends its record. False: it cannot go now, or there is nothing to send. */
static bool add_job(zp_dispatcher *self, worker *w, cargo *load, const zp_pending *item)
{
    uint32_t attempt = item->attempts + 1;
    zp_rc rc = zp_inflight_find(self->inflight, &item->id) ? ZP_EXISTS : ZP_OK; /* after a rewind */
    if (!rc)
        rc = zp_backlog_record(self->backlog, &item->id, &self->records);
    bool damaged = rc == ZP_CORRUPT;
    if (damaged)
        rc = ZP_OK; /* goes without its record: the worker writes down that it cannot be read */
    if (!rc)
        rc = zp_inflight_add(self->inflight, &w->holder, &item->id, attempt,
                             self->now + self->gateway->config->gateway.lease_ms);
    if (rc) {
        char id[ZP_ID_TEXT + 1];
        zp_id_format(&item->id, id);
        if (rc != ZP_EXISTS)
            zp_log(ZP_ERROR, "job-not-sent", "id=%s reason=%s", id, zp_rc_name(rc));
        self->records.n = load->count ? load->ends[load->count - 1] : 0;
        return false;
    }
    bool hopeless = damaged || item->attempts >= self->gateway->config->gateway.max_attempts;
    self->jobs[load->count] = (zp_job){item->id, attempt, hopeless ? ZP_JOB_FAIL : ZP_JOB_SCORE, ZP_ABSENT};
    load->ends[load->count++] = self->records.n;
    return true;
}

static void collect(zp_dispatcher *self, worker *w, cargo *load)
{
    const zp_pending *item;
    load->count = 0;
    zp_buf_clear(&self->records);
    if (zp_backlog_suspect(self->backlog)) {
        if (w->holder.count)
            return; /* first let it finish: a suspect travels alone */
        while (load->count == 0 && (item = zp_backlog_suspect(self->backlog))) {
            w->holder.has_suspect = add_job(self, w, load, item);
            zp_backlog_take_suspect(self->backlog);
        }
        if (load->count)
            return;
    }
    while (load->count < MESSAGE_JOBS && self->records.n < MESSAGE_BYTES && w->holder.count < w->credit &&
           (item = zp_backlog_ordinary(self->backlog))) {
        (void)add_job(self, w, load, item);
        zp_backlog_take_ordinary(self->backlog);
    }
}

static bool send_to(zp_dispatcher *self, const worker *w, const zp_dispatch_msg *msg)
{
    zp_buf_clear(&self->message);
    zp_dispatch_encode(msg, &self->message);
    if (self->message.failed) {
        zp_log(ZP_ERROR, "message-not-sent", "reason=\"out of memory\"");
        return false;
    }
    return zp_zmq_send(self->router, w->peer, w->peer_n, ZMQ_SNDMORE | ZMQ_DONTWAIT) == ZP_OK &&
           zp_zmq_send(self->router, self->message.p, self->message.n, ZMQ_DONTWAIT) == ZP_OK;
}

static void take_back(zp_dispatcher *self, const worker *w, const cargo *load)
{
    give_back *to = w->holder.has_suspect ? zp_backlog_suspect_it : zp_backlog_return;
    for (size_t i = 0; i < load->count; i++) {
        zp_pending item = {.id = self->jobs[i].id, .attempts = self->jobs[i].attempt - 1};
        zp_lease *lease = zp_inflight_find(self->inflight, &item.id);
        if (lease)
            zp_inflight_remove(self->inflight, lease);
        to(self->backlog, &item);
    }
}

static void count_sent(zp_dispatcher *self, const cargo *load)
{
    zp_counters *counters = &self->gateway->counters;
    size_t failed = 0, retried = 0;
    for (size_t i = 0; i < load->count; i++) {
        failed += self->jobs[i].mode == ZP_JOB_FAIL;
        retried += self->jobs[i].attempt > 1;
    }
    zp_tally(&counters->jobs_sent, load->count);
    zp_tally(&counters->jobs_retried, retried);
    zp_tally(&counters->jobs_failed, failed);
}

/* One message to this worker; false when it can take no more, or there is nothing. */
static bool feed(zp_dispatcher *self, worker *w)
{
    if (w->stuffed || w->holder.has_suspect || w->holder.count >= w->credit)
        return false;
    cargo load;
    collect(self, w, &load);
    if (load.count == 0)
        return false;
    for (size_t i = 0, from = 0; i < load.count; from = load.ends[i++])
        self->jobs[i].submission = (zp_str){self->records.p + from, load.ends[i] - from};
    zp_dispatch_msg msg = {.kind = ZP_MSG_JOBS, .count = load.count, .jobs = self->jobs};
    if (send_to(self, w, &msg)) {
        count_sent(self, &load);
        return true;
    }
    /* Not delivered, so no failure. Unroutable: silence will tell; a full pipe: its next READY will. */
    take_back(self, w, &load);
    w->stuffed = true;
    return false;
}

static void feed_all(zp_dispatcher *self)
{
    worker *w;
    LIST_FOREACH(w, &self->workers, all)
    while (feed(self, w)) /* NOLINT(clang-analyzer-unix.Malloc): it does not see that LIST_REMOVE unlinks */
        ;
}

/* ---- receiving ---- */

static worker *find_worker(zp_dispatcher *self)
{
    worker *w;
    LIST_FOREACH(w, &self->workers, all)
    if (w->peer_n == self->peer_n && memcmp(w->peer, self->peer, self->peer_n) == 0)
        return w;
    return NULL;
}

static worker *new_worker(zp_dispatcher *self)
{
    worker *w = self->worker_count < MAX_WORKERS ? calloc(1, sizeof *w) : NULL;
    if (!w) {
        zp_log(ZP_ERROR, "worker-not-taken", "workers=%u", self->worker_count);
        return NULL;
    }
    memcpy(w->peer, self->peer, self->peer_n);
    w->peer_n = self->peer_n;
    LIST_INSERT_HEAD(&self->workers, w, all);
    self->worker_count++;
    atomic_store(&self->gateway->workers, self->worker_count);
    return w;
}

static void on_ready(zp_dispatcher *self, worker *w, const zp_dispatch_msg *msg)
{
    bool is_new = !w;
    if (is_new && !(w = new_worker(self)))
        return;
    w->credit = msg->credit < ZP_DISPATCH_MAX_JOBS ? msg->credit : ZP_DISPATCH_MAX_JOBS;
    w->heard_ms = self->now;
    w->stuffed = false;
    if (is_new)
        zp_log(ZP_INFO, "worker-ready", "credit=%u workers=%u", w->credit, self->worker_count);
    (void)send_to(self, w, &(zp_dispatch_msg){.kind = ZP_MSG_BEAT}); /* a lost beat is one of several */
}

/*
 * DONE states a fact, "this attempt is committed", so it counts whoever says it; an attempt that is no longer the
 * lease's says nothing that the next one will not say again.
 */
static void on_done(zp_dispatcher *self, worker *w, const zp_dispatch_msg *msg)
{
    size_t n = 0;
    if (w)
        w->heard_ms = self->now;
    for (size_t i = 0; i < msg->count; i++) {
        zp_lease *lease = zp_inflight_find(self->inflight, &msg->done[i].id);
        if (!lease || lease->attempt != msg->done[i].attempt) {
            zp_tally(&self->gateway->counters.messages_dropped, 1);
            continue;
        }
        self->acked[n++] = lease->id;
        zp_inflight_remove(self->inflight, lease);
    }
    if (n == 0)
        return;
    if (zp_committer_ack(self->gateway->committer, self->acked, n) != ZP_OK)
        zp_log(ZP_ERROR, "acks-not-kept", "count=%zu reason=\"out of memory\"", n); /* delivered again: harmless */
    zp_tally(&self->gateway->counters.jobs_done, n);
    for (unsigned i = 0; i < self->gateway->loop_count; i++)
        zp_loop_scored(self->gateway->loops[i], self->acked, n);
}

static void on_message(zp_dispatcher *self, zp_str bytes)
{
    zp_dispatch_msg msg = {.done = self->done};
    zp_rc rc = zp_dispatch_decode(bytes, &msg);
    worker *w = find_worker(self);
    if (rc == ZP_OK && msg.kind == ZP_MSG_READY)
        on_ready(self, w, &msg);
    else if (rc == ZP_OK && msg.kind == ZP_MSG_DONE)
        on_done(self, w, &msg);
    else if (rc == ZP_OK && msg.kind == ZP_MSG_BYE && w)
        dismiss_worker(self, w);
    else if (rc == ZP_OK && msg.kind == ZP_MSG_FELL && msg.count)
        on_fell(self, w, &self->done[0]);
    else if (rc == ZP_OK && msg.kind == ZP_MSG_FELL)
        on_none_fell(self, w);
    else
        zp_tally(&self->gateway->counters.messages_dropped, 1);
}

/* A message has exactly two frames here: who sent it, and what. */
static bool note_sender(zp_dispatcher *self, zmq_msg_t *peer, size_t frames)
{
    if (frames != 2 || zmq_msg_size(peer) > MAX_PEER_ID)
        return false;
    self->peer_n = zmq_msg_size(peer);
    memcpy(self->peer, zmq_msg_data(peer), self->peer_n);
    return true;
}

static void receive_all(zp_dispatcher *self)
{
    zmq_msg_t frames[2];
    size_t count;
    zmq_msg_init(&frames[0]);
    zmq_msg_init(&frames[1]);
    for (int i = 0; i < RECEIVE_BURST && zp_zmq_recv_message(self->router, frames, 2, &count) == ZP_OK; i++) {
        if (note_sender(self, &frames[0], count))
            on_message(self, (zp_str){zmq_msg_data(&frames[1]), zmq_msg_size(&frames[1])});
        else
            zp_tally(&self->gateway->counters.messages_dropped, 1);
    }
    zmq_msg_close(&frames[0]);
    zmq_msg_close(&frames[1]);
}

/* ---- the thread ---- */

/* Nothing out, workers there, yet the store says that some are pending: a hint was lost. Look at all of them again. */
static void rewind_if_idle(zp_dispatcher *self)
{
    if (zp_inflight_count(self->inflight) || !self->worker_count || !atomic_load(&self->gateway->pending)) {
        self->busy_ms = self->now;
        return;
    }
    if (self->now - self->busy_ms < REWIND_MS)
        return;
    self->busy_ms = self->now;
    zp_backlog_rewind(self->backlog);
}

static long time_to_wait(zp_dispatcher *self)
{
    if (!self->worker_count)
        return -1;
    int64_t wait = self->gateway->config->worker.heartbeat_ms;
    const zp_lease *first = zp_inflight_first_due(self->inflight);
    int64_t now = zp_clock_mono_ms();
    if (first && first->deadline - now < wait)
        wait = first->deadline > now ? first->deadline - now : 0;
    return (long)wait;
}

static void *run(void *context)
{
    zp_dispatcher *self = context;
    (void)pthread_setname_np(pthread_self(), "zp-dispatcher"); /* for top -H; without it, nothing is lost */
    while (!atomic_load(&self->stop)) {
        zmq_pollitem_t news[2] = {{.socket = self->router, .events = ZMQ_POLLIN},
                                  {.fd = self->event, .events = ZMQ_POLLIN}};
        uint64_t pokes;
        if (zp_zmq_poll(news, 2, time_to_wait(self)) != ZP_OK) {
            zp_log(ZP_ERROR, "dispatcher-failed", "error=\"%s\"", zmq_strerror(errno));
            zp_gateway_stop(self->gateway, EX_SOFTWARE);
            return NULL;
        }
        self->now = zp_clock_mono_ms();
        if (read(self->event, &pokes, sizeof pokes) == (ssize_t)sizeof pokes) {
            zp_backlog_look(self->backlog);
            take_bumped(self);
        }
        receive_all(self);
        expire(self);
        rewind_if_idle(self);
        feed_all(self);
    }
    return NULL;
}

/* ---- main thread ---- */

static zp_rc open_router(zp_dispatcher *self)
{
    char *endpoint = zp_config_ipc(self->gateway->config, "run/dispatch.sock");
    self->context = zmq_ctx_new();
    zp_rc rc = endpoint && self->context ? ZP_OK : ZP_NOMEM;
    if (!rc)
        rc = zp_zmq_open(self->context, ZMQ_ROUTER, 0, &self->router);
    if (!rc)
        rc = zp_zmq_bind(self->router, endpoint);
    free(endpoint);
    return rc;
}

zp_rc zp_dispatcher_start(zp_gateway *gateway, zp_dispatcher **out)
{
    zp_dispatcher *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    self->gateway = gateway;
    LIST_INIT(&self->workers);
    pthread_mutex_init(&self->lock, NULL);
    self->inflight = zp_inflight_new();
    self->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    zp_rc rc = self->inflight && self->event >= 0 ? zp_backlog_new(gateway->intake, &self->backlog) : ZP_NOMEM;
    if (!rc)
        rc = open_router(self);
    *out = self; /* before the thread: its bumps come back through gateway->dispatcher */
    if (!rc && pthread_create(&self->thread, NULL, run, self) != 0)
        rc = ZP_IO;
    self->running = !rc;
    if (rc) {
        zp_log(ZP_ERROR, "dispatcher-not-started", "reason=%s", zp_rc_name(rc));
        zp_dispatcher_stop(out);
    }
    return rc;
}

void zp_dispatcher_halt(zp_dispatcher *self)
{
    if (!self || !self->running)
        return;
    atomic_store(&self->stop, true);
    zp_dispatcher_poke(self);
    pthread_join(self->thread, NULL);
    self->running = false;
}

void zp_dispatcher_stop(zp_dispatcher **self)
{
    zp_dispatcher *dispatcher = *self;
    if (!dispatcher)
        return;
    zp_dispatcher_halt(dispatcher);
    for (worker *w; (w = LIST_FIRST(&dispatcher->workers));) {
        for (zp_lease *lease; (lease = LIST_FIRST(&w->holder.leases));)
            zp_inflight_remove(dispatcher->inflight, lease);
        forget_worker(dispatcher, w);
    }
    zp_zmq_close(&dispatcher->router);
    zp_zmq_term(&dispatcher->context);
    zp_inflight_destroy(&dispatcher->inflight);
    zp_backlog_destroy(&dispatcher->backlog);
    if (dispatcher->event >= 0)
        close(dispatcher->event);
    pthread_mutex_destroy(&dispatcher->lock);
    zp_buf_free(&dispatcher->records);
    zp_buf_free(&dispatcher->message);
    free(dispatcher->bumped);
    free(dispatcher);
    *self = NULL;
}

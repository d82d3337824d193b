/*
 * committer.c - see committer.h. One thread, the only writer of `intake`.
 *
 * A submission becomes ours in the line after zp_intake_commit has returned ZP_OK: from there it is on disk, and its
 * request may be answered. Everything else that this store needs is done between two commits, in small steps: stale
 * readers, the space that is left, the figures for /metrics, expired keys.
 *
 * When a commit ends in doubt (a sync failed) nobody can say what is on disk: every request is told so, nothing is
 * written any more, and the process ends with EX_TEMPFAIL so that its successor looks.
 */
#include "committer.h"

#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sysexits.h>

enum { ACK_DELAY_MS = 50, RETRY_MS = 1000, HOUSEKEEPING_MS = 1000, READER_CHECK_MS = 30 * 1000 };
enum { MAX_ACKS = 4096 }; /* deletions in one transaction: pages, and time under the sync, stay bounded */
enum { KEYS_A_STEP = 64, MAP_PERCENT = 80, OVERDUE_SCAN = 64 * 1024, OVERDUE_PAGE = 1024 };
static const int64_t KEY_LIFE_MS = 400LL * 24 * 3600 * 1000;

typedef struct {
    void *items;
    size_t n, cap, size;
} list;

struct zp_committer {
    zp_gateway *gateway;
    zp_intake_reader *reader;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under the lock */
    zp_request *first, **last;
    size_t waiting;
    list acks, bumps;    /* zp_id, zp_pending */
    int64_t acks_due_ms; /* monotonic; meaningful while acks.n */
    int64_t retry_ms;    /* monotonic; acks and bumps that failed are not tried again alone before */
    bool stop;
    /* the thread's own */
    bool in_doubt;
    zp_put **puts;
    zp_request **requests;
    zp_id *ack_batch;
    zp_pending *bump_batch;
    int64_t next_housekeeping, next_reader_check;
};

/* ---- any thread ---- */

void zp_committer_submit(zp_committer *self, zp_request *request)
{
    request->next = NULL;
    pthread_mutex_lock(&self->lock);
    bool first = self->waiting == 0;
    *self->last = request;
    self->last = &request->next;
    self->waiting++;
    if (first)
        pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
}

static bool append(list *to, const void *items, size_t n)
{
    if (to->n + n > to->cap) {
        size_t cap = to->cap ? to->cap : 256;
        while (cap < to->n + n)
            cap *= 2;
        void *bigger = realloc(to->items, cap * to->size);
        if (!bigger)
            return false;
        to->items = bigger;
        to->cap = cap;
    }
    memcpy((char *)to->items + to->n * to->size, items, n * to->size);
    to->n += n;
    return true;
}

static void drop_front(list *from, size_t n)
{
    from->n -= n;
    if (from->n)
        memmove(from->items, (char *)from->items + n * from->size, from->n * from->size);
}

zp_rc zp_committer_ack(zp_committer *self, const zp_id *ids, size_t count)
{
    pthread_mutex_lock(&self->lock);
    bool first = self->acks.n == 0;
    bool taken = append(&self->acks, ids, count);
    if (taken && first) {
        self->acks_due_ms = zp_clock_mono_ms() + ACK_DELAY_MS;
        pthread_cond_signal(&self->wake);
    }
    pthread_mutex_unlock(&self->lock);
    return taken ? ZP_OK : ZP_NOMEM;
}

zp_rc zp_committer_bump(zp_committer *self, const zp_pending *items, size_t count)
{
    pthread_mutex_lock(&self->lock);
    bool taken = append(&self->bumps, items, count);
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
    return taken ? ZP_OK : ZP_NOMEM;
}

/* ---- the space that is left, and the figures ---- */

static void set_shut(zp_gateway *gateway, zp_shut now)
{
    static const char *const reasons[] = {"open", "queue", "disk", "map", "stopping"};
    zp_shut before = atomic_load(&gateway->shut);
    if (before == now || before == ZP_SHUT_STOPPING || !atomic_compare_exchange_strong(&gateway->shut, &before, now))
        return;
    zp_log(now == ZP_OPEN ? ZP_INFO : ZP_WARN, "intake-gate", "state=%s before=%s", reasons[now], reasons[before]);
}

/* What a dead reader has kept can be taken again at once, and is found free at the next look. */
static bool is_nearly_full(zp_committer *self, zp_env *env, const char *store)
{
    zp_env_stats stats;
    int freed = 0;
    if (zp_env_stat(env, &stats) != ZP_OK || stats.used_bytes <= stats.map_size / 100 * MAP_PERCENT)
        return false;
    if (atomic_load(&self->gateway->shut) != ZP_SHUT_MAP)
        zp_log(ZP_WARN, "store-nearly-full", "store=%s used=%llu map_size=%llu kept_for_readers=%llu oldest_reader=%d",
               store, (unsigned long long)stats.used_bytes, (unsigned long long)stats.map_size,
               (unsigned long long)stats.pinned_bytes, stats.oldest_reader);
    (void)zp_env_reader_check(env, &freed);
    return true;
}

static zp_shut gate_by_space(zp_committer *self)
{
    struct statvfs disk;
    if (statvfs(self->gateway->config->data_dir, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize < self->gateway->config->gateway.min_free_disk)
        return ZP_SHUT_DISK;
    /* What is taken in must also find room for its score. */
    if (is_nearly_full(self, zp_intake_env(self->gateway->intake), "intake") ||
        is_nearly_full(self, zp_scores_env(self->gateway->scores), "scores"))
        return ZP_SHUT_MAP;
    return ZP_OPEN;
}

/* Counts from the oldest on, so it costs nothing while the promise is kept; a long backlog is counted up to a bound. */
static uint64_t count_overdue(zp_committer *self, int64_t limit_ms)
{
    zp_pending page[OVERDUE_PAGE];
    zp_id after;
    uint64_t overdue = 0;
    for (bool more = true; more && overdue < OVERDUE_SCAN;) {
        size_t n = 0, i = 0;
        if (zp_intake_pending(self->reader, overdue ? &after : NULL, page, OVERDUE_PAGE, &n) != ZP_OK || n == 0)
            break;
        while (i < n && zp_id_ms(&page[i].id) < limit_ms)
            i++;
        overdue += i;
        more = i == OVERDUE_PAGE;
        after = page[n - 1].id;
    }
    return overdue;
}

/* After each commit: exact, for the price of two page reads. */
static void publish_queue(zp_committer *self, bool with_space)
{
    zp_gateway *gateway = self->gateway;
    zp_intake_stats stats;
    if (zp_intake_stat(self->reader, &stats) != ZP_OK)
        return;
    int64_t oldest = stats.has_oldest ? zp_id_ms(&stats.oldest_pending) : 0;
    atomic_store(&gateway->pending, stats.pending);
    atomic_store(&gateway->oldest_ms, oldest);
    zp_shut shut = atomic_load(&gateway->shut);
    if (with_space) {
        int64_t limit = zp_clock_wall_ms() - gateway->config->gateway.overdue_ms;
        atomic_store(&gateway->overdue, stats.has_oldest && oldest < limit ? count_overdue(self, limit) : 0);
        shut = gate_by_space(self);
    } else if (shut == ZP_SHUT_QUEUE) {
        shut = ZP_OPEN;
    }
    if (shut == ZP_OPEN && stats.pending >= gateway->config->gateway.max_pending)
        shut = ZP_SHUT_QUEUE;
    set_shut(gateway, shut);
}

static void go_in_doubt(zp_committer *self)
{
    if (self->in_doubt)
        return;
    self->in_doubt = true;
    zp_log(ZP_ERROR, "commit-in-doubt",
           "remedy=\"the process stops; look at the disk; retries with the same key are safe\"");
    zp_gateway_stop(self->gateway, EX_TEMPFAIL);
}

static void keep_house(zp_committer *self, int64_t now)
{
    if (now < self->next_housekeeping)
        return;
    self->next_housekeeping = now + HOUSEKEEPING_MS;
    if (self->in_doubt)
        return;
    publish_queue(self, true);
    if (now >= self->next_reader_check) {
        int freed = 0;
        self->next_reader_check = now + READER_CHECK_MS;
        if (zp_env_reader_check(zp_intake_env(self->gateway->intake), &freed) == ZP_OK && freed)
            zp_log(ZP_WARN, "stale-readers-freed", "count=%d", freed);
    }
    size_t removed = 0;
    zp_rc rc = zp_intake_expire_keys(self->gateway->intake, zp_clock_wall_ms() - KEY_LIFE_MS, KEYS_A_STEP, &removed);
    if (rc == ZP_IN_DOUBT)
        go_in_doubt(self);
    else if (rc && rc != ZP_NOTFOUND)
        zp_log(ZP_WARN, "keys-not-expired", "reason=%s", zp_rc_name(rc));
}

/* ---- one commit ---- */

typedef struct {
    size_t puts, acks, bumps;
} batch;

/* With the lock held. */
static batch gather(zp_committer *self)
{
    batch b = {0, 0, 0};
    size_t limit = self->gateway->config->gateway.batch;
    for (; self->first && b.puts < limit; b.puts++, self->waiting--) {
        zp_request *request = self->first;
        self->first = request->next;
        request->next = NULL;
        self->requests[b.puts] = request;
        self->puts[b.puts] = &request->put;
    }
    if (!self->first)
        self->last = &self->first;
    b.acks = self->acks.n < MAX_ACKS ? self->acks.n : MAX_ACKS;
    b.bumps = self->bumps.n < MAX_ACKS ? self->bumps.n : MAX_ACKS;
    if (b.acks)
        memcpy(self->ack_batch, self->acks.items, b.acks * sizeof *self->ack_batch);
    if (b.bumps)
        memcpy(self->bump_batch, self->bumps.items, b.bumps * sizeof *self->bump_batch);
    return b;
}

/* What came of acks and bumps: written ones leave their lists, others are tried again a little later. */
static void settle(zp_committer *self, batch b, zp_rc rc)
{
    pthread_mutex_lock(&self->lock);
    if (rc == ZP_OK) {
        drop_front(&self->acks, b.acks);
        drop_front(&self->bumps, b.bumps);
        self->acks_due_ms = zp_clock_mono_ms() + ACK_DELAY_MS;
    } else {
        self->retry_ms = zp_clock_mono_ms() + RETRY_MS;
    }
    pthread_mutex_unlock(&self->lock);
    if (rc == ZP_OK && b.bumps)
        zp_dispatcher_bumped(self->gateway->dispatcher, self->bump_batch, b.bumps);
}

/* Each loop gets its requests as one chain, so that it is woken once. */
static void give_back(zp_committer *self, size_t n)
{
    for (unsigned i = 0; i < self->gateway->loop_count; i++) {
        zp_loop *loop = self->gateway->loops[i];
        zp_request *chain = NULL, **last = &chain;
        for (size_t k = 0; k < n; k++) {
            zp_request *request = self->requests[k];
            if (!request || request->loop != loop)
                continue;
            *last = request;
            last = &request->next;
            self->requests[k] = NULL;
        }
        zp_loop_give_back(loop, chain);
    }
}

static void commit(zp_committer *self, batch b)
{
    zp_counters *counters = &self->gateway->counters;
    zp_rc rc = ZP_IN_DOUBT;
    if (!self->in_doubt)
        rc = zp_intake_commit(self->gateway->intake, zp_clock_wall_ms(), self->puts, b.puts, self->ack_batch, b.acks,
                              self->bump_batch, b.bumps);
    unsigned long long made = 0, repeated = 0, again = 0;
    for (size_t i = 0; i < b.puts; i++) {
        if (rc == ZP_IN_DOUBT)
            self->puts[i]->verdict = ZP_PUT_IN_DOUBT;
        made += self->puts[i]->verdict == ZP_PUT_NEW;
        again += self->puts[i]->verdict == ZP_PUT_AGAIN;
        if (self->puts[i]->verdict == ZP_PUT_AGAIN) /* the dispatcher has read past it */
            zp_dispatcher_bumped(self->gateway->dispatcher, &(zp_pending){.id = self->puts[i]->id}, 1);
        repeated += self->puts[i]->verdict == ZP_PUT_SAME;
    }
    /* From here on the new ones are on disk: ours to score, whatever happens. Only now may anybody be told. */
    give_back(self, b.puts);
    if (rc == ZP_IN_DOUBT)
        go_in_doubt(self);
    else if (rc)
        zp_log(ZP_ERROR, "commit-failed", "reason=%s puts=%zu acks=%zu", zp_rc_name(rc), b.puts, b.acks);
    settle(self, b, rc);
    if (rc)
        return;
    zp_tally(&counters->accepted, made);
    zp_tally(&counters->repeated, repeated);
    if (made || again || b.acks || b.bumps)
        zp_tally(&counters->commits, 1);
    if (made)
        zp_dispatcher_poke(self->gateway->dispatcher);
    publish_queue(self, false);
}

/* ---- the thread ---- */

/* With the lock held: whether there is something to commit now, and until when to sleep if not. */
static bool is_due(const zp_committer *self, int64_t now, int64_t *until)
{
    *until = self->next_housekeeping;
    if (self->first)
        return true;
    if (self->in_doubt)
        return false;
    if (!self->acks.n && !self->bumps.n)
        return false;
    int64_t due = self->bumps.n || self->stop || self->acks.n >= MAX_ACKS ? now : self->acks_due_ms;
    if (due < self->retry_ms)
        due = self->retry_ms;
    if (due <= now)
        return true;
    if (due < *until)
        *until = due;
    return false;
}

static void sleep_until(zp_committer *self, int64_t mono_ms)
{
    struct timespec at = {.tv_sec = mono_ms / 1000, .tv_nsec = mono_ms % 1000 * 1000000};
    (void)pthread_cond_timedwait(&self->wake, &self->lock, &at);
}

static void *run(void *context)
{
    zp_committer *self = context;
    (void)pthread_setname_np(pthread_self(), "zp-committer"); /* for top -H; without it, nothing is lost */
    for (;;) {
        int64_t now = zp_clock_mono_ms(), until;
        keep_house(self, now);
        pthread_mutex_lock(&self->lock);
        while (!is_due(self, now, &until) && !self->stop && now < until) {
            sleep_until(self, until);
            now = zp_clock_mono_ms();
        }
        bool due = is_due(self, now, &until), stop = self->stop;
        batch b = due ? gather(self) : (batch){0, 0, 0};
        pthread_mutex_unlock(&self->lock);
        if (due)
            commit(self, b);
        else if (stop)
            return NULL;
    }
}

/* ---- main thread ---- */

static void committer_free(zp_committer *self)
{
    zp_intake_reader_destroy(&self->reader);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->lock);
    free(self->acks.items);
    free(self->bumps.items);
    free(self->puts);
    free(self->requests);
    free(self->ack_batch);
    free(self->bump_batch);
    free(self);
}

static zp_rc prepare(zp_committer *self)
{
    size_t batch_size = self->gateway->config->gateway.batch;
    self->puts = calloc(batch_size, sizeof *self->puts);
    self->requests = calloc(batch_size, sizeof *self->requests);
    self->ack_batch = calloc(MAX_ACKS, sizeof *self->ack_batch);
    self->bump_batch = calloc(MAX_ACKS, sizeof *self->bump_batch);
    if (!self->puts || !self->requests || !self->ack_batch || !self->bump_batch)
        return ZP_NOMEM;
    return zp_intake_reader_new(self->gateway->intake, &self->reader);
}

zp_rc zp_committer_start(zp_gateway *gateway, zp_committer **out)
{
    zp_committer *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    self->gateway = gateway;
    self->last = &self->first;
    self->acks.size = sizeof(zp_id);
    self->bumps.size = sizeof(zp_pending);
    zp_rc rc = prepare(self);
    if (!rc) {
        publish_queue(self, true); /* the gate stands right before the first request is heard */
        self->next_reader_check = zp_clock_mono_ms() + READER_CHECK_MS;
        if (pthread_create(&self->thread, NULL, run, self) != 0)
            rc = ZP_IO;
    }
    if (rc) {
        zp_log(ZP_ERROR, "committer-not-started", "reason=%s", zp_rc_name(rc));
        committer_free(self);
        return rc;
    }
    *out = self;
    return ZP_OK;
}

void zp_committer_stop(zp_committer **self)
{
    zp_committer *committer = *self;
    if (!committer)
        return;
    pthread_mutex_lock(&committer->lock);
    committer->stop = true;
    pthread_cond_signal(&committer->wake);
    pthread_mutex_unlock(&committer->lock);
    pthread_join(committer->thread, NULL);
    committer_free(committer);
    *self = NULL;
}

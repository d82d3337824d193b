/*
 * loop.c - see loop.h. Everything here runs in the loop's own thread, but for new, start, stop, join and the two
 * calls at the end that put mail into its box.
 *
 * A connection stays registered with epoll for its whole life, so that a request costs no epoll_ctl. Input while a
 * request is under way is therefore news of its end: nginx closes when the client has left, and never sends ahead.
 *
 * Whoever submits waits for a disk anyhow; whoever reads does not, and must not stand behind thousands who submit. So
 * connections are in two sets, by their last request, and those that read are looked at again after every few others
 * (nginx keeps connections of its own for each: conf/nginx.conf). A new one is among those that submit until it has
 * asked to read: a rush opens thousands. Neither set can keep the other from its turn, or the loop from its other
 * duties.
 *
 * The loop waits in epoll only; reading and writing are bounded by the socket's timeouts. Wake-ups are hints: once a
 * second every parked request is looked up in the store, so that a lost hint delays and loses nothing.
 */
#include "loop_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "codec/form_reader.h"
#include "committer.h"
#include "news.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

enum { EVENTS = 256, TICK_MS = 1000 };
enum { SUBMITTERS_TURN = 16, READERS_PIECE = 8, TURN_MS = 1 };
enum { FIRST_REQUEST_MS = 2000 };

/* ---- mail, time, end ---- */

static void wake_parked(void *context, zp_parked *node)
{
    zp_loop *self = context;
    zp_visit *v = (zp_visit *)((char *)node - offsetof(zp_visit, parked));
    if (self->desk.draining || zp_wait_is_over(&self->desk, &v->request))
        zp_visit_wait_over(self, v);
}

/* What becomes of a request, or of the batch that a line belongs to, now that the committer has given it back. */
static void committed(zp_loop *self, zp_request *request)
{
    zp_request *whole = request->parent;
    bool more_of_its_batch = whole && request->next && request->next->parent == whole;
    request->next = NULL;
    if (!whole) {
        zp_visit_act(self, (zp_visit *)request, zp_submit_committed(&self->desk, request));
        return;
    }
    zp_batch_committed(&self->desk, request);
    if (!more_of_its_batch)
        zp_visit_act(self, (zp_visit *)whole, whole->go_on(&self->desk, whole));
}

/* In small pieces: what was fetched and not served would be fetched in the same order again, and its end never met. */
static void serve_readers(zp_loop *self)
{
    struct epoll_event events[READERS_PIECE];
    int64_t end = zp_clock_mono_ms() + TURN_MS;
    int n;
    do {
        n = epoll_wait(self->readers, events, READERS_PIECE, 0);
        for (int i = 0; i < n; i++) /* a signal has the next look find them */
            zp_conn_ready(self, events[i].data.ptr, events[i].events);
    } while (n == READERS_PIECE && zp_clock_mono_ms() <= end);
    self->submitters = 0;
    self->turn_end = zp_clock_mono_ms() + TURN_MS;
}

static void count_submitter(zp_loop *self)
{
    if (++self->submitters == SUBMITTERS_TURN || zp_clock_mono_ms() > self->turn_end)
        serve_readers(self);
}

static void read_mail(zp_loop *self)
{
    zp_mail mail = zp_mailbox_take(self->mailbox);
    if (mail.fd_count && self->desk.draining) /* from a loop that did not know yet */
        self->drained_by = zp_clock_mono_ms() + FIRST_REQUEST_MS;
    for (size_t i = 0; i < mail.fd_count; i++)
        zp_conn_adopt(self, mail.fds[i]);
    for (zp_request *next, *request = mail.committed; request; request = next) {
        next = request->next;
        committed(self, request);
        count_submitter(self);
    }
    self->news |= mail.scored_count > 0;
    for (size_t i = 0; i < mail.scored_count; i++)
        zp_park_each_of(self->park, &mail.scored[i], wake_parked, self);
}

static void tick(zp_loop *self, int64_t now)
{
    for (zp_parked *node; (node = zp_park_overdue(self->park, now));)
        zp_visit_wait_over(self, (zp_visit *)((char *)node - offsetof(zp_visit, parked)));
    zp_followers_expire(self, now);
    if (now < self->next_tick)
        return;
    self->next_tick = now + TICK_MS;
    zp_followers_tick(self, now);
    zp_park_each_all(self->park, wake_parked, self);
    if (!self->listening && !self->desk.draining)
        zp_loop_listen_again(self);
}

static int time_to_wait(const zp_loop *self, int64_t now)
{
    if (self->desk.draining || !TAILQ_EMPTY(&self->working))
        return 0;
    int64_t next = zp_followers_due(self);
    if (zp_park_count(self->park) && zp_park_next_deadline(self->park) < next)
        next = zp_park_next_deadline(self->park);
    if ((zp_park_count(self->park) || !self->listening) && self->next_tick < next)
        next = self->next_tick;
    if (next == INT64_MAX)
        return -1;
    return next > now ? (int)(next - now) : 0;
}

/* What had been connected by now is still answered, each with the end of its connection; parked requests at once. What
 * waits at an inherited socket has not met us, and will meet the successor. */
static void begin_draining(zp_loop *self)
{
    self->desk.draining = true;
    self->drained_by = zp_clock_mono_ms() + FIRST_REQUEST_MS;
    if (!zp_listener_is_inherited(self->listener))
        zp_loop_accept_all(self);
    zp_loop_listen_no_more(self);
    zp_park_each_all(self->park, wake_parked, self);
    zp_followers_wake_all(self);
}

/* A stream whose client does not read would hold up the end; it comes again, where it was. */
static bool is_stuck_stream(const zp_conn *c)
{
    return c->visit && c->visit->state == ZP_BLOCKED && c->visit->request.follow;
}

/*
 * Nothing to read any more: idle connections can go. One that was accepted and has not been heard of yet is not idle:
 * its first request is on its way, and nginx would not send it a second time. True when some remain, for that or
 * because their requests are with the committer.
 */
static bool close_idle(zp_loop *self)
{
    bool patient = self->patient = zp_clock_mono_ms() < self->drained_by;
    zp_conn *next;
    for (zp_conn *c = LIST_FIRST(&self->conns); c; c = next) {
        next = LIST_NEXT(c, all);
        if ((!c->visit && (c->served || !patient)) || is_stuck_stream(c))
            zp_conn_close(self, c);
    }
    return !LIST_EMPTY(&self->conns);
}

/* While draining, with connections that remain: only mail, a first request or work can bring news. */
static int time_to_remain(const zp_loop *self)
{
    if (!TAILQ_EMPTY(&self->working))
        return 0;
    int64_t left = self->drained_by - zp_clock_mono_ms();
    return !self->patient ? -1 : left > 0 ? (int)left : 0;
}

static void *run(void *context)
{
    zp_loop *self = context;
    struct epoll_event events[EVENTS];
    bool remaining = false;                              /* connections, while draining */
    (void)pthread_setname_np(pthread_self(), "zp-loop"); /* for top -H; without it, nothing is lost */
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
            else if (events[i].data.ptr == &self->readers)
                serve_readers(self);
            else {
                zp_conn_ready(self, events[i].data.ptr, events[i].events);
                count_submitter(self);
            }
        }
        /* After the connections: mail may free one whose event stands later in the same array. */
        if (news)
            zp_loop_accept_all(self);
        if (mail)
            read_mail(self);
        zp_loop_work(self);
        int64_t now = zp_clock_mono_ms();
        tick(self, now);
        zp_followers_look(self, now);
        if (!self->desk.draining && atomic_load(&self->stop))
            begin_draining(self);
        else if (self->desk.draining && n <= 0 && !(remaining = close_idle(self)) && zp_mailbox_shut(self->mailbox))
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
    self->desk.news = zp_news_new();
    if (!self->desk.json || !self->desk.news)
        return ZP_NOMEM;
    zp_rc rc = zp_intake_reader_new(self->gateway->intake, &self->desk.intake);
    return rc ? rc : zp_scores_reader_new(self->gateway->scores, &self->desk.scores);
}

static void loop_free(zp_loop *self)
{
    zp_visits_free(self);
    zp_scores_reader_destroy(&self->desk.scores);
    zp_intake_reader_destroy(&self->desk.intake);
    zp_news_destroy(&self->desk.news);
    zp_json_reader_destroy(&self->desk.json);
    zp_buf_free(&self->desk.scratch);
    zp_buf_free(&self->out);
    zp_park_destroy(&self->park);
    zp_mailbox_destroy(&self->mailbox);
    if (self->readers >= 0)
        close(self->readers);
    if (self->epoll >= 0)
        close(self->epoll);
    free(self);
}

static bool watch(zp_loop *self, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
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
    TAILQ_INIT(&self->working);
    TAILQ_INIT(&self->following);
    self->mailbox = zp_mailbox_new();
    self->park = zp_park_new();
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->readers = epoll_create1(EPOLL_CLOEXEC);
    zp_rc rc = self->mailbox && self->park ? open_desk(self) : ZP_NOMEM;
    if (!rc && self->epoll >= 0 && self->readers >= 0) {
        zp_loop_listen_again(self);
        if (self->listening && watch(self, zp_mailbox_fd(self->mailbox), self->mailbox) &&
            watch(self, self->readers, &self->readers)) {
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
    if (n && (atomic_load(&self->waiting) || atomic_load_explicit(&self->gateway->followers, memory_order_relaxed)))
        zp_mailbox_put_scored(self->mailbox, ids, n);
}

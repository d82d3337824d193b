/*
 * load_loop.c - see load_loop.h. One thread, one epoll. What the system refuses ends the program: a load that is less
 * than was asked for measures something else.
 */
#include "load_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, PIECE = 16384, GRACE_S = 30, SPARE_FILES = 64 };
static const int64_t SECOND = 1000000;

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec / 1000;
}

/* ---- connections ---- */

static void watch(load_run *l, load_connection *c, int verb, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(l->epoll, verb, c->fd, &event) != 0)
        die("epoll_ctl");
}

static void dial(load_run *l, load_connection *c)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)l->wanted.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        die("socket");
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        die("connect");
    c->phase = CONNECTING;
    watch(l, c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void rest(load_run *l, load_connection *c)
{
    c->phase = IDLE;
    c->next_idle = l->idle;
    l->idle = c;
}

static void redial(load_run *l, load_connection *c)
{
    close(c->fd);
    load_answer_clear(&c->answer);
    dial(l, c);
}

static void leave_idle(load_run *l, const load_connection *c)
{
    for (load_connection **at = &l->idle; *at; at = &(*at)->next_idle)
        if (*at == c) {
            *at = c->next_idle;
            return;
        }
}

/* The other side has closed it, or says what cannot be read. */
static void drop(load_run *l, load_connection *c)
{
    if (c->phase == SENDING || c->phase == RECEIVING) {
        l->broken++;
        l->busy--;
    } else if (c->phase == IDLE) {
        leave_idle(l, c);
    }
    redial(l, c);
}

/* ---- requests ---- */

/* False: the connection is gone. */
static bool push(load_run *l, load_connection *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
        if (n > 0) {
            c->out_at += (size_t)n;
        } else if (errno == EAGAIN) {
            if (c->phase != SENDING)
                watch(l, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            c->phase = SENDING;
            return true;
        } else if (errno != EINTR) {
            c->phase = SENDING;
            return false;
        }
    }
    if (c->phase == SENDING)
        watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
    c->phase = RECEIVING;
    return true;
}

static void send_next(load_run *l, load_connection *c, int64_t due_us, int64_t now)
{
    c->out_n = load_requests_next(l->requests, c->out);
    c->out_at = 0;
    c->due_us = due_us;
    c->sent_us = now;
    l->sent++;
    l->busy++;
    if (!push(l, c))
        drop(l, c);
}

/* When the number-th request of an open loop falls due. */
static int64_t due_at(const load_run *l, uint64_t number)
{
    return l->begun_us + (int64_t)(number * (uint64_t)SECOND / l->wanted.rate);
}

/* Sends what has fallen due, as far as connections are free. */
static void send_due(load_run *l, int64_t now)
{
    int64_t patience = l->wanted.patience_ms ? l->wanted.patience_ms * INT64_C(1000) : INT64_MAX;
    for (int64_t due; now < l->end_us && (due = due_at(l, l->due)) <= now; l->due++) {
        if (now - due > patience) {
            l->given_up++;
            continue;
        }
        load_connection *c = l->idle;
        if (!c)
            return;
        l->idle = c->next_idle;
        send_next(l, c, due, now);
    }
}

static void go_on(load_run *l, load_connection *c, int64_t now)
{
    if (!l->wanted.rate && l->begun_us && now < l->end_us) {
        send_next(l, c, now, now);
        return;
    }
    rest(l, c);
    if (l->wanted.rate && l->begun_us)
        send_due(l, now);
}

/* ---- answers ---- */

static load_verdict verdict_of(int status)
{
    if ((status >= 200 && status < 300) || status == 304)
        return LOAD_GOOD;
    return status == 503 ? LOAD_BUSY : LOAD_BAD;
}

static void count(load_run *l, load_connection *c, int64_t now)
{
    load_verdict verdict = verdict_of(c->answer.status);
    uint64_t items = verdict == LOAD_GOOD && l->wanted.item ? load_answer_count(&c->answer, l->wanted.item) : 0;
    l->answers[verdict]++;
    l->items += items;
    if (verdict == LOAD_BAD && !l->first_bad)
        l->first_bad = c->answer.status;
    c->good += verdict == LOAD_GOOD;
    load_histogram_add(&l->from_due[verdict], now - c->due_us);
    load_histogram_add(&l->from_sent[verdict], now - c->sent_us);
    if (now >= l->end_us)
        return;
    l->in_time[verdict]++;
    l->items_in_time += items;
    size_t slice = (size_t)((now - l->begun_us) / LOAD_SLICE_US);
    if (verdict == LOAD_GOOD && slice < LOAD_MOST_SLICES)
        l->slices[slice]++;
}

/* False: the connection is gone. */
static bool pull(load_run *l, load_connection *c)
{
    load_step step = LOAD_MORE;
    while (step == LOAD_MORE) {
        if (!load_answer_room(&c->answer, PIECE))
            die("memory");
        ssize_t n = recv(c->fd, c->answer.p + c->answer.n, c->answer.cap - c->answer.n - 1, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0 || c->phase == IDLE)
            return false;
        c->answer.n += (size_t)n;
        step = load_answer_look(&c->answer);
    }
    /* An answer before the whole request is out, a refusal say: nginx closes such a connection. */
    bool closes = c->answer.closes || c->phase == SENDING;
    if (step == LOAD_WRONG)
        return false;
    int64_t now = now_us();
    count(l, c, now);
    load_answer_clear(&c->answer);
    l->busy--;
    if (closes)
        redial(l, c);
    else
        go_on(l, c, now);
    return true;
}

static void welcome(load_run *l, load_connection *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error) {
        errno = error ? error : errno;
        die("connect");
    }
    watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
    go_on(l, c, now_us());
}

static void handle(load_run *l, load_connection *c, uint32_t events)
{
    if (c->phase == CONNECTING) {
        welcome(l, c);
        return;
    }
    bool stands = c->phase != SENDING || !(events & EPOLLOUT) || push(l, c);
    if (stands && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        stands = pull(l, c);
    if (!stands)
        drop(l, c);
}

static void turn(load_run *l, int64_t until_us)
{
    struct epoll_event events[EVENTS];
    int64_t left = until_us - now_us();
    left = left < 0 ? 0 : left;
    struct timespec patience = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND * 1000};
    int n = epoll_pwait2(l->epoll, events, EVENTS, &patience, NULL);
    if (n < 0 && errno != EINTR)
        die("epoll_pwait2");
    for (int i = 0; i < n; i++)
        handle(l, events[i].data.ptr, events[i].events);
}

/* ---- the whole ---- */

static void allow_files(unsigned wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("getrlimit");
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted)
        limit.rlim_max = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("setrlimit");
}

static unsigned idle_count(const load_run *l)
{
    unsigned n = 0;
    for (const load_connection *c = l->idle; c; c = c->next_idle)
        n++;
    return n;
}

void load_connect(load_run *self)
{
    allow_files(self->wanted.count + SPARE_FILES);
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->connections = calloc(self->wanted.count, sizeof *self->connections);
    if (self->epoll < 0 || !self->connections)
        die("epoll");
    for (unsigned i = 0; i < self->wanted.count; i++) {
        self->connections[i].out = malloc(load_requests_size(self->requests));
        if (!self->connections[i].out)
            die("memory");
        dial(self, &self->connections[i]);
    }
    for (int64_t limit = now_us() + GRACE_S * SECOND; idle_count(self) < self->wanted.count;) {
        if (now_us() >= limit) {
            fprintf(stderr, "load: not all connections were made within %d s\n", GRACE_S);
            exit(EXIT_FAILURE);
        }
        turn(self, limit);
    }
}

void load_go(load_run *self)
{
    self->begun_us = now_us();
    self->end_us = self->begun_us + self->wanted.seconds * SECOND;
    while (!self->wanted.rate && self->idle) {
        load_connection *c = self->idle;
        self->idle = c->next_idle;
        send_next(self, c, self->begun_us, now_us());
    }
    for (int64_t now; (now = now_us()) < self->end_us;) {
        int64_t until = self->end_us;
        if (self->wanted.rate) {
            send_due(self, now);
            /* Where no connection is free, an answer is what wakes it. */
            int64_t due = due_at(self, self->due);
            until = self->idle && due < until ? due : until;
        }
        turn(self, until);
    }
    for (int64_t limit = self->end_us + GRACE_S * SECOND; self->busy && now_us() < limit;)
        turn(self, limit);
    for (; self->wanted.rate && due_at(self, self->due) < self->end_us; self->due++)
        self->given_up++;
}

void load_close(load_run *self)
{
    for (unsigned i = 0; i < self->wanted.count; i++) {
        close(self->connections[i].fd);
        free(self->connections[i].out);
        free(self->connections[i].answer.p);
    }
    free(self->connections);
    close(self->epoll);
}

/*
 * gateway.h - what the gateway's threads share, and the map of who owns what.
 *
 *   main thread     signals (signalfd), start, stop; owns the listener's life and this struct
 *   request threads one zp_loop each (loop.h): epoll, accept, parse, handlers, parked requests; own read transactions
 *   committer       the only writer of `intake` (committer.h)
 *   dispatcher      the only owner of the ROUTER socket (dispatcher.h)
 *
 * Everything here is set before the threads start and read-only after, but for the atomics.
 */
#ifndef ZP_GATEWAY_GATEWAY_H
#define ZP_GATEWAY_GATEWAY_H

#include "base/config.h"
#include "core/profile.h"
#include "store/intake.h"
#include "store/scores.h"

#include <stdatomic.h>

typedef struct zp_loop zp_loop;
typedef struct zp_committer zp_committer;
typedef struct zp_dispatcher zp_dispatcher;

/* Counters for /metrics: one X(name, help) each; relaxed atomics, written by any thread. */
#define ZP_COUNTERS(X)                                                                                                 \
    X(requests, "requests answered")                                                                                   \
    X(accepted, "submissions made durable")                                                                            \
    X(repeated, "submissions answered with an earlier receipt")                                                        \
    X(refused, "submissions refused for their content (4xx)")                                                          \
    X(unavailable, "requests answered 503")                                                                            \
    X(commits, "group commits synced")                                                                                 \
    X(jobs_sent, "jobs sent to workers")                                                                               \
    X(jobs_done, "jobs acknowledged by workers")                                                                       \
    X(jobs_retried, "jobs given to a worker again")                                                                    \
    X(jobs_failed, "jobs handed out to be recorded as failed")                                                         \
    X(messages_dropped, "malformed, unknown or expired dispatch messages dropped")                                     \
    X(peers_refused, "connections refused for their user")                                                             \
    X(clients_gone, "requests whose client left before the answer")

typedef struct {
#define X(name, help) atomic_ullong name;
    ZP_COUNTERS(X)
#undef X
} zp_counters;

static inline void zp_tally(atomic_ullong *counter, unsigned long long n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* Why intake refuses now; written by the committer (space) and dispatcher (queue), read by request threads before they
 * parse. */
typedef enum { ZP_OPEN, ZP_SHUT_QUEUE, ZP_SHUT_DISK, ZP_SHUT_MAP, ZP_SHUT_STOPPING } zp_shut;

typedef struct {
    const zp_config *config;
    const zp_profiles *profiles;
    zp_intake *intake;
    zp_scores *scores;
    zp_committer *committer;
    zp_dispatcher *dispatcher;
    zp_loop **loops;
    unsigned max_connections; /* with nginx, of all loops; set before they start */
    unsigned loop_count;
    zp_counters counters;
    _Atomic zp_shut shut;
    atomic_uint followers;  /* event streams and waiting readers of events, all loops */
    atomic_uint parked;     /* long polls open, all loops */
    atomic_ullong in_hand;  /* bytes of bodies between arrival and commit, all loops */
    atomic_ullong pending;  /* submissions waiting for their score, as the committer last counted */
    atomic_llong oldest_ms; /* wall time of the oldest pending one, 0 = none */
    atomic_ullong overdue;  /* pending ones older than the promise */
    atomic_uint workers;    /* ready workers */
    atomic_int exit_code;   /* of the process; set by zp_gateway_stop */
    int stop_event;         /* eventfd: main looks at it beside its signals */
} zp_gateway;

/* Any thread: asks the main thread to stop everything and exit with this code (the first one other than 0 stands). */
void zp_gateway_stop(zp_gateway *gateway, int exit_code);

#endif

/*
 * loop_parts.h - what the files of a request thread share; nobody else includes it.
 *
 *     loop.c     the thread itself: epoll, mail, time, start and end
 *     doorway.c  new connections, and which loop gets them
 *     visits.c   connections and requests as things that are taken, kept for reuse and given back
 *     serve.c    a request's way from its arrival to its answer
 *     followers.c  who waits for news of the event log
 *
 * Everything belongs to the loop's thread but for the atomics and the mailbox.
 */
#ifndef ZP_GATEWAY_LOOP_PARTS_H
#define ZP_GATEWAY_LOOP_PARTS_H

#include "fastcgi.h"
#include "listener.h"
#include "loop.h"
#include "mailbox.h"
#include "park.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/queue.h>

enum { ZP_CONN_EVENTS = EPOLLIN | EPOLLRDHUP }; /* what a connection is watched for */

typedef struct zp_conn zp_conn;

typedef enum {
    ZP_HANDLED,   /* in a handler's hands, or the committer's */
    ZP_PARKED,    /* for a score */
    ZP_WORKING,   /* has its next turn soon */
    ZP_BLOCKED,   /* the same, when the client has taken what was sent */
    ZP_FOLLOWING, /* waits for news of the log */
} zp_visit_state;

/* A request under way. `request` comes first: handlers see only that. */
typedef struct zp_visit {
    zp_request request;
    zp_parked parked;
    zp_buf body;
    zp_conn *conn;
    zp_visit_state state;
    size_t in_hand; /* bytes that are counted in the gateway's in_hand */
    SLIST_ENTRY(zp_visit) pool;
    TAILQ_ENTRY(zp_visit) turn;
} zp_visit;

struct zp_conn {
    zp_fastcgi *io;
    zp_visit *visit; /* NULL: idle */
    bool gone;       /* the peer left while its submission was being committed */
    bool served;     /* has had a request answered */
    bool submits;    /* its last request did, or it has made none: it is in the loop's `epoll`, else in `readers` */
    LIST_ENTRY(zp_conn) all;
};

TAILQ_HEAD(zp_turns, zp_visit);

struct zp_loop {
    zp_gateway *gateway;
    zp_listener *listener;
    zp_mailbox *mailbox;
    zp_park *park;
    zp_desk desk;
    zp_buf out;
    int epoll;           /* everything: `readers` too */
    int readers;         /* an epoll set: connections that do not submit, which go first */
    unsigned submitters; /* that were served since readers were */
    int64_t turn_end;    /* of the submitters; monotonic */
    pthread_t thread;
    atomic_uint connections;
    atomic_uint waiting; /* parked requests; read by zp_loop_scored */
    atomic_bool stop;
    bool listening;
    bool patient; /* while draining: new connections were left open at the last look */
    int64_t next_tick;
    int64_t drained_by; /* until then, while draining, a new connection is given time for its first request */
    LIST_HEAD(, zp_conn) conns;
    LIST_HEAD(, zp_conn) spare_conns;
    SLIST_HEAD(, zp_visit) spare_visits;
    struct zp_turns working, following;
    int64_t woken_at;  /* followers were given their turn then, and some still wait for it; 0 = none do */
    int64_t next_end;  /* no waiting reader's time is up before; monotonic */
    int64_t next_news; /* not before: so that followers get a share of the thread, and no more */
    bool news;         /* the log may have grown */
    unsigned spare_conn_count, spare_visit_count;
};

/* ---- doorway.c ---- */

void zp_loop_listen_again(zp_loop *self);
void zp_loop_listen_no_more(zp_loop *self);
void zp_loop_accept_all(zp_loop *self);
/* So many connections that this one is not kept: what nginx keeps idle must not keep others out. */
bool zp_loop_is_crowded(const zp_loop *self);

/* ---- visits.c ---- */

/* Takes over the descriptor, which is counted as the loop's already, or closes it. */
void zp_conn_adopt(zp_loop *self, int fd);
/* The epoll set that it is in. */
int zp_conn_set(const zp_loop *self, const zp_conn *c);
/* Its newest request says which line it stands in from now on. */
void zp_conn_line_up(zp_loop *self, zp_conn *c, bool submits);
/* Releases its visit too. */
void zp_conn_close(zp_loop *self, zp_conn *c);
/* NULL: out of memory. */
zp_visit *zp_visit_take(zp_loop *self, zp_conn *c);
/* Says how many bytes of bodies it holds now. */
void zp_visit_hold(zp_loop *self, zp_visit *v, size_t bytes);
void zp_visit_release(zp_loop *self, zp_visit *v);
/* What is kept for reuse; the loop ends. */
void zp_visits_free(zp_loop *self);

/* ---- serve.c ---- */

/* News from a connection: a request, or its end. */
void zp_conn_ready(zp_loop *self, zp_conn *c, uint32_t events);
/* Does what a handler wants done; may close the connection. */
void zp_visit_act(zp_loop *self, zp_visit *v, zp_handled handled);
/* Turns for requests that have more to do, for a bounded time. */
void zp_loop_work(zp_loop *self);

/* ---- followers.c ---- */

/* Waits for news; its memory is given back meanwhile. */
void zp_visit_follow(zp_loop *self, zp_visit *v);
/* Gives followers their turn: when the log has grown; when a waiting reader's time is up; once a second, for the beats
 * of streams, and to look at the log if a hint was lost; all, as the gateway ends. */
void zp_followers_look(zp_loop *self, int64_t now);
void zp_followers_expire(zp_loop *self, int64_t now);
void zp_followers_tick(zp_loop *self, int64_t now);
void zp_followers_wake_all(zp_loop *self);
/* When to look again, at the latest; INT64_MAX: when there is mail. */
int64_t zp_followers_due(const zp_loop *self);
/* Answers a request that waited, or would have. */
void zp_visit_wait_over(zp_loop *self, zp_visit *v);

#endif

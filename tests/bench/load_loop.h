/*
 * load_loop.h - the loop of a load: connections, requests, answers, and what is counted of them. See load.c for what is
 * measured and how.
 */
#ifndef ZP_BENCH_LOAD_LOOP_H
#define ZP_BENCH_LOAD_LOOP_H

#include "load_answer.h"
#include "load_histogram.h"
#include "load_request.h"

enum { LOAD_SLICE_US = 500000, LOAD_MOST_SLICES = 7200 };

typedef enum { LOAD_GOOD, LOAD_BUSY, LOAD_BAD, LOAD_VERDICTS } load_verdict; /* 2xx and 304; 503; any other */
typedef enum { CONNECTING, IDLE, SENDING, RECEIVING } load_phase;

typedef struct load_connection {
    int fd;
    load_phase phase;
    int64_t due_us, sent_us; /* when its request should have gone out, and when it did */
    char *out;
    size_t out_n, out_at;
    load_answer answer;
    uint64_t good;
    struct load_connection *next_idle;
} load_connection;

typedef struct {
    unsigned port, count, seconds, patience_ms; /* count: of connections; patience_ms 0: without end */
    uint64_t rate;                              /* a second; 0: a closed loop */
    const char *item;                           /* what to count in the bodies of good answers, or NULL */
} load_options;

typedef struct {
    load_options wanted;
    load_requests *requests;
    load_connection *connections, *idle;
    int epoll;
    size_t busy; /* connections with a request under way */
    int64_t begun_us, end_us;
    uint64_t due; /* how many of an open loop have fallen due and are sent or given up */
    uint64_t sent, given_up, broken;
    uint64_t answers[LOAD_VERDICTS], in_time[LOAD_VERDICTS], items, items_in_time;
    int first_bad; /* its status */
    load_histogram from_due[LOAD_VERDICTS], from_sent[LOAD_VERDICTS];
    uint64_t slices[LOAD_MOST_SLICES]; /* good answers of each half second */
} load_run;

/* Makes all connections; ends the program when that cannot be. wanted and requests are set. */
void load_connect(load_run *self);
/* Sends for wanted.seconds, and waits for what is under way then. */
void load_go(load_run *self);
void load_close(load_run *self);

#endif

/*
 * verify.h - proves that both stores are sound: each record by itself, and what they say about each other.
 *
 * Reads only, beside a running service or without one; one thread's. It goes on after a fault. An archive is checked
 * like any store, but that its events have gaps. It remembers every revision and every key that it has looked at: see
 * memo.h for what that takes.
 */
#ifndef ZP_STORE_VERIFY_H
#define ZP_STORE_VERIFY_H

#include "store/intake.h"
#include "store/scores.h"

typedef struct {
    void *context;
    /* One line each: database and key ("scores.events 17"), and what is wrong. Both valid during the call. */
    void (*fault)(void *context, const char *where, const char *what);
    bool (*stop)(void *context); /* asked now and then: true ends with ZP_CLOSED */
} zp_verify_report;

typedef struct {
    uint64_t forms, pending, keys, revisions, results, events, latest, index_entries, totals; /* looked at */
    uint64_t archived; /* ids that have gone to archives */
    uint64_t faults;
    int archiving;   /* a season whose removal has begun and is not finished; 0: none */
    uint64_t unread; /* results and events whose damage leaves open what the totals should be: not compared then */
} zp_verify_counts;

/*
 * Looks at everything. ZP_OK: came to the end, counts->faults says with what outcome. ZP_CLOSED: told to stop. ZP_IO,
 * ZP_NOMEM, ZP_AGAIN: could not be read, or a season was being archived meanwhile.
 */
zp_rc zp_verify(zp_intake *intake, zp_scores *scores, const zp_verify_report *report, zp_verify_counts *counts);

#endif

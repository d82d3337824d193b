/*
 * scores_store.h - what the files of the scores store share; nobody else includes it.
 */
#ifndef ZP_STORE_SCORES_STORE_H
#define ZP_STORE_SCORES_STORE_H

#include "store/keys.h"
#include "store/scores.h"

struct zp_scores {
    zp_env env;
    MDB_dbi results, events, latest, index, totals, meta;
    /* the writing thread's */
    zp_scores_at *at; /* NULL: nobody wants to know */
    void *at_context;
    zp_arena *arena;        /* one earlier status at a time */
    zp_buf earlier, packed; /* its record; what is about to be written */
};

struct zp_scores_reader {
    zp_scores *store;
    zp_read read;
    zp_arena *arena;
};

/* A result is the number of its newest event, then the status record. */
enum { ZP_RESULT_HEAD = 8 };

/* ---- scores_commit.c ---- */

/* What `latest` says of a form: the revision that counts. Stored as u32, id. */
typedef struct {
    uint32_t revision;
    zp_id id;
} zp_standing;
zp_rc zp_standing_unpack(zp_str bytes, zp_standing *out); /* ZP_CORRUPT */
/* The newest event's number as the transaction sees it; 0 when there is none. */
zp_rc zp_scores_newest(zp_scores *self, MDB_txn *txn, uint64_t *seq);

/* ---- scores_log.c ---- */

typedef struct {
    uint64_t start; /* the first number that this log still holds, or will hold */
    uint64_t last;  /* the newest ever given; start - 1 when the log is empty */
} zp_log_bounds;
zp_rc zp_log_find_bounds(zp_scores *self, MDB_txn *txn, zp_log_bounds *out);
/* Events below `start` are gone from now on. */
zp_rc zp_log_set_start(zp_scores *self, MDB_txn *txn, uint64_t start);

/* ---- scores_index.c ---- */

/* Every kind of entry. The letter is in stored keys: never renumber. */
typedef enum {
    ZP_BY_YEAR = 'y',
    ZP_BY_UNIT = 'u',
    ZP_BY_STATE = 's',
    ZP_BY_GRADE = 'g',
    ZP_BY_OUTCOME = 'o',
    ZP_BY_FLAG = 'f',
} zp_index_kind;

enum { ZP_INDEX_PREFIX = 9 };
typedef struct {
    uint8_t b[ZP_INDEX_PREFIX + sizeof(zp_id)]; /* kind, value, id */
} zp_index_key;

/* Key with kind and value set and the id all zeros: the number itself, or a hash of the name (names are stable, enums
 * are not). */
zp_index_key zp_index_by_number(zp_index_kind kind, uint64_t value);
zp_index_key zp_index_by_name(zp_index_kind kind, zp_str name);
zp_str zp_outcome_name(bool discrepant);

/* Shows the key of each entry that a status has, until one call does not return ZP_OK. */
typedef zp_rc (*zp_index_visit)(void *context, const zp_index_key *key);
zp_rc zp_index_each(const zp_status *status, zp_index_visit visit, void *context);

/* All entries of a status; the state's alone. Removing what is not there is fine. */
zp_rc zp_index_add(zp_scores *self, MDB_txn *txn, const zp_status *status);
zp_rc zp_index_remove(zp_scores *self, MDB_txn *txn, const zp_status *status);
zp_rc zp_index_move_state(zp_scores *self, MDB_txn *txn, const zp_id *id, zp_state from, zp_state to);

/* ---- scores_totals.c ---- */

enum { ZP_TOTALS_NAME = 96, ZP_TOTALS_KEY = 2 + ZP_TOTALS_NAME + 16, ZP_TOTALS_SUMS = 3 };
typedef struct {
    uint8_t b[ZP_TOTALS_KEY]; /* year; of the department as zp_name_spell spells it the first bytes (for the order),
                                 SHA-256 of all of it */
} zp_totals_key;
zp_totals_key zp_totals_key_of(int year, zp_str department);

/* The row's numbers in stored order; the department's name follows them. */
typedef struct {
    uint64_t scored, failed, superseded, consistent, discrepant, grades[ZP_GRADES], sums[ZP_TOTALS_SUMS];
} zp_totals_numbers;
/* What a status adds (sign +1) to its row, or takes out of it (-1). */
void zp_totals_add(zp_totals_numbers *row, const zp_status *status, int sign);
zp_rc zp_totals_unpack(zp_str bytes, zp_totals_numbers *row, zp_str *department); /* ZP_CORRUPT */

/* Counts the status in (sign +1) or out (-1) of its year's and department's row. A damaged row is logged and left. */
zp_rc zp_totals_count(zp_scores *self, MDB_txn *txn, const zp_status *status, int sign);

#endif

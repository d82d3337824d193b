/*
 * scores_store.h - what the files of the scores store share; nobody else includes it.
 */
#ifndef ZP_STORE_SCORES_STORE_H
#define ZP_STORE_SCORES_STORE_H

#include "store/keys.h"
#include "store/scores.h"

struct zp_scores {
    zp_env env;
    MDB_dbi results, events, latest, index, totals;
    /* the writing thread's */
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

/* All entries of a status; the state's alone. Removing what is not there is fine. */
zp_rc zp_index_add(zp_scores *self, MDB_txn *txn, const zp_status *status);
zp_rc zp_index_remove(zp_scores *self, MDB_txn *txn, const zp_status *status);
zp_rc zp_index_move_state(zp_scores *self, MDB_txn *txn, const zp_id *id, zp_state from, zp_state to);

/* ---- scores_totals.c ---- */

/* Counts the status in (sign +1) or out (-1) of its year's and department's row. A damaged row is logged and left. */
zp_rc zp_totals_count(zp_scores *self, MDB_txn *txn, const zp_status *status, int sign);

#endif

/*
 * verify_store.h - what the files of the check share; nobody else includes it.
 */
#ifndef ZP_STORE_VERIFY_STORE_H
#define ZP_STORE_VERIFY_STORE_H

#include "store/intake_store.h"
#include "store/meta.h"
#include "store/scan.h"
#include "store/scores_store.h"
#include "store/verify.h"

typedef struct zp_tally zp_tally;

typedef struct {
    zp_intake *intake;
    zp_scores *scores;
    const zp_verify_report *report;
    zp_verify_counts *counts;
    zp_read intake_read, scores_read; /* of the slice */
    zp_arena *arena;                  /* of the record */
    zp_buf json;
    const char *database; /* where the scan is */
    zp_str key;
    uint64_t last_event; /* the events' own scan: the number before */
    zp_seasons seasons;  /* as they stood at the beginning */
    bool is_archive;     /* of one year: its events have gaps, and their number is noted */
    zp_archive_note archive;
    zp_tally *tally;
    zp_memo *numbers, *keys; /* looked at: form and number of each revision; idempotency keys */
    zp_buf found;
} zp_check;

/* Counts and names a fault of the record that the scan is at. */
void zp_check_fault(zp_check *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The key as an id, and the value's payload; names what is wrong with either. False: there is nothing to look at.
 */
bool zp_check_id(zp_check *self, zp_str key, zp_id *out);
bool zp_check_seal(zp_check *self, MDB_val value, zp_str *payload);
/* Names a record whose payload is not what its database holds. */
void zp_check_undecoded(zp_check *self);
/* Whether a record is stored at key; false also when that cannot be told, which *rc says then. */
bool zp_check_has(MDB_txn *txn, MDB_dbi dbi, zp_str key, zp_rc *rc);

/* The result of that id in the slice's view. ZP_NOTFOUND, ZP_CORRUPT (named where its own turn comes), ZP_NOMEM. */
zp_rc zp_check_find_result(zp_check *self, const zp_id *id, zp_status *out);
/* The same of a submission. */
zp_rc zp_check_find_form(zp_check *self, const zp_id *id, zp_submission *out);
zp_rc zp_check_last_event(zp_check *self, uint64_t *last);

/* One record of each database: zp_scan_each, with the zp_check as context. */
zp_rc zp_check_form(void *context, zp_str key, MDB_val value);
zp_rc zp_check_pending(void *context, zp_str key, MDB_val value);
zp_rc zp_check_idempotency(void *context, zp_str key, MDB_val value);
zp_rc zp_check_revision(void *context, zp_str key, MDB_val value);
zp_rc zp_check_result(void *context, zp_str key, MDB_val value);
zp_rc zp_check_event(void *context, zp_str key, MDB_val value);
zp_rc zp_check_latest(void *context, zp_str key, MDB_val value);
zp_rc zp_check_index(void *context, zp_str key, MDB_val value);
zp_rc zp_check_archived(void *context, zp_str key, MDB_val value);

/* ---- verify_seasons.c ---- */

/* What meta says, before the scans. ZP_CORRUPT: named. */
zp_rc zp_check_open_seasons(zp_check *self);
/* Behind the scans: that it still says the same (ZP_AGAIN: a season was being archived), and the number of events. */
zp_rc zp_check_close_seasons(zp_check *self);
/* Names a form or result that is not of the archive's year, or whose season has been archived. */
void zp_check_year(zp_check *self, int year);

/* ---- verify_totals.c: what the totals should be ---- */

zp_rc zp_tally_new(zp_tally **out);
void zp_tally_destroy(zp_tally **self);
/* A slice of the results' scan has begun, behind `before`. */
zp_rc zp_tally_open_slice(zp_check *check, const zp_scan_place *before);
zp_rc zp_tally_add(zp_check *check, const zp_status *status);
/* Brings what was counted up to now by the events since, and compares with the stored rows. */
zp_rc zp_tally_settle(zp_check *check);

#endif

/*
 * intake_store.h - what the files of the intake store share; nobody else includes it.
 */
#ifndef ZP_STORE_INTAKE_STORE_H
#define ZP_STORE_INTAKE_STORE_H

#include "store/keys.h"
#include "store/memo.h"

struct zp_intake {
    zp_env env;
    MDB_dbi forms, pending, idempotency, expiry, revisions, archived, meta;
    zp_seasons seasons; /* as they were when it was opened: only a service that is stopped has one closed */
    /* the writing thread's */
    zp_id_gen ids;
    zp_read look; /* decides without a write transaction what needs none */
    zp_buf head;
    zp_buf found; /* by a memo */
    /* Form key → its current revision, and what the open transaction has changed there: see intake_known.c. */
    zp_memo *current;
    zp_buf changes;
};

struct zp_intake_reader {
    zp_intake *store;
    zp_read read;
    zp_buf found;
};

/* The year that `archived` has for that id. ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_archived_find(zp_intake *self, MDB_txn *txn, const zp_id *id, int *year);

/* What idempotency says about an earlier submission. */
typedef struct {
    zp_id id;
    zp_digest digest;
    uint32_t revision;
} zp_receipt;
typedef struct {
    uint8_t b[52]; /* id, digest, revision */
} zp_receipt_bytes;
zp_receipt_bytes zp_receipt_pack(const zp_receipt *receipt);
zp_rc zp_receipt_unpack(zp_str bytes, zp_receipt *out);

/* What revisions says about a submission: the same, and which form it is a revision of. */
typedef struct {
    zp_form_key form;
    zp_receipt receipt;
} zp_revision;
typedef struct {
    uint8_t b[52]; /* form, digest, revision */
} zp_revision_bytes;
zp_revision_bytes zp_revision_pack(const zp_revision *revision);
/* The id is the record's key. ZP_CORRUPT. */
zp_rc zp_revision_unpack(zp_str bytes, const zp_id *id, zp_revision *out);
/* ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_revision_find(zp_intake *self, MDB_txn *txn, const zp_id *id, zp_revision *out);

/* ---- intake_known.c: what the writing process knows by heart ---- */

/* Learns what is stored. ZP_CONFLICT: the store has another layout. */
zp_rc zp_known_open(zp_intake *self);
void zp_known_close(zp_intake *self);
/* The revision that a ref stands for. ZP_NOTFOUND, ZP_CORRUPT. Any process. */
zp_rc zp_known_find(zp_intake *self, MDB_txn *txn, zp_memo_ref ref, zp_revision *out);
/*
 * The form's newest revision, among those that zp_memo_find has put into `found`: before the transaction began, or by
 * the writing thread. ZP_NOTFOUND, ZP_CORRUPT.
 */
zp_rc zp_known_current(zp_intake *self, MDB_txn *txn, const zp_form_key *form, const zp_buf *found, zp_revision *out);
/* From now on a stored submission is its form's current one, instead of `before` (NULL: it is the first). ZP_NOMEM. */
zp_rc zp_known_add(zp_intake *self, const zp_form_key *form, const zp_id *id, const zp_id *before);
/* The transaction ended with that: what it had stored stays known, or not. */
void zp_known_settle(zp_intake *self, zp_rc rc);

/*
 * Decides one put by what the transaction sees: every verdict but REFUSED and IN_DOUBT, with the out-fields that go
 * with it; for ZP_PUT_NEW put->revision is the one that it will get. ZP_CORRUPT when what is on file about it is
 * damaged.
 */
zp_rc zp_intake_decide(zp_intake *self, MDB_txn *txn, zp_put *put);

#endif

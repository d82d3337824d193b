/*
 * intake_store.h - what the files of the intake store share; nobody else includes it.
 */
#ifndef ZP_STORE_INTAKE_STORE_H
#define ZP_STORE_INTAKE_STORE_H

#include "store/keys.h"
#include "store/memo.h"

struct zp_intake {
    zp_env env;
    MDB_dbi forms, pending, idempotency, revisions, archived, meta;
    zp_seasons seasons; /* as they were when it was opened: only a service that is stopped has one closed */
    /* the writing thread's */
    zp_id_gen ids;
    zp_read look; /* decides without a write transaction what needs none */
    zp_buf head;
    zp_buf found; /* by a memo */
    /* Form key → its current revision, idempotency key → where it stands; and what the open transaction has changed
     * there: see intake_known.c. */
    zp_memo *current, *keys;
    zp_buf changes;
};

struct zp_intake_reader {
    zp_intake *store;
    zp_read read;
    zp_buf found;
};

/* The year that `archived` has for that id. ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_archived_find(zp_intake *self, MDB_txn *txn, const zp_id *id, int *year);

/* What a retry is answered with. */
typedef struct {
    zp_id id;
    zp_digest digest;
    uint32_t revision;
} zp_receipt;

/* A record of revisions: which form the submission is a revision of, and its receipt. */
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

/* A record of idempotency: the key, and the submission that it stands for. */
typedef struct {
    zp_idempotency_key key;
    zp_id id;
} zp_key_use;
typedef struct {
    uint8_t b[32]; /* key, id */
} zp_key_use_bytes;
zp_key_use_bytes zp_key_use_pack(const zp_key_use *use);
/* ZP_CORRUPT. */
zp_rc zp_key_use_unpack(zp_str bytes, zp_key_use *out);

/* ---- intake_known.c: what the writing process knows by heart ---- */

/* Learns what is stored. ZP_CONFLICT: the store has another layout. */
zp_rc zp_known_open(zp_intake *self);
void zp_known_close(zp_intake *self);
/* What a ref stands for. ZP_NOTFOUND, ZP_CORRUPT. Any process. */
zp_rc zp_known_revision(zp_intake *self, MDB_txn *txn, zp_memo_ref ref, zp_revision *out);
zp_rc zp_known_key_use(zp_intake *self, MDB_txn *txn, zp_memo_ref ref, zp_key_use *out);
/*
 * The form's newest revision, or the submission that the key stands for, among those that zp_memo_find has put into
 * `found`: before the transaction began, or by the writing thread. ZP_NOTFOUND, ZP_CORRUPT.
 */
zp_rc zp_known_current(zp_intake *self, MDB_txn *txn, const zp_form_key *form, const zp_buf *found, zp_revision *out);
zp_rc zp_known_key(zp_intake *self, MDB_txn *txn, const zp_idempotency_key *key, const zp_buf *found, zp_id *out);
/* From now on a stored submission is its form's current one, instead of `before` (NULL: it is the first). ZP_NOMEM. */
zp_rc zp_known_add(zp_intake *self, const zp_form_key *form, const zp_id *id, const zp_id *before);
/* A key is stored there from now on; or not any more. ZP_NOMEM. */
zp_rc zp_known_add_key(zp_intake *self, const zp_idempotency_key *key, const zp_id *since);
zp_rc zp_known_drop_key(zp_intake *self, const zp_idempotency_key *key, const zp_id *since);
/* The transaction ended with that: what it had stored stays known, or not. */
void zp_known_settle(zp_intake *self, zp_rc rc);

/*
 * Decides one put by what the transaction sees: every verdict but REFUSED and IN_DOUBT, with the out-fields that go
 * with it; for ZP_PUT_NEW put->revision is the one that it will get. ZP_CORRUPT when what is on file about it is
 * damaged.
 */
zp_rc zp_intake_decide(zp_intake *self, MDB_txn *txn, zp_put *put);

#endif

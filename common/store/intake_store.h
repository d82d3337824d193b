/*
 * intake_store.h - what the files of the intake store share; nobody else includes it.
 */
#ifndef ZP_STORE_INTAKE_STORE_H
#define ZP_STORE_INTAKE_STORE_H

#include "store/keys.h"

struct zp_intake {
    zp_env env;
    MDB_dbi forms, pending, idempotency, expiry, revisions, archived, meta;
    zp_seasons seasons; /* as they were when it was opened: only a service that is stopped has one closed */
    /* the writing thread's */
    zp_id_gen ids;
    zp_read look; /* decides without a write transaction what needs none */
    zp_buf head;
};

struct zp_intake_reader {
    zp_intake *store;
    zp_read read;
};

/* The year that `archived` has for that id. ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_archived_find(zp_intake *self, MDB_txn *txn, const zp_id *id, int *year);

/* What idempotency and revisions say about an earlier submission. */
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

/* The form's newest revision. ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_intake_find_current(zp_intake *self, MDB_txn *txn, const zp_form_key *form, zp_receipt *out);

/*
 * Decides one put by what the transaction sees: every verdict but REFUSED and IN_DOUBT, with the out-fields that go
 * with it; for ZP_PUT_NEW put->revision is the one that it will get. ZP_CORRUPT when what is on file about it is
 * damaged.
 */
zp_rc zp_intake_decide(zp_intake *self, MDB_txn *txn, zp_put *put);

#endif

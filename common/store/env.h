/*
 * env.h - the only file that knows lmdb.h: environments, sealed records, pooled read transactions.
 *
 * Durability: default flags and MDB_NOTLS, nothing else, so that a commit that returned 0 is on disk
 * (fdatasync of the pages, then a synced meta page). One environment per path and process. The map is
 * fixed, large and sparse; it is never grown live. A commit error other than "full" leaves the outcome unknown: ZP_IN_DOUBT.
 *
 * Each record is sealed: 8 bytes of XXH3-64 (seeded with the format version) in front of the payload;
 * LMDB itself returns flipped bytes as good data.
 */
#ifndef ZP_STORE_ENV_H
#define ZP_STORE_ENV_H

#include "base/buf.h"
#include "base/error.h"

#include <lmdb.h>

typedef struct {
    MDB_env *mdb;
    uint64_t map_size;
    char *path;
    bool read_only;
} zp_env;

typedef enum { ZP_READ_ONLY, ZP_READ_WRITE } zp_access;

/*
 * Opens the directory; ZP_READ_WRITE creates it and makes the new files durable (fsync of file and folders), and
 * clears stale readers. message gets one line that names path and remedy on failure.
 * ZP_NOTFOUND (read-only and not there), ZP_IO, ZP_NOMEM, ZP_CORRUPT.
 */
zp_rc zp_env_open(zp_env *self, const char *path, uint64_t map_size, unsigned max_dbs, zp_access access, char *message,
                  size_t message_size);
void zp_env_close(zp_env *self);

/* LMDB's code in ours; logs anything that is not an ordinary outcome. `what` names the step. */
zp_rc zp_env_rc(int lmdb_rc, const char *what);
/* Commits; on failure says whether nothing was changed (ZP_FULL) or the outcome is unknown (ZP_IN_DOUBT). */
zp_rc zp_env_commit(zp_env *self, MDB_txn *txn);

typedef struct {
    uint64_t map_size, used_bytes; /* used = pages ever taken minus free ones */
    unsigned readers, max_readers;
    uint64_t last_txn;
} zp_env_stats;
zp_rc zp_env_stat(zp_env *self, zp_env_stats *out);
/* Frees reader slots of dead processes. Call at start and every 30 s. */
zp_rc zp_env_reader_check(zp_env *self, int *freed);

/* A pooled read transaction: one thread at a time. Zero-initialise. begin … end around each look, copy out in between. */
typedef struct {
    MDB_txn *txn;
} zp_read;
zp_rc zp_read_begin(zp_env *env, zp_read *self);
void zp_read_end(zp_read *self);     /* mdb_txn_reset: the slot stays, the snapshot goes */
void zp_read_close(zp_read *self);

enum { ZP_SEAL = 8 };
/* Writes the seal of payload into the ZP_SEAL bytes at `seal`. */
void zp_seal(void *seal, const void *payload, size_t n);
/* The payload of a sealed value; ZP_CORRUPT when the checksum does not fit. */
zp_rc zp_unseal(MDB_val value, zp_str *payload);

#endif

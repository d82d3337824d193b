/*
 * env.h - the only file that knows lmdb.h: environments, sealed records, pooled read transactions.
 *
 * Durability: default flags and MDB_NOTLS, nothing else, so that a commit that returned 0 is on disk
 * (fdatasync of the pages, then a synced meta page). One environment per path and process. The map is
 * fixed, large and sparse; it is never grown live. A commit error other than "full" leaves the outcome unknown:
 * ZP_IN_DOUBT.
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
    bool read_only, read_ahead;
    int claim; /* its place in the process's table of open paths */
} zp_env;

/*
 * ZP_READ_ONLY walks through the store (copies, checks, the event log) and has the kernel read ahead. ZP_READ_RECORDS
 * and ZP_READ_WRITE look single records up, anywhere: read-ahead would fetch 32 pages for one, and with a store larger
 * than memory put out others that are needed.
 */
typedef enum { ZP_READ_ONLY, ZP_READ_RECORDS, ZP_READ_WRITE } zp_access;

/*
 * Opens the directory; ZP_READ_WRITE creates it and makes the new files durable (fsync of file and folders), and
 * clears stale readers. Creation is serialised between processes by a lock on the folder itself. message gets one line
 * that names path and remedy on failure. ZP_NOTFOUND (read-only and not there), ZP_EXISTS (open in this process
 * already: a second one would wipe LMDB's reader table), ZP_FULL, ZP_IO, ZP_NOMEM, ZP_CORRUPT.
 */
zp_rc zp_env_open(zp_env *self, const char *path, uint64_t map_size, unsigned max_dbs, zp_access access, char *message,
                  size_t message_size);
void zp_env_close(zp_env *self);

/* Says why the open path failed with errno or LMDB's code, and what to do: one line. For those who open more on top. */
void zp_env_explain(const char *path, uint64_t map_size, int code, char *message, size_t message_size);

/* LMDB's code in ours; logs anything that is not an ordinary outcome. `what` names the step. */
zp_rc zp_env_rc(int lmdb_rc, const char *what);
/* A write transaction: to be committed or aborted by the thread that began it. ZP_IN_DOUBT after a commit in doubt. */
zp_rc zp_env_begin(zp_env *self, MDB_txn **txn);
typedef struct {
    const char *name;
    MDB_dbi *dbi;
    bool later; /* stores that an earlier version has written may lack it: to a reader it is 0 then */
} zp_env_db;
/*
 * Opens the named databases for as long as the environment is open; a writer creates those that are missing, all in one
 * transaction, and writes nothing when all are there. ZP_NOTFOUND (read-only and missing), ZP_FULL, ZP_IN_DOUBT, ZP_IO.
 */
zp_rc zp_env_open_dbs(zp_env *self, const zp_env_db *dbs, size_t count, char *message, size_t message_size);
/* Commits; on failure says whether nothing was changed (ZP_FULL) or the outcome is unknown (ZP_IN_DOUBT). */
zp_rc zp_env_commit(zp_env *self, MDB_txn *txn);

typedef struct {
    uint64_t map_size, used_bytes; /* used = pages ever taken minus those that can be taken again */
    uint64_t pinned_bytes;         /* of these: free, but a reader may still look at them */
    int oldest_reader;             /* the process with the oldest view; 0: nobody reads */
    unsigned readers, max_readers;
    uint64_t last_txn;
} zp_env_stats;
zp_rc zp_env_stat(zp_env *self, zp_env_stats *out);
/* Frees reader slots of dead processes. Call at start and every 30 s. */
zp_rc zp_env_reader_check(zp_env *self, int *freed);

/* A pooled read transaction: one thread at a time. Zero-initialise. begin … end around each look, copy out in between.
 */
typedef struct {
    MDB_txn *txn;
} zp_read;
zp_rc zp_read_begin(zp_env *env, zp_read *self);
void zp_read_end(zp_read *self); /* mdb_txn_reset: the slot stays, the snapshot goes */
void zp_read_close(zp_read *self);

enum { ZP_SEAL = 8 };
/* Writes the seal of payload into the ZP_SEAL bytes at `seal`. */
void zp_seal(void *seal, const void *payload, size_t n);
/* The payload of a sealed value; ZP_CORRUPT when the checksum does not fit. */
zp_rc zp_unseal(MDB_val value, zp_str *payload);

/*
 * Stores the parts, one behind the other, as one sealed record; each is copied once, straight into the page. `flags`:
 * MDB_NOOVERWRITE or 0, and MDB_APPEND to try the cheap way for keys that usually come in order (the
 * ordinary way follows when this one does not). ZP_EXISTS (NOOVERWRITE only), ZP_FULL and others: abort the
 * transaction.
 */
zp_rc zp_put_sealed(MDB_txn *txn, MDB_dbi dbi, zp_str key, const zp_str *parts, size_t part_count, unsigned flags);
/* The payload stored at key, checked: a view that lives until the transaction ends or writes. ZP_NOTFOUND, ZP_CORRUPT.
 */
zp_rc zp_get_sealed(MDB_txn *txn, MDB_dbi dbi, zp_str key, zp_str *payload);

static inline MDB_val zp_val(zp_str s)
{
    return (MDB_val){s.n, (void *)s.p};
}
static inline zp_str zp_val_str(MDB_val v)
{
    return (zp_str){v.mv_data, v.mv_size};
}
/* A view of any object that is a row of bytes: keys, ids. */
#define ZP_BYTES(object) ((zp_str){(const char *)(object).b, sizeof(object).b})

#endif

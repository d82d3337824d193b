/*
 * env.c - see env.h: transactions, seals, figures. What LMDB does not do (checksums, telling "full" from "unknown")
 * is done here, once.
 *
 * Every library code becomes one of ours here and is logged here when it is not an ordinary outcome. The only place
 * where a failed write is classified is zp_env_commit.
 */
#include "store/env.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <xxhash.h>

enum { FORMAT_VERSION = 1 }; /* of every sealed record; seeds its checksum */
static const uint64_t NEARLY_NOTHING = 8u
                                       << 20; /* bytes left on a disk that an EIO from a short write is put down to */

/* ---- codes ---- */

static zp_rc translate(int code)
{
    switch (code) {
    case 0:
        return ZP_OK;
    case MDB_NOTFOUND:
    case ENOENT:
        return ZP_NOTFOUND;
    case MDB_KEYEXIST:
        return ZP_EXISTS;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
        return ZP_FULL;
    case MDB_PANIC:
        return ZP_IN_DOUBT;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return ZP_CORRUPT;
    case MDB_READERS_FULL:
    case EAGAIN:
    case EBUSY:
        return ZP_AGAIN;
    case MDB_BAD_VALSIZE:
    case MDB_BAD_TXN:
    case MDB_BAD_DBI:
    case EINVAL:
        return ZP_INVALID;
    case ENOMEM:
        return ZP_NOMEM;
    default:
        return ZP_IO;
    }
}

zp_rc zp_env_rc(int lmdb_rc, const char *what)
{
    zp_rc rc = translate(lmdb_rc);
    if (rc && rc != ZP_NOTFOUND && rc != ZP_EXISTS)
        zp_log(ZP_ERROR, "store", "step=%s code=%d reason=\"%s\"", what, lmdb_rc, mdb_strerror(lmdb_rc));
    return rc;
}

/* ---- write transactions ---- */

zp_rc zp_env_begin(zp_env *self, MDB_txn **txn)
{
    *txn = NULL;
    return zp_env_rc(mdb_txn_begin(self->mdb, NULL, 0, txn), "begin");
}

/* A failed write of the meta page poisons the environment, and only that leaves the transaction possibly on disk. */
static bool is_poisoned(zp_env *self)
{
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(self->mdb, NULL, 0, &txn) != 0)
        return true;
    mdb_txn_abort(txn);
    return false;
}

static bool disk_is_full(zp_env *self)
{
    struct statvfs disk;
    int fd;
    return mdb_env_get_fd(self->mdb, &fd) == 0 && fstatvfs(fd, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize < NEARLY_NOTHING;
}

/*
 * LMDB says EIO for a short write on a full disk and for a failed sync alike. After a failed sync the kernel may have
 * dropped what it should have written, so whatever is not surely "full" is in doubt: better to stop and look than to
 * tell somebody "no" about a form that is there.
 */
static zp_rc classify_failed_commit(zp_env *self, int code)
{
    if (code == MDB_MAP_FULL || code == MDB_TXN_FULL)
        return ZP_FULL;
    if (code == ENOMEM && !is_poisoned(self))
        return ZP_NOMEM;
    bool maybe_full = code == ENOSPC || code == EDQUOT || (code == EIO && disk_is_full(self));
    return maybe_full && !is_poisoned(self) ? ZP_FULL : ZP_IN_DOUBT;
}

zp_rc zp_env_commit(zp_env *self, MDB_txn *txn)
{
    int code = mdb_txn_commit(txn);
    if (code == 0)
        return ZP_OK;
    zp_rc rc = classify_failed_commit(self, code);
    zp_log(ZP_ERROR, "commit-failed", "path=%s code=%d reason=\"%s\" outcome=\"%s\"", self->path, code,
           mdb_strerror(code), zp_rc_name(rc));
    return rc;
}

/* ---- read transactions ---- */

static int begin_new(zp_env *env, MDB_txn **txn)
{
    int dead, code = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, txn);
    /* The library does not look for the dead by itself. */
    if (code == MDB_READERS_FULL && mdb_reader_check(env->mdb, &dead) == 0 && dead > 0)
        code = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, txn);
    return code;
}

zp_rc zp_read_begin(zp_env *env, zp_read *self)
{
    int code = self->txn ? mdb_txn_renew(self->txn) : begin_new(env, &self->txn);
    if (code)
        zp_read_close(self);
    return zp_env_rc(code, "read");
}

void zp_read_end(zp_read *self)
{
    mdb_txn_reset(self->txn);
}

void zp_read_close(zp_read *self)
{
    if (self->txn)
        mdb_txn_abort(self->txn);
    self->txn = NULL;
}

/* ---- seals ---- */

void zp_seal(void *seal, const void *payload, size_t n)
{
    XXH64_canonical_t canonical;
    XXH64_canonicalFromHash(&canonical, XXH3_64bits_withSeed(payload, n, FORMAT_VERSION));
    memcpy(seal, &canonical, ZP_SEAL);
}

zp_rc zp_unseal(MDB_val value, zp_str *payload)
{
    char seal[ZP_SEAL];
    if (value.mv_size < ZP_SEAL)
        return ZP_CORRUPT;
    *payload = (zp_str){(const char *)value.mv_data + ZP_SEAL, value.mv_size - ZP_SEAL};
    zp_seal(seal, payload->p, payload->n);
    return memcmp(seal, value.mv_data, ZP_SEAL) == 0 ? ZP_OK : ZP_CORRUPT;
}

static int reserve(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value, unsigned flags)
{
    size_t n = value->mv_size; /* a refusal by MDB_NOOVERWRITE overwrites it */
    if (flags & MDB_APPEND) {
        int code = mdb_put(txn, dbi, key, value, flags | MDB_RESERVE);
        if (code != MDB_KEYEXIST)
            return code;
        value->mv_size = n;
    }
    return mdb_put(txn, dbi, key, value, (flags & ~(unsigned)MDB_APPEND) | MDB_RESERVE);
}

zp_rc zp_put_sealed(MDB_txn *txn, MDB_dbi dbi, zp_str key, const zp_str *parts, size_t part_count, unsigned flags)
{
    MDB_val k = zp_val(key), value = {ZP_SEAL, NULL};
    for (size_t i = 0; i < part_count; i++)
        value.mv_size += parts[i].n;
    int code = reserve(txn, dbi, &k, &value, flags);
    if (code)
        return zp_env_rc(code, "put");
    char *payload = (char *)value.mv_data + ZP_SEAL, *p = payload;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].n)
            memcpy(p, parts[i].p, parts[i].n);
        p += parts[i].n;
    }
    zp_seal(value.mv_data, payload, (size_t)(p - payload));
    return ZP_OK;
}

zp_rc zp_get_sealed(MDB_txn *txn, MDB_dbi dbi, zp_str key, zp_str *payload)
{
    MDB_val k = zp_val(key), value;
    int code = mdb_get(txn, dbi, &k, &value);
    return code ? zp_env_rc(code, "get") : zp_unseal(value, payload);
}

/* ---- figures ---- */

typedef struct {
    uint64_t txn; /* as of which it reads */
    int process;
} oldest;

/* A line of the library's table of readers, "pid thread txn" (its own words; the thread is hexadecimal), or its head.
 */
static int look_at_reader(const char *line, void *context)
{
    oldest *found = context;
    char *end;
    long process = strtol(line, &end, 10);
    (void)strtoull(end, &end, 16);
    uint64_t txn = strtoull(end, &end, 10);
    if (process > 0 && *end == '\n' && txn && txn < found->txn)
        *found = (oldest){.txn = txn, .process = (int)process};
    return 0;
}

/*
 * Pages on the free list: dbi 0, whose keys are the transactions that freed them and whose records begin with their own
 * count. What was freed behind a reader's view is kept for that reader.
 */
static zp_rc count_free(MDB_txn *txn, uint64_t oldest_view, uint64_t *free_pages, uint64_t *pinned)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(txn, 0, &cursor);
    *free_pages = *pinned = 0;
    if (code)
        return zp_env_rc(code, "free-list");
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        size_t freed_by, count;
        memcpy(&freed_by, key.mv_data, sizeof freed_by);
        memcpy(&count, value.mv_data, sizeof count);
        *(freed_by > oldest_view ? pinned : free_pages) += count;
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "free-list");
}

zp_rc zp_env_stat(zp_env *self, zp_env_stats *out)
{
    MDB_envinfo info;
    MDB_stat stat;
    zp_read read = {NULL};
    uint64_t free_pages = 0, pinned = 0;
    oldest reader = {.txn = UINT64_MAX};
    int code = mdb_env_info(self->mdb, &info);
    if (!code)
        code = mdb_env_stat(self->mdb, &stat);
    if (!code && mdb_reader_list(self->mdb, look_at_reader, &reader) < 0)
        code = EIO;
    zp_rc rc = code ? zp_env_rc(code, "stat") : zp_read_begin(self, &read);
    if (rc)
        return rc;
    rc = count_free(read.txn, reader.txn, &free_pages, &pinned);
    zp_read_close(&read);
    uint64_t taken = (uint64_t)info.me_last_pgno + 1;
    *out = (zp_env_stats){.map_size = info.me_mapsize,
                          .used_bytes = taken > free_pages ? (taken - free_pages) * stat.ms_psize : 0,
                          .pinned_bytes = pinned * stat.ms_psize,
                          .oldest_reader = reader.process,
                          .readers = info.me_numreaders,
                          .max_readers = info.me_maxreaders,
                          .last_txn = info.me_last_txnid};
    return rc;
}

zp_rc zp_env_reader_check(zp_env *self, int *freed)
{
    return zp_env_rc(mdb_reader_check(self->mdb, freed), "reader-check");
}

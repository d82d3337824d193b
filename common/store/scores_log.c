/*
 * scores_log.c - where the event log starts and how far it goes. Numbers are given once: a log whose events have all
 * gone to archives still knows the newest one.
 *
 * Looking: any thread, within its own transaction. Writing: the store's one writer.
 */
#include "store/meta.h"
#include "store/scores_store.h"

static zp_rc read_start(zp_scores *self, MDB_txn *txn, uint64_t *out)
{
    zp_str bytes;
    *out = 1;
    if (!self->meta)
        return ZP_OK;
    zp_rc rc = zp_get_sealed(txn, self->meta, ZP_BYTES(zp_meta_log_start), &bytes);
    if (rc)
        return rc == ZP_NOTFOUND ? ZP_OK : rc;
    if (bytes.n != sizeof(zp_seq_key))
        return ZP_CORRUPT;
    *out = zp_be64(bytes.p);
    return *out ? ZP_OK : ZP_CORRUPT;
}

zp_rc zp_log_find_bounds(zp_scores *self, MDB_txn *txn, zp_log_bounds *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    zp_rc rc = read_start(self, txn, &out->start);
    if (!rc)
        rc = zp_env_rc(mdb_cursor_open(txn, self->events, &cursor), "log");
    if (rc)
        return rc;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    out->last = code == 0 && key.mv_size == sizeof(zp_seq_key) ? zp_be64(key.mv_data) : out->start - 1;
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "log");
}

zp_rc zp_log_set_start(zp_scores *self, MDB_txn *txn, uint64_t start)
{
    zp_seq_key number = zp_seq_key_of(start);
    zp_str value = ZP_BYTES(number);
    return zp_put_sealed(txn, self->meta, ZP_BYTES(zp_meta_log_start), &value, 1, 0);
}

static zp_rc end(zp_scores *self, MDB_txn *txn, zp_rc rc)
{
    if (!rc)
        return zp_env_commit(&self->env, txn);
    mdb_txn_abort(txn);
    return rc;
}

zp_rc zp_scores_begin_log(zp_scores *self, uint64_t start)
{
    MDB_txn *txn;
    zp_rc rc = zp_env_begin(&self->env, &txn);
    return rc ? rc : end(self, txn, zp_log_set_start(self, txn, start));
}

zp_rc zp_scores_adopt(zp_scores *self, uint64_t seq, zp_str frozen)
{
    MDB_txn *txn;
    zp_log_bounds log;
    zp_seq_key key = zp_seq_key_of(seq);
    zp_rc rc = zp_env_begin(&self->env, &txn);
    if (rc)
        return rc;
    rc = zp_log_find_bounds(self, txn, &log);
    if (!rc && seq <= log.last)
        rc = ZP_CONFLICT;
    if (!rc)
        rc = zp_put_sealed(txn, self->events, ZP_BYTES(key), &frozen, 1, MDB_APPEND | MDB_NOOVERWRITE);
    return end(self, txn, rc);
}

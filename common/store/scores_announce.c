/*
 * scores_announce.c - events about webhook endpoints, which come from another store's notices. The active worker's
 * loop.
 *
 * meta holds the mark of the last notice told, written with its event: a notice that is shown again changes nothing.
 * Another webhooks store (its name differs) begins from its first notice.
 */
#include "store/scores_store.h"

#define TOLD ZP_STR("told")

typedef struct {
    uint8_t b[ZP_NOTICE_STORE + 16];
} mark_bytes;

static zp_rc read_mark(zp_scores *self, MDB_txn *txn, zp_notice_mark *out)
{
    zp_str bytes;
    *out = (zp_notice_mark){0};
    zp_rc rc = zp_get_sealed(txn, self->meta, TOLD, &bytes);
    if (rc)
        return rc == ZP_NOTFOUND ? ZP_OK : rc;
    if (bytes.n != sizeof(mark_bytes))
        return ZP_CORRUPT;
    memcpy(out->store, bytes.p, sizeof out->store);
    out->serial = zp_be64(bytes.p + sizeof out->store);
    out->at_ms = (int64_t)zp_be64(bytes.p + sizeof out->store + 8);
    return ZP_OK;
}

static zp_rc write_mark(zp_scores *self, MDB_txn *txn, const zp_notice_mark *mark)
{
    mark_bytes bytes;
    memcpy(bytes.b, mark->store, sizeof mark->store);
    zp_be64_put(bytes.b + sizeof mark->store, mark->serial);
    zp_be64_put(bytes.b + sizeof mark->store + 8, (uint64_t)mark->at_ms);
    zp_str value = ZP_BYTES(bytes);
    return zp_put_sealed(txn, self->meta, TOLD, &value, 1, 0);
}

static zp_rc tell(zp_scores *self, MDB_txn *txn, int64_t now_ms, const zp_notice *notice, uint64_t *seq)
{
    zp_buf_clear(&self->packed);
    zp_notice_pack(notice, *seq + 1, now_ms, &self->packed);
    if (self->packed.failed)
        return ZP_NOMEM;
    zp_seq_key key = zp_seq_key_of(*seq + 1);
    zp_str frozen = zp_buf_view(&self->packed);
    zp_rc rc = zp_put_sealed(txn, self->events, ZP_BYTES(key), &frozen, 1, MDB_APPEND | MDB_NOOVERWRITE);
    *seq += !rc;
    return rc ? rc : write_mark(self, txn, &notice->mark);
}

zp_rc zp_scores_announce(zp_scores *self, int64_t now_ms, const zp_notice *notices, size_t count, uint64_t *last_seq)
{
    MDB_txn *txn;
    zp_notice_mark told;
    uint64_t seq = 0;
    zp_rc rc = zp_env_begin(&self->env, &txn);
    if (rc)
        return rc;
    rc = read_mark(self, txn, &told);
    if (!rc)
        rc = zp_scores_newest(self, txn, &seq);
    for (size_t i = 0; i < count && !rc; i++)
        if (!zp_notice_is_told(&told, &notices[i].mark))
            rc = tell(self, txn, now_ms, &notices[i], &seq);
    if (!rc)
        rc = zp_env_commit(&self->env, txn);
    else
        mdb_txn_abort(txn);
    if (!rc)
        *last_seq = seq;
    return rc;
}

zp_rc zp_scores_announced(zp_scores *self, zp_notice_mark *out)
{
    zp_read read = {NULL};
    zp_rc rc = zp_read_begin(&self->env, &read);
    if (rc)
        return rc;
    rc = read_mark(self, read.txn, out);
    zp_read_close(&read);
    return rc;
}

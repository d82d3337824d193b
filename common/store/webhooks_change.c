/*
 * webhooks_change.c - writing to the webhooks store: an operator's changes, and what ziping-webhooks has done.
 *
 * Each call is one short transaction (see webhooks.h). An error aborts it: nothing was changed, unless it is in doubt.
 */
#include "base/log.h"
#include "store/webhooks_store.h"

#include <inttypes.h>

/* ---- single records ---- */

static zp_rc put(zp_webhooks *self, MDB_txn *txn, MDB_dbi dbi, zp_str key)
{
    zp_str record = zp_buf_view(&self->packed);
    return self->packed.failed ? ZP_NOMEM : zp_put_sealed(txn, dbi, key, &record, 1, 0);
}

zp_rc zp_webhooks_put(zp_webhooks *self, MDB_txn *txn, const zp_webhook *webhook)
{
    zp_seq_key key = zp_seq_key_of(webhook->id);
    zp_buf_clear(&self->packed);
    zp_webhook_pack(webhook, &self->packed);
    return put(self, txn, self->endpoints, ZP_BYTES(key));
}

static zp_rc put_meta(zp_webhooks *self, MDB_txn *txn, const char *name, uint64_t number)
{
    zp_seq_key bytes = zp_seq_key_of(number);
    zp_str value = ZP_BYTES(bytes);
    return zp_put_sealed(txn, self->meta, zp_str_of(name), &value, 1, 0);
}

zp_rc zp_webhooks_bump(zp_webhooks *self, MDB_txn *txn)
{
    uint64_t version;
    zp_rc rc = zp_webhooks_meta(self, txn, ZP_META_VERSION, &version);
    return rc ? rc : put_meta(self, txn, ZP_META_VERSION, version + 1);
}

static zp_rc remove_key(MDB_txn *txn, MDB_dbi dbi, zp_str key)
{
    MDB_val k = zp_val(key);
    zp_rc rc = zp_env_rc(mdb_del(txn, dbi, &k, NULL), "webhooks");
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

static zp_rc end(zp_webhooks *self, MDB_txn *txn, zp_rc rc)
{
    if (!rc)
        return zp_env_commit(&self->env, txn);
    mdb_txn_abort(txn);
    return rc;
}

/* ---- an operator's changes ---- */

static zp_rc add(zp_webhooks *self, MDB_txn *txn, zp_webhook *webhook)
{
    MDB_stat stat;
    uint64_t last;
    zp_rc rc = zp_env_rc(mdb_stat(txn, self->endpoints, &stat), "webhooks");
    if (!rc && stat.ms_entries >= ZP_WEBHOOKS_MOST)
        rc = ZP_TOO_LARGE;
    if (!rc)
        rc = zp_webhooks_twin(self, txn, webhook);
    if (!rc)
        rc = zp_webhooks_meta(self, txn, ZP_META_NEXT, &last);
    if (rc)
        return rc;
    webhook->id = last + 1; /* never given again */
    rc = put_meta(self, txn, ZP_META_NEXT, webhook->id);
    if (!rc)
        rc = zp_webhooks_put(self, txn, webhook);
    return rc ? rc : zp_webhooks_bump(self, txn);
}

zp_rc zp_webhooks_add(zp_webhooks *self, zp_webhook *webhook)
{
    MDB_txn *txn;
    zp_rc rc = zp_env_begin(&self->env, &txn);
    return rc ? rc : end(self, txn, add(self, txn, webhook));
}

zp_rc zp_webhooks_change(zp_webhooks *self, uint64_t id, zp_webhook_change change, void *context, zp_webhook *out)
{
    MDB_txn *txn;
    zp_rc rc = zp_env_begin(&self->env, &txn);
    if (rc)
        return rc;
    rc = zp_webhooks_find(self, txn, id, out);
    if (!rc)
        rc = change(context, out);
    if (!rc)
        rc = zp_webhooks_put(self, txn, out);
    if (!rc)
        rc = zp_webhooks_bump(self, txn);
    return end(self, txn, rc);
}

static zp_rc take_out(zp_webhooks *self, MDB_txn *txn, uint64_t id)
{
    zp_webhook webhook;
    zp_seq_key key = zp_seq_key_of(id);
    zp_rc rc = zp_webhooks_find(self, txn, id, &webhook);
    if (rc)
        return rc;
    uint64_t kept = webhook.logged < ZP_WEBHOOK_LOG ? webhook.logged : ZP_WEBHOOK_LOG;
    for (uint64_t i = webhook.logged - kept; i < webhook.logged && !rc; i++) {
        zp_webhook_log_key row = zp_webhook_log_key_of(id, i);
        rc = remove_key(txn, self->log, ZP_BYTES(row));
    }
    if (!rc)
        rc = remove_key(txn, self->endpoints, ZP_BYTES(key));
    return rc ? rc : zp_webhooks_bump(self, txn);
}

zp_rc zp_webhooks_remove(zp_webhooks *self, uint64_t id)
{
    MDB_txn *txn;
    zp_rc rc = zp_env_begin(&self->env, &txn);
    return rc ? rc : end(self, txn, take_out(self, txn, id));
}

/* ---- what ziping-webhooks has done ---- */

static zp_rc log_row(zp_webhooks *self, MDB_txn *txn, zp_webhook *webhook, const zp_webhook_row *row)
{
    zp_webhook_log_key key = zp_webhook_log_key_of(webhook->id, webhook->logged++);
    zp_buf_clear(&self->packed);
    zp_webhook_row_pack(row, &self->packed);
    zp_rc rc = put(self, txn, self->log, ZP_BYTES(key));
    if (rc || webhook->logged <= ZP_WEBHOOK_LOG)
        return rc;
    key = zp_webhook_log_key_of(webhook->id, webhook->logged - ZP_WEBHOOK_LOG - 1);
    return remove_key(txn, self->log, ZP_BYTES(key));
}

/* The notice is in the same transaction as the state that it tells of: one is never there without the other. */
static zp_rc disable(zp_webhooks *self, MDB_txn *txn, int64_t now_ms, const zp_webhook_step *step, zp_webhook *webhook)
{
    zp_notice_mark newest;
    zp_notice notice = {.endpoint = webhook->id,
                        .address = zp_str_of(step->address),
                        .reason = zp_str_of(step->disable),
                        .failing_since_ms = step->progress.failing_since_ms,
                        .mark = {.at_ms = now_ms}};
    size_t n = strnlen(step->disable, ZP_WEBHOOK_REASON);
    webhook->enabled = false;
    memcpy(webhook->reason, step->disable, n);
    webhook->reason[n] = '\0';
    zp_rc rc = zp_webhooks_newest(self, txn, &newest);
    if (rc)
        return rc;
    zp_seq_key key = zp_seq_key_of(newest.serial + 1);
    zp_buf_clear(&self->packed);
    zp_webhook_notice_pack(&notice, &self->packed);
    rc = put(self, txn, self->notices, ZP_BYTES(key));
    if (!rc && newest.serial >= ZP_NOTICES) {
        key = zp_seq_key_of(newest.serial + 1 - ZP_NOTICES);
        rc = remove_key(txn, self->notices, ZP_BYTES(key));
    }
    return rc ? rc : zp_webhooks_bump(self, txn);
}

static zp_rc take_step(zp_webhooks *self, MDB_txn *txn, int64_t now_ms, zp_webhook_step *step)
{
    zp_webhook webhook;
    zp_rc rc = zp_webhooks_find(self, txn, step->id, &webhook);
    if (rc == ZP_NOTFOUND || rc == ZP_CORRUPT) {
        step->stale = true;
        return ZP_OK;
    }
    step->stale = !rc && webhook.course != step->course;
    for (size_t i = 0; i < step->row_count && !rc; i++)
        rc = log_row(self, txn, &webhook, &step->rows[i]); /* whatever the course: it was sent */
    if (!rc && !step->stale) {
        webhook.progress = step->progress;
        if (step->disable && webhook.enabled)
            rc = disable(self, txn, now_ms, step, &webhook);
    }
    return rc ? rc : zp_webhooks_put(self, txn, &webhook);
}

zp_rc zp_webhooks_advance(zp_webhooks *self, int64_t now_ms, zp_webhook_step *steps, size_t count)
{
    MDB_txn *txn;
    zp_rc rc = zp_env_begin(&self->env, &txn);
    if (rc)
        return rc;
    for (size_t i = 0; i < count && !rc; i++)
        rc = take_step(self, txn, now_ms, &steps[i]);
    return end(self, txn, rc);
}

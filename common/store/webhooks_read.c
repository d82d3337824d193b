/*
 * webhooks_read.c - looking into the webhooks store: each look is one short read transaction.
 */
#include "store/webhooks_store.h"

#include "base/log.h"

#include <inttypes.h>

zp_webhook_log_key zp_webhook_log_key_of(uint64_t id, uint64_t count)
{
    zp_webhook_log_key key;
    zp_be64_put(key.b, id);
    zp_be64_put(key.b + 8, count);
    return key;
}

/* ---- within a transaction ---- */

zp_rc zp_webhooks_find(zp_webhooks *self, MDB_txn *txn, uint64_t id, zp_webhook *out)
{
    zp_seq_key key = zp_seq_key_of(id);
    zp_str record;
    zp_rc rc = zp_get_sealed(txn, self->endpoints, ZP_BYTES(key), &record);
    if (!rc)
        rc = zp_webhook_unpack(record, out);
    out->id = id;
    return rc;
}

zp_rc zp_webhooks_meta(zp_webhooks *self, MDB_txn *txn, const char *name, uint64_t *out)
{
    zp_str value;
    *out = 0;
    zp_rc rc = zp_get_sealed(txn, self->meta, zp_str_of(name), &value);
    if (rc)
        return rc == ZP_NOTFOUND ? ZP_OK : rc;
    if (value.n != sizeof *out)
        return ZP_CORRUPT;
    *out = zp_be64(value.p);
    return ZP_OK;
}

zp_rc zp_webhooks_newest(zp_webhooks *self, MDB_txn *txn, zp_notice_mark *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    zp_str store;
    *out = (zp_notice_mark){0};
    zp_rc rc = zp_get_sealed(txn, self->meta, ZP_STR(ZP_META_STORE), &store);
    if (rc || store.n != sizeof out->store)
        return rc ? rc : ZP_CORRUPT;
    memcpy(out->store, store.p, sizeof out->store);
    int code = mdb_cursor_open(txn, self->notices, &cursor);
    if (code)
        return zp_env_rc(code, "newest-notice");
    code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (code == 0) {
        zp_notice notice;
        zp_str record;
        out->serial = zp_be64(key.mv_data);
        rc = zp_unseal(value, &record);
        if (!rc)
            rc = zp_webhook_notice_unpack(record, &notice);
        out->at_ms = rc ? 0 : notice.mark.at_ms; /* a damaged one is told by nobody */
    }
    mdb_cursor_close(cursor);
    return code == 0 || code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "newest-notice");
}

/* ---- looks ---- */

zp_rc zp_webhooks_version(zp_webhooks *self, uint64_t *version)
{
    zp_rc rc = zp_read_begin(&self->env, &self->read);
    if (rc)
        return rc;
    rc = zp_webhooks_meta(self, self->read.txn, ZP_META_VERSION, version);
    zp_read_end(&self->read);
    return rc;
}

zp_rc zp_webhooks_get(zp_webhooks *self, uint64_t id, zp_webhook *out)
{
    zp_rc rc = zp_read_begin(&self->env, &self->read);
    if (rc)
        return rc;
    rc = zp_webhooks_find(self, self->read.txn, id, out);
    zp_read_end(&self->read);
    return rc;
}

zp_rc zp_webhooks_newest_notice(zp_webhooks *self, zp_notice_mark *out)
{
    zp_rc rc = zp_read_begin(&self->env, &self->read);
    if (rc)
        return rc;
    rc = zp_webhooks_newest(self, self->read.txn, out);
    zp_read_end(&self->read);
    return rc;
}

/* ---- walks ---- */

typedef zp_rc (*visit)(void *context, zp_str key, zp_str record); /* ZP_CLOSED: enough */

/* From the key on, in the order of keys. A record that is damaged is logged and passed over: the others have their
 * subscribers too. */
static zp_rc walk(MDB_txn *txn, MDB_dbi dbi, zp_str from, visit each, void *context)
{
    MDB_cursor *cursor;
    MDB_val key = zp_val(from), value;
    zp_rc rc = zp_env_rc(mdb_cursor_open(txn, dbi, &cursor), "webhooks");
    if (rc)
        return rc;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (code == 0 && !rc) {
        zp_str record;
        rc = zp_unseal(value, &record);
        if (!rc)
            rc = each(context, zp_val_str(key), record);
        if (rc == ZP_CORRUPT) {
            zp_log(ZP_ERROR, "webhook-record-damaged", "key=%" PRIu64, key.mv_size < 8 ? 0 : zp_be64(key.mv_data));
            rc = ZP_OK;
        }
        if (!rc)
            code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    if (rc == ZP_CLOSED || code == MDB_NOTFOUND)
        return ZP_OK;
    return rc ? rc : zp_env_rc(code, "webhooks");
}

typedef struct {
    uint64_t id;
    void *context;
    zp_webhook_each webhook;
    zp_webhook_row_each row;
    zp_notice_each notice;
    zp_notice_mark mark;
} show;

static zp_rc show_webhook(void *context, zp_str key, zp_str record)
{
    show *s = context;
    zp_webhook webhook;
    zp_rc rc = zp_webhook_unpack(record, &webhook);
    if (rc)
        return rc;
    webhook.id = zp_be64(key.p);
    return s->webhook(s->context, &webhook) ? ZP_OK : ZP_CLOSED;
}

zp_rc zp_webhooks_each(zp_webhooks *self, zp_webhook_each each, void *context)
{
    show s = {.webhook = each, .context = context};
    zp_seq_key from = zp_seq_key_of(0);
    zp_rc rc = zp_read_begin(&self->env, &self->read);
    if (rc)
        return rc;
    rc = walk(self->read.txn, self->endpoints, ZP_BYTES(from), show_webhook, &s);
    zp_read_end(&self->read);
    return rc;
}

static zp_rc compare(void *context, zp_str key, zp_str record)
{
    zp_webhook *wanted = context, other;
    zp_rc rc = zp_webhook_unpack(record, &other);
    if (rc)
        return rc;
    if (wanted->wants != other.wants || wanted->year != other.year || strcmp(wanted->unit, other.unit) != 0 ||
        strcmp(wanted->url, other.url) != 0)
        return ZP_OK;
    wanted->id = zp_be64(key.p);
    return ZP_CLOSED;
}

zp_rc zp_webhooks_twin(zp_webhooks *self, MDB_txn *txn, zp_webhook *webhook)
{
    zp_seq_key from = zp_seq_key_of(0);
    webhook->id = 0;
    zp_rc rc = walk(txn, self->endpoints, ZP_BYTES(from), compare, webhook);
    return rc || !webhook->id ? rc : ZP_EXISTS;
}

static zp_rc show_row(void *context, zp_str key, zp_str record)
{
    show *s = context;
    zp_webhook_row row;
    if (zp_be64(key.p) != s->id)
        return ZP_CLOSED;
    zp_rc rc = zp_webhook_row_unpack(record, &row);
    if (rc)
        return rc;
    return s->row(s->context, &row) ? ZP_OK : ZP_CLOSED;
}

zp_rc zp_webhooks_log(zp_webhooks *self, uint64_t id, uint64_t most, zp_webhook_row_each each, void *context)
{
    show s = {.id = id, .row = each, .context = context};
    zp_webhook webhook;
    zp_rc rc = zp_read_begin(&self->env, &self->read);
    if (rc)
        return rc;
    rc = zp_webhooks_find(self, self->read.txn, id, &webhook);
    if (!rc) {
        zp_webhook_log_key from = zp_webhook_log_key_of(id, webhook.logged > most ? webhook.logged - most : 0);
        rc = walk(self->read.txn, self->log, ZP_BYTES(from), show_row, &s);
    }
    zp_read_end(&self->read);
    return rc;
}

static zp_rc show_notice(void *context, zp_str key, zp_str record)
{
    show *s = context;
    zp_notice notice;
    zp_rc rc = zp_webhook_notice_unpack(record, &notice);
    if (rc)
        return rc;
    memcpy(notice.mark.store, s->mark.store, sizeof notice.mark.store);
    notice.mark.serial = zp_be64(key.p);
    return s->notice(s->context, &notice) ? ZP_OK : ZP_CLOSED;
}

zp_rc zp_webhooks_notices(zp_webhooks *self, uint64_t after, zp_notice_each each, void *context)
{
    show s = {.notice = each, .context = context};
    zp_seq_key from = zp_seq_key_of(after + 1);
    zp_rc rc = zp_read_begin(&self->env, &self->read);
    if (rc)
        return rc;
    rc = zp_webhooks_newest(self, self->read.txn, &s.mark);
    if (!rc)
        rc = walk(self->read.txn, self->notices, ZP_BYTES(from), show_notice, &s);
    zp_read_end(&self->read);
    return rc;
}

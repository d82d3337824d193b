/*
 * intake_read.c - looking into the intake store: any thread and process, each with its own reader.
 *
 * Each look is one short read transaction; what is found is copied out before it ends. A damaged record is reported,
 * never served.
 */
#include "base/log.h"
#include "store/intake_store.h"

#include <stdlib.h>

zp_rc zp_intake_reader_new(zp_intake *self, zp_intake_reader **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ZP_NOMEM;
    (*out)->store = self;
    return ZP_OK;
}

void zp_intake_reader_destroy(zp_intake_reader **self)
{
    if (!*self)
        return;
    zp_read_close(&(*self)->read);
    zp_buf_free(&(*self)->found);
    free(*self);
    *self = NULL;
}

static zp_rc begin(zp_intake_reader *self)
{
    return zp_read_begin(&self->store->env, &self->read);
}

zp_rc zp_intake_get(zp_intake_reader *self, const zp_id *id, zp_buf *out)
{
    zp_str record;
    zp_rc rc = begin(self);
    if (rc)
        return rc;
    rc = zp_get_sealed(self->read.txn, self->store->forms, ZP_BYTES(*id), &record);
    if (!rc)
        zp_buf_str(out, record);
    zp_read_end(&self->read);
    if (!rc && out->failed)
        rc = ZP_NOMEM;
    return rc;
}

zp_rc zp_intake_current(zp_intake_reader *self, const zp_form_key *key, zp_id *out)
{
    zp_revision current;
    if (!self->store->current)
        return ZP_INVALID;
    /* First the refs and then the view, so that what a ref stands for is in it unless its commit goes on. */
    zp_rc rc = zp_memo_find(self->store->current, key->b, &self->found);
    if (!rc)
        rc = begin(self);
    if (rc)
        return rc;
    rc = zp_known_current(self->store, self->read.txn, key, &self->found, &current);
    zp_read_end(&self->read);
    if (!rc)
        *out = current.receipt.id;
    return rc;
}

zp_rc zp_intake_by_key(zp_intake_reader *self, zp_str submitter, zp_str key, zp_id *out)
{
    zp_idempotency_key hashed;
    if (!self->store->keys)
        return ZP_INVALID;
    zp_idempotency_key_of(submitter, key, &hashed);
    zp_rc rc = zp_memo_find(self->store->keys, hashed.b, &self->found);
    if (!rc)
        rc = begin(self);
    if (rc)
        return rc;
    rc = zp_known_key(self->store, self->read.txn, &hashed, &self->found, out);
    zp_read_end(&self->read);
    return rc;
}

zp_rc zp_archived_find(zp_intake *self, MDB_txn *txn, const zp_id *id, int *year)
{
    zp_str bytes;
    zp_rc rc = zp_get_sealed(txn, self->archived, ZP_BYTES(*id), &bytes);
    if (!rc && bytes.n != 2)
        rc = ZP_CORRUPT;
    if (!rc)
        *year = (uint8_t)bytes.p[0] << 8 | (uint8_t)bytes.p[1];
    return rc;
}

zp_rc zp_intake_archived(zp_intake_reader *self, const zp_id *id, int *year)
{
    if (!self->store->archived)
        return ZP_NOTFOUND;
    zp_rc rc = begin(self);
    if (rc)
        return rc;
    rc = zp_archived_find(self->store, self->read.txn, id, year);
    zp_read_end(&self->read);
    return rc;
}

/* ---- pending ---- */

/* The form must be scored whatever became of its count, so damage there is reported and the count begins anew. */
static bool read_entry(const MDB_val *key, const MDB_val *value, zp_pending *out)
{
    zp_str attempts;
    if (key->mv_size != sizeof out->id.b)
        return false;
    memcpy(out->id.b, key->mv_data, sizeof out->id.b);
    out->attempts = 0;
    if (zp_unseal(*value, &attempts) == ZP_OK && attempts.n == sizeof out->attempts) {
        out->attempts = zp_be32(attempts.p);
        return true;
    }
    char text[ZP_ID_TEXT + 1];
    zp_id_format(&out->id, text);
    zp_log(ZP_ERROR, "pending-damaged", "id=%s attempts=0", text);
    return true;
}

/* To the first entry behind (or in front of) `from`; NULL: to the very first (last). */
static int seek(MDB_cursor *cursor, const zp_id *from, bool back, MDB_val *key, MDB_val *value)
{
    if (!from)
        return mdb_cursor_get(cursor, key, value, back ? MDB_LAST : MDB_FIRST);
    *key = zp_val(ZP_BYTES(*from));
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (back)
        return code == MDB_NOTFOUND ? mdb_cursor_get(cursor, key, value, MDB_LAST)
                                    : (code ? code : mdb_cursor_get(cursor, key, value, MDB_PREV));
    if (code == 0 && key->mv_size == sizeof from->b && memcmp(key->mv_data, from->b, sizeof from->b) == 0)
        code = mdb_cursor_get(cursor, key, value, MDB_NEXT);
    return code;
}

static zp_rc read_pending(zp_intake_reader *self, const zp_id *from, bool back, zp_pending *items, size_t max,
                          size_t *count)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    *count = 0;
    zp_rc rc = begin(self);
    if (rc)
        return rc;
    int code = mdb_cursor_open(self->read.txn, self->store->pending, &cursor);
    if (code == 0) {
        code = max ? seek(cursor, from, back, &key, &value) : 0;
        while (code == 0 && *count < max) {
            *count += read_entry(&key, &value, &items[*count]);
            code = mdb_cursor_get(cursor, &key, &value, back ? MDB_PREV : MDB_NEXT);
        }
        mdb_cursor_close(cursor);
    }
    zp_read_end(&self->read);
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "pending");
}

zp_rc zp_intake_pending(zp_intake_reader *self, const zp_id *after, zp_pending *items, size_t max, size_t *count)
{
    return read_pending(self, after, false, items, max, count);
}

zp_rc zp_intake_pending_back(zp_intake_reader *self, const zp_id *before, zp_pending *items, size_t max, size_t *count)
{
    return read_pending(self, before, true, items, max, count);
}

zp_rc zp_intake_is_pending(zp_intake_reader *self, const zp_id *id, bool *out)
{
    MDB_val key = zp_val(ZP_BYTES(*id)), value;
    zp_rc rc = begin(self);
    if (rc)
        return rc;
    int code = mdb_get(self->read.txn, self->store->pending, &key, &value);
    zp_read_end(&self->read);
    *out = code == 0;
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "pending");
}

/* ---- figures ---- */

static int entries(zp_intake_reader *self, MDB_dbi dbi, uint64_t *out)
{
    MDB_stat stat;
    int code = mdb_stat(self->read.txn, dbi, &stat);
    *out = code == 0 ? stat.ms_entries : 0;
    return code;
}

static int oldest_pending(zp_intake_reader *self, zp_intake_stats *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(self->read.txn, self->store->pending, &cursor);
    if (code)
        return code;
    code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    if (code == 0 && key.mv_size == sizeof out->oldest_pending.b) {
        out->has_oldest = true;
        memcpy(out->oldest_pending.b, key.mv_data, key.mv_size);
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? 0 : code;
}

zp_rc zp_intake_stat(zp_intake_reader *self, zp_intake_stats *out)
{
    zp_rc rc = begin(self);
    if (rc)
        return rc;
    *out = (zp_intake_stats){0};
    int code = entries(self, self->store->forms, &out->forms);
    if (!code)
        code = entries(self, self->store->pending, &out->pending);
    if (!code)
        code = entries(self, self->store->idempotency, &out->keys);
    if (!code)
        code = entries(self, self->store->revisions, &out->revisions);
    if (!code && self->store->archived)
        code = entries(self, self->store->archived, &out->archived);
    if (!code)
        code = oldest_pending(self, out);
    zp_read_end(&self->read);
    return zp_env_rc(code, "intake-stat");
}

/*
 * intake_commit.c - the group commit, and forgetting old keys. The committer's thread, the only writer.
 *
 * A batch is decided in a read transaction as long as nothing has to be written, so a storm of retries costs no write
 * transaction and no sync. From the first new submission on, everything happens in one write transaction, in
 * which later items see earlier ones. A write that fails aborts the whole transaction: nothing of the batch is stored
 * and every put says so. A single damaged record on file refuses only the put that needs it.
 */
#include "base/hook.h"
#include "base/log.h"
#include "codec/mp.h"
#include "codec/submission.h"
#include "store/intake_store.h"

enum { MAX_KEY = 255, MAX_FORM = 4 * ZP_MAX_BODY };

/* What would fail inside the transaction, and so sink the others, is kept out of it. */
static bool is_storable(const zp_put *put)
{
    return put->submitter.p && put->submitter.n <= ZP_MAX_CELL && put->idempotency_key.n <= MAX_KEY && put->form.p &&
           put->form.n <= MAX_FORM;
}

/* What is pending may have been failed a moment ago: the acknowledgement of that, still on its way, would take it out.
 */
static zp_rc decide_again(zp_intake *self, MDB_txn *txn, zp_put *put)
{
    MDB_val key = zp_val(ZP_BYTES(put->id)), value;
    zp_rc rc = zp_env_rc(mdb_get(txn, self->pending, &key, &value), "again");
    put->verdict = rc ? ZP_PUT_AGAIN : ZP_PUT_QUEUED;
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

static zp_rc decide(zp_intake *self, MDB_txn *txn, zp_put *put)
{
    if (put->again)
        return decide_again(self, txn, put);
    zp_rc rc = is_storable(put) ? zp_intake_decide(self, txn, put) : ZP_INVALID;
    if (rc != ZP_CORRUPT && rc != ZP_INVALID)
        return rc;
    put->verdict = ZP_PUT_REFUSED;
    zp_log(ZP_ERROR, "put-refused", "reason=\"%s\"", zp_rc_name(rc));
    return ZP_OK;
}

static bool has_to_be_written(const zp_put *put)
{
    return put->verdict == ZP_PUT_NEW || put->verdict == ZP_PUT_AGAIN ||
           (put->verdict == ZP_PUT_SAME && put->adopts_key);
}

/* Decides the puts up to the first that has to be written. */
static zp_rc look(zp_intake *self, zp_put **puts, size_t count, size_t *decided)
{
    zp_rc rc = zp_read_begin(&self->env, &self->look);
    if (rc)
        return rc;
    for (*decided = 0; *decided < count; ++*decided) {
        rc = decide(self, self->look.txn, puts[*decided]);
        if (rc || has_to_be_written(puts[*decided]))
            break;
    }
    zp_read_end(&self->look);
    return rc;
}

/*
 * All of the record but the form's own bytes, which stand last in it: so that they are copied once, from the request's
 * memory into the page.
 */
static zp_rc pack_head(zp_intake *self, const zp_put *put)
{
    static const char empty_bin[] = {(char)0xc4, 0};
    zp_buf *head = &self->head;
    zp_submission record = {.received_ms = put->received_ms,
                            .revision = put->revision,
                            .has_replaces = put->has_if_match,
                            .first = put->first,
                            .replaces = put->if_match,
                            .has_copied_from = put->has_copied_from,
                            .copied_from = put->copied_from,
                            .submitter = put->submitter,
                            .idempotency_key = put->idempotency_key,
                            .digest = put->digest,
                            .form = ZP_STR("")};
    zp_buf_clear(head);
    zp_submission_pack(&record, head);
    if (head->failed)
        return ZP_NOMEM;
    if (head->n < sizeof empty_bin || memcmp(head->p + head->n - sizeof empty_bin, empty_bin, sizeof empty_bin) != 0)
        return ZP_INVALID;
    head->n -= sizeof empty_bin;
    msgpack_packer packer;
    zp_mp_packer(&packer, head);
    msgpack_pack_bin(&packer, put->form.n);
    return head->failed ? ZP_NOMEM : ZP_OK;
}

/* `since`: an id whose time is when the key was first sent, from which on it lives as long as a season. */
static zp_rc write_key(zp_intake *self, MDB_txn *txn, const zp_put *put, const zp_id *since)
{
    zp_key_use use = {.id = put->id};
    zp_idempotency_key_of(put->submitter, put->idempotency_key, &use.key);
    zp_key_use_bytes bytes = zp_key_use_pack(&use);
    zp_str record = ZP_BYTES(bytes);
    zp_rc rc = zp_put_sealed(txn, self->idempotency, ZP_BYTES(*since), &record, 1, MDB_APPEND | MDB_NOOVERWRITE);
    return rc ? rc : zp_known_add_key(self, &use.key, since);
}

static zp_rc write_new(zp_intake *self, MDB_txn *txn, int64_t now_ms, zp_put *put)
{
    static const uint8_t no_attempts[4];
    zp_rc rc = zp_id_next(&self->ids, now_ms, &put->id);
    if (rc)
        return rc;
    put->received_ms = now_ms; /* not the id's, which never goes back when the clock does */
    rc = pack_head(self, put);
    if (rc)
        return rc;
    const zp_str record[] = {zp_buf_view(&self->head), put->form};
    zp_revision revision = {put->form_key, {put->id, put->digest, put->revision}};
    zp_revision_bytes revision_bytes = zp_revision_pack(&revision);
    zp_str entry = ZP_BYTES(revision_bytes), attempts = {(const char *)no_attempts, sizeof no_attempts};
    rc = zp_put_sealed(txn, self->forms, ZP_BYTES(put->id), record, 2, MDB_APPEND | MDB_NOOVERWRITE);
    if (!rc)
        rc = zp_put_sealed(txn, self->pending, ZP_BYTES(put->id), &attempts, 1, MDB_APPEND);
    if (!rc)
        rc = zp_put_sealed(txn, self->revisions, ZP_BYTES(put->id), &entry, 1, MDB_APPEND | MDB_NOOVERWRITE);
    if (!rc)
        rc = zp_known_add(self, &put->form_key, &put->id, put->has_if_match ? &put->if_match : NULL);
    if (!rc && zp_str_present(put->idempotency_key))
        rc = write_key(self, txn, put, &put->id);
    return rc;
}

static zp_rc write_adopted_key(zp_intake *self, MDB_txn *txn, int64_t now_ms, const zp_put *put)
{
    zp_id since;
    zp_rc rc = zp_id_next(&self->ids, now_ms, &since);
    return rc ? rc : write_key(self, txn, put, &since);
}

/* Only of what is still pending: a bump that crossed an acknowledgement must not bring it back, unless it is meant to.
 */
static zp_rc write_bumps(zp_intake *self, MDB_txn *txn, const zp_pending *bumps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t number[4];
        MDB_val key = zp_val(ZP_BYTES(bumps[i].id)), value;
        zp_rc rc = zp_env_rc(mdb_get(txn, self->pending, &key, &value), "bump");
        if (rc == ZP_NOTFOUND && !bumps[i].again)
            continue;
        if (rc == ZP_NOTFOUND)
            rc = ZP_OK;
        zp_be32_put(number, bumps[i].attempts);
        zp_str attempts = {(const char *)number, sizeof number};
        if (!rc)
            rc = zp_put_sealed(txn, self->pending, ZP_BYTES(bumps[i].id), &attempts, 1, 0);
        if (rc)
            return rc;
    }
    return ZP_OK;
}

static zp_rc write_puts(zp_intake *self, MDB_txn *txn, int64_t now_ms, zp_put **puts, size_t count)
{
    zp_rc rc = ZP_OK;
    for (size_t i = 0; i < count && !rc; i++) {
        rc = decide(self, txn, puts[i]);
        if (!rc && puts[i]->verdict == ZP_PUT_NEW)
            rc = write_new(self, txn, now_ms, puts[i]);
        else if (!rc && puts[i]->verdict == ZP_PUT_AGAIN)
            rc = write_bumps(self, txn, &(zp_pending){.id = puts[i]->id, .again = true}, 1);
        else if (!rc && has_to_be_written(puts[i]))
            rc = write_adopted_key(self, txn, now_ms, puts[i]);
    }
    return rc;
}

static zp_rc write_acks(zp_intake *self, MDB_txn *txn, const zp_id *acks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        MDB_val key = zp_val(ZP_BYTES(acks[i]));
        zp_rc rc = zp_env_rc(mdb_del(txn, self->pending, &key, NULL), "ack");
        if (rc && rc != ZP_NOTFOUND)
            return rc;
    }
    return ZP_OK;
}

static void give_all(zp_put **puts, size_t count, zp_put_verdict verdict)
{
    for (size_t i = 0; i < count; i++)
        puts[i]->verdict = verdict;
}

zp_rc zp_intake_commit(zp_intake *self, int64_t now_ms, zp_put **puts, size_t put_count, const zp_id *acks,
                       size_t ack_count, const zp_pending *bumps, size_t bump_count)
{
    size_t decided = 0;
    MDB_txn *txn = NULL;
    zp_rc rc = look(self, puts, put_count, &decided);
    if (!rc && decided == put_count && ack_count == 0 && bump_count == 0)
        return ZP_OK;
    if (!rc)
        rc = zp_env_begin(&self->env, &txn);
    if (!rc)
        rc = write_puts(self, txn, now_ms, puts + decided, put_count - decided);
    if (!rc)
        rc = write_acks(self, txn, acks, ack_count);
    if (!rc)
        rc = write_bumps(self, txn, bumps, bump_count);
    ZP_HOOK("intake-written", ZP_STR(""));
    if (!rc)
        rc = zp_env_commit(&self->env, txn); /* from here on the new ones are ours to score */
    else if (txn)
        mdb_txn_abort(txn);
    zp_known_settle(self, rc);
    if (rc)
        give_all(puts, put_count, rc == ZP_IN_DOUBT ? ZP_PUT_IN_DOUBT : ZP_PUT_REFUSED);
    ZP_HOOK("intake-committed", ZP_STR(""));
    return rc;
}

/* ---- forgetting keys ---- */

static bool has_expired(const MDB_val *key, int64_t before_ms)
{
    zp_id id;
    if (key->mv_size != sizeof id.b)
        return false;
    memcpy(id.b, key->mv_data, sizeof id.b);
    return zp_id_ms(&id) < before_ms;
}

static zp_rc is_something_expired(zp_intake *self, int64_t before_ms, bool *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    *out = false;
    zp_rc rc = zp_read_begin(&self->env, &self->look);
    if (rc)
        return rc;
    int code = mdb_cursor_open(self->look.txn, self->idempotency, &cursor);
    if (code == 0) {
        code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
        *out = code == 0 && has_expired(&key, before_ms);
        mdb_cursor_close(cursor);
    }
    zp_read_end(&self->look);
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "expire-keys");
}

static zp_rc forget_one(zp_intake *self, MDB_cursor *cursor, const MDB_val *key, const MDB_val *value)
{
    zp_id since;
    zp_str bytes;
    zp_key_use use;
    memcpy(since.b, key->mv_data, sizeof since.b);
    zp_rc rc = zp_unseal(*value, &bytes);
    if (!rc)
        rc = zp_key_use_unpack(bytes, &use);
    if (!rc)
        rc = zp_known_drop_key(self, &use.key, &since);
    else
        /* It stays known, and what is known without a record is nothing. */
        zp_log(ZP_ERROR, "key-damaged", "path=%s", self->env.path);
    return rc && rc != ZP_CORRUPT ? rc : zp_env_rc(mdb_cursor_del(cursor, 0), "expire-keys");
}

static zp_rc forget(zp_intake *self, MDB_txn *txn, int64_t before_ms, size_t max, size_t *removed)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(txn, self->idempotency, &cursor);
    zp_rc rc = zp_env_rc(code, "expire-keys");
    if (rc)
        return rc;
    while (*removed < max && !rc) {
        code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
        if (code || !has_expired(&key, before_ms)) {
            rc = code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "expire-keys");
            break;
        }
        rc = forget_one(self, cursor, &key, &value);
        *removed += !rc;
    }
    mdb_cursor_close(cursor);
    return rc;
}

zp_rc zp_intake_expire_keys(zp_intake *self, int64_t before_ms, size_t max, size_t *removed)
{
    bool something;
    MDB_txn *txn;
    *removed = 0;
    zp_rc rc = is_something_expired(self, before_ms, &something);
    if (rc || !something || max == 0)
        return rc;
    rc = zp_env_begin(&self->env, &txn);
    if (rc)
        return rc;
    rc = forget(self, txn, before_ms, max, removed);
    if (!rc)
        rc = zp_env_commit(&self->env, txn);
    else
        mdb_txn_abort(txn);
    zp_known_settle(self, rc);
    if (rc)
        *removed = 0;
    return rc;
}

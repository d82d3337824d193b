/*
 * intake_known.c - what the process that writes knows by heart: of each form, which submission is its current revision;
 * of each idempotency key, where it stands.
 *
 * Learnt from revisions and idempotency when the store is opened. The committer adds what it stores before the commit,
 * so that the later items of a batch see the earlier ones, and takes it back when the transaction is aborted. What is
 * replaced stays until the commit has returned. So whoever asks finds too much at worst: an id whose record is not in
 * his view is none, and of two revisions the newer counts. A commit in doubt leaves both for that reason.
 */
#include "base/log.h"
#include "codec/submission.h"
#include "store/intake_store.h"
#include "store/scan.h"
#include "store/warm.h"

/* ---- what a ref stands for ---- */

/* The only record whose key, an id, begins so. */
static zp_rc find(MDB_txn *txn, MDB_dbi dbi, zp_memo_ref ref, zp_id *id, zp_str *bytes)
{
    MDB_cursor *cursor;
    zp_seq_key begin = zp_seq_key_of(ref);
    MDB_val key = zp_val(ZP_BYTES(begin)), value;
    zp_rc rc = zp_env_rc(mdb_cursor_open(txn, dbi, &cursor), "find-known");
    if (rc)
        return rc;
    rc = zp_env_rc(mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE), "find-known");
    mdb_cursor_close(cursor);
    if (!rc && (key.mv_size != sizeof id->b || memcmp(key.mv_data, begin.b, sizeof begin.b) != 0))
        rc = ZP_NOTFOUND;
    if (rc)
        return rc;
    memcpy(id->b, key.mv_data, sizeof id->b);
    return zp_unseal(value, bytes);
}

zp_rc zp_known_revision(zp_intake *self, MDB_txn *txn, zp_memo_ref ref, zp_revision *out)
{
    zp_id id;
    zp_str bytes;
    zp_rc rc = find(txn, self->revisions, ref, &id, &bytes);
    return rc ? rc : zp_revision_unpack(bytes, &id, out);
}

zp_rc zp_known_key_use(zp_intake *self, MDB_txn *txn, zp_memo_ref ref, zp_key_use *out)
{
    zp_id since;
    zp_str bytes;
    zp_rc rc = find(txn, self->idempotency, ref, &since, &bytes);
    return rc ? rc : zp_key_use_unpack(bytes, out);
}

zp_rc zp_known_current(zp_intake *self, MDB_txn *txn, const zp_form_key *form, const zp_buf *found, zp_revision *out)
{
    bool any = false;
    zp_revision one;
    zp_memo_ref ref;
    for (size_t i = 0; (ref = zp_memo_found(found, i)); i++) {
        zp_rc rc = zp_known_revision(self, txn, ref, &one);
        if (rc && rc != ZP_NOTFOUND)
            return rc;
        if (rc || !zp_form_key_eq(&one.form, form) || (any && one.receipt.revision < out->receipt.revision))
            continue;
        *out = one;
        any = true;
    }
    return any ? ZP_OK : ZP_NOTFOUND;
}

zp_rc zp_known_key(zp_intake *self, MDB_txn *txn, const zp_idempotency_key *key, const zp_buf *found, zp_id *out)
{
    zp_key_use use;
    zp_memo_ref ref;
    for (size_t i = 0; (ref = zp_memo_found(found, i)); i++) {
        zp_rc rc = zp_known_key_use(self, txn, ref, &use);
        if (rc && rc != ZP_NOTFOUND)
            return rc;
        if (rc || !zp_idempotency_key_eq(&use.key, key))
            continue;
        *out = use.id;
        return ZP_OK;
    }
    return ZP_NOTFOUND;
}

/* ---- what the transaction changes ---- */

typedef struct {
    zp_memo *memo;
    uint8_t key[ZP_MEMO_KEY];
    zp_memo_ref ref;
    bool comes; /* or goes, once the commit has returned */
} change;

static zp_rc add(zp_intake *self, zp_memo *memo, const uint8_t key[ZP_MEMO_KEY], const zp_id *id, bool comes)
{
    change one = {.memo = memo, .ref = zp_memo_ref_of(id), .comes = comes};
    memcpy(one.key, key, sizeof one.key);
    if (!zp_buf_reserve(&self->changes, sizeof one))
        return ZP_NOMEM;
    zp_rc rc = comes ? zp_memo_add(memo, key, one.ref) : ZP_OK;
    if (!rc)
        zp_buf_add(&self->changes, &one, sizeof one);
    return rc;
}

zp_rc zp_known_add(zp_intake *self, const zp_form_key *form, const zp_id *id, const zp_id *before)
{
    zp_rc rc = add(self, self->current, form->b, id, true);
    return rc || !before ? rc : add(self, self->current, form->b, before, false);
}

zp_rc zp_known_add_key(zp_intake *self, const zp_idempotency_key *key, const zp_id *since)
{
    return add(self, self->keys, key->b, since, true);
}

zp_rc zp_known_drop_key(zp_intake *self, const zp_idempotency_key *key, const zp_id *since)
{
    return add(self, self->keys, key->b, since, false);
}

void zp_known_settle(zp_intake *self, zp_rc rc)
{
    change one;
    for (size_t at = 0; at < self->changes.n && rc != ZP_IN_DOUBT; at += sizeof one) {
        memcpy(&one, self->changes.p + at, sizeof one);
        if (one.comes == (rc != ZP_OK))
            zp_memo_remove(one.memo, one.key, one.ref);
    }
    zp_buf_clear(&self->changes);
}

/* ---- learning ---- */

typedef struct {
    zp_intake *store;
    MDB_txn *txn;
} lesson;

/* Out of the form itself. */
static bool read_form_key(lesson *l, zp_str id, zp_form_key *out)
{
    zp_str bytes;
    zp_submission submission;
    zp_form form;
    if (zp_get_sealed(l->txn, l->store->forms, id, &bytes) || zp_submission_unpack(bytes, &submission) ||
        zp_form_unpack_header(submission.form, &form))
        return false;
    zp_form_key_of(zp_form_year(&form), form.unit, form.project_name, out);
    return true;
}

/*
 * Of a damaged record it has to be known as well, or its form would pass for a new one: with this, whoever sends the
 * form again meets the damage and is refused. *revision is 1: nobody can say what it replaced.
 */
static void make_out(lesson *l, const zp_id *id, MDB_val value, zp_revision *out)
{
    char text[ZP_ID_TEXT + 1];
    *out = (zp_revision){.receipt = {.id = *id, .revision = 1}};
    if (!read_form_key(l, ZP_BYTES(*id), &out->form))
        memcpy(out->form.b, (const char *)value.mv_data + ZP_SEAL, sizeof out->form.b);
    zp_id_format(id, text);
    zp_log(ZP_ERROR, "revision-damaged", "id=%s remedy=\"ziping verify; restore from a copy\"", text);
}

/* Takes out what the revision replaced. */
static zp_rc forget_before(lesson *l, const zp_revision *newer)
{
    zp_intake *store = l->store;
    zp_revision older;
    zp_memo_ref ref;
    zp_rc rc = zp_memo_find(store->current, newer->form.b, &store->found);
    for (size_t i = 0; !rc && (ref = zp_memo_found(&store->found, i)); i++)
        if (zp_known_revision(store, l->txn, ref, &older) == ZP_OK && zp_form_key_eq(&older.form, &newer->form))
            zp_memo_remove(store->current, newer->form.b, ref);
    return rc;
}

static zp_rc learn_revision(void *context, zp_str key, MDB_val value)
{
    lesson *l = context;
    zp_id id;
    zp_str bytes;
    zp_revision revision;
    if (key.n != sizeof id.b || value.mv_size != ZP_SEAL + sizeof(zp_revision_bytes))
        return ZP_CONFLICT;
    memcpy(id.b, key.p, sizeof id.b);
    if (zp_unseal(value, &bytes) || zp_revision_unpack(bytes, &id, &revision))
        make_out(l, &id, value, &revision);
    zp_rc rc = revision.receipt.revision > 1 ? forget_before(l, &revision) : ZP_OK;
    return rc ? rc : zp_memo_add(l->store->current, revision.form.b, zp_memo_ref_of(&id));
}

/* Damaged or not: see make_out. */
static zp_rc learn_key(void *context, zp_str key, MDB_val value)
{
    lesson *l = context;
    zp_id since;
    zp_key_use use;
    if (key.n != sizeof since.b || value.mv_size != ZP_SEAL + sizeof(zp_key_use_bytes))
        return ZP_CONFLICT;
    memcpy(since.b, key.p, sizeof since.b);
    zp_rc rc = zp_key_use_unpack((zp_str){(const char *)value.mv_data + ZP_SEAL, value.mv_size - ZP_SEAL}, &use);
    return rc ? rc : zp_memo_add(l->store->keys, use.key.b, zp_memo_ref_of(&since));
}

static zp_rc learn(lesson *l, MDB_dbi dbi, zp_memo *memo, zp_scan_each each)
{
    MDB_stat stat;
    zp_scan_place place = {.begun = false};
    zp_rc rc = zp_env_rc(mdb_stat(l->txn, dbi, &stat), "learn");
    if (!rc)
        rc = zp_memo_reserve(memo, stat.ms_entries);
    if (!rc && stat.ms_entries >= ZP_WARM_FROM)
        zp_warm(&l->store->env, dbi);
    for (bool more = true; more && !rc;)
        rc = zp_scan_slice(l->txn, dbi, &place, each, l, &more);
    return rc;
}

static zp_rc learn_all(zp_intake *self)
{
    lesson l = {.store = self};
    zp_rc rc = zp_read_begin(&self->env, &self->look);
    if (rc)
        return rc;
    l.txn = self->look.txn;
    rc = learn(&l, self->revisions, self->current, learn_revision);
    if (!rc)
        rc = learn(&l, self->idempotency, self->keys, learn_key);
    zp_read_end(&self->look);
    return rc;
}

zp_rc zp_known_open(zp_intake *self)
{
    zp_rc rc = zp_memo_new(NULL, &self->current);
    if (!rc)
        rc = zp_memo_new(NULL, &self->keys);
    if (!rc)
        rc = learn_all(self);
    return rc;
}

void zp_known_close(zp_intake *self)
{
    zp_memo_destroy(&self->current);
    zp_memo_destroy(&self->keys);
    zp_buf_free(&self->changes);
}

/*
 * intake_decide.c - what becomes of one submission: is it a retry, a new revision, a conflict? Reads only, within the
 * transaction that it is given; the committer's thread.
 *
 * The rules, in this order: an archived season takes nothing, whatever the key. A known idempotency key decides alone
 * (same content or misuse). Then the form: content that is on file is the same submission; a form on file is only
 * replaced by naming its current revision. A retry of a replacement names a revision that is not current any more (its
 * own first try replaced that one), so the revision that came after the named one is compared before it is called
 * stale.
 */
#include "codec/submission.h"
#include "store/intake_store.h"

enum { DIGEST_AT = 16, REVISION_AT = 48 };

zp_receipt_bytes zp_receipt_pack(const zp_receipt *receipt)
{
    zp_receipt_bytes bytes;
    memcpy(bytes.b, receipt->id.b, sizeof receipt->id.b);
    memcpy(bytes.b + DIGEST_AT, receipt->digest.b, sizeof receipt->digest.b);
    zp_be32_put(bytes.b + REVISION_AT, receipt->revision);
    return bytes;
}

zp_rc zp_receipt_unpack(zp_str bytes, zp_receipt *out)
{
    if (bytes.n != sizeof(zp_receipt_bytes))
        return ZP_CORRUPT;
    memcpy(out->id.b, bytes.p, sizeof out->id.b);
    memcpy(out->digest.b, bytes.p + DIGEST_AT, sizeof out->digest.b);
    out->revision = zp_be32(bytes.p + REVISION_AT);
    return ZP_OK;
}

static zp_rc find_receipt(MDB_txn *txn, MDB_dbi dbi, zp_str key, zp_receipt *out)
{
    zp_str bytes;
    zp_rc rc = zp_get_sealed(txn, dbi, key, &bytes);
    return rc ? rc : zp_receipt_unpack(bytes, out);
}

static zp_rc find_revision(zp_intake *self, MDB_txn *txn, const zp_form_key *form, uint32_t revision, zp_receipt *out)
{
    zp_revision_key key = zp_revision_key_of(form, revision);
    return find_receipt(txn, self->revisions, ZP_BYTES(key), out);
}

/* The last key that begins with its key. */
zp_rc zp_intake_find_current(zp_intake *self, MDB_txn *txn, const zp_form_key *form, zp_receipt *out)
{
    zp_revision_key end = zp_revision_key_of(form, UINT32_MAX);
    MDB_cursor *cursor;
    MDB_val key = zp_val(ZP_BYTES(end)), value;
    int code = mdb_cursor_open(txn, self->revisions, &cursor);
    if (code)
        return zp_env_rc(code, "current-revision");
    code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (code == 0)
        code = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    else if (code == MDB_NOTFOUND)
        code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    zp_rc rc = zp_env_rc(code, "current-revision");
    if (!rc && (key.mv_size != sizeof end.b || memcmp(key.mv_data, form->b, sizeof form->b) != 0))
        rc = ZP_NOTFOUND;
    zp_str bytes;
    if (!rc)
        rc = zp_unseal(value, &bytes);
    if (!rc)
        rc = zp_receipt_unpack(bytes, out);
    mdb_cursor_close(cursor);
    return rc;
}

static bool has_content(const zp_receipt *receipt, const zp_put *put)
{
    return memcmp(receipt->digest.b, put->digest.b, sizeof put->digest.b) == 0;
}

static zp_rc same_as(zp_put *put, const zp_receipt *first)
{
    put->verdict = ZP_PUT_SAME;
    put->adopts_key = false;
    put->id = first->id;
    put->revision = first->revision;
    return ZP_OK;
}

static zp_rc conflict(zp_put *put, zp_put_verdict verdict, const zp_receipt *current)
{
    put->verdict = verdict;
    put->current = current->id;
    return ZP_OK;
}

static zp_rc first_revision(zp_put *put)
{
    put->verdict = ZP_PUT_NEW;
    put->revision = 1;
    return ZP_OK;
}

static zp_rc next_revision(zp_intake *self, MDB_txn *txn, zp_put *put, const zp_receipt *current)
{
    zp_receipt first = *current;
    zp_rc rc = current->revision == 1 ? ZP_OK : find_revision(self, txn, &put->form_key, 1, &first);
    if (rc)
        return rc == ZP_NOTFOUND ? ZP_CORRUPT : rc;
    put->verdict = ZP_PUT_NEW;
    put->revision = current->revision + 1;
    put->first = first.id;
    return ZP_OK;
}

/* What replaced the named revision of this form; ZP_NOTFOUND when the name is not one of its revisions. */
static zp_rc find_successor(zp_intake *self, MDB_txn *txn, const zp_put *put, zp_receipt *out)
{
    zp_str bytes;
    zp_submission named;
    zp_receipt receipt;
    zp_rc rc = zp_get_sealed(txn, self->forms, ZP_BYTES(put->if_match), &bytes);
    if (!rc)
        rc = zp_submission_unpack(bytes, &named);
    if (!rc)
        rc = find_revision(self, txn, &put->form_key, named.revision, &receipt);
    if (!rc && zp_id_cmp(&receipt.id, &put->if_match) != 0)
        rc = ZP_NOTFOUND;
    return rc ? rc : find_revision(self, txn, &put->form_key, named.revision + 1, out);
}

static zp_rc decide_replacement(zp_intake *self, MDB_txn *txn, zp_put *put, const zp_receipt *current)
{
    zp_receipt successor;
    if (zp_id_cmp(&put->if_match, &current->id) == 0)
        return has_content(current, put) ? same_as(put, current) : next_revision(self, txn, put, current);
    zp_rc rc = find_successor(self, txn, put, &successor);
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    if (!rc && has_content(&successor, put))
        return same_as(put, &successor);
    return conflict(put, ZP_PUT_STALE, current);
}

/* Only the first revision can have been sent without naming one, so a retry is that one or, as a courtesy, the current.
 */
static zp_rc decide_unnamed(zp_intake *self, MDB_txn *txn, zp_put *put, const zp_receipt *current)
{
    zp_receipt first;
    if (has_content(current, put))
        return same_as(put, current);
    zp_rc rc = find_revision(self, txn, &put->form_key, 1, &first);
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    if (!rc && has_content(&first, put))
        return same_as(put, &first);
    return conflict(put, ZP_PUT_ON_FILE, current);
}

static zp_rc decide_by_form(zp_intake *self, MDB_txn *txn, zp_put *put)
{
    zp_receipt current = {0};
    zp_rc rc = zp_intake_find_current(self, txn, &put->form_key, &current);
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    if (rc == ZP_NOTFOUND) {
        if (!put->has_if_match)
            return first_revision(put);
        put->verdict = ZP_PUT_NO_SUCH;
        return ZP_OK;
    }
    return put->has_if_match ? decide_replacement(self, txn, put, &current) : decide_unnamed(self, txn, put, &current);
}

zp_rc zp_intake_decide(zp_intake *self, MDB_txn *txn, zp_put *put)
{
    if (zp_seasons_state(&self->seasons, put->year) != ZP_SEASON_OPEN) {
        put->verdict = ZP_PUT_CLOSED;
        return ZP_OK;
    }
    if (!zp_str_present(put->idempotency_key))
        return decide_by_form(self, txn, put);
    zp_idempotency_key key;
    zp_receipt known;
    zp_idempotency_key_of(put->submitter, put->idempotency_key, &key);
    zp_rc rc = find_receipt(txn, self->idempotency, ZP_BYTES(key), &known);
    if (rc == ZP_NOTFOUND) {
        rc = decide_by_form(self, txn, put);
        put->adopts_key = !rc && put->verdict == ZP_PUT_SAME;
        return rc;
    }
    if (rc)
        return rc;
    if (has_content(&known, put))
        return same_as(put, &known);
    put->verdict = ZP_PUT_KEY_REUSED;
    return ZP_OK;
}

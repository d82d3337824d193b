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

enum { DIGEST_AT = 16, REVISION_AT = 48, ID_AT = 16 };

zp_revision_bytes zp_revision_pack(const zp_revision *revision)
{
    zp_revision_bytes bytes;
    memcpy(bytes.b, revision->form.b, sizeof revision->form.b);
    memcpy(bytes.b + DIGEST_AT, revision->receipt.digest.b, sizeof revision->receipt.digest.b);
    zp_be32_put(bytes.b + REVISION_AT, revision->receipt.revision);
    return bytes;
}

zp_rc zp_revision_unpack(zp_str bytes, const zp_id *id, zp_revision *out)
{
    if (bytes.n != sizeof(zp_revision_bytes))
        return ZP_CORRUPT;
    memcpy(out->form.b, bytes.p, sizeof out->form.b);
    memcpy(out->receipt.digest.b, bytes.p + DIGEST_AT, sizeof out->receipt.digest.b);
    out->receipt.revision = zp_be32(bytes.p + REVISION_AT);
    out->receipt.id = *id;
    return ZP_OK;
}

zp_key_use_bytes zp_key_use_pack(const zp_key_use *use)
{
    zp_key_use_bytes bytes;
    memcpy(bytes.b, use->key.b, sizeof use->key.b);
    memcpy(bytes.b + ID_AT, use->id.b, sizeof use->id.b);
    return bytes;
}

zp_rc zp_key_use_unpack(zp_str bytes, zp_key_use *out)
{
    if (bytes.n != sizeof(zp_key_use_bytes))
        return ZP_CORRUPT;
    memcpy(out->key.b, bytes.p, sizeof out->key.b);
    memcpy(out->id.b, bytes.p + ID_AT, sizeof out->id.b);
    return ZP_OK;
}

zp_rc zp_revision_find(zp_intake *self, MDB_txn *txn, const zp_id *id, zp_revision *out)
{
    zp_str bytes;
    zp_rc rc = zp_get_sealed(txn, self->revisions, ZP_BYTES(*id), &bytes);
    return rc ? rc : zp_revision_unpack(bytes, id, out);
}

/* Of a submission that others refer to, so it has to be there. */
static zp_rc find_submission(zp_intake *self, MDB_txn *txn, const zp_id *id, zp_submission *out)
{
    zp_str bytes;
    zp_rc rc = zp_get_sealed(txn, self->forms, ZP_BYTES(*id), &bytes);
    if (!rc)
        rc = zp_submission_unpack(bytes, out);
    return rc == ZP_NOTFOUND ? ZP_CORRUPT : rc;
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

/* Each revision above the first names the first. */
static zp_rc find_first(zp_intake *self, MDB_txn *txn, const zp_receipt *current, zp_id *out)
{
    zp_submission submission;
    *out = current->id;
    if (current->revision == 1)
        return ZP_OK;
    zp_rc rc = find_submission(self, txn, &current->id, &submission);
    if (!rc)
        *out = submission.first;
    return rc;
}

static zp_rc next_revision(zp_intake *self, MDB_txn *txn, zp_put *put, const zp_receipt *current)
{
    zp_rc rc = find_first(self, txn, current, &put->first);
    if (rc)
        return rc;
    put->verdict = ZP_PUT_NEW;
    put->revision = current->revision + 1;
    return ZP_OK;
}

/* Back from the current one, as each names the one that it replaced: one record for each that came since. */
static zp_rc walk_back(zp_intake *self, MDB_txn *txn, const zp_receipt *current, uint32_t revision, zp_receipt *out)
{
    *out = *current;
    while (out->revision > revision) {
        zp_submission submission;
        zp_rc rc = find_submission(self, txn, &out->id, &submission);
        if (!rc && submission.revision != out->revision)
            rc = ZP_CORRUPT;
        if (rc)
            return rc;
        out->id = submission.replaces;
        out->revision--;
    }
    return ZP_OK;
}

/* What replaced the named revision of this form; ZP_NOTFOUND when the name is not one of its revisions. */
static zp_rc find_successor(zp_intake *self, MDB_txn *txn, const zp_put *put, const zp_receipt *current,
                            zp_receipt *out)
{
    zp_revision revision;
    zp_rc rc = zp_revision_find(self, txn, &put->if_match, &revision);
    if (!rc && (memcmp(&revision.form, &put->form_key, sizeof revision.form) != 0 ||
                revision.receipt.revision >= current->revision))
        rc = ZP_NOTFOUND;
    if (!rc)
        rc = walk_back(self, txn, current, revision.receipt.revision + 1, out);
    if (!rc)
        rc = zp_revision_find(self, txn, &out->id, &revision);
    if (!rc)
        *out = revision.receipt;
    return rc;
}

static zp_rc decide_replacement(zp_intake *self, MDB_txn *txn, zp_put *put, const zp_receipt *current)
{
    zp_receipt successor;
    if (zp_id_cmp(&put->if_match, &current->id) == 0)
        return has_content(current, put) ? same_as(put, current) : next_revision(self, txn, put, current);
    zp_rc rc = find_successor(self, txn, put, current, &successor);
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
    zp_id id;
    zp_revision first;
    if (has_content(current, put))
        return same_as(put, current);
    zp_rc rc = find_first(self, txn, current, &id);
    if (!rc)
        rc = zp_revision_find(self, txn, &id, &first);
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    if (!rc && has_content(&first.receipt, put))
        return same_as(put, &first.receipt);
    return conflict(put, ZP_PUT_ON_FILE, current);
}

static zp_rc decide_by_form(zp_intake *self, MDB_txn *txn, zp_put *put)
{
    zp_revision current = {0};
    zp_rc rc = zp_memo_find(self->current, put->form_key.b, &self->found);
    if (!rc)
        rc = zp_known_current(self, txn, &put->form_key, &self->found, &current);
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    if (rc == ZP_NOTFOUND) {
        if (!put->has_if_match)
            return first_revision(put);
        put->verdict = ZP_PUT_NO_SUCH;
        return ZP_OK;
    }
    return put->has_if_match ? decide_replacement(self, txn, put, &current.receipt)
                             : decide_unnamed(self, txn, put, &current.receipt);
}

/* What a known key stands for. */
static zp_rc find_by_key(zp_intake *self, MDB_txn *txn, const zp_put *put, zp_revision *out)
{
    zp_idempotency_key key;
    zp_id id;
    zp_idempotency_key_of(put->submitter, put->idempotency_key, &key);
    zp_rc rc = zp_memo_find(self->keys, key.b, &self->found);
    if (!rc)
        rc = zp_known_key(self, txn, &key, &self->found, &id);
    if (rc)
        return rc;
    rc = zp_revision_find(self, txn, &id, out);
    return rc == ZP_NOTFOUND ? ZP_CORRUPT : rc;
}

zp_rc zp_intake_decide(zp_intake *self, MDB_txn *txn, zp_put *put)
{
    if (zp_seasons_state(&self->seasons, put->year) != ZP_SEASON_OPEN) {
        put->verdict = ZP_PUT_CLOSED;
        return ZP_OK;
    }
    if (!zp_str_present(put->idempotency_key))
        return decide_by_form(self, txn, put);
    zp_revision known;
    zp_rc rc = find_by_key(self, txn, put, &known);
    if (rc == ZP_NOTFOUND) {
        rc = decide_by_form(self, txn, put);
        put->adopts_key = !rc && put->verdict == ZP_PUT_SAME;
        return rc;
    }
    if (rc)
        return rc;
    if (has_content(&known.receipt, put))
        return same_as(put, &known.receipt);
    put->verdict = ZP_PUT_KEY_REUSED;
    return ZP_OK;
}

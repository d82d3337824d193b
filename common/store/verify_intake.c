/*
 * verify_intake.c - what must hold for each record of the intake store. See verify.h.
 *
 * A record that another one refers to and that is itself damaged is named once, where its own turn comes.
 */
#include "store/verify_store.h"

#include "codec/form_json.h"

static bool same_id(const zp_id *a, const zp_id *b)
{
    return zp_id_cmp(a, b) == 0;
}

static bool same_digest(const zp_digest *a, const zp_digest *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* A receipt stored at key. */
static zp_rc find_receipt(zp_check *self, MDB_dbi dbi, zp_str key, zp_receipt *out)
{
    zp_str bytes;
    zp_rc rc = zp_get_sealed(self->intake_read.txn, dbi, key, &bytes);
    return rc ? rc : zp_receipt_unpack(bytes, out);
}

/* ---- forms ---- */

static zp_rc check_digest(zp_check *self, const zp_submission *submission, const zp_form *form)
{
    zp_digest now;
    zp_buf_clear(&self->json);
    zp_form_write_json(form, &self->json);
    if (self->json.failed)
        return ZP_NOMEM;
    zp_digest_of(zp_buf_view(&self->json), &now);
    if (!same_digest(&now, &submission->digest))
        zp_check_fault(self, "the digest is not that of its canonical JSON");
    return ZP_OK;
}

static void check_its_revision(zp_check *self, const zp_id *id, const zp_submission *submission, const zp_form *form)
{
    zp_form_key form_key;
    zp_receipt receipt;
    zp_form_key_of(zp_form_year(form), form->unit, form->project_name, &form_key);
    zp_revision_key key = zp_revision_key_of(&form_key, submission->revision);
    zp_rc rc = find_receipt(self, self->intake->revisions, ZP_BYTES(key), &receipt);
    if (rc == ZP_NOTFOUND)
        zp_check_fault(self, "revisions has no entry for its revision %u", submission->revision);
    else if (!rc && !same_id(&receipt.id, id))
        zp_check_fault(self, "revisions has another submission as its revision %u", submission->revision);
}

static zp_rc check_that_it_is_scored(zp_check *self, const zp_id *id)
{
    zp_rc rc;
    bool pending = zp_check_has(self->intake_read.txn, self->intake->pending, ZP_BYTES(*id), &rc);
    if (rc || pending)
        return rc;
    if (!zp_check_has(self->scores_read.txn, self->scores->results, ZP_BYTES(*id), &rc) && !rc)
        zp_check_fault(self, "it has no result and is not pending");
    return rc;
}

static zp_rc check_replaced(zp_check *self, const zp_submission *submission)
{
    char text[ZP_ID_TEXT + 1];
    zp_rc rc = ZP_OK;
    if (!submission->has_replaces ||
        zp_check_has(self->intake_read.txn, self->intake->forms, ZP_BYTES(submission->replaces), &rc) || rc)
        return rc;
    zp_id_format(&submission->replaces, text);
    zp_check_fault(self, "the form that it replaces, %s, is not there", text);
    return ZP_OK;
}

zp_rc zp_check_form(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_id id;
    zp_str record;
    zp_submission submission;
    zp_form form;
    if (!zp_check_id(self, key, &id))
        return ZP_OK;
    zp_rc rc = check_that_it_is_scored(self, &id);
    if (rc || !zp_check_seal(self, value, &record))
        return rc;
    rc = zp_submission_unpack(record, &submission);
    if (!rc)
        rc = zp_form_unpack(submission.form, self->arena, &form);
    if (rc == ZP_CORRUPT) {
        zp_check_undecoded(self);
        return ZP_OK;
    }
    if (!rc) {
        zp_check_year(self, zp_form_year(&form));
        rc = check_digest(self, &submission, &form);
    }
    if (!rc)
        check_its_revision(self, &id, &submission, &form);
    return rc ? rc : check_replaced(self, &submission);
}

zp_rc zp_check_pending(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_id id;
    zp_str attempts;
    zp_rc rc;
    if (!zp_check_id(self, key, &id))
        return ZP_OK;
    if (zp_check_seal(self, value, &attempts) && attempts.n != 4)
        zp_check_undecoded(self);
    if (!zp_check_has(self->intake_read.txn, self->intake->forms, ZP_BYTES(id), &rc) && !rc)
        zp_check_fault(self, "its form is not there");
    return rc;
}

/* ---- what refers to forms ---- */

/* False: named, or nothing to compare with. */
static bool check_receipt(zp_check *self, MDB_val value, zp_receipt *receipt, zp_submission *submission)
{
    zp_str bytes;
    char id[ZP_ID_TEXT + 1];
    if (!zp_check_seal(self, value, &bytes))
        return false;
    if (zp_receipt_unpack(bytes, receipt) != ZP_OK) {
        zp_check_undecoded(self);
        return false;
    }
    zp_id_format(&receipt->id, id);
    zp_rc rc = zp_check_find_form(self, &receipt->id, submission);
    if (rc == ZP_NOTFOUND)
        zp_check_fault(self, "the form that it names, %s, is not there", id);
    if (!rc && (!same_digest(&receipt->digest, &submission->digest) || receipt->revision != submission->revision))
        zp_check_fault(self, "the form that it names, %s, has another digest or revision", id);
    return !rc;
}

zp_rc zp_check_idempotency(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_receipt receipt;
    zp_submission submission;
    if (key.n != sizeof(zp_idempotency_key))
        zp_check_fault(self, "the key has %zu bytes, not %zu", key.n, sizeof(zp_idempotency_key));
    check_receipt(self, value, &receipt, &submission);
    return ZP_OK;
}

zp_rc zp_check_expiry(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_id since;
    zp_str bytes;
    zp_rc rc;
    if (!zp_check_id(self, key, &since) || !zp_check_seal(self, value, &bytes))
        return ZP_OK;
    if (bytes.n != sizeof(zp_idempotency_key)) {
        zp_check_undecoded(self);
        return ZP_OK;
    }
    if (!zp_check_has(self->intake_read.txn, self->intake->idempotency, bytes, &rc) && !rc)
        zp_check_fault(self, "the idempotency key that it names is not there");
    return rc;
}

/* The key is the form's, with the revision that the receipt says; the revision before is there. */
static zp_rc check_revision_key(zp_check *self, zp_str key, const zp_receipt *receipt, const zp_submission *submission)
{
    zp_form form;
    zp_form_key form_key;
    zp_rc rc = zp_form_unpack(submission->form, self->arena, &form);
    if (rc)
        return rc == ZP_CORRUPT ? ZP_OK : rc;
    zp_form_key_of(zp_form_year(&form), form.unit, form.project_name, &form_key);
    zp_revision_key wanted = zp_revision_key_of(&form_key, receipt->revision);
    if (!zp_str_eq(key, ZP_BYTES(wanted)))
        zp_check_fault(self, "the form that it names is of another year, unit, project or revision");
    if (receipt->revision <= 1)
        return ZP_OK;
    wanted = zp_revision_key_of(&form_key, receipt->revision - 1);
    if (!zp_check_has(self->intake_read.txn, self->intake->revisions, ZP_BYTES(wanted), &rc) && !rc)
        zp_check_fault(self, "there is no revision %u before it", receipt->revision - 1);
    return rc;
}

zp_rc zp_check_revision(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_receipt receipt;
    zp_submission submission;
    if (key.n != sizeof(zp_revision_key))
        zp_check_fault(self, "the key has %zu bytes, not %zu", key.n, sizeof(zp_revision_key));
    return check_receipt(self, value, &receipt, &submission) ? check_revision_key(self, key, &receipt, &submission)
                                                             : ZP_OK;
}

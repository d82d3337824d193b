/*
 * verify_intake.c - what must hold for each record of the intake store. See verify.h.
 *
 * A record that another one refers to and that is itself damaged is named once, where its own turn comes.
 */
#include "store/verify_store.h"

#include "codec/form_json.h"

static bool same_digest(const zp_digest *a, const zp_digest *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
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

static void check_its_revision(zp_check *self, const zp_id *id)
{
    zp_revision revision;
    if (zp_revision_find(self->intake, self->intake_read.txn, id, &revision) == ZP_NOTFOUND)
        zp_check_fault(self, "revisions has no entry for it");
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
        check_its_revision(self, &id);
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
static bool check_receipt(zp_check *self, const zp_receipt *receipt, zp_submission *submission)
{
    char id[ZP_ID_TEXT + 1];
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
    zp_str bytes;
    zp_receipt receipt;
    zp_submission submission;
    if (key.n != sizeof(zp_idempotency_key))
        zp_check_fault(self, "the key has %zu bytes, not %zu", key.n, sizeof(zp_idempotency_key));
    if (!zp_check_seal(self, value, &bytes))
        return ZP_OK;
    if (zp_receipt_unpack(bytes, &receipt) == ZP_OK)
        check_receipt(self, &receipt, &submission);
    else
        zp_check_undecoded(self);
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

static bool same_form(const zp_form_key *a, const zp_form_key *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static zp_rc check_form_key(zp_check *self, const zp_revision *revision, const zp_submission *submission)
{
    zp_form form;
    zp_form_key wanted;
    zp_rc rc = zp_form_unpack(submission->form, self->arena, &form);
    if (rc)
        return rc == ZP_CORRUPT ? ZP_OK : rc;
    zp_form_key_of(zp_form_year(&form), form.unit, form.project_name, &wanted);
    if (!same_form(&revision->form, &wanted))
        zp_check_fault(self, "the form that it names is of another year, unit or project");
    return ZP_OK;
}

/* That an earlier one which the submission names is this form's revision of that number. */
static void check_earlier(zp_check *self, const zp_revision *revision, const zp_id *id, uint32_t number,
                          const char *what)
{
    char text[ZP_ID_TEXT + 1];
    zp_revision earlier;
    zp_rc rc = zp_revision_find(self->intake, self->intake_read.txn, id, &earlier);
    if (rc && rc != ZP_NOTFOUND)
        return; /* named where its own turn comes */
    zp_id_format(id, text);
    if (rc || !same_form(&earlier.form, &revision->form) || earlier.receipt.revision != number)
        zp_check_fault(self, "%s, %s, is not revision %u of its form", what, text, number);
}

/*
 * A number above 1 has the one before it, and none comes twice: so the revisions of a form are numbered from 1 on
 * without a gap.
 */
static void check_chain(zp_check *self, const zp_revision *revision, const zp_submission *submission)
{
    uint32_t number = revision->receipt.revision;
    if (number == 0 || (number > 1) != submission->has_replaces)
        zp_check_fault(self, "it is revision %u, and its form says otherwise", number);
    if (number <= 1 || !submission->has_replaces)
        return;
    check_earlier(self, revision, &submission->replaces, number - 1, "what it replaced");
    check_earlier(self, revision, &submission->first, 1, "what it names as the first");
}

/* The one that a ref of `numbers` stands for, in this slice's view. */
static bool is_same_number(zp_check *self, zp_memo_ref ref, const zp_revision *revision)
{
    zp_revision other;
    return zp_known_find(self->intake, self->intake_read.txn, ref, &other) == ZP_OK &&
           same_form(&other.form, &revision->form) && other.receipt.revision == revision->receipt.revision;
}

static zp_rc check_number(zp_check *self, const zp_revision *revision)
{
    zp_form_key key = revision->form;
    uint8_t number[4];
    zp_memo_ref ref;
    zp_be32_put(number, revision->receipt.revision);
    for (size_t i = 0; i < sizeof number; i++)
        key.b[i] ^= number[i];
    zp_rc rc = zp_memo_find(self->numbers, key.b, &self->found);
    for (size_t i = 0; !rc && (ref = zp_memo_found(&self->found, i)); i++)
        if (is_same_number(self, ref, revision))
            zp_check_fault(self, "its form has another revision %u", revision->receipt.revision);
    return rc ? rc : zp_memo_add(self->numbers, key.b, zp_memo_ref_of(&revision->receipt.id));
}

zp_rc zp_check_revision(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_id id;
    zp_str bytes;
    zp_revision revision;
    zp_submission submission;
    if (!zp_check_id(self, key, &id) || !zp_check_seal(self, value, &bytes))
        return ZP_OK;
    if (zp_revision_unpack(bytes, &id, &revision) != ZP_OK) {
        zp_check_undecoded(self);
        return ZP_OK;
    }
    zp_rc rc = check_number(self, &revision);
    if (rc || !check_receipt(self, &revision.receipt, &submission))
        return rc;
    check_chain(self, &revision, &submission);
    return check_form_key(self, &revision, &submission);
}

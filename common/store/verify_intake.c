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

/* The oldest key that has not expired. ZP_NOTFOUND: there is none. */
static zp_rc oldest_key(zp_check *self, zp_id *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    zp_rc rc = zp_env_rc(mdb_cursor_open(self->intake_read.txn, self->intake->idempotency, &cursor), "verify");
    if (rc)
        return rc;
    rc = zp_env_rc(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), "verify");
    if (!rc && key.mv_size != sizeof out->b)
        rc = ZP_CORRUPT;
    if (!rc)
        memcpy(out->b, key.mv_data, sizeof out->b);
    mdb_cursor_close(cursor);
    return rc;
}

/* Keys expire from the oldest on, and leave before their forms when a season is archived. */
static zp_rc check_that_it_expired(zp_check *self, const zp_id *id, int year)
{
    zp_id oldest;
    if (zp_seasons_state(&self->seasons, year) != ZP_SEASON_OPEN)
        return ZP_OK;
    zp_rc rc = oldest_key(self, &oldest);
    if (!rc && zp_id_cmp(id, &oldest) > 0)
        zp_check_fault(self, "its idempotency key is not there");
    return rc == ZP_NOTFOUND || rc == ZP_CORRUPT ? ZP_OK : rc;
}

/* The key that came with it has the submission's own id, and no other key has. */
static zp_rc check_its_key(zp_check *self, const zp_id *id, const zp_submission *submission, int year)
{
    zp_str bytes;
    zp_key_use use;
    zp_idempotency_key own = {{0}};
    bool keyed = zp_str_present(submission->idempotency_key);
    zp_rc rc = zp_get_sealed(self->intake_read.txn, self->intake->idempotency, ZP_BYTES(*id), &bytes);
    if (rc == ZP_NOTFOUND)
        return keyed ? check_that_it_expired(self, id, year) : ZP_OK;
    if (!rc)
        rc = zp_key_use_unpack(bytes, &use);
    if (rc)
        return rc == ZP_CORRUPT ? ZP_OK : rc;
    if (keyed)
        zp_idempotency_key_of(submission->submitter, submission->idempotency_key, &own);
    if (!keyed || !same_id(&use.id, id) || !zp_idempotency_key_eq(&use.key, &own))
        zp_check_fault(self, "idempotency has something else in the place of its key");
    return ZP_OK;
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
    if (!rc) {
        check_its_revision(self, &id);
        rc = check_its_key(self, &id, &submission, zp_form_year(&form));
    }
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

/* False: named as a fault, here or where its own turn comes. */
static bool find_named(zp_check *self, const zp_id *id, zp_submission *submission)
{
    char text[ZP_ID_TEXT + 1];
    zp_rc rc = zp_check_find_form(self, id, submission);
    zp_id_format(id, text);
    if (rc == ZP_NOTFOUND)
        zp_check_fault(self, "the form that it names, %s, is not there", text);
    return !rc;
}

static zp_rc check_that_it_is_the_only_use(zp_check *self, const zp_id *since, const zp_key_use *use)
{
    zp_key_use other;
    zp_memo_ref ref;
    zp_rc rc = zp_memo_find(self->keys, use->key.b, &self->found);
    for (size_t i = 0; !rc && (ref = zp_memo_found(&self->found, i)); i++)
        if (!zp_known_key_use(self->intake, self->intake_read.txn, ref, &other) &&
            zp_idempotency_key_eq(&other.key, &use->key))
            zp_check_fault(self, "the same key is there twice");
    return rc ? rc : zp_memo_add(self->keys, use->key.b, zp_memo_ref_of(since));
}

zp_rc zp_check_idempotency(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_id since;
    zp_str bytes;
    zp_key_use use;
    zp_submission submission;
    if (!zp_check_id(self, key, &since) || !zp_check_seal(self, value, &bytes))
        return ZP_OK;
    if (zp_key_use_unpack(bytes, &use) != ZP_OK) {
        zp_check_undecoded(self);
        return ZP_OK;
    }
    find_named(self, &use.id, &submission);
    return check_that_it_is_the_only_use(self, &since, &use);
}

static zp_rc check_form_key(zp_check *self, const zp_revision *revision, const zp_submission *submission)
{
    zp_form form;
    zp_form_key wanted;
    zp_rc rc = zp_form_unpack(submission->form, self->arena, &form);
    if (rc)
        return rc == ZP_CORRUPT ? ZP_OK : rc;
    zp_form_key_of(zp_form_year(&form), form.unit, form.project_name, &wanted);
    if (!zp_form_key_eq(&revision->form, &wanted))
        zp_check_fault(self, "its form is of another year, unit or project");
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
    if (rc || !zp_form_key_eq(&earlier.form, &revision->form) || earlier.receipt.revision != number)
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
    return zp_known_revision(self->intake, self->intake_read.txn, ref, &other) == ZP_OK &&
           zp_form_key_eq(&other.form, &revision->form) && other.receipt.revision == revision->receipt.revision;
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
    if (rc || !find_named(self, &id, &submission))
        return rc;
    if (!same_digest(&revision.receipt.digest, &submission.digest) || revision.receipt.revision != submission.revision)
        zp_check_fault(self, "its form has another digest or revision");
    check_chain(self, &revision, &submission);
    return check_form_key(self, &revision, &submission);
}

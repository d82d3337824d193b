/*
 * verdict.c - see verdict.h.
 *
 * A submission that cannot be read is a result too (`failed`, visible, counted): refusing it would bring it back for
 * ever.
 */
#include "codec/verdict.h"

#include "base/hook.h"
#include "core/score.h"

static void fail(zp_status *status, zp_str why)
{
    status->state = ZP_FAILED;
    status->failure = why;
}

static void fill_from_submission(zp_status *status, const zp_submission *submission)
{
    status->received_ms = submission->received_ms;
    status->revision = submission->revision;
    status->has_first = submission->has_replaces;
    status->first = submission->first;
    status->submitter = submission->submitter;
    status->idempotency_key = submission->idempotency_key;
    status->digest = submission->digest;
}

static void fill_from_form(zp_status *status, const zp_form *form)
{
    status->year = zp_form_year(form);
    status->project_name = form->project_name;
    status->unit = form->unit;
    status->unit_code = form->unit_code;
    status->department = form->department;
}

/* Whatever can be read of the record is in the status, also when the rest cannot. */
static zp_rc read_submission(zp_str bytes, zp_arena *arena, zp_status *status, zp_submission *submission, zp_form *form)
{
    zp_rc rc = zp_submission_unpack(bytes, submission);
    if (rc)
        return rc;
    fill_from_submission(status, submission);
    rc = zp_form_unpack(submission->form, arena, form);
    if (!rc)
        fill_from_form(status, form);
    return rc;
}

/*
 * A later result of the same year, unit and project takes an earlier one's place; what cannot be read has none of the
 * three, so it gets a name that is its own.
 */
static zp_rc record_as_unreadable(zp_arena *arena, zp_status *status)
{
    char id[ZP_ID_TEXT + 1];
    zp_id_format(&status->id, id);
    status->project_name = zp_arena_printf(arena, "submission %s", id);
    fail(status, ZP_FAILURE_UNREADABLE);
    return status->project_name.p ? ZP_OK : ZP_NOMEM;
}

static zp_rc judge(zp_str record, const zp_profiles *profiles, zp_str failure, zp_arena *arena, zp_status *status)
{
    zp_form form;
    zp_submission submission;
    zp_rc rc = read_submission(record, arena, status, &submission, &form);
    if (rc)
        return rc == ZP_NOMEM ? rc : record_as_unreadable(arena, status);
    if (zp_str_present(failure)) {
        fail(status, failure);
        return ZP_OK;
    }
    /* None only when the gateway reads other settings than whoever scores. */
    const zp_profile *profile = zp_profiles_choose(profiles, form.profile, status->year);
    if (!profile) {
        fail(status, ZP_FAILURE_NO_PROFILE);
        return ZP_OK;
    }
    status->state = ZP_SCORED;
    status->has_result = true;
    ZP_HOOK("score", form.project_name);
    zp_str copied_from = submission.has_copied_from ? zp_id_text(&submission.copied_from, arena) : ZP_ABSENT;
    if (submission.has_copied_from && !copied_from.p)
        return ZP_NOMEM;
    return zp_score_beside(&form, profile, copied_from, arena, &status->result);
}

zp_rc zp_verdict(const zp_id *id, zp_str record, const zp_profiles *profiles, zp_str failure, zp_arena *arena,
                 zp_status *out)
{
    /* The time and the revision are these unless the record says better. */
    *out = (zp_status){.id = *id, .received_ms = zp_id_ms(id), .revision = 1};
    return judge(record, profiles, failure, arena, out);
}

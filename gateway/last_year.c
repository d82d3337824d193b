/*
 * last_year.c - see last_year.h. Looked up in the request thread, where it costs other submissions nothing, and kept in
 * the record: so that a result that is derived again, when more is on file, comes out the same.
 */
#include "last_year.h"

#include "base/log.h"
#include "codec/submission.h"
#include "core/diff.h"

zp_form_key zp_last_years_key(const zp_form *form)
{
    zp_form_key key;
    zp_form_key_of(zp_form_year(form) - 1, form->unit, form->project_name, &key);
    return key;
}

static zp_rc read_last_year(zp_desk *desk, const zp_request *request, const zp_form_key *key, zp_id *of, zp_form *out)
{
    zp_rc rc = zp_intake_current(desk->intake, key, of);
    if (rc)
        return rc;
    zp_submission submission;
    zp_buf_clear(&desk->scratch);
    rc = zp_intake_get(desk->intake, of, &desk->scratch);
    if (!rc)
        rc = zp_submission_unpack(zp_buf_view(&desk->scratch), &submission);
    return rc ? rc : zp_form_unpack(submission.form, request->arena, out);
}

bool zp_repeats_last_year(zp_desk *desk, const zp_request *request, const zp_form_key *last_years, const zp_form *form,
                          zp_id *of)
{
    zp_form before;
    zp_rc rc = read_last_year(desk, request, last_years, of, &before);
    if (rc && rc != ZP_NOTFOUND)
        zp_log(ZP_ERROR, "last-year-unread", "reason=\"%s\"", zp_rc_name(rc));
    return !rc && zp_form_repeats(form, &before);
}

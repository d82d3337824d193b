/*
 * status.c - see status.h: names of states, the status of what waits, entity tags. Pure; any thread.
 */
#include "codec/status.h"

#include <stdio.h>

static const char *const states[ZP_STATES] = {"queued", "scored", "failed", "superseded"};

const char *zp_state_name(zp_state state)
{
    return states[state];
}

zp_rc zp_state_by_name(zp_str name, zp_state *out)
{
    for (zp_state state = 0; state < ZP_STATES; state++)
        if (zp_str_is(name, states[state])) {
            *out = state;
            return ZP_OK;
        }
    return ZP_NOTFOUND;
}

zp_rc zp_status_queued(const zp_id *id, zp_str submission_bytes, zp_status *out)
{
    zp_submission submission;
    zp_form form;
    zp_rc rc = zp_submission_unpack(submission_bytes, &submission);
    if (rc == ZP_OK)
        rc = zp_form_unpack_header(submission.form, &form);
    if (rc)
        return rc;
    *out = (zp_status){.id = *id,
                       .state = ZP_QUEUED,
                       .year = zp_form_year(&form),
                       .project_name = form.project_name,
                       .unit = form.unit,
                       .unit_code = form.unit_code,
                       .department = form.department,
                       .revision = submission.revision,
                       .has_first = submission.has_replaces,
                       .first = submission.first,
                       .received_ms = submission.received_ms,
                       .submitter = submission.submitter,
                       .idempotency_key = submission.idempotency_key,
                       .digest = submission.digest};
    return ZP_OK;
}

void zp_etag_format(const zp_id *id, uint64_t seq, char out[ZP_ETAG_TEXT])
{
    char text[ZP_ID_TEXT + 1];
    zp_id_format(id, text);
    if (seq == 0)
        snprintf(out, ZP_ETAG_TEXT, "\"%s.q\"", text);
    else
        snprintf(out, ZP_ETAG_TEXT, "\"%s.%llu\"", text, (unsigned long long)seq);
}

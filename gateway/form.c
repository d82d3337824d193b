/*
 * form.c - GET /v1/submissions/{id}/form: the form as accepted, byte for byte what the receipt's digest covers.
 *
 * Request threads. The bytes are made again from the record, and compared with its digest before they are sent: a form
 * that is not exactly the accepted one is never shown as if it were.
 */
#include "handlers.h"

#include "codec/form_json.h"
#include "fields.h"
#include "problem.h"

#include "base/log.h"

#include <stdio.h>

static zp_rc write_form(const zp_submission *submission, zp_request *request)
{
    zp_form form;
    zp_digest now;
    zp_buf *body = &request->response.body;
    zp_rc rc = zp_form_unpack(submission->form, request->arena, &form);
    if (rc)
        return rc;
    zp_form_write_json(&form, body);
    if (body->failed)
        return ZP_NOMEM;
    zp_digest_of(zp_buf_view(body), &now);
    return memcmp(now.b, submission->digest.b, sizeof now.b) == 0 ? ZP_OK : ZP_CORRUPT;
}

zp_handled zp_get_form(zp_desk *desk, zp_request *request, const zp_id *id)
{
    zp_submission submission;
    char digest[ZP_DIGEST_TEXT + 1], etag[ZP_DIGEST_TEXT + 3];
    zp_buf_clear(&desk->scratch);
    zp_rc rc = zp_intake_get(desk->intake, id, &desk->scratch);
    if (rc == ZP_NOTFOUND)
        return zp_no_such_submission(desk, request, id);
    if (rc == ZP_OK)
        rc = zp_submission_unpack(zp_buf_view(&desk->scratch), &submission);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);

    zp_digest_format(&submission.digest, digest);
    size_t n = strlen(digest);
    (void)snprintf(etag, sizeof etag, "\"%s\"", digest);
    request->response.status = 304;
    if (zp_tag_find(request->if_none_match, (zp_str){etag, n + 2}) == ZP_TAG_NONE) {
        request->response.status = 200;
        request->response.content_type = ZP_TYPE_JSON;
        rc = write_form(&submission, request);
    }
    if (rc) {
        char text[ZP_ID_TEXT + 1];
        zp_id_format(id, text);
        zp_log(ZP_ERROR, "form-not-rebuilt", "id=%s reason=%s", text, zp_rc_name(rc));
        return zp_problem_store(desk->gateway, request, rc);
    }
    zp_header(request, "ETag", (zp_str){etag, n + 2});
    zp_header(request, "Repr-Digest", (zp_str){digest, n});
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    return ZP_DONE_ANSWER;
}

/*
 * changes.c - GET /v1/submissions/{id}/changes: what a revision changed, cell by cell, and which one it replaced.
 *
 * Request threads. The answer about an id never changes, since forms are kept for ever as they came.
 */
#include "handlers.h"

#include "codec/json_out.h"
#include "core/diff.h"
#include "problem.h"

typedef struct {
    zp_buf *out;
    bool any;
} writer;

static void write_change(void *context, zp_str pointer, zp_str before, zp_str after)
{
    writer *w = context;
    if (w->any)
        zp_buf_char(w->out, ',');
    w->any = true;
    zp_buf_lit(w->out, "{\"pointer\":");
    zp_json_str(w->out, pointer);
    zp_buf_lit(w->out, ",\"before\":");
    zp_json_str(w->out, before);
    zp_buf_lit(w->out, ",\"after\":");
    zp_json_str(w->out, after);
    zp_buf_char(w->out, '}');
}

/* Views are in `record`. */
static zp_rc read_form(zp_desk *desk, const zp_id *id, zp_arena *arena, zp_str *record, zp_submission *submission,
                       zp_form *form)
{
    zp_buf_clear(&desk->scratch);
    zp_rc rc = zp_intake_get(desk->intake, id, &desk->scratch);
    if (rc)
        return rc;
    *record = zp_arena_copy(arena, zp_buf_view(&desk->scratch));
    if (!record->p)
        return ZP_NOMEM;
    rc = zp_submission_unpack(*record, submission);
    return rc ? rc : zp_form_unpack(submission->form, arena, form);
}

zp_handled zp_get_changes(zp_desk *desk, zp_request *request, const zp_id *id)
{
    zp_submission now, earlier;
    zp_form before, after;
    zp_str records[2];
    zp_rc rc = read_form(desk, id, request->arena, &records[0], &now, &after);
    if (rc == ZP_NOTFOUND)
        return zp_no_such_submission(desk, request, id);
    if (!rc && now.has_replaces)
        rc = read_form(desk, &now.replaces, request->arena, &records[1], &earlier, &before);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc == ZP_NOTFOUND ? ZP_CORRUPT : rc);

    zp_buf *body = &request->response.body;
    writer w = {.out = body};
    zp_buf_lit(body, "{\"id\":");
    zp_json_id(body, id);
    zp_buf_lit(body, ",\"revision\":");
    zp_json_uint(body, now.revision);
    zp_buf_lit(body, ",\"replaces\":");
    if (now.has_replaces)
        zp_json_id(body, &now.replaces);
    else
        zp_buf_lit(body, "null");
    zp_buf_lit(body, ",\"changes\":[");
    if (now.has_replaces && !zp_form_diff(&before, &after, request->arena, write_change, &w))
        body->failed = true;
    zp_buf_lit(body, "]}\n");
    request->response.status = 200;
    request->response.content_type = ZP_TYPE_JSON;
    zp_header(request, "Cache-Control", ZP_STR("private, max-age=86400, immutable"));
    return ZP_DONE_ANSWER;
}

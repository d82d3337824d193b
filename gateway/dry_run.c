/*
 * dry_run.c - POST /v1/scores: what a form would be given, and whether it would be accepted. Nothing is stored.
 *
 * Request threads. Any form that can be read gets an answer with every line, total and flag, also one that a submission
 * would refuse; the same engine as the worker's, so the same result.
 */
#include "handlers.h"

#include "codec/form_reader.h"
#include "core/score.h"
#include "last_year.h"

static bool write_errors(zp_buf *out, const zp_flag *flags, size_t count, bool any, zp_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        if (flags[i].severity != ZP_SEV_ERROR)
            continue;
        if (any)
            zp_buf_char(out, ',');
        zp_flag_write_json(&flags[i], arena, out);
        any = true;
    }
    return any;
}

/* The result as a submission now would get it. ZP_NOMEM. */
static zp_rc score(zp_desk *desk, zp_request *request, const zp_form *form, const zp_profile *profile, zp_result *out)
{
    zp_id last_year;
    zp_form_key last_years = zp_last_years_key(form);
    bool copied = zp_repeats_last_year(desk, request, &last_years, form, &last_year);
    zp_str copied_from = copied ? zp_id_text(&last_year, request->arena) : ZP_ABSENT;
    if (copied && !copied_from.p)
        return ZP_NOMEM;
    return zp_score_beside(form, profile, copied_from, request->arena, out);
}

zp_handled zp_dry_run(zp_desk *desk, zp_request *request)
{
    zp_form form;
    zp_result result;
    zp_flags faults = {.arena = request->arena};
    if (!zp_body_read(desk, request, &form, &faults))
        return ZP_DONE_ANSWER;
    const zp_profile *profile = zp_choose_profile(&form, desk->gateway->profiles, &faults);
    zp_rc rc = score(desk, request, &form, profile, &result);
    zp_flags found = {.arena = request->arena, .items = result.flags, .count = rc ? 0 : result.flag_count};
    zp_form_point_at_rows(&form, &faults);
    zp_form_point_at_rows(&form, &found);
    if (rc || faults.failed || found.failed)
        return zp_refuse_form(desk, request, ZP_NOMEM, &faults);

    zp_buf *body = &request->response.body, *errors = &desk->scratch;
    zp_buf_clear(errors);
    bool any = write_errors(errors, faults.items, faults.count, false, request->arena);
    any = write_errors(errors, result.flags, result.flag_count, any, request->arena);
    zp_buf_lit(body, "{\"accepted\":");
    zp_buf_str(body, any ? ZP_STR("false") : ZP_STR("true"));
    zp_buf_lit(body, ",\"errors\":[");
    zp_buf_str(body, zp_buf_view(errors));
    zp_buf_lit(body, "],\"result\":");
    zp_result_write_json(&result, request->arena, body);
    zp_buf_lit(body, "}\n");
    body->failed |= errors->failed;
    request->response.status = 200;
    request->response.content_type = ZP_TYPE_JSON;
    zp_header(request, "Cache-Control", ZP_STR("no-store"));
    return ZP_DONE_ANSWER;
}

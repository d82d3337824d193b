/*
 * status_json.c - the status document that clients read (status.h). Pure; any thread. Running out of memory shows in
 * the buffer.
 *
 * The order of the members is part of what is promised: README, "The status document".
 */
#include "codec/status.h"

#include "codec/json_out.h"
#include "core/decimal.h"
#include "core/explain.h"

/* A member whose value follows; the name comes with its quotes and what separates it from the one before. */
#define NAME(out, text) zp_buf_lit(out, text ":")

static void write_name(zp_buf *out, const char *name, bool known)
{
    zp_json_str(out, known ? zp_str_of(name) : ZP_ABSENT);
}

static void write_time(zp_buf *out, int64_t wall_ms)
{
    if (wall_ms)
        zp_json_time(out, wall_ms);
    else
        zp_buf_lit(out, "null");
}

static void write_message(zp_buf *out, zp_str zh, zp_str en)
{
    NAME(out, "{\"zh\"");
    zp_json_str(out, zh);
    NAME(out, ",\"en\"");
    zp_json_str(out, en);
    zp_buf_char(out, '}');
}

void zp_flag_write_json(const zp_flag *flag, zp_arena *arena, zp_buf *out)
{
    zp_str zh = zp_flag_message(flag, ZP_LANG_ZH, arena), en = zp_flag_message(flag, ZP_LANG_EN, arena);
    if (!zh.p || !en.p)
        out->failed = true;
    NAME(out, "{\"code\"");
    zp_json_str(out, zp_str_of(zp_flag_name(flag->code)));
    NAME(out, ",\"severity\"");
    zp_json_str(out, zp_str_of(zp_severity_name(flag->severity)));
    NAME(out, ",\"pointer\"");
    zp_json_str(out, flag->pointer);
    if (flag->value.p) {
        NAME(out, ",\"value\"");
        zp_json_str(out, flag->value);
    }
    if (flag->expected.p) {
        NAME(out, ",\"expected\"");
        zp_json_str(out, flag->expected);
    }
    NAME(out, ",\"message\"");
    write_message(out, zh, en);
    zp_buf_char(out, '}');
}

static void write_explanation(zp_buf *out, unsigned why)
{
    NAME(out, ",\"explanation\"");
    char separator = '[';
    for (unsigned bit = 1; bit < 1u << ZP_WHY_BITS; bit <<= 1)
        if (why & bit) {
            zp_buf_char(out, separator);
            zp_json_str(out, zp_str_of(zp_why_name((zp_why)bit)));
            separator = ',';
        }
    zp_buf_str(out, separator == '[' ? ZP_STR("[]") : ZP_STR("]"));
}

/* What an indicator and the execution have in common: from the declared score to the sentence that explains it all. */
static void write_scores(zp_buf *out, const zp_line *line, zp_arena *arena)
{
    zp_str zh = zp_line_message(line, ZP_LANG_ZH, arena), en = zp_line_message(line, ZP_LANG_EN, arena);
    if (!zh.p || !en.p)
        out->failed = true;
    NAME(out, ",\"declared\"");
    zp_json_str(out, line->declared);
    NAME(out, ",\"computed\"");
    zp_json_cents(out, line->computed);
    NAME(out, ",\"confirmed\"");
    zp_json_cents(out, line->confirmed);
    NAME(out, ",\"basis\"");
    zp_json_str(out, zp_str_of(zp_basis_name(line->basis)));
    NAME(out, ",\"formula\"");
    zp_json_str(out, line->formula);
    write_explanation(out, line->why);
    NAME(out, ",\"message\"");
    write_message(out, zh, en);
    zp_buf_char(out, '}');
}

static void write_execution(zp_buf *out, const zp_result *result, zp_arena *arena)
{
    const zp_line line = zp_execution_line(result);
    NAME(out, ",\"execution\":{\"rate\"");
    zp_json_str(out, result->execution.rate);
    write_scores(out, &line, arena);
}

static void write_line(zp_buf *out, const zp_line *line, zp_arena *arena)
{
    NAME(out, "{\"level3\"");
    zp_json_str(out, line->name);
    NAME(out, ",\"weight\"");
    zp_json_str(out, line->weight);
    write_scores(out, line, arena);
}

static void write_totals(zp_buf *out, const zp_result *result, zp_arena *arena)
{
    zp_str verified = zp_millionths_text(result->machine_verified, arena);
    if (!verified.p)
        out->failed = true;
    NAME(out, ",\"declared_total\"");
    zp_json_cents(out, result->declared_total);
    NAME(out, ",\"computed_total\"");
    zp_json_cents(out, result->computed_total);
    NAME(out, ",\"confirmed_total\"");
    zp_json_cents(out, result->confirmed_total);
    NAME(out, ",\"grade\"");
    write_name(out, zp_grade_name(result->grade), result->grade != ZP_GRADE_NONE);
    NAME(out, ",\"declared_grade\"");
    write_name(out, zp_grade_name(result->declared_grade), result->declared_grade != ZP_GRADE_NONE);
    NAME(out, ",\"machine_verified_weight\"");
    zp_json_str(out, verified);
}

void zp_result_write_json(const zp_result *result, zp_arena *arena, zp_buf *out)
{
    NAME(out, "{\"profile\":{\"name\"");
    zp_json_str(out, result->profile_name);
    NAME(out, ",\"version\"");
    zp_json_str(out, result->profile_version);
    NAME(out, ",\"hash\"");
    zp_json_str(out, result->profile_hash);
    NAME(out, "},\"engine\"");
    zp_json_str(out, result->engine);
    write_totals(out, result, arena);
    write_execution(out, result, arena);
    zp_buf_lit(out, ",\"indicators\":[");
    for (size_t i = 0; i < result->line_count; i++) {
        if (i)
            zp_buf_char(out, ',');
        write_line(out, &result->lines[i], arena);
    }
    zp_buf_lit(out, "],\"flags\":[");
    for (size_t i = 0; i < result->flag_count; i++) {
        if (i)
            zp_buf_char(out, ',');
        zp_flag_write_json(&result->flags[i], arena, out);
    }
    zp_buf_lit(out, "]}");
}

static void write_form(zp_buf *out, const zp_status *status)
{
    NAME(out, ",\"year\"");
    zp_json_uint(out, (uint64_t)status->year);
    NAME(out, ",\"project_name\"");
    zp_json_str(out, status->project_name);
    NAME(out, ",\"unit\"");
    zp_json_str(out, status->unit);
    NAME(out, ",\"department\"");
    zp_json_str(out, status->department);
    NAME(out, ",\"revision\"");
    zp_json_uint(out, status->revision);
    NAME(out, ",\"superseded_by\"");
    if (status->has_superseded_by)
        zp_json_id(out, &status->superseded_by);
    else
        zp_buf_lit(out, "null");
}

static void write_receipt(zp_buf *out, const zp_status *status)
{
    char digest[ZP_DIGEST_TEXT + 1];
    zp_digest_format(&status->digest, digest);
    NAME(out, ",\"receipt\":{\"digest\"");
    zp_json_str(out, zp_str_of(digest));
    NAME(out, ",\"received_at\"");
    zp_json_time(out, status->received_ms);
    NAME(out, ",\"idempotency_key\"");
    zp_json_str(out, status->idempotency_key);
    zp_buf_char(out, '}');
}

static void write_failure(zp_buf *out, zp_str failure)
{
    NAME(out, ",\"failure\":{\"code\"");
    if (zp_str_eq(failure, ZP_FAILURE_UNREADABLE)) {
        zp_buf_lit(out, "\"SUBMISSION_UNREADABLE\",\"message\":");
        write_message(out, ZP_STR("已存的自评表无法读取，未能评分。请联系管理员。"),
                      ZP_STR("The stored submission cannot be read, so it was not scored. An operator has to look."));
    } else if (zp_str_eq(failure, ZP_FAILURE_NO_PROFILE)) {
        zp_buf_lit(out, "\"NO_PROFILE\",\"message\":");
        write_message(
            out, ZP_STR("没有适用的评分规则，未能评分。请联系管理员。"),
            ZP_STR("The worker has no rule profile that fits, so it was not scored. An operator has to look."));
    } else {
        zp_buf_lit(out, "\"ATTEMPTS_EXHAUSTED\",\"message\":");
        write_message(out, ZP_STR("多次评分均未完成，已停止重试。请联系管理员重新评分。"),
                      ZP_STR("Several attempts to score it ended without a result. An operator can have it tried "
                             "again: ziping retry."));
    }
    zp_buf_char(out, '}');
}

void zp_status_write_json(const zp_status *status, unsigned overdue_ms, zp_arena *arena, zp_buf *out)
{
    NAME(out, "{\"id\"");
    zp_json_id(out, &status->id);
    NAME(out, ",\"status\"");
    zp_json_str(out, zp_str_of(zp_state_name(status->state)));
    NAME(out, ",\"outcome\"");
    write_name(out, status->result.discrepant ? "discrepant" : "consistent", status->has_result);
    write_form(out, status);
    NAME(out, ",\"received_at\"");
    zp_json_time(out, status->received_ms);
    NAME(out, ",\"scored_at\"");
    write_time(out, status->scored_ms);
    NAME(out, ",\"overdue_at\"");
    zp_json_time(out, status->received_ms + overdue_ms);
    write_receipt(out, status);
    if (status->state == ZP_FAILED)
        write_failure(out, status->failure);
    NAME(out, ",\"result\"");
    if (status->has_result)
        zp_result_write_json(&status->result, arena, out);
    else
        zp_buf_lit(out, "null");
    zp_buf_char(out, '}');
}

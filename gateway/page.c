/*
 * page.c - see page.h. Request threads; pure but for the arena. Running out of memory shows in the buffer.
 */
#include "page.h"

#include "base/clock.h"
#include "core/decimal.h"
#include "core/explain.h"
#include "core/typed.h"

/* What is not a letter of text to a browser becomes a reference; right in text and in quoted attributes alike. */
static void text(zp_buf *out, zp_str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *reference = s.p[i] == '&'    ? "&amp;"
                                : s.p[i] == '<'  ? "&lt;"
                                : s.p[i] == '>'  ? "&gt;"
                                : s.p[i] == '"'  ? "&quot;"
                                : s.p[i] == '\'' ? "&#39;"
                                                 : NULL;
        if (!reference)
            continue;
        zp_buf_add(out, s.p + from, i - from);
        zp_buf_str(out, zp_str_of(reference));
        from = i + 1;
    }
    if (s.n)
        zp_buf_add(out, s.p + from, s.n - from);
}

static void open_page(zp_buf *out, zp_str title, const zp_id *refresh, unsigned refresh_s)
{
    zp_buf_lit(out, "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    if (refresh) {
        char id[ZP_ID_TEXT + 1];
        zp_id_format(refresh, id);
        /* With its address: the page may be the answer to a POST, which must not be sent again. */
        zp_buf_printf(out, "<meta http-equiv=\"refresh\" content=\"%u; url=/v1/submissions/%s\">\n", refresh_s, id);
    }
    zp_buf_lit(out, "<title>");
    text(out, title);
    zp_buf_lit(out, "</title>\n<style>\n"
                    "body{font:16px/1.6 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}\n"
                    "h1{font-size:1.3rem}\n"
                    "dt{color:#666;font-size:.9rem}\n"
                    "dd{margin:0 0 .7rem}\n"
                    "table{border-collapse:collapse;width:100%;font-size:.9rem}\n"
                    "th,td{border:1px solid #bbb;padding:.2rem .4rem;text-align:left;vertical-align:top}\n"
                    ".error{color:#a00}\n"
                    ".warning{color:#850}\n"
                    "code{font-size:.85rem}\n"
                    "</style>\n</head>\n<body>\n<h1>");
    text(out, title);
    zp_buf_lit(out, "</h1>\n");
}

static void close_page(zp_buf *out)
{
    zp_buf_lit(out, "</body>\n</html>\n");
}

static void row(zp_buf *out, const char *label, zp_str value)
{
    zp_buf_lit(out, "<dt>");
    zp_buf_str(out, zp_str_of(label));
    zp_buf_lit(out, "</dt><dd>");
    text(out, zp_str_filled(value) ? value : ZP_STR("—"));
    zp_buf_lit(out, "</dd>\n");
}

static zp_str cents_text(int64_t cents, zp_arena *arena)
{
    return cents == ZP_NO_CENTS ? ZP_ABSENT : zp_cents_text(cents, arena);
}

static void row_cents(zp_buf *out, const char *label, int64_t cents, zp_arena *arena)
{
    row(out, label, cents_text(cents, arena));
}

static void row_time(zp_buf *out, const char *label, int64_t wall_ms)
{
    char time[ZP_TIME_TEXT + 1];
    zp_time_format(wall_ms, time);
    row(out, label, (zp_str){time, ZP_TIME_TEXT});
}

static void cell(zp_buf *out, zp_str value)
{
    zp_buf_lit(out, "<td>");
    text(out, zp_str_filled(value) ? value : ZP_STR("—"));
}

/* In Chinese and, where that says more than the same figures, in English. */
static void explanation(zp_buf *out, const zp_line *l, zp_arena *arena)
{
    zp_str zh = zp_line_message(l, ZP_LANG_ZH, arena), en = zp_line_message(l, ZP_LANG_EN, arena);
    if (!zh.p || !en.p) {
        out->failed = true;
        return;
    }
    cell(out, zh);
    if (!zp_str_eq(zh, en)) {
        zp_buf_lit(out, "<br>");
        text(out, en);
    }
}

static void line(zp_buf *out, const zp_line *l, zp_arena *arena)
{
    zp_buf_lit(out, "<tr>");
    cell(out, l->name);
    cell(out, l->weight);
    cell(out, l->declared);
    cell(out, cents_text(l->computed, arena));
    cell(out, cents_text(l->confirmed, arena));
    explanation(out, l, arena);
    zp_buf_lit(out, "</tr>\n");
}

/* The lines of the form, with what the rules make of each. */
static void lines(zp_buf *out, const zp_result *r, zp_arena *arena)
{
    zp_buf_lit(out, "<h2>得分明细 / Line by line</h2>\n<table>\n<tr><th>指标<br>Indicator<th>分值<br>Weight"
                    "<th>自评<br>Declared<th>计算<br>Computed<th>核定<br>Confirmed<th>依据<br>Basis</tr>\n");
    zp_line execution = zp_execution_line(r);
    execution.name = ZP_STR("预算执行 Execution");
    line(out, &execution, arena);
    for (size_t i = 0; i < r->line_count; i++)
        line(out, &r->lines[i], arena);
    zp_buf_lit(out, "</table>\n");
}

static void flags(zp_buf *out, const zp_flag *items, size_t count, zp_arena *arena)
{
    if (count == 0)
        return;
    zp_buf_lit(out, "<h2>说明 / Findings</h2>\n<ul>\n");
    for (size_t i = 0; i < count; i++) {
        zp_buf_printf(out, "<li class=\"%s\">", zp_severity_name(items[i].severity));
        text(out, zp_flag_message(&items[i], ZP_LANG_ZH, arena));
        zp_buf_lit(out, "<br>");
        text(out, zp_flag_message(&items[i], ZP_LANG_EN, arena));
        zp_buf_lit(out, "<br><code>");
        text(out, zp_str_of(zp_flag_name(items[i].code)));
        zp_buf_char(out, ' ');
        text(out, items[i].pointer);
        zp_buf_lit(out, "</code></li>\n");
    }
    zp_buf_lit(out, "</ul>\n");
}

static const char *state_text(zp_state state)
{
    switch (state) {
    case ZP_QUEUED:
        return "已受理，等待评分 / Accepted, waiting for its score";
    case ZP_SCORED:
        return "已评分 / Scored";
    case ZP_FAILED:
        return "评分失败，需要管理员处理 / Scoring failed, an operator has to look at it";
    case ZP_SUPERSEDED:
        return "已被新版本取代 / Superseded by a later revision";
    case ZP_STATES:
        break;
    }
    return "—";
}

static bool declares_a_score(const zp_result *r)
{
    bool found = r->declared_total != ZP_NO_CENTS || !zp_cell_is_unfilled(r->execution.declared);
    for (size_t i = 0; i < r->line_count && !found; i++)
        found = !zp_cell_is_unfilled(r->lines[i].declared);
    return found;
}

/* What is consistent agrees with something: a form without any score has none to agree with. */
static zp_str outcome_text(const zp_result *r)
{
    if (r->discrepant)
        return ZP_STR("与自评不一致 / Discrepant");
    return declares_a_score(r) ? ZP_STR("与自评一致 / Consistent")
                               : ZP_STR("没有自评得分，无可对照 / No declared score to compare with");
}

static void result(zp_buf *out, const zp_result *r, zp_arena *arena)
{
    row(out, "结论 / Outcome", outcome_text(r));
    row_cents(out, "自评总分 / Declared total", r->declared_total, arena);
    row_cents(out, "计算总分 / Computed total", r->computed_total, arena);
    row_cents(out, "核定总分 / Confirmed total", r->confirmed_total, arena);
    row(out, "执行率 / Execution rate", r->execution.rate);
    row(out, "等级 / Grade", zp_str_of(zp_grade_name(r->grade)));
    zp_buf_lit(out, "</dl>\n");
    lines(out, r, arena);
    flags(out, r->flags, r->flag_count, arena);
}

void zp_page_headers(zp_request *request)
{
    zp_header(request, "Content-Security-Policy",
              ZP_STR("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                     "frame-ancestors 'none'"));
    zp_header(request, "X-Content-Type-Options", ZP_STR("nosniff"));
}

void zp_page_status(const zp_status *status, unsigned refresh_s, zp_arena *arena, zp_buf *out)
{
    char id[ZP_ID_TEXT + 1];
    zp_id_format(&status->id, id);
    open_page(out, status->project_name, status->state == ZP_QUEUED ? &status->id : NULL, refresh_s);
    zp_buf_lit(out, "<dl>\n");
    row(out, "状态 / State", zp_str_of(state_text(status->state)));
    row(out, "受理编号 / Submission", (zp_str){id, ZP_ID_TEXT});
    zp_buf_printf(out, "<dt>年度、版本 / Year, revision</dt><dd>%d, %u</dd>\n", status->year, status->revision);
    row(out, "主管部门 / Department", status->department);
    row(out, "实施单位 / Unit", status->unit);
    row_time(out, "受理时间 / Received", status->received_ms);
    if (status->scored_ms)
        row_time(out, "评分时间 / Scored", status->scored_ms);
    if (zp_str_present(status->failure))
        row(out, "原因 / Reason", status->failure);
    if (status->has_superseded_by) {
        zp_id_format(&status->superseded_by, id);
        zp_buf_printf(out, "<dt>新版本 / Later revision</dt><dd><a href=\"/v1/submissions/%s\">%s</a></dd>\n", id, id);
    }
    if (status->has_result)
        result(out, &status->result, arena);
    else
        zp_buf_lit(out, "</dl>\n");
    close_page(out);
}

void zp_page_problem(const zp_problem_text *problem, const zp_flags *faults, const zp_id *current, zp_arena *arena,
                     zp_buf *out)
{
    open_page(out, zp_str_of(problem->title), NULL, 0);
    zp_buf_lit(out, "<p>");
    text(out, zp_str_of(problem->zh));
    zp_buf_lit(out, "</p>\n<p>");
    text(out, zp_str_of(problem->en));
    zp_buf_printf(out, "</p>\n<p><code>%d %s</code></p>\n", problem->status, problem->code);
    if (current) {
        char id[ZP_ID_TEXT + 1];
        zp_id_format(current, id);
        zp_buf_printf(out, "<p>现有版本 / On file: <a href=\"/v1/submissions/%s\">%s</a></p>\n", id, id);
    }
    if (faults)
        flags(out, faults->items, faults->count, arena);
    close_page(out);
}

/*
 * totals.c - GET /v1/totals: what a season's dashboard shows, from the sums that are kept with each result.
 *
 * Request threads. Sums are whole cents; the mean is rounded once, half-up.
 */
#include "handlers.h"

#include "codec/json_out.h"
#include "core/decimal.h"
#include "problem.h"

typedef struct {
    zp_buf *out;
    size_t count;
    zp_totals sum;
} writer;

static void write_count(zp_buf *out, const char *name, uint64_t n)
{
    zp_buf_char(out, '"');
    zp_buf_str(out, zp_str_of(name));
    zp_buf_lit(out, "\":");
    zp_json_uint(out, n);
    zp_buf_char(out, ',');
}

static void write_cents(zp_buf *out, const char *name, int64_t cents)
{
    zp_buf_char(out, '"');
    zp_buf_str(out, zp_str_of(name));
    zp_buf_lit(out, "\":");
    zp_json_cents(out, cents);
}

/* The members that a row and the sum have in common. */
static void write_figures(const zp_totals *t, zp_buf *out)
{
    uint64_t graded = 0; /* those whose confirmed total is known: only they are in its sum */
    write_count(out, "scored", t->scored);
    write_count(out, "failed", t->failed);
    write_count(out, "superseded", t->superseded);
    write_count(out, "consistent", t->consistent);
    write_count(out, "discrepant", t->discrepant);
    zp_buf_lit(out, "\"grades\":{");
    for (int g = 0; g < ZP_GRADES; g++) {
        graded += t->grades[g];
        if (g)
            zp_buf_char(out, ',');
        zp_json_str(out, zp_str_of(zp_grade_name((zp_grade)g)));
        zp_buf_char(out, ':');
        zp_json_uint(out, t->grades[g]);
    }
    zp_buf_lit(out, "},");
    write_cents(out, "declared_sum", t->declared_sum);
    zp_buf_char(out, ',');
    write_cents(out, "computed_sum", t->computed_sum);
    zp_buf_char(out, ',');
    write_cents(out, "confirmed_sum", t->confirmed_sum);
    zp_buf_char(out, ',');
    write_cents(out, "mean_confirmed", graded ? (int64_t)zp_round_div(t->confirmed_sum, 1, graded) : ZP_NO_CENTS);
}

static void add(zp_totals *sum, const zp_totals *row)
{
    sum->scored += row->scored;
    sum->failed += row->failed;
    sum->superseded += row->superseded;
    sum->consistent += row->consistent;
    sum->discrepant += row->discrepant;
    for (int g = 0; g < ZP_GRADES; g++)
        sum->grades[g] += row->grades[g];
    sum->declared_sum += row->declared_sum;
    sum->computed_sum += row->computed_sum;
    sum->confirmed_sum += row->confirmed_sum;
}

static bool write_row(void *context, const zp_totals *row)
{
    writer *w = context;
    if (w->count++)
        zp_buf_char(w->out, ',');
    zp_buf_lit(w->out, "{\"year\":");
    zp_json_uint(w->out, (uint64_t)row->year);
    zp_buf_lit(w->out, ",\"department\":");
    zp_json_str(w->out, zp_str_of(row->department));
    zp_buf_char(w->out, ',');
    write_figures(row, w->out);
    zp_buf_char(w->out, '}');
    add(&w->sum, row);
    return !w->out->failed;
}

zp_handled zp_get_totals(zp_desk *desk, zp_request *request)
{
    enum { YEAR, DEPARTMENT, PARAMS };
    zp_param params[PARAMS] = {[YEAR] = {.name = "year"}, [DEPARTMENT] = {.name = "department"}};
    uint64_t year = 0;
    zp_query_fault fault;
    zp_rc rc = zp_query_read(request->query, request->arena, params, PARAMS, &fault);
    if (!rc)
        rc = zp_query_uint(&params[YEAR], ZP_YEAR_FIRST, ZP_YEAR_LAST, request->arena, &year, &fault);
    if (!rc && params[DEPARTMENT].value.n > ZP_MAX_CELL)
        rc = zp_query_refuse(&params[DEPARTMENT], request->arena, "the exact name of a department", &fault);
    if (rc)
        return zp_refuse_query(desk, request, rc, &fault);

    zp_buf *body = &request->response.body;
    writer w = {.out = body};
    zp_buf_lit(body, "{\"totals\":[");
    rc = zp_scores_totals(desk->scores, (int)year, params[DEPARTMENT].value, write_row, &w);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    zp_buf_lit(body, "],\"sum\":{");
    write_figures(&w.sum, body);
    zp_buf_lit(body, "}}\n");
    request->response.status = 200;
    request->response.content_type = ZP_TYPE_JSON;
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    return ZP_DONE_ANSWER;
}

/*
 * totals.c - GET /v1/totals: what a season's dashboard shows, from the sums that are kept with each result.
 *
 * Request threads. Sums are whole cents; the mean is rounded once, half-up. An answer holds a page of rows. The sum is
 * that of all rows which match, whatever the page, or null where there are more than a request may look at: a sum of
 * some would be taken for the whole.
 */
#include "handlers.h"

#include "codec/json_out.h"
#include "core/decimal.h"
#include "problem.h"

enum { MOST = 500, USUAL = 200, SUMMED = 5000 };
enum { YEAR, DEPARTMENT, CURSOR, LIMIT, PARAMS };

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

static bool add_row(void *context, const zp_totals *row)
{
    add(context, row);
    return true;
}

/* ---- what is asked for ---- */

static const char hex[] = "0123456789abcdef";

static void write_place(const zp_totals_place *place, zp_buf *out)
{
    for (size_t i = 0; i < sizeof place->b; i++) {
        zp_buf_char(out, hex[place->b[i] >> 4]);
        zp_buf_char(out, hex[place->b[i] & 15]);
    }
}

static zp_rc read_cursor(const zp_param *p, zp_arena *arena, zp_totals_query *out, zp_query_fault *fault)
{
    if (!p->value.p)
        return ZP_OK;
    bool good = p->value.n == 2 * sizeof out->after.b;
    for (size_t i = 0; good && i < p->value.n; i++) {
        const char *digit = memchr(hex, p->value.p[i], sizeof hex - 1);
        good = digit != NULL;
        if (good)
            out->after.b[i / 2] = (uint8_t)(out->after.b[i / 2] << 4 | (digit - hex));
    }
    out->has_after = true;
    return good ? ZP_OK : zp_query_refuse(p, arena, "the value of next of the page before", fault);
}

static zp_rc read_query(zp_request *request, zp_param *params, zp_totals_query *out, zp_query_fault *fault)
{
    uint64_t year = 0, limit = USUAL;
    zp_arena *arena = request->arena;
    zp_rc rc = zp_query_read(request->query, arena, params, PARAMS, fault);
    if (!rc)
        rc = zp_query_uint(&params[YEAR], ZP_YEAR_FIRST, ZP_YEAR_LAST, arena, &year, fault);
    if (!rc)
        rc = zp_query_uint(&params[LIMIT], 1, MOST, arena, &limit, fault);
    if (!rc && params[DEPARTMENT].value.n > ZP_MAX_CELL)
        rc = zp_query_refuse(&params[DEPARTMENT], arena, "the exact name of a department", fault);
    *out = (zp_totals_query){.year = (int)year, .department = params[DEPARTMENT].value, .max = (size_t)limit};
    return rc ? rc : read_cursor(&params[CURSOR], arena, out, fault);
}

/* ---- the answer ---- */

/* All rows that match; what this page did not show is looked at apart. *known: they are not too many. */
static zp_rc sum_up(zp_desk *desk, const zp_totals_query *query, bool is_whole, zp_totals *sum, bool *known)
{
    *known = is_whole;
    if (is_whole)
        return ZP_OK;
    zp_totals_place next;
    bool more;
    zp_totals_query all = {.year = query->year, .department = query->department, .max = SUMMED};
    *sum = (zp_totals){.year = 0};
    zp_rc rc = zp_scores_totals(desk->scores, &all, add_row, sum, &more, &next);
    *known = !more;
    return rc;
}

static void write_sum(const zp_totals *sum, bool known, zp_buf *out)
{
    zp_buf_lit(out, "],\"sum\":");
    if (!known) {
        zp_buf_lit(out, "null");
        return;
    }
    zp_buf_char(out, '{');
    write_figures(sum, out);
    zp_buf_char(out, '}');
}

/* The next page: in the document, and as a link with the client's own parameters, encoded anew. */
static void write_next(zp_request *request, const zp_param *params, const zp_totals_place *next)
{
    zp_buf cursor = ZP_BUF_INIT, link = ZP_BUF_INIT;
    bool first = true;
    write_place(next, &cursor);
    zp_buf_lit(&link, "</v1/totals");
    for (size_t i = 0; i < PARAMS; i++)
        zp_query_write(&link, &first, params[i].name, i == CURSOR ? zp_buf_view(&cursor) : params[i].value);
    zp_buf_lit(&link, ">; rel=\"next\"");
    zp_json_str(&request->response.body, zp_buf_view(&cursor));
    request->response.body.failed |= cursor.failed;
    if (!link.failed && !cursor.failed)
        zp_header(request, "Link", zp_buf_view(&link));
    zp_buf_free(&cursor);
    zp_buf_free(&link);
}

zp_handled zp_get_totals(zp_desk *desk, zp_request *request)
{
    zp_param params[PARAMS] = {[YEAR] = {.name = "year"},
                               [DEPARTMENT] = {.name = "department"},
                               [CURSOR] = {.name = "cursor"},
                               [LIMIT] = {.name = "limit"}};
    zp_totals_query query;
    zp_query_fault fault;
    zp_rc rc = read_query(request, params, &query, &fault);
    if (rc)
        return zp_refuse_query(desk, request, rc, &fault);

    zp_buf *body = &request->response.body;
    writer w = {.out = body};
    zp_totals_place next;
    bool more, known;
    zp_buf_lit(body, "{\"totals\":[");
    rc = zp_scores_totals(desk->scores, &query, write_row, &w, &more, &next);
    if (!rc)
        rc = sum_up(desk, &query, !more && !query.has_after, &w.sum, &known);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    write_sum(&w.sum, known, body);
    zp_buf_lit(body, ",\"next\":");
    if (more)
        write_next(request, params, &next);
    else
        zp_buf_lit(body, "null");
    zp_buf_lit(body, "}\n");
    request->response.status = 200;
    request->response.content_type = ZP_TYPE_JSON;
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    return ZP_DONE_ANSWER;
}

/*
 * list.c - GET /v1/submissions: a page of submissions, newest first; or the receipt of an idempotency key.
 *
 * Request threads. Two stores make one list: what waits comes from intake, what has a result from scores, merged by
 * id. Intake is looked at first: what is scored in between is then in both and shown once, as scored; the other way
 * round it could be in neither. Each look is bounded, and a store that was not seen to its end bounds the page: its
 * horizon is the id above which all is known, and the cursor goes on from there.
 */
#include "handlers.h"

#include "codec/json_out.h"
#include "fields.h"
#include "problem.h"

enum { MOST = 200, USUAL = 50, PENDING_PAGE = 64, PENDING_LOOKS = 1024, FIRST_CHUNK = 32 * 1024 };

enum { YEAR, UNIT, STATUS, GRADE, OUTCOME, FLAG, CURSOR, LIMIT, KEY, PARAMS };

typedef struct {
    zp_list_query query;
    bool only_queued, with_queued, with_scored;
    size_t limit;
} filter;

/* Ids in falling order, and down to where the store is known. */
typedef struct {
    zp_id ids[MOST];
    size_t count;
    bool more;
    zp_id horizon; /* with more: every match above it, and it itself, is in ids */
} run;

/* ---- what is asked for ---- */

static zp_rc read_state(const zp_param *p, zp_arena *arena, filter *out, zp_query_fault *fault)
{
    zp_state state;
    if (!p->value.p)
        return ZP_OK;
    if (zp_state_by_name(p->value, &state) != ZP_OK)
        return zp_query_refuse(p, arena, "queued, scored, failed, superseded", fault);
    out->only_queued = state == ZP_QUEUED;
    out->query.has_state = state != ZP_QUEUED;
    out->query.state = state;
    return ZP_OK;
}

static zp_rc read_outcome(const zp_param *p, zp_arena *arena, filter *out, zp_query_fault *fault)
{
    if (!p->value.p)
        return ZP_OK;
    out->query.has_outcome = true;
    out->query.discrepant = zp_str_is(p->value, "discrepant");
    return out->query.discrepant || zp_str_is(p->value, "consistent")
               ? ZP_OK
               : zp_query_refuse(p, arena, "consistent, discrepant", fault);
}

static zp_rc read_grade(const zp_param *p, zp_arena *arena, filter *out, zp_query_fault *fault)
{
    if (!p->value.p)
        return ZP_OK;
    out->query.has_grade = true;
    out->query.grade = zp_grade_by_name(p->value);
    return out->query.grade != ZP_GRADE_NONE ? ZP_OK : zp_query_refuse(p, arena, "优, 良, 中, 差", fault);
}

static zp_rc read_flag(const zp_param *p, zp_arena *arena, filter *out, zp_query_fault *fault)
{
    if (!p->value.p)
        return ZP_OK;
    out->query.has_flag = true;
    return zp_flag_by_name(p->value, &out->query.flag) == ZP_OK
               ? ZP_OK
               : zp_query_refuse(p, arena, "a flag's code, such as SCORE_TOO_LOW", fault);
}

static zp_rc read_cursor(const zp_param *p, zp_arena *arena, filter *out, zp_query_fault *fault)
{
    if (!p->value.p)
        return ZP_OK;
    out->query.has_before = true;
    return zp_id_parse(p->value, &out->query.before) == ZP_OK
               ? ZP_OK
               : zp_query_refuse(p, arena, "the value of next of the page before", fault);
}

static zp_rc read_filter(const zp_param *params, zp_arena *arena, filter *out, zp_query_fault *fault)
{
    uint64_t year = 0, limit = USUAL;
    *out = (filter){.query = {.unit = params[UNIT].value}};
    zp_rc rc = zp_query_uint(&params[YEAR], ZP_YEAR_FIRST, ZP_YEAR_LAST, arena, &year, fault);
    if (!rc)
        rc = zp_query_uint(&params[LIMIT], 1, MOST, arena, &limit, fault);
    if (!rc && out->query.unit.n > ZP_MAX_CELL)
        rc = zp_query_refuse(&params[UNIT], arena, "the exact name of a unit", fault);
    if (!rc)
        rc = read_state(&params[STATUS], arena, out, fault);
    if (!rc)
        rc = read_outcome(&params[OUTCOME], arena, out, fault);
    if (!rc)
        rc = read_grade(&params[GRADE], arena, out, fault);
    if (!rc)
        rc = read_flag(&params[FLAG], arena, out, fault);
    if (!rc)
        rc = read_cursor(&params[CURSOR], arena, out, fault);
    bool of_result = out->query.has_grade || out->query.has_outcome || out->query.has_flag;
    out->with_queued = !of_result && !out->query.has_state;
    out->with_scored = !out->only_queued;
    out->query.year = (int)year;
    out->limit = limit;
    return rc;
}

/* ---- the two stores ---- */

/* Whether a pending submission belongs into the list: not scored yet, and of this year and unit. */
static zp_rc is_match(zp_desk *desk, const filter *f, const zp_id *id, zp_arena *arena, bool *match)
{
    uint64_t seq;
    zp_status status;
    *match = false;
    zp_rc rc = zp_seq_of(desk, id, &seq);
    if (rc == ZP_CORRUPT)
        return ZP_OK; /* has a result, and stands in the other list */
    if (rc || seq)
        return rc;
    *match = true;
    if (!f->query.year && !f->query.unit.p)
        return ZP_OK;
    zp_arena_reset(arena);
    rc = zp_load_status(desk, id, arena, &status);
    *match = rc == ZP_OK && (!f->query.year || f->query.year == status.year) &&
             (!f->query.unit.p || zp_str_eq(f->query.unit, status.unit));
    return rc;
}

static zp_rc list_queued(zp_desk *desk, const filter *f, zp_arena *arena, run *out)
{
    zp_pending page[PENDING_PAGE];
    zp_id before = f->query.before;
    bool bounded = f->query.has_before;
    for (size_t looks = 0;; looks += PENDING_PAGE) {
        size_t n = 0;
        zp_rc rc = zp_intake_pending_back(desk->intake, bounded ? &before : NULL, page, PENDING_PAGE, &n);
        if (rc || n == 0)
            return rc;
        for (size_t i = 0; i < n; i++) {
            bool match;
            rc = is_match(desk, f, &page[i].id, arena, &match);
            if (rc)
                return rc;
            out->more = (match && out->count == f->limit) || (i + 1 == n && looks + n >= PENDING_LOOKS);
            if (match && out->count < f->limit)
                out->ids[out->count++] = page[i].id;
            if (out->more) {
                out->horizon = out->count == f->limit ? out->ids[out->count - 1] : page[i].id;
                return ZP_OK;
            }
        }
        bounded = true;
        before = page[n - 1].id;
    }
}

/* Merges both into *out, in falling order, down to the nearer horizon; *more and its horizon say where to go on. */
static void merge(const run *queued, const run *scored, size_t limit, run *out)
{
    size_t q = 0, s = 0;
    out->more = queued->more || scored->more;
    out->horizon = !scored->more || (queued->more && zp_id_cmp(&queued->horizon, &scored->horizon) > 0)
                       ? queued->horizon
                       : scored->horizon;
    while (q < queued->count || s < scored->count) {
        int order = q == queued->count ? -1 : s == scored->count ? 1 : zp_id_cmp(&queued->ids[q], &scored->ids[s]);
        const zp_id *next = order > 0 ? &queued->ids[q] : &scored->ids[s];
        if (out->more && zp_id_cmp(next, &out->horizon) < 0)
            return;
        if (out->count == limit) {
            out->more = true;
            out->horizon = out->ids[limit - 1];
            return;
        }
        out->ids[out->count++] = *next;
        q += order >= 0;
        s += order <= 0;
    }
}

/* ---- the page ---- */

static void write_item(const zp_status *status, zp_buf *out)
{
    const zp_result *result = status->has_result ? &status->result : NULL;
    zp_buf_lit(out, "{\"id\":");
    zp_json_id(out, &status->id);
    zp_buf_lit(out, ",\"status\":");
    zp_json_str(out, zp_str_of(zp_state_name(status->state)));
    zp_buf_lit(out, ",\"outcome\":");
    zp_json_str(out, zp_str_of(result ? (result->discrepant ? "discrepant" : "consistent") : NULL));
    zp_buf_lit(out, ",\"year\":");
    zp_json_uint(out, (uint64_t)status->year);
    zp_buf_lit(out, ",\"project_name\":");
    zp_json_str(out, status->project_name);
    zp_buf_lit(out, ",\"unit\":");
    zp_json_str(out, status->unit);
    zp_buf_lit(out, ",\"department\":");
    zp_json_str(out, status->department);
    zp_buf_lit(out, ",\"revision\":");
    zp_json_uint(out, status->revision);
    zp_buf_lit(out, ",\"received_at\":");
    zp_json_time(out, status->received_ms);
    zp_buf_lit(out, ",\"scored_at\":");
    if (status->scored_ms)
        zp_json_time(out, status->scored_ms);
    else
        zp_buf_lit(out, "null");
    zp_buf_lit(out, ",\"declared_total\":");
    zp_json_cents(out, result ? result->declared_total : ZP_NO_CENTS);
    zp_buf_lit(out, ",\"computed_total\":");
    zp_json_cents(out, result ? result->computed_total : ZP_NO_CENTS);
    zp_buf_lit(out, ",\"confirmed_total\":");
    zp_json_cents(out, result ? result->confirmed_total : ZP_NO_CENTS);
    zp_buf_lit(out, ",\"grade\":");
    bool graded = result && result->grade != ZP_GRADE_NONE;
    zp_json_str(out, zp_str_of(graded ? zp_grade_name(result->grade) : NULL));
    zp_buf_char(out, '}');
}

/* One record that cannot be read must not hide those around it. */
static void write_damaged(const zp_id *id, zp_buf *out)
{
    zp_buf_lit(out, "{\"id\":");
    zp_json_id(out, id);
    zp_buf_lit(out, ",\"status\":\"damaged\"}");
}

/* The parameters of this page with the next one's cursor; the client's own texts, encoded anew. */
static void link_next(zp_request *request, const zp_param *params, zp_str cursor)
{
    zp_buf link = ZP_BUF_INIT;
    bool first = true;
    zp_buf_lit(&link, "</v1/submissions");
    for (size_t i = 0; i < KEY; i++)
        if (i != CURSOR)
            zp_query_write(&link, &first, params[i].name, params[i].value);
    zp_query_write(&link, &first, params[CURSOR].name, cursor);
    zp_buf_lit(&link, ">; rel=\"next\"");
    if (!link.failed)
        zp_header(request, "Link", zp_buf_view(&link));
    zp_buf_free(&link);
}

static zp_rc write_page(zp_desk *desk, zp_request *request, const run *page, zp_arena *arena)
{
    zp_buf *body = &request->response.body;
    zp_buf_lit(body, "{\"items\":[");
    for (size_t i = 0; i < page->count; i++) {
        zp_status status;
        zp_arena_reset(arena);
        zp_rc rc = zp_load_status(desk, &page->ids[i], arena, &status);
        if (rc && rc != ZP_CORRUPT)
            return rc;
        if (i)
            zp_buf_char(body, ',');
        if (rc)
            write_damaged(&page->ids[i], body);
        else
            write_item(&status, body);
    }
    zp_buf_lit(body, "],\"next\":");
    if (page->more)
        zp_json_id(body, &page->horizon);
    else
        zp_buf_lit(body, "null");
    zp_buf_lit(body, "}\n");
    return ZP_OK;
}

static zp_rc find(zp_desk *desk, const filter *f, zp_arena *arena, run *page)
{
    run queued = {.count = 0}, scored = {.count = 0};
    zp_rc rc = f->with_queued ? list_queued(desk, f, arena, &queued) : ZP_OK;
    if (!rc && f->with_scored)
        rc =
            zp_scores_list(desk->scores, &f->query, scored.ids, f->limit, &scored.count, &scored.more, &scored.horizon);
    if (!rc)
        merge(&queued, &scored, f->limit, page);
    return rc;
}

static zp_handled answer_page(zp_desk *desk, zp_request *request, const zp_param *params, const filter *f)
{
    run page = {.count = 0};
    zp_arena *arena = zp_arena_new(FIRST_CHUNK); /* one record at a time, however long the page */
    zp_rc rc = arena ? find(desk, f, arena, &page) : ZP_NOMEM;
    if (!rc)
        rc = write_page(desk, request, &page, arena);
    zp_arena_destroy(&arena);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    request->response.status = 200;
    request->response.content_type = ZP_TYPE_JSON;
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    if (page.more) {
        char cursor[ZP_ID_TEXT + 1];
        zp_id_format(&page.horizon, cursor);
        link_next(request, params, (zp_str){cursor, ZP_ID_TEXT});
    }
    return ZP_DONE_ANSWER;
}

/* The same submitter asks for what it may have missed. */
static zp_handled answer_key(zp_desk *desk, zp_request *request, const zp_param *params)
{
    zp_str key;
    zp_id id;
    zp_status status;
    zp_query_fault fault;
    for (size_t i = 0; i < KEY; i++)
        if (params[i].value.p)
            return zp_problem(request, 400, "QUERY_INVALID", "idempotency_key stands alone; leave the others out.",
                              "idempotency_key 不能与其他查询参数同时使用。", NULL);
    if (zp_key_of(params[KEY].value, &key))
        return zp_refuse_query(
            desk, request, zp_query_refuse(&params[KEY], request->arena, "1 to 255 visible ASCII characters", &fault),
            &fault);
    zp_rc rc = zp_intake_by_key(desk->intake, request->submitter, key, &id);
    if (!rc)
        rc = zp_load_status(desk, &id, request->arena, &status);
    if (rc == ZP_NOTFOUND)
        return zp_problem(request, 404, "NO_SUCH_KEY",
                          "Nothing has been stored under this key by this submitter. Submit it, with the same key.",
                          "该提交者未以此键提交过内容。请使用相同的键提交。", NULL);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    zp_header_location(request, &id);
    return zp_answer_status(desk, request, 200, &status);
}

zp_handled zp_get_list(zp_desk *desk, zp_request *request)
{
    zp_param params[PARAMS] = {
        [YEAR] = {.name = "year"},     [UNIT] = {.name = "unit"},       [STATUS] = {.name = "status"},
        [GRADE] = {.name = "grade"},   [OUTCOME] = {.name = "outcome"}, [FLAG] = {.name = "flag"},
        [CURSOR] = {.name = "cursor"}, [LIMIT] = {.name = "limit"},     [KEY] = {.name = "idempotency_key"},
    };
    filter f;
    zp_query_fault fault;
    zp_rc rc = zp_query_read(request->query, request->arena, params, PARAMS, &fault);
    if (!rc && params[KEY].value.p)
        return answer_key(desk, request, params);
    if (!rc)
        rc = read_filter(params, request->arena, &f, &fault);
    return rc ? zp_refuse_query(desk, request, rc, &fault) : answer_page(desk, request, params, &f);
}

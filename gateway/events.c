/*
 * events.c - GET /v1/events: the event log by number. Reading never consumes; the same numbers give the same bytes.
 *
 * Request threads. An answer is bounded in events and in bytes; a reader goes on with `next` until it is null.
 */
#include "handlers.h"

#include "base/log.h"
#include "codec/event.h"
#include "codec/json_out.h"
#include "problem.h"

#include <inttypes.h>

enum { MOST = 1000, USUAL = 100, MAX_BYTES = 1024 * 1024 };

typedef struct {
    zp_buf *out;
    uint64_t last; /* delivered */
    size_t count;
} writer;

/* One damaged event must not hide those behind it: it keeps its number and says what it is. */
static void write_damaged(zp_buf *out, uint64_t seq)
{
    zp_buf_printf(out,
                  "{\"specversion\":\"1.0\",\"id\":\"%" PRIu64 "\",\"source\":\"/v1/submissions\","
                  "\"type\":\"ziping.event.damaged\",\"sequence\":\"%020" PRIu64 "\"}",
                  seq, seq);
}

static bool write_event(void *context, uint64_t seq, zp_str frozen)
{
    writer *w = context;
    if (w->count++)
        zp_buf_char(w->out, ',');
    size_t before = w->out->n;
    if (zp_event_write_json(frozen, w->out) != ZP_OK) {
        w->out->n = before;
        write_damaged(w->out, seq);
        zp_log(ZP_ERROR, "event-damaged", "seq=%" PRIu64, seq);
    }
    w->last = seq;
    return true;
}

static void write_end(zp_request *request, const writer *w, uint64_t newest, uint64_t limit)
{
    zp_buf *body = &request->response.body;
    zp_buf_lit(body, "],\"last\":");
    zp_json_uint(body, newest);
    zp_buf_lit(body, ",\"next\":");
    if (w->last < newest && w->count)
        zp_buf_printf(body, "\"/v1/events?after=%" PRIu64 "&limit=%" PRIu64 "\"", w->last, limit);
    else
        zp_buf_lit(body, "null");
    zp_buf_lit(body, "}\n");
}

zp_handled zp_get_events(zp_desk *desk, zp_request *request)
{
    enum { AFTER, LIMIT, PARAMS };
    zp_param params[PARAMS] = {[AFTER] = {.name = "after"}, [LIMIT] = {.name = "limit"}};
    uint64_t after = 0, limit = USUAL, newest = 0;
    zp_query_fault fault;
    zp_rc rc = zp_query_read(request->query, request->arena, params, PARAMS, &fault);
    if (!rc)
        rc = zp_query_uint(&params[AFTER], 0, INT64_MAX, request->arena, &after, &fault);
    if (!rc)
        rc = zp_query_uint(&params[LIMIT], 1, MOST, request->arena, &limit, &fault);
    if (rc)
        return zp_refuse_query(desk, request, rc, &fault);
    if (zp_events_are_gone(desk, request, after))
        return ZP_DONE_ANSWER;

    zp_buf *body = &request->response.body;
    writer w = {.out = body, .last = after};
    zp_buf_lit(body, "{\"events\":[");
    rc = zp_scores_events(desk->scores, after, limit, MAX_BYTES, write_event, &w);
    /* After the events: what comes in between then shows as one page more, never as an end too early. */
    if (!rc)
        rc = zp_scores_last(desk->scores, &newest);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    write_end(request, &w, newest, limit);
    request->response.status = 200;
    request->response.content_type = ZP_TYPE_JSON;
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    return ZP_DONE_ANSWER;
}

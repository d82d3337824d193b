/*
 * event_totals.c - GET /v1/events/totals: control totals over a stretch of the log (codec/control.h).
 *
 * Request threads. The log is read a slice a turn, so that a sum over a whole season keeps nobody waiting; what was the
 * newest number at the beginning is the end, and is said, so that the same question can be asked again.
 */
#include "handlers.h"

#include "event_query.h"
#include "problem.h"

#include "codec/control.h"

enum { SLICE_EVENTS = 4000, SLICE_BYTES = 4 * 1024 * 1024 };

typedef struct {
    zp_event_range range;
    zp_control control;
    uint64_t position;
} sum;

static bool add(void *context, uint64_t seq, zp_str frozen)
{
    sum *s = context;
    if (seq > s->range.upto)
        return false;
    zp_control_add(&s->control, frozen);
    s->position = seq;
    return true;
}

static zp_handled answer(zp_request *request, sum *s)
{
    zp_control_write_json(&s->control, s->range.after, s->range.upto, &request->response.body);
    request->response.status = 200;
    request->response.content_type = ZP_TYPE_JSON;
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    return ZP_DONE_ANSWER;
}

static zp_handled go_on(zp_desk *desk, zp_request *request)
{
    sum *s = request->task;
    uint64_t before = s->position;
    zp_rc rc = zp_scores_events(desk->scores, before, SLICE_EVENTS, SLICE_BYTES, add, s);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    return s->position == before || s->position >= s->range.upto ? answer(request, s) : ZP_GO_ON;
}

zp_handled zp_get_event_totals(zp_desk *desk, zp_request *request)
{
    zp_query_fault fault;
    uint64_t newest;
    sum *s = zp_arena_calloc(request->arena, 1, sizeof *s);
    if (!s)
        return zp_problem_store(desk->gateway, request, ZP_NOMEM);
    zp_rc rc = zp_event_range_read(request, &s->range, &fault);
    if (rc)
        return zp_refuse_query(desk, request, rc, &fault);
    if (zp_events_are_gone(desk, request, s->range.after))
        return ZP_DONE_ANSWER;
    rc = zp_scores_last(desk->scores, &newest);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    if (s->range.after > newest)
        return zp_events_are_ahead(request, newest);
    if (s->range.upto > newest)
        s->range.upto = newest;
    s->position = s->range.after;
    zp_control_begin(&s->control, &s->range.filter);
    request->task = s;
    request->go_on = go_on;
    return s->position < s->range.upto ? ZP_GO_ON : answer(request, s);
}

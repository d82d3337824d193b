/*
 * events.c - GET /v1/events: the event log by number, a page at a time, as a waiting poll or as a stream. Reading never
 * consumes; the same numbers give the same bytes.
 *
 * Request threads. An answer is bounded in events and in bytes; a reader goes on with `next` until it is null. Who
 * waits, and who follows the log as Server-Sent Events, holds no thread and next to no memory (follow.h): the loop asks
 * again when the log has grown, or when it is time.
 */
#include "handlers.h"

#include "event_query.h"
#include "fields.h"
#include "follow.h"
#include "news.h"
#include "prefer.h"
#include "problem.h"
#include "retry.h"

#include "base/log.h"
#include "codec/json_out.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOOKS = 10000 };                             /* events that one turn looks at for those that match */
enum { BEAT_MS = 15000 };                           /* below the patience of nginx and of what else stands between */
enum { STREAM_EVENTS = 128, STREAM_LOOKS = 10000 }; /* one turn of a stream that catches up */

/* ---- a page ---- */

static const char *type_of(zp_events_format format)
{
    switch (format) {
    case ZP_EVENTS_JSON:
        return ZP_TYPE_JSON;
    case ZP_EVENTS_BATCH:
        return "application/cloudevents-batch+json";
    case ZP_EVENTS_MSGPACK:
        return "application/vnd.msgpack";
    case ZP_EVENTS_STREAM:
        break;
    }
    return "text/event-stream";
}

static void write_next(zp_buf *out, const zp_event_query *query, uint64_t position)
{
    bool first = false;
    zp_buf_printf(out, "/v1/events?after=%" PRIu64 "&limit=%zu", position, query->limit);
    zp_query_write(out, &first, "type", query->filter.type);
    zp_query_write(out, &first, "unit", query->filter.unit);
    if (query->filter.year)
        zp_buf_printf(out, "&year=%d", query->filter.year);
}

static void write_head(zp_desk *desk, zp_request *request, const zp_event_query *query, uint64_t position, bool more)
{
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    zp_header(request, "Vary", ZP_STR("Accept"));
    zp_header_uint(request, "Ziping-Position", position);
    zp_header_waited(request);
    if (!more)
        return;
    zp_buf *link = &desk->scratch;
    zp_buf_clear(link);
    zp_buf_char(link, '<');
    write_next(link, query, position);
    zp_buf_lit(link, ">; rel=\"next\"");
    zp_header(request, "Link", zp_buf_view(link));
}

static void write_end(zp_buf *body, const zp_event_query *query, uint64_t position, uint64_t newest, bool more)
{
    zp_buf_lit(body, "],\"position\":");
    zp_json_uint(body, position);
    zp_buf_lit(body, ",\"last\":");
    zp_json_uint(body, newest);
    zp_buf_lit(body, ",\"next\":");
    if (more) {
        zp_buf_char(body, '"');
        write_next(body, query, position);
        zp_buf_char(body, '"');
    } else {
        zp_buf_lit(body, "null");
    }
    zp_buf_lit(body, "}\n");
}

/*
 * The page behind query->after. With `or_wait`, when nothing matches: false, the response is untouched and *position
 * and *more say how far the look came, and whether there is more to look at.
 */
static bool answer_page(zp_desk *desk, zp_request *request, const zp_event_query *query, bool or_wait,
                        uint64_t *position, bool *more)
{
    zp_buf *body = &request->response.body;
    zp_event_page page = {.format = query->format,
                          .filter = &query->filter,
                          .out = body,
                          .limit = query->limit,
                          .position = query->after};
    uint64_t newest = 0;
    if (query->format == ZP_EVENTS_JSON)
        zp_buf_lit(body, "{\"events\":[");
    else if (query->format == ZP_EVENTS_BATCH)
        zp_buf_char(body, '[');
    zp_rc rc = zp_event_page_read(&page, desk->scores, LOOKS, more);
    /* After the events: what comes in between then shows as one page more, never as an end too early. */
    if (!rc)
        rc = zp_scores_last(desk->scores, &newest);
    *position = page.position;
    if (rc) {
        zp_buf_clear(body);
        (void)zp_problem_store(desk->gateway, request, rc);
        return true;
    }
    if (or_wait && !page.count) {
        zp_buf_clear(body);
        return false;
    }
    if (query->format == ZP_EVENTS_JSON)
        write_end(body, query, page.position, newest, *more);
    else if (query->format == ZP_EVENTS_BATCH)
        zp_buf_lit(body, "]\n");
    request->response.status = 200;
    request->response.content_type = type_of(query->format);
    write_head(desk, request, query, page.position, *more);
    return true;
}

/* ---- waiting ---- */

static zp_handled wait_on(zp_desk *desk, zp_request *request)
{
    zp_follow *follow = request->follow;
    bool more, over = desk->draining || zp_clock_mono_ms() >= follow->until;
    if (!over && zp_news_upto(desk->news) == follow->position)
        return ZP_WAIT_NEWS;
    zp_event_query query = {
        .filter = follow->filter, .format = follow->format, .limit = follow->limit, .after = follow->position};
    if (!zp_request_refit(request) || answer_page(desk, request, &query, !over, &follow->position, &more))
        return ZP_DONE_ANSWER;
    return more ? ZP_GO_ON : ZP_WAIT_NEWS;
}

/* ---- streaming ---- */

static zp_handled stream_on(zp_desk *desk, zp_request *request)
{
    zp_follow *follow = request->follow;
    zp_buf *body = &request->response.body;
    zp_event_page page = {.format = ZP_EVENTS_STREAM,
                          .filter = &follow->filter,
                          .out = body,
                          .limit = STREAM_EVENTS,
                          .position = follow->position};
    bool more = false;
    int64_t now = zp_clock_mono_ms();
    if (desk->draining)
        return ZP_DONE_ANSWER; /* the client comes again, with Last-Event-ID */
    zp_rc rc = zp_news_add_to(desk->news, &page) ? ZP_OK : zp_event_page_read(&page, desk->scores, STREAM_LOOKS, &more);
    if (rc) {
        zp_log(ZP_ERROR, "stream-ended", "reason=%s", zp_rc_name(rc));
        return ZP_DONE_ANSWER;
    }
    follow->position = page.position;
    if (page.count == 0 && now >= follow->until) {
        /* What has been passed over is said too: a filtered stream need not look at it again after a break. */
        zp_buf_printf(body, "id: %" PRIu64 "\n: beat\n\n", follow->position);
        follow->until = now + BEAT_MS;
    } else if (page.count) {
        follow->until = now + BEAT_MS;
    }
    return more ? ZP_GO_ON : ZP_WAIT_NEWS;
}

static void begin_stream(zp_request *request)
{
    request->response.status = 200;
    request->response.content_type = type_of(ZP_EVENTS_STREAM);
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    zp_header(request, "X-Accel-Buffering", ZP_STR("no"));
    zp_buf_lit(&request->response.body, "retry: 2000\n\n");
}

/* ---- the request ---- */

static zp_handled follow(zp_desk *desk, zp_request *request, const zp_event_query *query, uint64_t position, int64_t ms)
{
    bool stream = query->format == ZP_EVENTS_STREAM;
    if (atomic_load(&desk->gateway->followers) >= desk->gateway->config->gateway.max_followers) {
        zp_retry_after(desk->gateway, request, NULL);
        return zp_problem(request, 503, "TOO_MANY_FOLLOWERS", "Too many clients follow the events. Try again later.",
                          "跟踪事件的客户端过多，请稍后重试。", NULL);
    }
    request->follow = zp_follow_new(&query->filter, &desk->gateway->followers);
    if (!request->follow)
        return zp_problem_store(desk->gateway, request, ZP_NOMEM);
    request->follow->format = query->format;
    request->follow->limit = query->limit;
    request->follow->position = position;
    request->follow->until = zp_clock_mono_ms() + ms;
    request->go_on = stream ? stream_on : wait_on;
    if (stream)
        begin_stream(request);
    return ZP_GO_ON;
}

zp_handled zp_events_are_ahead(zp_request *request, uint64_t newest)
{
    char en[160], zh[160];
    snprintf(en, sizeof en, "The log's newest number is %" PRIu64 ": this is another log. Begin again with after=0.",
             newest);
    snprintf(zh, sizeof zh, "事件日志的最新序号是 %" PRIu64 "，所给序号属于另一份日志。请从 after=0 重新开始。",
             newest);
    return zp_problem(request, 409, "NUMBER_AHEAD", en, zh, NULL);
}

zp_handled zp_get_events(zp_desk *desk, zp_request *request)
{
    zp_event_query query;
    zp_query_fault fault;
    uint64_t newest, position;
    bool more;
    zp_rc rc = zp_event_query_read(request, &query, &fault);
    if (rc)
        return zp_refuse_query(desk, request, rc, &fault);
    request->wait_s = zp_prefer_wait(request->prefer, desk->gateway->config->gateway.max_wait_s);
    rc = zp_scores_last(desk->scores, &newest);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    if (query.after == ZP_EVENTS_FROM_NOW)
        query.after = newest;
    if (query.after > newest)
        return zp_events_are_ahead(request, newest);
    if (zp_events_are_gone(desk, request, query.after))
        return ZP_DONE_ANSWER;
    if (query.format == ZP_EVENTS_STREAM)
        return request->method == ZP_HEAD ? (begin_stream(request), ZP_DONE_ANSWER)
                                          : follow(desk, request, &query, query.after, BEAT_MS);
    if (answer_page(desk, request, &query, request->wait_s > 0, &position, &more))
        return ZP_DONE_ANSWER;
    return follow(desk, request, &query, position, (int64_t)request->wait_s * 1000);
}

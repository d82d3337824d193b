/*
 * routes.c - which handler answers; what is refused before any of them: unknown paths, other methods, broken bodies.
 *
 * Request threads. While intake is shut a submission is refused here, before anything of it is parsed: refusing must
 * stay cheap when there is most to refuse.
 */
#include "handlers.h"

#include "problem.h"
#include "retry.h"

#define SUBMISSIONS "/v1/submissions"

typedef zp_handled (*handler)(zp_desk *desk, zp_request *request);
typedef zp_handled (*handler_of_one)(zp_desk *desk, zp_request *request, const zp_id *id);

typedef struct {
    handler get, post;                /* NULL: not allowed */
    bool takes_query;                 /* get reads the query itself */
    handler_of_one get_one, post_one; /* instead, for paths that name a submission */
    zp_id id;
} route;

static bool find_one(zp_str rest, route *out)
{
    static const struct {
        zp_str tail;
        handler_of_one get, post;
    } parts[] = {{{"", 0}, zp_get_status, NULL},
                 {{"/form", 5}, zp_get_form, NULL},
                 {{"/changes", 8}, zp_get_changes, NULL},
                 {{"/retry", 6}, NULL, zp_try_again}};
    if (rest.n < ZP_ID_TEXT || zp_id_parse((zp_str){rest.p, ZP_ID_TEXT}, &out->id) != ZP_OK)
        return false;
    zp_str tail = {rest.p + ZP_ID_TEXT, rest.n - ZP_ID_TEXT};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (zp_str_eq(tail, parts[i].tail)) {
            out->get_one = parts[i].get;
            out->post_one = parts[i].post;
            return true;
        }
    return false;
}

static bool find(zp_str path, route *out)
{
    static const struct {
        zp_str path;
        handler get, post;
        bool takes_query;
    } fixed[] = {
        {{SUBMISSIONS, sizeof SUBMISSIONS - 1}, zp_get_list, zp_submit, true},
        {{ZP_BATCH_PATH, sizeof ZP_BATCH_PATH - 1}, NULL, zp_submit_batch, false},
        {{"/v1/scores", 10}, NULL, zp_dry_run, false},
        {{"/v1/events", 10}, zp_get_events, NULL, true},
        {{"/v1/events/totals", 17}, zp_get_event_totals, NULL, true},
        {{"/v1/totals", 10}, zp_get_totals, NULL, true},
        {{"/healthz", 8}, zp_get_health, NULL, false},
        {{"/readyz", 7}, zp_get_ready, NULL, false},
        {{"/metrics", 8}, zp_get_metrics, NULL, false},
    };
    static const zp_str under = {SUBMISSIONS "/", sizeof SUBMISSIONS};
    if (path.n > under.n && memcmp(path.p, under.p, under.n) == 0)
        return find_one((zp_str){path.p + under.n, path.n - under.n}, out);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (zp_str_eq(path, fixed[i].path)) {
            out->get = fixed[i].get;
            out->post = fixed[i].post;
            out->takes_query = fixed[i].takes_query;
            return true;
        }
    return false;
}

static zp_handled refuse_method(zp_request *request, const route *found)
{
    bool get = found->get || found->get_one, post = found->post || found->post_one;
    zp_header(request, "Allow", get && post ? ZP_STR("GET, HEAD, POST") : get ? ZP_STR("GET, HEAD") : ZP_STR("POST"));
    return zp_problem(request, 405, "METHOD_NOT_ALLOWED", "This resource does not take that method; see Allow.",
                      "此资源不支持该请求方法，可用的方法见 Allow。", NULL);
}

zp_handled zp_refuse_too_large(zp_request *request, unsigned most)
{
    zp_flags faults = {.arena = request->arena};
    zp_str limit = zp_arena_printf(request->arena, "%u", most);
    zp_flags_add(&faults, ZP_FLAG_BODY_TOO_LARGE, ZP_STR(""), ZP_ABSENT, limit);
    return zp_problem(request, 413, "BODY_TOO_LARGE", "The body is larger than this service takes.",
                      "请求正文超过上限。", &faults);
}

zp_handled zp_refuse_shut(zp_desk *desk, zp_request *request, zp_shut shut)
{
    static const struct {
        const char *code, *en, *zh;
    } why[] = {
        [ZP_SHUT_QUEUE] = {"QUEUE_FULL", "Too many submissions wait for their score. Nothing was stored; try again.",
                           "排队等待评分的自评表过多。本次未受理，请稍后重试。"},
        [ZP_SHUT_DISK] = {"DISK_FULL", "The disk is nearly full. Nothing was stored; try again later.",
                          "磁盘空间不足。本次未受理，请稍后重试。"},
        [ZP_SHUT_MAP] = {"STORE_FULL", "The store is nearly full. Nothing was stored; try again later.",
                         "存储空间不足。本次未受理，请稍后重试。"},
        [ZP_SHUT_STOPPING] = {"STOPPING", "The service is restarting. Nothing was stored; try again.",
                              "服务正在重启。本次未受理，请稍后重试。"},
    };
    zp_retry_after(desk->gateway, request, NULL);
    return zp_problem(request, 503, why[shut].code, why[shut].en, why[shut].zh, NULL);
}

/* A parameter where none is known is a mistake that would pass unnoticed. False: answered. */
static bool has_no_query(zp_desk *desk, zp_request *request)
{
    zp_query_fault fault;
    zp_rc rc = request->query.n ? zp_query_read(request->query, request->arena, NULL, 0, &fault) : ZP_OK;
    if (rc)
        (void)zp_refuse_query(desk, request, rc, &fault);
    return rc == ZP_OK;
}

static zp_handled get(zp_desk *desk, zp_request *request, const route *found)
{
    if (found->get && found->takes_query)
        return found->get(desk, request);
    if (!has_no_query(desk, request))
        return ZP_DONE_ANSWER;
    return found->get ? found->get(desk, request) : found->get_one(desk, request, &found->id);
}

static zp_handled refuse_for_memory(zp_desk *desk, zp_request *request)
{
    zp_retry_after(desk->gateway, request, NULL);
    return zp_problem(request, 503, "BUSY", "Too many submissions are arriving at once. Nothing was stored; try again.",
                      "同时提交的自评表过多。本次未受理，请稍后重试。", NULL);
}

static zp_handled post(zp_desk *desk, zp_request *request, const route *found)
{
    zp_shut shut = zp_gate(desk->gateway);
    zp_handled handled;
    if (shut != ZP_OPEN)
        handled = zp_refuse_shut(desk, request, shut);
    else if (request->body_declined)
        handled = refuse_for_memory(desk, request);
    else if (request->body_too_large)
        handled = zp_refuse_too_large(
            request, zp_str_is(request->path, ZP_BATCH_PATH) ? ZP_MAX_BATCH : desk->gateway->config->gateway.max_body);
    else if (request->body_broken)
        handled = zp_problem(request, 400, "BODY_BROKEN", "The body is not as long as its Content-Length says.",
                             "请求正文的长度与 Content-Length 不符。", NULL);
    else
        handled = !has_no_query(desk, request) ? ZP_DONE_ANSWER
                  : found->post                ? found->post(desk, request)
                                               : found->post_one(desk, request, &found->id);
    if (handled == ZP_DONE_ANSWER && request->response.status >= 400 && request->response.status < 500)
        zp_tally(&desk->gateway->counters.refused, 1);
    return handled;
}

zp_handled zp_route(zp_desk *desk, zp_request *request)
{
    route found = {.get = NULL};
    if (!find(request->path, &found))
        return zp_not_found(request);
    switch (request->method) {
    case ZP_GET:
    case ZP_HEAD:
        return found.get || found.get_one ? get(desk, request, &found) : refuse_method(request, &found);
    case ZP_POST:
        return found.post || found.post_one ? post(desk, request, &found) : refuse_method(request, &found);
    case ZP_OTHER_METHOD:
        break;
    }
    return refuse_method(request, &found);
}

zp_handled zp_not_found(zp_request *request)
{
    return zp_problem(request, 404, "NOT_FOUND", "There is nothing at this address.", "此地址没有内容。", NULL);
}

zp_handled zp_refuse_query(zp_desk *desk, zp_request *request, zp_rc rc, const zp_query_fault *fault)
{
    if (rc != ZP_INVALID)
        return zp_problem_store(desk->gateway, request, rc);
    return zp_problem(request, 400, "QUERY_INVALID", fault->en.p, fault->zh.p, NULL);
}

void zp_header_location(zp_request *request, const zp_id *id)
{
    char text[sizeof SUBMISSIONS + ZP_ID_TEXT + 1] = SUBMISSIONS "/";
    zp_id_format(id, text + sizeof SUBMISSIONS);
    zp_header(request, "Location", (zp_str){text, sizeof SUBMISSIONS + ZP_ID_TEXT});
}

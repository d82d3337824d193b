/*
 * metrics.c - GET /healthz, /readyz, /metrics: whether the process lives, whether it should get requests, and how it
 * does.
 *
 * Request threads. Health looks at nothing, so that a full disk does not get the process killed; readiness looks into
 * both stores.
 */
#include "handlers.h"

#include "base/clock.h"
#include "problem.h"
#include "retry.h"

#include <inttypes.h>

static zp_handled answer(zp_request *request, const char *content_type)
{
    request->response.status = 200;
    request->response.content_type = content_type;
    zp_header(request, "Cache-Control", ZP_STR("no-store"));
    return ZP_DONE_ANSWER;
}

zp_handled zp_get_health(zp_desk *desk, zp_request *request)
{
    (void)desk;
    zp_buf_lit(&request->response.body, "{\"status\":\"ok\"}\n");
    return answer(request, ZP_TYPE_JSON);
}

zp_handled zp_get_ready(zp_desk *desk, zp_request *request)
{
    uint64_t last;
    zp_intake_stats stats;
    if (atomic_load_explicit(&desk->gateway->shut, memory_order_relaxed) != ZP_OPEN) {
        zp_retry_after(desk->gateway, request, NULL);
        return zp_problem(request, 503, "SHUT", "Submissions are not taken now; /metrics says why.",
                          "目前不受理提交，原因见 /metrics。", NULL);
    }
    zp_rc rc = zp_intake_stat(desk->intake, &stats);
    if (!rc)
        rc = zp_scores_last(desk->scores, &last);
    if (rc) {
        zp_retry_after(desk->gateway, request, NULL);
        return zp_problem(request, 503, "STORE_UNAVAILABLE", "A store cannot be read; see the log.",
                          "无法读取数据，详见日志。", NULL);
    }
    zp_buf_lit(&request->response.body, "{\"status\":\"ready\"}\n");
    return answer(request, ZP_TYPE_JSON);
}

/* ---- OpenMetrics ---- */

static void head(zp_buf *out, const char *name, const char *type, const char *help)
{
    zp_buf_printf(out, "# TYPE ziping_%s %s\n# HELP ziping_%s %s\n", name, type, name, help);
}

static void gauge(zp_buf *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "gauge", help);
    zp_buf_printf(out, "ziping_%s %" PRIu64 "\n", name, value);
}

static void write_counters(const zp_counters *counters, zp_buf *out)
{
#define X(name, help)                                                                                                  \
    head(out, #name, "counter", help);                                                                                 \
    zp_buf_printf(out, "ziping_" #name "_total %llu\n", atomic_load_explicit(&counters->name, memory_order_relaxed));
    ZP_COUNTERS(X)
#undef X
}

static void write_queue(const zp_gateway *gateway, int64_t now, zp_buf *out)
{
    int64_t oldest = atomic_load_explicit(&gateway->oldest_ms, memory_order_relaxed);
    int64_t age = oldest > 0 && now > oldest ? now - oldest : 0;
    gauge(out, "pending", "submissions waiting for their score", atomic_load(&gateway->pending));
    head(out, "oldest_pending_age_seconds", "gauge", "how long the oldest of them has waited");
    zp_buf_printf(out, "ziping_oldest_pending_age_seconds %" PRId64 ".%03" PRId64 "\n", age / 1000, age % 1000);
    gauge(out, "overdue", "pending submissions older than the promise", atomic_load(&gateway->overdue));
    gauge(out, "workers", "workers that are ready", atomic_load(&gateway->workers));
    gauge(out, "parked", "long polls open", atomic_load(&gateway->parked));
    gauge(out, "followers", "event streams and waiting readers of events", atomic_load(&gateway->followers));
}

static void write_shut(const zp_gateway *gateway, zp_buf *out)
{
    static const char *const reasons[] = {"open", "queue", "disk", "map", "stopping"};
    zp_shut now = atomic_load(&gateway->shut);
    head(out, "intake_gate", "stateset", "whether submissions are taken, and if not, why");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        zp_buf_printf(out, "ziping_intake_gate{ziping_intake_gate=\"%s\"} %d\n", reasons[i], i == (size_t)now);
}

static zp_rc write_stores(zp_desk *desk, zp_buf *out)
{
    zp_env_stats intake, scores;
    uint64_t last;
    zp_rc rc = zp_env_stat(zp_intake_env(desk->gateway->intake), &intake);
    if (!rc)
        rc = zp_env_stat(zp_scores_env(desk->gateway->scores), &scores);
    if (!rc)
        rc = zp_scores_last(desk->scores, &last);
    if (rc)
        return rc;
    gauge(out, "last_event", "number of the newest event", last);
    head(out, "map_size_bytes", "gauge", "address space of a store");
    zp_buf_printf(out, "ziping_map_size_bytes{store=\"intake\"} %" PRIu64 "\n", intake.map_size);
    zp_buf_printf(out, "ziping_map_size_bytes{store=\"scores\"} %" PRIu64 "\n", scores.map_size);
    head(out, "map_used_bytes", "gauge", "bytes of a store that are in use");
    zp_buf_printf(out, "ziping_map_used_bytes{store=\"intake\"} %" PRIu64 "\n", intake.used_bytes);
    zp_buf_printf(out, "ziping_map_used_bytes{store=\"scores\"} %" PRIu64 "\n", scores.used_bytes);
    return ZP_OK;
}

zp_handled zp_get_metrics(zp_desk *desk, zp_request *request)
{
    zp_buf *out = &request->response.body;
    write_counters(&desk->gateway->counters, out);
    write_queue(desk->gateway, zp_clock_wall_ms(), out);
    write_shut(desk->gateway, out);
    zp_rc rc = write_stores(desk, out);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    zp_buf_lit(out, "# EOF\n");
    return answer(request, "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

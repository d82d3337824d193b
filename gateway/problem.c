/*
 * problem.c - see problem.h. Request threads. Running out of memory shows in the response's buffers, and a plain 503
 * goes out instead.
 */
#include "problem.h"

#include "base/log.h"
#include "codec/json_out.h"
#include "codec/status.h"
#include "fields.h"
#include "handlers.h"
#include "page.h"
#include "query.h"
#include "reason.h"
#include "retry.h"

enum { MAX_INSTANCE = 256 };

/* Codes are literals of ours: upper-case letters and underscores. */
static void write_type(const char *code, zp_buf *out)
{
    zp_buf_lit(out, "{\"type\":\"urn:ziping:problem:");
    for (const char *c = code; *c; c++)
        zp_buf_char(out, *c == '_' ? '-' : (char)(*c | 0x20));
    zp_buf_char(out, '"');
}

/* The path is the client's and may be any bytes: as the URI reference that RFC 9457 asks for, it is plain ASCII. */
static void write_instance(zp_str path, zp_buf *out)
{
    if (path.n > MAX_INSTANCE)
        path.n = MAX_INSTANCE;
    zp_buf_lit(out, ",\"instance\":\"");
    zp_percent_encode(path, "/:", out);
    zp_buf_char(out, '"');
}

static void write_faults(const zp_flags *faults, zp_arena *arena, zp_buf *out)
{
    zp_buf_lit(out, ",\"errors\":[");
    for (size_t i = 0; faults && i < faults->count; i++) {
        if (i)
            zp_buf_char(out, ',');
        zp_flag_write_json(&faults->items[i], arena, out);
    }
    zp_buf_char(out, ']');
}

static void write_current(const zp_id *id, const char *etag, zp_buf *out)
{
    zp_buf_lit(out, ",\"current\":{\"id\":");
    zp_json_id(out, id);
    zp_buf_lit(out, ",\"etag\":");
    zp_json_str(out, zp_str_of(etag));
    zp_buf_char(out, '}');
}

typedef struct {
    const zp_id *id; /* NULL: none */
    char etag[ZP_ETAG_TEXT];
} standing;

typedef struct {
    const char *name; /* NULL: none */
    uint64_t value;
} member;

static zp_handled answer(zp_request *request, const zp_problem_text *text, const zp_flags *faults,
                         const standing *current, member more)
{
    zp_buf *body = &request->response.body;
    zp_buf_clear(body);
    request->response.status = text->status;
    zp_header(request, "Content-Language", ZP_STR("zh, en"));
    zp_header(request, "Cache-Control", ZP_STR("no-store"));
    if (zp_accept_is_html(request->accept)) {
        request->response.content_type = ZP_TYPE_HTML;
        zp_page_headers(request);
        zp_page_problem(text, faults, current->id, request->arena, body);
        return ZP_DONE_ANSWER;
    }
    request->response.content_type = "application/problem+json";
    write_type(text->code, body);
    zp_buf_lit(body, ",\"title\":");
    zp_json_str(body, zp_str_of(text->title));
    zp_buf_lit(body, ",\"status\":");
    zp_json_uint(body, (uint64_t)text->status);
    zp_buf_lit(body, ",\"code\":");
    zp_json_str(body, zp_str_of(text->code));
    zp_buf_lit(body, ",\"detail\":");
    zp_json_str(body, zp_str_of(text->en));
    zp_buf_lit(body, ",\"detail_zh\":");
    zp_json_str(body, zp_str_of(text->zh));
    write_instance(request->path, body);
    if (current->id)
        write_current(current->id, current->etag, body);
    if (more.name) {
        zp_buf_printf(body, ",\"%s\":", more.name);
        zp_json_uint(body, more.value);
    }
    write_faults(faults, request->arena, body);
    zp_buf_lit(body, "}\n");
    return ZP_DONE_ANSWER;
}

zp_handled zp_problem(zp_request *request, int status, const char *code, const char *en, const char *zh,
                      const zp_flags *faults)
{
    const zp_problem_text text = {status, zp_reason(status), code, en, zh};
    return answer(request, &text, faults, &(standing){.id = NULL}, (member){NULL, 0});
}

zp_handled zp_problem_number(zp_request *request, int status, const char *code, const char *en, const char *zh,
                             const char *name, uint64_t value)
{
    const zp_problem_text text = {status, zp_reason(status), code, en, zh};
    return answer(request, &text, NULL, &(standing){.id = NULL}, (member){name, value});
}

zp_handled zp_problem_current(zp_request *request, const char *code, const char *en, const char *zh,
                              const zp_flags *faults, const zp_id *current, uint64_t seq)
{
    const zp_problem_text text = {409, zp_reason(409), code, en, zh};
    standing s = {.id = current};
    zp_etag_format(current, seq, s.etag);
    zp_header_location(request, current);
    return answer(request, &text, faults, &s, (member){NULL, 0});
}

zp_handled zp_problem_store(const zp_gateway *gateway, zp_request *request, zp_rc rc)
{
    if (rc == ZP_CORRUPT)
        return zp_problem(request, 500, "RECORD_DAMAGED",
                          "The stored record fails its checksum. It has been logged; an operator has to look at it.",
                          "存储的记录校验失败，已记入日志，需要管理员处理。", NULL);
    zp_retry_after(gateway, request, NULL);
    return zp_problem(request, 503, "STORE_UNAVAILABLE", "The store cannot be read now. Try again.",
                      "暂时无法读取数据，请稍后重试。", NULL);
}

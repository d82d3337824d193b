/*
 * request.c - the life of a request's memory, and the text of its answer.
 *
 * Runs in the request thread that owns the request. When memory runs out while an answer is built, a plain 503 goes
 * out instead: a truncated document is never sent.
 */
#include "request.h"

#include "follow.h"
#include "reason.h"

#include "base/log.h"

enum { KEEP_BYTES = 32 * 1024 }; /* a buffer that grew beyond this is given back rather than kept for the next */

static void tidy(zp_buf *buf)
{
    if (buf->cap > KEEP_BYTES)
        zp_buf_free(buf);
    zp_buf_clear(buf);
}

void zp_request_reset(zp_request *request)
{
    zp_follow_destroy(&request->follow);
    zp_arena *arena = request->arena;
    zp_loop *loop = request->loop;
    zp_buf head = request->response.head, body = request->response.body;
    tidy(&head);
    tidy(&body);
    zp_arena_reset(arena);
    *request = (zp_request){.loop = loop, .arena = arena, .response = {.head = head, .body = body}};
}

static void free_memory(zp_request *request)
{
    zp_buf_free(&request->response.head);
    zp_buf_free(&request->response.body);
    zp_arena_destroy(&request->arena);
}

void zp_request_free(zp_request *request)
{
    zp_follow_destroy(&request->follow);
    free_memory(request);
}

void zp_request_shed(zp_request *request)
{
    free_memory(request);
    request->body = request->put.form = ZP_ABSENT;
}

bool zp_request_refit(zp_request *request)
{
    if (!request->arena)
        request->arena = zp_arena_new(ZP_REQUEST_CHUNK);
    return request->arena != NULL;
}

/* CR or LF would let a value end its line and begin a header of its own. */
static bool is_header_safe(zp_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
            return false;
    return true;
}

void zp_header(zp_request *request, const char *name, zp_str value)
{
    if (!is_header_safe(value)) {
        zp_log(ZP_ERROR, "header-refused", "name=%s reason=\"line break in its value\"", name);
        return;
    }
    zp_buf_str(&request->response.head, zp_str_of(name));
    zp_buf_lit(&request->response.head, ": ");
    zp_buf_str(&request->response.head, value);
    zp_buf_lit(&request->response.head, "\r\n");
}

void zp_header_uint(zp_request *request, const char *name, uint64_t value)
{
    zp_buf_printf(&request->response.head, "%s: %llu\r\n", name, (unsigned long long)value);
}

static void render_head(const zp_response *response, bool bodiless, bool whole, zp_buf *out)
{
    zp_buf_printf(out, "Status: %d %s\r\n", response->status, zp_reason(response->status));
    if (response->content_type && !bodiless)
        zp_buf_printf(out, "Content-Type: %s\r\n", response->content_type);
    if (whole && !bodiless)
        zp_buf_printf(out, "Content-Length: %zu\r\n", response->body.n);
    zp_buf_str(out, zp_buf_view(&response->head));
    zp_buf_lit(out, "\r\n");
}

void zp_request_render(const zp_request *request, zp_buf *out)
{
    const zp_response *response = &request->response;
    bool bodiless = response->status == 304, failed = response->body.failed;
    if (response->begun) {
        zp_buf_str(out, (zp_str){response->body.p + response->sent, response->body.n - response->sent});
        out->failed |= failed; /* too late for another answer: the connection is cut, which says that it is not whole */
        return;
    }
    if (response->head.failed || failed) {
        zp_buf_lit(out, "Status: 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    render_head(response, bodiless, true, out);
    if (!bodiless && request->method != ZP_HEAD)
        zp_buf_str(out, zp_buf_view(&response->body));
}

void zp_request_render_head(zp_request *request, zp_buf *out)
{
    render_head(&request->response, false, false, out);
    out->failed |= request->response.head.failed;
    request->response.begun = true;
}

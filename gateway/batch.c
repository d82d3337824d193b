/*
 * batch.c - POST /v1/submissions:batch: many forms in one request, one JSON object a line, a verdict for each.
 *
 * Request threads. Every line becomes a request of its own that goes the whole way of a single submission, so each is
 * as durable and as harmless to repeat as alone, and a bad one spoils no other. Lines are looked at, and handed to the
 * committer, a window at a time, so that a long batch keeps the thread's other requests waiting no longer than a short
 * one. Verdicts leave in the order of the lines, as soon as they and all before them are known; nginx passes them on
 * whenever one of its buffers (4 KiB) is full, and takes the rest at once, so that a client that reads slowly holds up
 * nobody here. Lines carry no header fields: no key is needed, since the same form of the same year, unit and project
 * is the same submission; a form that replaces another one is submitted alone. A form whose project's form of the year
 * before stands further up in the batch waits until that one is on file, to be compared with it.
 */
#include "handlers.h"

#include "codec/json_out.h"
#include "fields.h"
#include "problem.h"

enum { MAX_LINES = 1000, WINDOW = 128 };

struct zp_batch {
    zp_str rest;   /* lines that nobody has looked at */
    size_t number; /* of the last one that somebody has; counts empty ones too */
    size_t count, taken, written;
    size_t open; /* with the committer: among those from `written` to `taken` */
    zp_request items[];
};

/* The next line that is not empty; its number counts empty ones too. False at the end. */
static bool next_line(zp_str *rest, size_t *number, zp_str *line)
{
    while (rest->n) {
        const char *end = memchr(rest->p, '\n', rest->n);
        size_t n = end ? (size_t)(end - rest->p) : rest->n;
        *line = (zp_str){rest->p, n};
        *rest = (zp_str){rest->p + n + (end != NULL), rest->n - n - (end != NULL)};
        ++*number;
        while (line->n && (line->p[line->n - 1] == '\r' || line->p[line->n - 1] == ' '))
            line->n--;
        if (line->n)
            return true;
    }
    return false;
}

static size_t count_lines(zp_str body)
{
    zp_str line;
    size_t count = 0, number = 0;
    while (next_line(&body, &number, &line))
        count++;
    return count;
}

static void write_verdict(const zp_request *item, zp_buf *out)
{
    zp_buf_lit(out, "{\"line\":");
    zp_json_uint(out, item->line);
    zp_buf_lit(out, ",\"status\":");
    zp_json_uint(out, (uint64_t)item->response.status);
    bool taken = item->response.status < 300;
    if (taken && item->put.verdict == ZP_PUT_SAME)
        zp_buf_lit(out, ",\"replayed\":true");
    zp_buf_str(out, taken ? ZP_STR(",\"document\":") : ZP_STR(",\"problem\":"));
    zp_str text = zp_buf_view(&item->response.body);
    while (text.n && text.p[text.n - 1] == '\n')
        text.n--;
    zp_buf_str(out, text);
    zp_buf_lit(out, "}\n");
    out->failed |= item->response.body.failed;
}

bool zp_batch_has_open(const zp_batch *batch, const zp_form_key *key)
{
    for (size_t i = batch->written; i < batch->taken && batch->open; i++)
        if (!batch->items[i].response.status && memcmp(&batch->items[i].put.form_key, key, sizeof *key) == 0)
            return true;
    return false;
}

/* Verdicts up to the first that is not known yet. */
static void write_known(zp_request *request)
{
    zp_batch *batch = request->batch;
    for (; batch->written < batch->taken && batch->items[batch->written].response.status; batch->written++) {
        zp_request *item = &batch->items[batch->written];
        write_verdict(item, &request->response.body);
        zp_buf_free(&item->response.head);
        zp_buf_free(&item->response.body);
    }
}

/* ZP_GO_ON: not yet, see zp_submit. */
static zp_handled take(zp_desk *desk, zp_request *item)
{
    zp_shut shut = zp_gate(desk->gateway);
    unsigned most = desk->gateway->config->gateway.max_body;
    if (shut != ZP_OPEN)
        return zp_refuse_shut(desk, item, shut);
    return item->body.n > most ? zp_refuse_too_large(item, most) : zp_submit(desk, item);
}

/* Takes lines until the committer has a window of them, or a window of them has been looked at. */
static void take_lines(zp_desk *desk, zp_request *request)
{
    zp_batch *batch = request->batch, before = *batch;
    zp_str line;
    for (size_t i = 0; i < WINDOW && batch->open < WINDOW; i++, before = *batch) {
        if (!next_line(&batch->rest, &batch->number, &line))
            return;
        zp_request *item = &batch->items[batch->taken];
        *item = (zp_request){.loop = request->loop,
                             .arena = request->arena,
                             .method = ZP_POST,
                             .path = request->path,
                             .content_type = ZP_STR("application/json"),
                             .submitter = request->submitter,
                             .body = line,
                             .parent = request,
                             .line = batch->number};
        zp_handled handled = take(desk, item);
        if (handled == ZP_GO_ON) {
            batch->rest = before.rest;
            batch->number = before.number;
            return;
        }
        batch->taken++;
        batch->open += handled == ZP_WAIT_COMMIT;
    }
}

static zp_handled go_on(zp_desk *desk, zp_request *request)
{
    zp_batch *batch = request->batch;
    if (batch->open < WINDOW / 2)
        take_lines(desk, request);
    write_known(request);
    if (batch->open)
        return ZP_WAIT_COMMIT;
    return batch->written == batch->count ? ZP_DONE_ANSWER : ZP_GO_ON;
}

/* False: answered. */
static bool check(zp_request *request, size_t count)
{
    if (!zp_media_is_ndjson(request->content_type))
        (void)zp_problem(request, 415, "MEDIA_TYPE_UNSUPPORTED",
                         "Send application/x-ndjson: one form a line, in UTF-8.",
                         "请以 UTF-8 编码的 application/x-ndjson 提交，每行一份自评表。", NULL);
    else if (count == 0)
        (void)zp_problem(request, 400, "BODY_MALFORMED", "The body has no lines.", "请求正文没有内容。", NULL);
    else if (count > MAX_LINES)
        (void)zp_problem(request, 413, "TOO_MANY_LINES", "A batch has at most 1000 lines. Send several.",
                         "每批最多 1000 行，请分批提交。", NULL);
    else
        return true;
    return false;
}

zp_handled zp_submit_batch(zp_desk *desk, zp_request *request)
{
    size_t count = count_lines(request->body);
    if (!check(request, count))
        return ZP_DONE_ANSWER;
    zp_batch *batch = zp_arena_calloc(request->arena, 1, sizeof *batch + count * sizeof *batch->items);
    if (!batch)
        return zp_refuse_form(desk, request, ZP_NOMEM, NULL);
    batch->rest = request->body;
    batch->count = count;
    request->batch = batch;
    request->go_on = go_on;
    request->response.status = 200;
    request->response.content_type = "application/x-ndjson";
    zp_header(request, "Cache-Control", ZP_STR("no-store"));
    return go_on(desk, request);
}

void zp_batch_committed(zp_desk *desk, zp_request *line)
{
    (void)zp_submit_committed(desk, line); /* always answers: a line asks for no wait */
    line->parent->batch->open--;
}

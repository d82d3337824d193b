/*
 * http_world.h - the HTTP handlers with real stores in a temporary folder: a client that sends a request and looks at
 * the answer as nginx would get it. In place of the committer stands a commit in the same thread; in place of the
 * worker, `score_all`.
 */
#ifndef ZP_TESTS_HTTP_WORLD_H
#define ZP_TESTS_HTTP_WORLD_H

#include "codec/form_reader.h"
#include "committer.h"
#include "core/score.h"
#include "profile_kit.h"
#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#define FORM "application/x-www-form-urlencoded"

typedef struct {
    char folder[64];
    zp_config config;
    zp_profiles profiles;
    zp_gateway gateway;
    zp_desk desk;
    int64_t now_ms;       /* of the next commit */
    bool unacknowledged;  /* what is scored stays pending, as between the worker's commit and the gateway's */
    zp_put_verdict force; /* with forced: what the commit says */
    bool forced;
} world;

/* One request and its answer; views stay valid until `done`. */
typedef struct {
    zp_request request;
    zp_handled handled;
    zp_buf text; /* status line, headers, blank line, body */
    char *sent;  /* the body with its padding */
    json_t *json;
} exchange;

typedef struct {
    zp_method method; /* GET when not said */
    const char *path, *query, *type, *key, *if_match, *if_none_match, *prefer, *accept, *user;
    const char *body;
    bool too_large, broken;
} call;

/* ---- the world ---- */

static void open_stores(world *w)
{
    char path[96], message[256] = "";
    snprintf(path, sizeof path, "%s/intake", w->folder);
    if (zp_intake_open(path, 64 << 20, ZP_READ_WRITE, &w->gateway.intake, message, sizeof message))
        fail_msg("%s", message);
    snprintf(path, sizeof path, "%s/scores", w->folder);
    if (zp_scores_open(path, 64 << 20, ZP_READ_WRITE, &w->gateway.scores, message, sizeof message))
        fail_msg("%s", message);
    assert_int_equal(zp_intake_reader_new(w->gateway.intake, &w->desk.intake), ZP_OK);
    assert_int_equal(zp_scores_reader_new(w->gateway.scores, &w->desk.scores), ZP_OK);
    w->desk.json = zp_json_reader_new();
    assert_non_null(w->desk.json);
}

static int new_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->folder, "/tmp/zp-handlers-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    w->profiles = (zp_profiles){1, {kit_profile}};
    w->config.gateway.max_body = 1024 * 1024;
    w->config.gateway.max_parked = 10;
    w->config.gateway.max_wait_s = 25;
    w->config.gateway.overdue_ms = 60 * 1000;
    w->gateway.config = &w->config;
    w->gateway.profiles = &w->profiles;
    w->desk.gateway = &w->gateway;
    w->now_ms = 1700000000000;
    open_stores(w);
    *state = w;
    return 0;
}

static int end_world(void **state)
{
    world *w = *state;
    char command[128];
    zp_json_reader_destroy(&w->desk.json);
    zp_scores_reader_destroy(&w->desk.scores);
    zp_intake_reader_destroy(&w->desk.intake);
    zp_scores_close(&w->gateway.scores);
    zp_intake_close(&w->gateway.intake);
    zp_buf_free(&w->desk.scratch);
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    int rc = system(command);
    free(w);
    return rc;
}

/* ---- the committer's place ---- */

static zp_request *submitted; /* what the handler has handed over */

void zp_committer_submit(zp_committer *self, zp_request *request)
{
    (void)self;
    assert_null(submitted);
    submitted = request;
}

static void commit(world *w)
{
    zp_put *put = &submitted->put;
    if (w->forced) {
        put->verdict = w->force;
    } else {
        w->now_ms++;
        assert_int_equal(zp_intake_commit(w->gateway.intake, w->now_ms, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    }
    submitted = NULL;
}

/* ---- the worker's place ---- */

static void record_as(world *w, const zp_id *id, zp_state state)
{
    zp_arena *arena = zp_arena_new(64 * 1024);
    zp_buf record = ZP_BUF_INIT;
    zp_submission submission;
    zp_form form;
    zp_status status, *batch = &status;
    uint64_t last;
    assert_non_null(arena);
    assert_int_equal(zp_intake_get(w->desk.intake, id, &record), ZP_OK);
    assert_int_equal(zp_submission_unpack(zp_buf_view(&record), &submission), ZP_OK);
    assert_int_equal(zp_form_unpack(submission.form, arena, &form), ZP_OK);
    assert_int_equal(zp_status_queued(id, zp_buf_view(&record), &status), ZP_OK);
    assert_int_equal(zp_score(&form, &w->profiles.items[0], arena, &status.result), ZP_OK);
    status.state = state;
    status.has_result = state == ZP_SCORED;
    status.failure = state == ZP_FAILED ? ZP_STR("not scored: 3 attempts ended without a result") : ZP_ABSENT;
    status.scored_ms = ++w->now_ms;
    assert_int_equal(zp_scores_commit(w->gateway.scores, w->now_ms, &batch, 1, &last), ZP_OK);
    if (!w->unacknowledged)
        assert_int_equal(zp_intake_commit(w->gateway.intake, w->now_ms, NULL, 0, id, 1, NULL, 0), ZP_OK);
    zp_buf_free(&record);
    zp_arena_destroy(&arena);
}

static inline void score(world *w, const zp_id *id)
{
    record_as(w, id, ZP_SCORED);
}

/* ---- the client ---- */

static zp_str field(const char *text)
{
    return text ? zp_str_of(text) : ZP_ABSENT;
}

static void read_answer(exchange *x)
{
    zp_buf_clear(&x->text);
    json_decref(x->json);
    x->json = NULL;
    if (x->handled != ZP_DONE_ANSWER)
        return;
    zp_request_render(&x->request, &x->text);
    zp_buf_char(&x->text, '\0');
    assert_false(x->text.failed);
    const char *type = x->request.response.content_type, *body = strstr(x->text.p, "\r\n\r\n");
    assert_non_null(body);
    if (type && strstr(type, "json") && body[4]) {
        json_error_t error;
        x->json = json_loads(body + 4, JSON_REJECT_DUPLICATES, &error);
        if (!x->json)
            fail_msg("the body is no JSON: %s\n%s", error.text, body + 4);
    }
}

/* Sends the request and, if it waits for the committer, commits. */
static exchange *ask(world *w, call c)
{
    exchange *x = calloc(1, sizeof *x);
    assert_non_null(x);
    size_t n = c.body ? strlen(c.body) : 0;
    x->sent = calloc(1, n + ZP_JSON_PADDING);
    x->request.arena = zp_arena_new(32 * 1024);
    assert_true(x->sent && x->request.arena);
    if (n)
        memcpy(x->sent, c.body, n);
    x->request.method = c.method;
    x->request.path = zp_str_of(c.path);
    x->request.query = zp_str_of(c.query ? c.query : "");
    x->request.content_type = field(c.type);
    x->request.idempotency_key = field(c.key);
    x->request.if_match = field(c.if_match);
    x->request.if_none_match = field(c.if_none_match);
    x->request.prefer = field(c.prefer);
    x->request.accept = field(c.accept);
    x->request.submitter = zp_str_of(c.user ? c.user : "anonymous");
    x->request.body = (zp_str){x->sent, n};
    x->request.body_too_large = c.too_large;
    x->request.body_broken = c.broken;
    x->handled = zp_route(&w->desk, &x->request);
    if (x->handled == ZP_WAIT_COMMIT) {
        /* Others use the desk meanwhile: nothing of this request may have stayed on it. */
        memset(w->desk.scratch.p, 0xee, w->desk.scratch.cap);
        zp_json_reader_destroy(&w->desk.json);
        w->desk.json = zp_json_reader_new();
        commit(w);
        x->handled = zp_submit_committed(&w->desk, &x->request);
    }
    read_answer(x);
    return x;
}

/* What the loop does when the score is there, or the time is up. */
static inline void wait_over(world *w, exchange *x)
{
    assert_int_equal(x->handled, ZP_WAIT_SCORE);
    x->handled = zp_wait_over(&w->desk, &x->request);
    read_answer(x);
}

static void done(exchange *x)
{
    json_decref(x->json);
    zp_buf_free(&x->text);
    zp_request_free(&x->request);
    free(x->sent);
    free(x);
}

/* ---- looks at an answer ---- */

static void assert_status(const exchange *x, int status)
{
    assert_int_equal(x->handled, ZP_DONE_ANSWER);
    if (x->request.response.status != status)
        fail_msg("answered %d instead of %d:\n%s", x->request.response.status, status, x->text.p);
}

/* The value of a header, copied into a few buffers that take turns; NULL when it was not sent. */
static const char *header(const exchange *x, const char *name)
{
    static char values[4][512];
    static unsigned turn;
    char line[64], *value = values[turn++ % 4];
    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *from = strstr(x->text.p, line), *end = strstr(x->text.p, "\r\n\r\n");
    if (!from || from > end)
        return NULL;
    from += strlen(line);
    snprintf(value, sizeof values[0], "%.*s", (int)(strstr(from, "\r\n") - from), from);
    return value;
}

static void assert_header(const exchange *x, const char *name, const char *expected)
{
    const char *value = header(x, name);
    if (!expected ? value != NULL : !value || strcmp(value, expected) != 0)
        fail_msg("%s is \"%s\", not \"%s\"", name, value ? value : "absent", expected ? expected : "absent");
}

static inline void assert_retry_after(const exchange *x)
{
    const char *value = header(x, "Retry-After");
    assert_non_null(value);
    assert_in_range(atoi(value), 1, 30);
}

/* "errors.0.code"; NULL when it is not there. */
static json_t *at(json_t *json, const char *path)
{
    char copy[128], *rest = copy, *name;
    snprintf(copy, sizeof copy, "%s", path);
    while (json && (name = strsep(&rest, ".")))
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name)) : json_object_get(json, name);
    return json;
}

static const char *text_at(const exchange *x, const char *path)
{
    const char *text = json_string_value(at(x->json, path));
    return text ? text : "(no text)";
}

static long long number_at(const exchange *x, const char *path)
{
    json_t *number = at(x->json, path);
    assert_true(json_is_integer(number));
    return json_integer_value(number);
}

static void assert_problem(const exchange *x, int status, const char *code)
{
    assert_status(x, status);
    assert_string_equal(header(x, "Content-Type"), "application/problem+json");
    assert_header(x, "Content-Language", "zh, en");
    assert_string_equal(text_at(x, "code"), code);
    assert_int_equal(number_at(x, "status"), status);
    assert_true(strlen(text_at(x, "detail")) > 9 && strlen(text_at(x, "detail_zh")) > 9);
    assert_true(strncmp(text_at(x, "type"), "urn:ziping:problem:", 19) == 0);
    assert_true(json_is_array(at(x->json, "errors")));
}

/* ---- forms ---- */

/* A sample form; of another project when `project` is not NULL. The caller frees. */
static char *form_of(int number, const char *project)
{
    char path[256];
    snprintf(path, sizeof path, "%s/tests/forms/seed-%d.json", ZP_SOURCE_DIR, number);
    json_t *form = json_load_file(path, 0, NULL);
    assert_non_null(form);
    if (project)
        assert_int_equal(json_object_set_new(form, "project_name", json_string(project)), 0);
    char *text = json_dumps(form, JSON_COMPACT);
    assert_non_null(text);
    json_decref(form);
    return text;
}

static inline exchange *submit_with(world *w, const char *body, call c)
{
    c.method = ZP_POST;
    c.path = "/v1/submissions";
    c.type = c.type ? c.type : "application/json";
    c.body = body;
    return ask(w, c);
}

/* Submits a sample form of this project and gives its id. */
static zp_id file_form(world *w, int number, const char *project)
{
    char *body = form_of(number, project);
    zp_id id;
    exchange *x = submit_with(w, body, (call){.path = NULL});
    assert_status(x, 202);
    assert_int_equal(zp_id_parse(zp_str_of(text_at(x, "id")), &id), ZP_OK);
    done(x);
    free(body);
    return id;
}

static inline exchange *get_one(world *w, const zp_id *id, call c)
{
    char path[64] = "/v1/submissions/";
    zp_id_format(id, path + strlen(path));
    c.path = path;
    exchange *x = ask(w, c);
    x->request.path = ZP_STR("");
    return x;
}

#endif

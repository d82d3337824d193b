/*
 * handlers.c - submitting a form and asking how it stands: every status code and header that README and clients rely
 * on.
 */
#include "http_world.h"

#include "base/digest.h"

#define CALL(...) ((call){__VA_ARGS__})

/* ---- submitting ---- */

static void a_submission_is_answered_with_its_receipt(void **state)
{
    char *body = form_of(1, NULL), location[64], etag[64];
    exchange *x = submit_with(*state, body, CALL(.key = "k-1"));
    assert_status(x, 202);
    snprintf(location, sizeof location, "/v1/submissions/%s", text_at(x, "id"));
    snprintf(etag, sizeof etag, "\"%s.q\"", text_at(x, "id"));
    assert_header(x, "Location", location);
    assert_header(x, "ETag", etag);
    assert_header(x, "Content-Type", "application/json");
    assert_header(x, "Cache-Control", "private, no-cache");
    assert_header(x, "Idempotency-Replayed", NULL);
    assert_header(x, "Preference-Applied", NULL);
    assert_retry_after(x);
    assert_string_equal(text_at(x, "status"), "queued");
    assert_string_equal(text_at(x, "project_name"), "12333热线咨询平台项目经费");
    assert_string_equal(text_at(x, "department"), "上海市人力资源和社会保障局");
    assert_string_equal(text_at(x, "unit"), "上海市人力资源和社会保障局咨询服务中心");
    assert_int_equal(number_at(x, "year"), 2022);
    assert_int_equal(number_at(x, "revision"), 1);
    assert_string_equal(text_at(x, "receipt.idempotency_key"), "k-1");
    assert_true(strncmp(text_at(x, "receipt.digest"), "sha-256=:", 9) == 0);
    done(x);
    free(body);
}

static void the_first_answer_and_a_later_poll_are_the_same_bytes(void **state)
{
    char *body = form_of(1, NULL);
    zp_id id;
    exchange *first = submit_with(*state, body, CALL(.key = "k-1"));
    assert_int_equal(zp_id_parse(zp_str_of(text_at(first, "id")), &id), ZP_OK);
    exchange *poll = get_one(*state, &id, CALL(.path = NULL));
    assert_string_equal(strstr(poll->text.p, "\r\n\r\n"), strstr(first->text.p, "\r\n\r\n"));
    done(first);
    done(poll);
    free(body);
}

static void urlencoded_forms_are_taken_too(void **state)
{
    exchange *x = submit_with(*state,
                              "year=2022&project_name=p&unit=u&department=d&funds.total.annual_budget=10"
                              "&funds.total.executed=10&funds.total.weight=10&indicators.0.level3=n"
                              "&indicators.0.target=1&indicators.0.actual=1&indicators.0.weight=90",
                              CALL(.type = FORM "; charset=utf-8"));
    assert_status(x, 202);
    assert_string_equal(text_at(x, "project_name"), "p");
    done(x);
}

static void while_intake_is_shut_nothing_is_parsed(void **state)
{
    static const struct {
        zp_shut shut;
        const char *code;
    } cases[] = {{ZP_SHUT_QUEUE, "QUEUE_FULL"},
                 {ZP_SHUT_DISK, "DISK_FULL"},
                 {ZP_SHUT_MAP, "STORE_FULL"},
                 {ZP_SHUT_STOPPING, "STOPPING"}};
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        atomic_store(&w->gateway.shut, cases[i].shut);
        exchange *x = submit_with(w, "{", CALL(.type = "text/plain", .too_large = true));
        assert_problem(x, 503, cases[i].code);
        assert_retry_after(x);
        done(x);
    }
}

static void what_cannot_be_read_is_refused(void **state)
{
    static const struct {
        const char *body;
        call how;
        int status;
        const char *code;
    } cases[] = {
        {"", {.too_large = true}, 413, "BODY_TOO_LARGE"},
        {"", {.broken = true}, 400, "BODY_BROKEN"},
        {"{}", {.type = "text/plain"}, 415, "MEDIA_TYPE_UNSUPPORTED"},
        {"{}", {.type = "application/json; charset=gbk"}, 415, "MEDIA_TYPE_UNSUPPORTED"},
        {"", {.type = "application/json"}, 400, "BODY_MALFORMED"},
        {"{\"year\": 2022", {.type = "application/json"}, 400, "BODY_MALFORMED"},
        {"{}", {.key = ""}, 400, "IDEMPOTENCY_KEY_INVALID"},
        {"{}", {.key = "a b"}, 400, "IDEMPOTENCY_KEY_INVALID"},
        {"{}", {.if_match = "*"}, 400, "IF_MATCH_INVALID"},
        {"{}", {.if_match = "\"1\""}, 400, "IF_MATCH_INVALID"},
        {"{}", {.query = "wait=5"}, 400, "QUERY_INVALID"},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        exchange *x = submit_with(w, cases[i].body, cases[i].how);
        assert_problem(x, cases[i].status, cases[i].code);
        assert_int_equal(atomic_load(&w->gateway.counters.refused), i + 1);
        assert_string_equal(text_at(x, "instance"), "/v1/submissions");
        done(x);
    }
    call no_type = {.method = ZP_POST, .path = "/v1/submissions", .body = "{}"};
    exchange *x = ask(w, no_type);
    assert_problem(x, 415, "MEDIA_TYPE_UNSUPPORTED");
    done(x);
}

static void all_faults_of_a_form_are_named_at_once(void **state)
{
    exchange *x = submit_with(*state, "{\"year\": 1999, \"unit\": \"u\", \"indicators\": []}", CALL(.path = NULL));
    bool year = false, project = false;
    assert_problem(x, 422, "FORM_INVALID");
    for (size_t i = 0; i < json_array_size(at(x->json, "errors")); i++) {
        json_t *fault = json_array_get(at(x->json, "errors"), i);
        const char *code = json_string_value(at(fault, "code"));
        year |= strcmp(code, "YEAR_INVALID") == 0;
        project |=
            strcmp(code, "FIELD_MISSING") == 0 && strcmp(json_string_value(at(fault, "pointer")), "/project_name") == 0;
        assert_true(json_is_string(at(fault, "message.zh")) && json_is_string(at(fault, "message.en")));
    }
    assert_true(year && project);
    done(x);
}

/* ---- retries, revisions ---- */

static void a_retry_gets_the_first_receipt(void **state)
{
    char *body = form_of(1, NULL), first_id[64];
    exchange *first = submit_with(*state, body, CALL(.key = "k-1"));
    snprintf(first_id, sizeof first_id, "%s", text_at(first, "id"));
    static const char *const keys[] = {"k-1", "\"k-1\"", NULL, "another"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        exchange *again = submit_with(*state, body, CALL(.key = keys[i]));
        assert_status(again, 202);
        assert_string_equal(text_at(again, "id"), first_id);
        assert_string_equal(text_at(again, "receipt.received_at"), text_at(first, "receipt.received_at"));
        assert_string_equal(text_at(again, "receipt.idempotency_key"), "k-1");
        assert_header(again, "Idempotency-Replayed", "true");
        assert_header(again, "Location", header(first, "Location"));
        done(again);
    }
    done(first);
    free(body);
}

static void a_retry_after_the_score_gets_200_and_the_score(void **state)
{
    char *body = form_of(2, NULL);
    zp_id id = file_form(*state, 2, NULL);
    score(*state, &id);
    exchange *again = submit_with(*state, body, CALL(.prefer = "wait=5"));
    if (again->handled == ZP_WAIT_SCORE) {
        assert_true(zp_wait_is_over(&((world *)*state)->desk, &again->request));
        wait_over(*state, again);
    }
    assert_status(again, 200);
    assert_header(again, "Idempotency-Replayed", "true");
    assert_header(again, "Retry-After", NULL);
    assert_string_equal(text_at(again, "status"), "scored");
    assert_string_equal(text_at(again, "result.confirmed_total"), "99.96");
    done(again);
    free(body);
}

static void a_key_cannot_stand_for_other_content(void **state)
{
    char *one = form_of(1, NULL), *two = form_of(2, NULL);
    done(submit_with(*state, one, CALL(.key = "k-1")));
    exchange *x = submit_with(*state, two, CALL(.key = "k-1"));
    assert_problem(x, 422, "IDEMPOTENCY_KEY_REUSED");
    assert_int_equal(atomic_load(&((world *)*state)->gateway.counters.refused), 1);
    done(x);
    x = submit_with(*state, two, CALL(.key = "k-1", .user = "another"));
    assert_status(x, 202);
    done(x);
    free(one);
    free(two);
}

static void assert_current(const exchange *x, const zp_id *id, const char *state)
{
    char text[ZP_ID_TEXT + 1], etag[64], location[64];
    zp_id_format(id, text);
    snprintf(etag, sizeof etag, "\"%s.%s\"", text, state);
    snprintf(location, sizeof location, "/v1/submissions/%s", text);
    assert_string_equal(text_at(x, "current.id"), text);
    assert_string_equal(text_at(x, "current.etag"), etag);
    assert_header(x, "Location", location);
}

static void a_form_on_file_is_replaced_only_by_naming_it(void **state)
{
    char *other = form_of(2, "12333热线咨询平台项目经费"), *third = form_of(3, "12333热线咨询平台项目经费");
    char tag[64] = "\"";
    zp_id first = file_form(*state, 1, NULL);

    exchange *x = submit_with(*state, other, CALL(.path = NULL));
    assert_problem(x, 409, "ON_FILE");
    assert_current(x, &first, "q");
    done(x);
    score(*state, &first);
    x = submit_with(*state, other, CALL(.path = NULL));
    assert_problem(x, 409, "ON_FILE");
    assert_current(x, &first, "1");
    snprintf(tag, sizeof tag, "%s", text_at(x, "current.etag"));
    done(x);

    x = submit_with(*state, other, CALL(.if_match = tag));
    assert_status(x, 202);
    assert_int_equal(number_at(x, "revision"), 2);
    zp_id second;
    assert_int_equal(zp_id_parse(zp_str_of(text_at(x, "id")), &second), ZP_OK);
    done(x);

    x = submit_with(*state, third, CALL(.if_match = tag));
    assert_problem(x, 409, "STALE_REVISION");
    assert_string_equal(text_at(x, "errors.0.code"), "STALE_REVISION");
    assert_current(x, &second, "q");
    done(x);
    free(other);
    free(third);
}

static void a_replacement_needs_something_to_replace(void **state)
{
    char *body = form_of(1, NULL);
    exchange *x = submit_with(*state, body, CALL(.if_match = "\"0195f2d4-7c1a-7b3e-8f00-1234567890ab\""));
    assert_problem(x, 409, "NOT_ON_FILE");
    assert_header(x, "Location", NULL);
    done(x);
    free(body);
}

static void a_commit_that_fails_is_not_an_acceptance(void **state)
{
    world *w = *state;
    char *body = form_of(1, NULL);
    w->forced = true;
    w->force = ZP_PUT_REFUSED;
    exchange *x = submit_with(w, body, CALL(.prefer = "wait=5"));
    assert_problem(x, 503, "STORE_FULL");
    assert_retry_after(x);
    done(x);
    w->force = ZP_PUT_IN_DOUBT;
    x = submit_with(w, body, CALL(.key = "k"));
    assert_problem(x, 503, "OUTCOME_UNKNOWN");
    assert_non_null(strstr(text_at(x, "detail"), "same Idempotency-Key"));
    assert_retry_after(x);
    done(x);
    free(body);
}

/* ---- waiting for the score ---- */

static void a_waiting_submission_is_answered_with_its_score(void **state)
{
    world *w = *state;
    char *body = form_of(1, NULL);
    exchange *x = submit_with(w, body, CALL(.prefer = "wait=10"));
    assert_int_equal(x->handled, ZP_WAIT_SCORE);
    assert_int_equal(x->request.wait_s, 10);
    assert_false(zp_wait_is_over(&w->desk, &x->request));
    score(w, &x->request.wait_id);
    assert_true(zp_wait_is_over(&w->desk, &x->request));
    wait_over(w, x);
    assert_status(x, 201);
    assert_header(x, "Preference-Applied", "wait=10");
    assert_header(x, "Retry-After", NULL);
    assert_non_null(header(x, "Location"));
    assert_string_equal(text_at(x, "status"), "scored");
    assert_string_equal(text_at(x, "outcome"), "discrepant");
    assert_string_equal(text_at(x, "result.computed_total"), "99.61");
    done(x);
    free(body);
}

static void when_the_time_is_up_it_is_202(void **state)
{
    char *body = form_of(1, NULL);
    exchange *x = submit_with(*state, body, CALL(.prefer = "respond-async, wait=3600"));
    wait_over(*state, x);
    assert_status(x, 202);
    assert_header(x, "Preference-Applied", "wait=25");
    assert_retry_after(x);
    assert_string_equal(text_at(x, "status"), "queued");
    done(x);
    x = submit_with(*state, body, CALL(.prefer = "wait=4"));
    wait_over(*state, x);
    assert_status(x, 202);
    assert_header(x, "Preference-Applied", "wait=4");
    assert_header(x, "Idempotency-Replayed", "true");
    done(x);
    free(body);
}

static void with_no_room_to_wait_the_answer_comes_at_once(void **state)
{
    world *w = *state;
    char *body = form_of(1, NULL);
    atomic_store(&w->gateway.parked, w->config.gateway.max_parked);
    exchange *x = submit_with(w, body, CALL(.prefer = "wait=10"));
    assert_status(x, 202);
    assert_header(x, "Preference-Applied", NULL);
    zp_id id = x->request.put.id;
    done(x);
    x = get_one(w, &id, CALL(.prefer = "wait=10"));
    assert_status(x, 200);
    assert_header(x, "Preference-Applied", NULL);
    done(x);
    free(body);
}

/* ---- polling ---- */

static void a_poll_tells_queued_then_scored(void **state)
{
    char etag[64], text[ZP_ID_TEXT + 1];
    zp_id id = file_form(*state, 1, NULL);
    zp_id_format(&id, text);
    exchange *x = get_one(*state, &id, CALL(.path = NULL));
    assert_status(x, 200);
    snprintf(etag, sizeof etag, "\"%s.q\"", text);
    assert_header(x, "ETag", etag);
    assert_header(x, "Cache-Control", "private, no-cache");
    assert_header(x, "Vary", "Accept");
    assert_retry_after(x);
    assert_string_equal(text_at(x, "status"), "queued");
    done(x);

    score(*state, &id);
    x = get_one(*state, &id, CALL(.path = NULL, .if_none_match = etag));
    assert_status(x, 200);
    snprintf(etag, sizeof etag, "\"%s.1\"", text);
    assert_header(x, "ETag", etag);
    assert_header(x, "Retry-After", NULL);
    assert_string_equal(text_at(x, "status"), "scored");
    assert_string_equal(text_at(x, "result.grade"), "优");
    done(x);
}

static void an_unchanged_state_costs_no_body(void **state)
{
    char queued[64], listed[128], weak[80], text[ZP_ID_TEXT + 1];
    zp_id id = file_form(*state, 1, NULL);
    zp_id_format(&id, text);
    snprintf(queued, sizeof queued, "\"%s.q\"", text);
    snprintf(weak, sizeof weak, "W/%s", queued);
    snprintf(listed, sizeof listed, "\"x\", %s", queued);
    const char *const same[] = {queued, weak, listed, "*"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        exchange *x = get_one(*state, &id, CALL(.if_none_match = same[i]));
        assert_status(x, 304);
        assert_string_equal(strstr(x->text.p, "\r\n\r\n"), "\r\n\r\n");
        assert_header(x, "ETag", queued);
        assert_header(x, "Content-Type", NULL);
        assert_retry_after(x);
        done(x);
    }
    exchange *x = get_one(*state, &id, CALL(.if_none_match = "\"other\""));
    assert_status(x, 200);
    done(x);

    zp_id unknown = id; /* a tag of the right shape does not make a submission */
    unknown.b[15] ^= 1;
    zp_id_format(&unknown, text);
    snprintf(queued, sizeof queued, "\"%s.q\"", text);
    x = get_one(*state, &unknown, CALL(.if_none_match = queued));
    assert_problem(x, 404, "NO_SUCH_SUBMISSION");
    done(x);
}

static void head_is_get_without_the_body(void **state)
{
    char length[32];
    zp_id id = file_form(*state, 1, NULL);
    exchange *get = get_one(*state, &id, CALL(.path = NULL)), *head = get_one(*state, &id, CALL(.method = ZP_HEAD));
    assert_status(head, 200);
    assert_string_equal(strstr(head->text.p, "\r\n\r\n"), "\r\n\r\n");
    snprintf(length, sizeof length, "%zu", get->request.response.body.n);
    assert_header(head, "Content-Length", length);
    assert_header(head, "ETag", header(get, "ETag"));
    done(get);
    done(head);
}

static void what_is_not_there_is_404(void **state)
{
    static const char *const nowhere[] = {"/",
                                          "/v1/submissions/",
                                          "/v1/submissions/1",
                                          "/v1/submissions/0195f2d4-7c1a-7b3e-8f00-1234567890ab/",
                                          "/v1/submissions/0195f2d4-7c1a-7b3e-8f00-1234567890ab/forms",
                                          "/v1/submissionss",
                                          "/v2/events",
                                          "/v1/score",
                                          ""};
    zp_id id;
    assert_int_equal(zp_id_parse(ZP_STR("0195f2d4-7c1a-7b3e-8f00-1234567890ab"), &id), ZP_OK);
    exchange *x;
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        x = ask(*state, CALL(.path = nowhere[i]));
        assert_problem(x, 404, "NOT_FOUND");
        done(x);
    }
    static const char *const tags[] = {NULL, "*", "\"x\""};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        x = get_one(*state, &id, CALL(.if_none_match = tags[i], .prefer = "wait=5"));
        assert_problem(x, 404, "NO_SUCH_SUBMISSION");
        done(x);
    }
}

static void a_hostile_path_comes_back_harmless(void **state)
{
    exchange *x = ask(*state, CALL(.path = "/\r\nSet-Cookie: a=b\xff\"<script>"));
    assert_problem(x, 404, "NOT_FOUND");
    assert_header(x, "Set-Cookie", NULL);
    assert_string_equal(text_at(x, "instance"), "/%0D%0ASet-Cookie:%20a%3Db%FF%22%3Cscript%3E");
    done(x);
}

static void other_methods_are_told_what_is_allowed(void **state)
{
    exchange *x = ask(*state, CALL(.method = ZP_OTHER_METHOD, .path = "/v1/submissions"));
    assert_problem(x, 405, "METHOD_NOT_ALLOWED");
    assert_header(x, "Allow", "GET, HEAD, POST");
    done(x);
    x = ask(*state, CALL(.method = ZP_POST, .path = "/v1/submissions/0195f2d4-7c1a-7b3e-8f00-1234567890ab"));
    assert_problem(x, 405, "METHOD_NOT_ALLOWED");
    assert_header(x, "Allow", "GET, HEAD");
    done(x);
}

static void a_long_poll_waits_for_another_state(void **state)
{
    world *w = *state;
    char queued[64];
    zp_id id = file_form(w, 1, NULL);
    zp_etag_format(&id, 0, queued);
    exchange *plain = get_one(w, &id, CALL(.prefer = "wait=5"));
    exchange *tagged = get_one(w, &id, CALL(.prefer = "wait=5", .if_none_match = queued));
    exchange *late = get_one(w, &id, CALL(.prefer = "wait=6", .if_none_match = queued));
    assert_int_equal(plain->handled, ZP_WAIT_SCORE);
    assert_false(zp_wait_is_over(&w->desk, &tagged->request));
    wait_over(w, late);
    assert_status(late, 304);
    assert_header(late, "Preference-Applied", "wait=6");
    score(w, &id);
    assert_true(zp_wait_is_over(&w->desk, &plain->request));
    assert_true(zp_wait_is_over(&w->desk, &tagged->request));
    wait_over(w, plain);
    wait_over(w, tagged);
    assert_status(plain, 200);
    assert_status(tagged, 200);
    assert_string_equal(text_at(tagged, "status"), "scored");
    assert_header(tagged, "Preference-Applied", "wait=5");
    done(plain);
    done(tagged);
    done(late);

    exchange *seen = get_one(w, &id, CALL(.prefer = "wait=5", .if_none_match = queued));
    assert_status(seen, 200);
    done(seen);
    seen = get_one(w, &id, CALL(.prefer = "wait=5"));
    assert_status(seen, 200);
    done(seen);
}

/* ---- the form as accepted ---- */

static void the_form_is_what_the_digest_covers(void **state)
{
    char path[80] = "/v1/submissions/", expected[ZP_DIGEST_TEXT + 1], etag[ZP_DIGEST_TEXT + 3];
    zp_id id = file_form(*state, 3, NULL);
    zp_digest digest;
    exchange *status = get_one(*state, &id, CALL(.path = NULL));
    zp_id_format(&id, path + strlen(path));
    strcat(path, "/form");
    exchange *x = ask(*state, CALL(.path = path));
    assert_status(x, 200);
    zp_digest_of(zp_str_of(strstr(x->text.p, "\r\n\r\n") + 4), &digest);
    zp_digest_format(&digest, expected);
    snprintf(etag, sizeof etag, "\"%s\"", expected);
    assert_string_equal(text_at(status, "receipt.digest"), expected);
    assert_header(x, "Repr-Digest", expected);
    assert_header(x, "ETag", etag);
    assert_string_equal(text_at(x, "project_name"), "12345服务热线专项经费");
    done(status);
    done(x);
    x = ask(*state, CALL(.path = path, .if_none_match = etag));
    assert_status(x, 304);
    done(x);
    x = ask(*state, CALL(.path = "/v1/submissions/0195f2d4-7c1a-7b3e-8f00-1234567890ab/form"));
    assert_problem(x, 404, "NO_SUCH_SUBMISSION");
    done(x);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, new_world, end_world)
    const struct CMUnitTest tests[] = {
        T(a_submission_is_answered_with_its_receipt),
        T(the_first_answer_and_a_later_poll_are_the_same_bytes),
        T(urlencoded_forms_are_taken_too),
        T(while_intake_is_shut_nothing_is_parsed),
        T(what_cannot_be_read_is_refused),
        T(all_faults_of_a_form_are_named_at_once),
        T(a_retry_gets_the_first_receipt),
        T(a_retry_after_the_score_gets_200_and_the_score),
        T(a_key_cannot_stand_for_other_content),
        T(a_form_on_file_is_replaced_only_by_naming_it),
        T(a_replacement_needs_something_to_replace),
        T(a_commit_that_fails_is_not_an_acceptance),
        T(a_waiting_submission_is_answered_with_its_score),
        T(when_the_time_is_up_it_is_202),
        T(with_no_room_to_wait_the_answer_comes_at_once),
        T(a_poll_tells_queued_then_scored),
        T(an_unchanged_state_costs_no_body),
        T(head_is_get_without_the_body),
        T(what_is_not_there_is_404),
        T(a_hostile_path_comes_back_harmless),
        T(other_methods_are_told_what_is_allowed),
        T(a_long_poll_waits_for_another_state),
        T(the_form_is_what_the_digest_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * handlers_score.c - scoring without submitting, and scoring again what has failed.
 */
#include "http_world.h"

#define CALL(...) ((call){__VA_ARGS__})

/* ---- dry run ---- */

static exchange *dry_run(world *w, char *body)
{
    exchange *x = ask(w, CALL(.method = ZP_POST, .path = "/v1/scores", .type = "application/json", .body = body));
    free(body);
    return x;
}

static void a_dry_run_scores_and_stores_nothing(void **state)
{
    world *w = *state;
    zp_intake_stats held;
    exchange *x = dry_run(w, form_of(1, NULL));
    assert_status(x, 200);
    assert_true(json_is_true(at(x->json, "accepted")));
    assert_int_equal(json_array_size(at(x->json, "errors")), 0);
    assert_string_equal(text_at(x, "result.computed_total"), "99.61");
    assert_string_equal(text_at(x, "result.indicators.5.formula"), "76.89 ÷ 80 × 10");
    assert_int_equal(zp_intake_stat(w->desk.intake, &held), ZP_OK);
    assert_int_equal(held.forms, 0);

    /* By the same engine as a submission's score. */
    json_t *alone = json_incref(at(x->json, "result"));
    done(x);
    zp_id id = file_form(w, 1, NULL);
    score(w, &id);
    x = get_one(w, &id, CALL(.path = NULL));
    assert_true(json_equal(alone, at(x->json, "result")));
    json_decref(alone);
    done(x);
}

static void a_dry_run_scores_also_what_would_be_refused(void **state)
{
    exchange *x = dry_run(*state, strdup("{\"year\":2022,\"project_name\":\"p\",\"profile\":\"x\",\"indicators\":"
                                         "[{\"level3\":\"a\",\"target\":\"≥4次\",\"actual\":\"3次\",\"weight\":40}]}"));
    assert_status(x, 200);
    assert_true(json_is_false(at(x->json, "accepted")));
    assert_string_equal(text_at(x, "result.indicators.0.computed"), "30.00");
    assert_string_equal(text_at(x, "errors.0.code"), "PROFILE_UNKNOWN");
    assert_string_equal(text_at(x, "errors.1.pointer"), "/unit");
    done(x);
    x = dry_run(*state, strdup("{\"year\":"));
    assert_problem(x, 400, "BODY_MALFORMED");
    done(x);
}

/* ---- retry ---- */

static exchange *retry(world *w, const zp_id *id)
{
    char path[128], text[ZP_ID_TEXT + 1];
    zp_id_format(id, text);
    snprintf(path, sizeof path, "/v1/submissions/%s/retry", text);
    return ask(w, CALL(.method = ZP_POST, .path = path));
}

static bool is_pending(world *w, const zp_id *id)
{
    bool there;
    assert_int_equal(zp_intake_is_pending(w->desk.intake, id, &there), ZP_OK);
    return there;
}

static void only_what_has_failed_is_tried_again(void **state)
{
    zp_id id = file_form(*state, 1, NULL), unknown = id;
    unknown.b[15] ^= 1;
    exchange *x = retry(*state, &unknown);
    assert_problem(x, 404, "NO_SUCH_SUBMISSION");
    done(x);
    x = retry(*state, &id);
    assert_problem(x, 409, "NOT_FAILED");
    done(x);
    record_as(*state, &id, ZP_FAILED);
    assert_false(is_pending(*state, &id));
    x = retry(*state, &id);
    assert_status(x, 202);
    assert_true(is_pending(*state, &id));
    done(x);
    x = retry(*state, &id);
    assert_problem(x, 409, "IN_QUEUE");
    done(x);
    x = ask(*state, CALL(.path = "/v1/submissions/0195f2d4-7c1a-7b3e-8f00-1234567890ab/retry"));
    assert_problem(x, 405, "METHOD_NOT_ALLOWED");
    assert_header(x, "Allow", "POST");
    done(x);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, new_world, end_world)
    const struct CMUnitTest tests[] = {
        T(a_dry_run_scores_and_stores_nothing),
        T(a_dry_run_scores_also_what_would_be_refused),
        T(only_what_has_failed_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

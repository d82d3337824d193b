/*
 * mistakes.c - what other systems get wrong, one test a mistake: each shows the figure that is right and would meet the
 * wrong one.
 */
#include "core/decimal.h"
#include "form_kit.h"

#define LINE(cell)  "/indicators/1/" cell /* of weight 30 */
#define TOTAL(cell) "/funds/total/" cell

static const zp_result *score(world *w, const change *changes)
{
    make_form(w, changes);
    assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
    return &w->result;
}

#define SCORE(w, ...) score(w, (change[MOST_CHANGES]){__VA_ARGS__})

static const zp_line *score_line(world *w, const char *target, const char *actual)
{
    return &SCORE(w, {LINE("target"), target}, {LINE("actual"), actual})->lines[1];
}

static bool stands(const zp_result *result, zp_flag_code code)
{
    for (size_t i = 0; i < result->flag_count; i++)
        if (result->flags[i].code == code)
            return true;
    return false;
}

/* Spending 150 % of the budget gave 15 of 10 points. */
static void spending_more_than_the_budget_gives_no_extra_points(void **state)
{
    const zp_result *r = SCORE(*state, {TOTAL("executed"), "1500"}, {TOTAL("score"), "10"});
    assert_int_equal(r->execution.computed, 1000);
    assert_int_equal(r->execution.confirmed, 1000);
    assert_text(r->execution.rate, "150.00%"); /* the rate itself is told as it is */
    assert_true(stands(r, ZP_FLAG_EXEC_OVER_100));
}

/* A budget of nothing was divided by as if it were 1: every spent yuan a full rate. */
static void nothing_is_divided_by_a_budget_of_nothing(void **state)
{
    static const char *const nothing[] = {"0", "0.00", "000", "-0"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        const zp_result *r = SCORE(*state, {TOTAL("annual_budget"), nothing[i]}, {TOTAL("score"), "10"});
        assert_int_equal(r->execution.computed, 0);
        assert_int_equal(r->execution.confirmed, 0);
        assert_false(zp_str_present(r->execution.rate));
        assert_true(stands(r, ZP_FLAG_EXEC_BUDGET_ZERO));
        assert_true(stands(r, ZP_FLAG_EXEC_SCORE_TOO_HIGH));
    }
}

/* "No accidents" and one accident: target ÷ actual is 0, and actual ÷ target is no number. */
static void a_limit_of_zero_is_kept_or_broken(void **state)
{
    world *w = *state;
    for (zp_reverse_rule rule = ZP_REVERSE_RATIO; rule <= ZP_REVERSE_LINEAR; rule++) {
        w->profile.reverse = rule;
        assert_int_equal(score_line(w, "≤0次", "0次")->computed, 3000);
        assert_int_equal(score_line(w, "≤0次", "1次")->computed, 0);
        assert_true(stands(&w->result, ZP_FLAG_REVERSE_EXCEEDED));
        assert_int_equal(score_line(w, "≤0.0%", "0.01%")->computed, 0);
        assert_int_equal(score_line(w, "<0次", "3次")->computed, 0);
        assert_int_equal(score_line(w, "≤-2%", "-1%")->computed, 0);
        assert_int_equal(score_line(w, "≤-2%", "-3%")->computed, 3000);
        assert_int_equal(score_line(w, "=0次", "2次")->computed, 0);
    }
}

/* 9.00 + 50 + 29.996 + 1 = 89.996 was shown as 90.00 and graded 良. */
static void the_grade_is_that_of_the_total_that_is_shown(void **state)
{
    world *w = *state;
    const change changes[MOST_CHANGES] = {
        {LINE("target"), "≥7500次"},     {LINE("actual"), "7499次"},    {"/indicators/2/target", "≥10次"},
        {"/indicators/2/actual", "1次"}, {"/indicators/0/score", NULL}, {LINE("score"), NULL},
        {"/indicators/2/score", NULL},   {TOTAL("score"), NULL},        {"/declared_total", NULL}};
    const zp_result *r = score(w, changes);
    assert_int_equal(r->lines[1].computed, 3000); /* 29.996 */
    assert_int_equal(r->confirmed_total, 9000);
    assert_int_equal(r->grade, ZP_GRADE_EXCELLENT);
    /* One more miss, and what is shown is 89.99. */
    write_over(w, LINE("actual"), "7497次"); /* 29.988 */
    assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
    assert_int_equal(w->result.confirmed_total, 8999);
    assert_int_equal(w->result.grade, ZP_GRADE_GOOD);
}

/* Whoever adds the lines of the page must come to the total of the page: thirds do not add up to a whole again. */
static void the_total_is_the_sum_of_the_lines_that_are_shown(void **state)
{
    const zp_result *r =
        SCORE(*state, {"/indicators/0/target", "≥3次"}, {"/indicators/0/actual", "1次"}, {LINE("target"), "≥9次"},
              {LINE("actual"), "2次"}, {"/indicators/2/target", "≥3次"}, {"/indicators/2/actual", "1次"});
    assert_int_equal(r->lines[0].computed, 1667); /* 16.666… */
    assert_int_equal(r->lines[1].computed, 667);  /* 6.666… */
    assert_int_equal(r->lines[2].computed, 333);  /* 3.333… */
    assert_int_equal(r->computed_total, 3567);    /* 35.666… in one go */
}

/* Costs that grew by −5 % instead of −3 % are not "0": the sign counts, and the reader sees it in the formula. */
static void a_negative_actual_value_is_taken_as_it_is(void **state)
{
    world *w = *state;
    assert_int_equal(score_line(w, "≥-3%", "-2%")->computed, 3000);
    assert_int_equal(score_line(w, "≥-3%", "-3%")->computed, 3000);
    assert_int_equal(score_line(w, "≥-3%", "-5%")->computed, 0);
    assert_int_equal(score_line(w, "≤0%", "-5%")->computed, 3000);
    assert_int_equal(score_line(w, "=0%", "-5%")->computed, 0);
    const zp_line *line = score_line(w, "≥10%", "-5%");
    assert_int_equal(line->computed, 0);
    assert_text(line->formula, "-5 < 10 → 0");
    assert_true(stands(&w->result, ZP_FLAG_SCORE_TOO_HIGH));
}

/* In binary fractions 200 times 0.45 is not 90, and 97.51 − 97.50 is more than 0.01. */
static void sums_are_exact_decimals(void **state)
{
    world *w = *state;
    static zp_indicator many[ZP_MAX_INDICATORS];
    make_form(w, (change[MOST_CHANGES]){{TOTAL("executed"), "1000"}, {TOTAL("score"), "10"}});
    for (size_t i = 0; i < ZP_MAX_INDICATORS; i++) {
        many[i] = sound_indicators[0];
        many[i].weight = ZP_STR("0.45");
        many[i].score = ZP_STR("0.45");
    }
    w->form.indicators = many;
    w->form.indicator_count = ZP_MAX_INDICATORS;
    w->form.declared_total = ZP_STR("100");
    assert_int_equal(zp_check(&w->form, &w->profile, &w->faults), ZP_OK);
    assert_int_equal(w->faults.count, 0);
    assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
    assert_int_equal(w->result.confirmed_total, 10000);
    static const char *const within[] = {"97.49", "97.50", "97.51"};
    for (size_t i = 0; i < sizeof within / sizeof *within; i++) {
        make_form(w, (change[MOST_CHANGES]){{"/declared_total", within[i]}});
        assert_int_equal(zp_check(&w->form, &w->profile, &w->faults), ZP_OK);
        assert_int_equal(w->faults.count, 0);
    }
}

/* Whatever the score is: 0.01 beside it agrees, 0.02 does not. In binary fractions either depends on the figure. */
static void one_hundredth_agrees_whatever_the_score(void **state)
{
    world *w = *state;
    for (int cents = 3; cents <= 2998; cents += 7) { /* of 30.00, by a target of 3000 */
        char actual[32], score_text[32];
        snprintf(actual, sizeof actual, "%d次", cents);
        for (int off = -2; off <= 2; off++) {
            snprintf(score_text, sizeof score_text, "%d.%02d", (cents + off) / 100, (cents + off) % 100);
            const zp_result *r =
                SCORE(w, {LINE("target"), "≥3000次"}, {LINE("actual"), actual}, {LINE("score"), score_text});
            bool high = stands(r, ZP_FLAG_SCORE_TOO_HIGH), low = stands(r, ZP_FLAG_SCORE_TOO_LOW);
            bool rounded = stands(r, ZP_FLAG_SCORE_ROUNDED);
            if (r->lines[1].computed != cents || high != (off == 2) || low != (off == -2) || rounded)
                fail_msg("%s beside %d: computed %lld%s%s%s", score_text, cents, (long long)r->lines[1].computed,
                         high ? ", too high" : "", low ? ", too low" : "", rounded ? ", rounded" : "");
        }
    }
}

static void lower_is_better_where_the_target_says_so(void **state)
{
    static const char *const targets[] = {"≤20天", "不超过20天", "20天以内", "<20天"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_int_equal(score_line(*state, targets[i], "1天")->computed, 3000);
        assert_int_equal(score_line(*state, targets[i], "20天")->computed, 3000);
        assert_int_equal(score_line(*state, targets[i], "40天")->computed, 1500);
        assert_int_equal(score_line(*state, targets[i], "60天")->computed, 1000);
    }
    /* A cost in money that names no direction is no achievement when it is exceeded. */
    world *w = *state;
    assert_int_equal(SCORE(w, {LINE("level2"), "经济成本指标"}, {LINE("target"), "100元"}, {LINE("actual"), "200元"})
                         ->lines[1]
                         .computed,
                     1500);
    assert_int_equal(SCORE(w, {LINE("level2"), "经济成本指标"}, {LINE("target"), "100元"}, {LINE("actual"), "50元"})
                         ->lines[1]
                         .computed,
                     3000);
}

static void equal_numbers_are_equal_however_they_are_written(void **state)
{
    static const struct {
        const char *target, *actual;
    } rows[] = {
        {"81,572,666元", "81572666.00元"},
        {"=81572666元", "８１，５７２，６６６元"},
        {"=10000人", "1万人"},
        {"=1.5亿元", "15,000万元"},
        {"=5次", "5.0 次"},
        {"=007次", "7次"},
        {"=0.5%", "5‰"},
        {"=2小时", "120分钟"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const zp_line *line = score_line(*state, rows[i].target, rows[i].actual);
        world *w = *state;
        if (line->computed != 3000 || stands(&w->result, ZP_FLAG_EQUAL_EXCEEDED))
            fail_msg("%s and %s: %lld", rows[i].target, rows[i].actual, (long long)line->computed);
    }
    assert_int_equal(score_line(*state, "81,572,666元", "81,572,665.99元")->computed, 3000); /* 29.9999999963 */
    assert_int_equal(score_line(*state, "=1000次", "999次")->computed, 2997);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(spending_more_than_the_budget_gives_no_extra_points),
        TEST(nothing_is_divided_by_a_budget_of_nothing),
        TEST(a_limit_of_zero_is_kept_or_broken),
        TEST(the_grade_is_that_of_the_total_that_is_shown),
        TEST(the_total_is_the_sum_of_the_lines_that_are_shown),
        TEST(a_negative_actual_value_is_taken_as_it_is),
        TEST(sums_are_exact_decimals),
        TEST(one_hundredth_agrees_whatever_the_score),
        TEST(lower_is_better_where_the_target_says_so),
        TEST(equal_numbers_are_equal_however_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

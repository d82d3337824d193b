/*
 * six_forms.c - the six real forms by the rules of mof-2020: every total, line and flag, to the digit.
 *
 * The totals are the domain's; the lines follow from them by hand. Whoever changes a rule meets this table.
 */
#include "codec/profile_yaml.h"
#include "codec_kit.h"
#include "core/decimal.h"
#include "core/score.h"

#define PROFILE ZP_SOURCE_DIR "/conf/profiles/mof-2020.yaml"

enum { MOST_LINES = 12, MOST_FLAGS = 10 };

typedef struct {
    zp_flag_code code;
    const char *pointer;
} mark;

typedef struct {
    int64_t declared, computed, confirmed; /* cents */
    int64_t verified, execution;           /* points, cents */
    bool discrepant;
    int64_t lines[MOST_LINES];
    mark flags[MOST_FLAGS];
} outcome;

#define NONE ZP_NO_CENTS
#define F(x) ZP_FLAG_##x
#define NO_GOAL                                                                                                        \
    {                                                                                                                  \
        F(GOAL_ACTUAL_MISSING), "/goals/actual"                                                                        \
    }

static const outcome expected[SEEDS] = {
    {9760,
     9961,
     9760,
     85,
     1000,
     true,
     {1000, 1000, 1000, 1000, 1000, 961, 1000, 500, 500, 1000},
     {{F(UNIT_ABSENT), "/indicators/0/target"},
      {F(UNIT_ABSENT), "/indicators/1/target"},
      {F(UNIT_ABSENT), "/indicators/3/target"},
      {F(COMPOUND_TARGET), "/indicators/4/target"},
      {F(QUAL_UNVERIFIABLE), "/indicators/4/actual"},
      {F(SCORE_TOO_LOW), "/indicators/5/score"},
      NO_GOAL}},
    {9996,
     9996,
     9996,
     90,
     996,
     false,
     {2000, 1500, 1500, 1000, 1000, NONE, 1000, 1000},
     {{F(BUDGET_CUT), "/funds/total/annual_budget"},
      {F(UNIT_ABSENT), "/indicators/0/target"},
      {F(INDICATOR_NO_WEIGHT), "/indicators/5/weight"},
      NO_GOAL}},
    {9717,
     9727,
     9717,
     100,
     917,
     true,
     {1000, 810, 1000, 2000, 3000, 1000},
     {{F(EXEC_RATE_ROUNDED_UP), "/funds/total/execution_rate"},
      {F(FUNDS_COMPONENT_MISSING), "/funds/current_year_appropriation/executed"},
      {F(SCORE_TOO_LOW), "/indicators/1/score"},
      NO_GOAL}},
    {9929,
     9929,
     9929,
     85,
     929,
     false,
     {1500, 2000, 1500, 3000, 1000},
     {{F(ACTUAL_UNIT_MISSING), "/indicators/0/actual"},
      {F(ACTUAL_UNIT_MISSING), "/indicators/3/actual"},
      {F(STRICT_BOUNDARY), "/indicators/4/actual"},
      NO_GOAL}},
    {9998,
     9998,
     9998,
     70,
     998,
     false,
     {1000, 1000, 1000, 1000, 1000, 2000, 1000, 1000},
     {{F(OVER_ACHIEVED), "/indicators/1/actual"},
      {F(OVER_REASON_MISSING), "/indicators/1/deviation"},
      {F(UNIT_ABSENT), "/indicators/1/target"},
      {F(TARGET_NOT_A_VALUE), "/indicators/3/target"},
      {F(TARGET_NOT_A_VALUE), "/indicators/4/target"},
      {F(UNIT_ABSENT), "/indicators/5/target"},
      {F(TARGET_NOT_A_VALUE), "/indicators/6/target"},
      NO_GOAL}},
    {9969,
     9969,
     9969,
     90,
     969,
     false,
     {1000, 1000, 1000, 1000, 1000, 3000, NONE, 1000},
     {{F(ACTUAL_UNIT_MISSING), "/indicators/5/actual"}, {F(INDICATOR_NO_WEIGHT), "/indicators/6/weight"}, NO_GOAL}},
};

static const zp_profile *mof_2020(void)
{
    static zp_profile profile;
    char message[256];
    if (zp_profile_load(PROFILE, &profile, message, sizeof message))
        fail_msg("%s", message);
    return &profile;
}

static void compare_flags(const zp_result *result, const mark *flags, int number)
{
    size_t count = 0;
    while (count < MOST_FLAGS && flags[count].pointer)
        count++;
    for (size_t i = 0; i < result->flag_count; i++)
        if (i >= count || result->flags[i].code != flags[i].code ||
            !zp_str_is(result->flags[i].pointer, flags[i].pointer))
            fail_msg("seed-%d: flag %zu is %s %.*s", number, i, zp_flag_name(result->flags[i].code),
                     (int)result->flags[i].pointer.n, result->flags[i].pointer.p);
    assert_int_equal(result->flag_count, count);
}

static void compare(const zp_result *result, const outcome *e, int number)
{
    assert_int_equal(result->declared_total, e->declared);
    assert_int_equal(result->computed_total, e->computed);
    assert_int_equal(result->confirmed_total, e->confirmed);
    assert_int_equal(result->execution.computed, e->execution);
    assert_int_equal(result->machine_verified, e->verified * 1000000);
    assert_int_equal(result->grade, ZP_GRADE_EXCELLENT);
    assert_int_equal(result->discrepant, e->discrepant);
    for (size_t i = 0; i < result->line_count; i++)
        assert_int_equal(result->lines[i].computed, e->lines[i]);
    compare_flags(result, e->flags, number);
}

static void each_form_scores_as_the_table_says(void **state)
{
    (void)state;
    for (int number = 1; number <= SEEDS; number++) {
        reading *r = read_seed(number);
        zp_result result;
        assert_int_equal(zp_score(&r->form, mof_2020(), r->arena, &result), ZP_OK);
        compare(&result, &expected[number - 1], number);
        forget(r);
    }
}

static void none_of_them_would_be_refused(void **state)
{
    (void)state;
    for (int number = 1; number <= SEEDS; number++) {
        reading *r = read_seed(number);
        assert_int_equal(zp_check(&r->form, mof_2020(), &r->faults), ZP_OK);
        assert_int_equal(r->faults.errors, 0);
        forget(r);
    }
}

static void differences_are_explained(void **state)
{
    (void)state;
    static const struct {
        int number;
        size_t line;
        unsigned why;
        const char *formula;
    } rows[] = {{1, 5, ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_TRUNC1, "76.89 ÷ 80 × 10"},
                {3, 1, ZP_WHY_TRUNC0, "81 ÷ 100 × 10"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reading *r = read_seed(rows[i].number);
        zp_result result;
        assert_int_equal(zp_score(&r->form, mof_2020(), r->arena, &result), ZP_OK);
        const zp_line *line = &result.lines[rows[i].line];
        assert_int_equal(line->why, rows[i].why);
        if (!zp_str_is(line->formula, rows[i].formula))
            fail_msg("seed-%d: %.*s", rows[i].number, (int)line->formula.n, line->formula.p);
        forget(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_scores_as_the_table_says),
        cmocka_unit_test(none_of_them_would_be_refused),
        cmocka_unit_test(differences_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * check.c - every check has its flag: code, severity and place, from a form in which nothing else is wrong.
 *
 * A row says which cells are written over and which flags then stand; these and no others.
 */
#include "form_kit.h"

enum { MOST_FLAGS = 4 };

typedef struct {
    zp_flag_code code;
    const char *pointer;
} mark;

typedef struct {
    change changes[MOST_CHANGES];
    mark flags[MOST_FLAGS];
} row;

static void describe(const row *r, const zp_flag *flags, size_t count)
{
    for (size_t i = 0; i < MOST_CHANGES && r->changes[i].pointer; i++)
        print_message("%s = %s\n", r->changes[i].pointer, r->changes[i].text ? r->changes[i].text : "(absent)");
    for (size_t i = 0; i < count; i++)
        print_message("  has %s %s %.*s\n", zp_severity_name(flags[i].severity), zp_flag_name(flags[i].code),
                      (int)flags[i].pointer.n, flags[i].pointer.p);
    for (size_t i = 0; i < MOST_FLAGS && r->flags[i].pointer; i++)
        print_message("  should have %s %s\n", zp_flag_name(r->flags[i].code), r->flags[i].pointer);
}

/* Among the flags of at least that gravity these stand, in any order, and no others. */
static void compare(const row *r, const zp_flag *flags, size_t count, zp_severity severity, zp_severity least)
{
    size_t expected = 0, found = 0, standing = 0;
    for (; expected < MOST_FLAGS && r->flags[expected].pointer; expected++)
        for (size_t i = 0; i < count; i++)
            if (flags[i].code == r->flags[expected].code && flags[i].severity == severity &&
                zp_str_is(flags[i].pointer, r->flags[expected].pointer)) {
                found++;
                break;
            }
    for (size_t i = 0; i < count; i++)
        standing += flags[i].severity <= least;
    if (found == expected && standing == expected)
        return;
    describe(r, flags, count);
    fail_msg("%zu of %zu flags, of %zu that stand", found, expected, standing);
}

/* What refuses a form: told by zp_check alone, and by zp_score as well. */
static void check_errors(world *w, const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        make_form(w, rows[i].changes);
        assert_int_equal(zp_check(&w->form, &w->profile, &w->faults), ZP_OK);
        compare(&rows[i], w->faults.items, w->faults.count, ZP_SEV_ERROR, ZP_SEV_INFO);
        assert_int_equal(w->faults.errors, w->faults.count);
        assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
        compare(&rows[i], w->result.flags, w->result.flag_count, ZP_SEV_ERROR, ZP_SEV_ERROR);
    }
}

/* What is said about a form that is accepted; a score warning, and nothing else, makes it discrepant. */
static void check_remarks(world *w, const row *rows, size_t count, zp_severity severity, bool discrepant)
{
    for (size_t i = 0; i < count; i++) {
        make_form(w, rows[i].changes);
        assert_int_equal(zp_check(&w->form, &w->profile, &w->faults), ZP_OK);
        assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
        compare(&rows[i], w->result.flags, w->result.flag_count, severity, ZP_SEV_INFO);
        if (w->faults.count || w->result.discrepant != discrepant) {
            describe(&rows[i], w->faults.items, w->faults.count);
            fail_msg("%zu errors, %s", w->faults.count, w->result.discrepant ? "discrepant" : "consistent");
        }
    }
}

#define ROWS(rows) rows, sizeof(rows) / sizeof *(rows)
#define F(code, pointer)                                                                                               \
    {                                                                                                                  \
        ZP_FLAG_##code, pointer                                                                                        \
    }
#define LINE(cell)  "/indicators/1/" cell
#define TOTAL(cell) "/funds/total/" cell

static void a_sound_form_has_no_flags(void **state)
{
    static const row rows[] = {{.flags = {{0}}}};
    check_remarks(*state, ROWS(rows), ZP_SEV_INFO, false);
    world *w = *state;
    assert_int_equal(w->result.declared_total, 9750);
    assert_int_equal(w->result.computed_total, 9750);
    assert_int_equal(w->result.confirmed_total, 9750);
}

static void what_must_be_there(void **state)
{
    static const row rows[] = {
        {{{"/year", NULL}}, {F(FIELD_MISSING, "/year")}},
        {{{"/year", ""}}, {F(FIELD_MISSING, "/year")}},
        {{{"/year", "\u00a0"}}, {F(FIELD_MISSING, "/year")}},
        {{{"/year", " ２０２２\n"}}, {{0}}},
        {{{"/year", "1999"}}, {F(YEAR_INVALID, "/year")}},
        {{{"/year", "2100"}}, {F(YEAR_INVALID, "/year")}},
        {{{"/year", "22"}}, {F(YEAR_INVALID, "/year")}},
        {{{"/year", "2022年"}}, {F(YEAR_INVALID, "/year")}},
        {{{"/year", "2000"}}, {{0}}},
        {{{"/year", "2099"}}, {{0}}},
        {{{"/project_name", NULL}}, {F(FIELD_MISSING, "/project_name")}},
        {{{"/project_name", " \u3000"}}, {F(FIELD_MISSING, "/project_name")}},
        {{{"/unit", ""}}, {F(FIELD_MISSING, "/unit")}},
        {{{"/indicators/2/level3", NULL}}, {F(FIELD_MISSING, "/indicators/2/level3")}},
        {{{"/indicators/3/level3", "\t"}}, {F(FIELD_MISSING, "/indicators/3/level3")}},
        {{{"/unit_code", "a b"}}, {F(UNIT_CODE_INVALID, "/unit_code")}},
        {{{"/unit_code", ""}}, {{0}}},
        {{{"/unit_code", " \u3000"}}, {{0}}},
        {{{"/unit_code", "A1 "}}, {F(UNIT_CODE_INVALID, "/unit_code")}},
        {{{"/unit_code", "沪"}}, {F(UNIT_CODE_INVALID, "/unit_code")}},
        {{{"/unit_code", "123456789012345678901234567890123"}}, {F(UNIT_CODE_INVALID, "/unit_code")}},
        {{{"/unit_code", "Ab-9._89012345678901234567890123"}}, {{0}}},
        {{{"/declared_grade", "良好"}}, {F(GRADE_INVALID, "/declared_grade")}},
        {{{LINE("actual"), NULL}}, {F(ACTUAL_MISSING, LINE("actual"))}},
        {{{LINE("actual"), ""}}, {F(ACTUAL_MISSING, LINE("actual"))}},
        {{{LINE("actual"), "\u200b "}}, {F(ACTUAL_MISSING, LINE("actual"))}},
        {{{"/indicators/3/level3", "其中：线上"}, {"/indicators/3/actual", NULL}}, {{0}}}, /* no weight, no need */
        {{{"/department", NULL}, {"/unit_code", NULL}, {"/declared_total", NULL}, {"/declared_grade", NULL}}, {{0}}},
    };
    check_errors(*state, ROWS(rows));
}

/* Every cell that holds a number; where its loss breaks a sum, that is said too. */
static void what_must_be_a_number(void **state)
{
    static const char *const cells[] = {
        "/funds/total/initial_budget",
        "/funds/total/annual_budget",
        "/funds/total/executed",
        "/funds/current_year_appropriation/executed",
        "/funds/carryover/annual_budget",
        "/funds/other/initial_budget",
        "/total_weight",
        "/declared_total",
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        const row rows[] = {
            {{{cells[i], "九十"}}, {{ZP_FLAG_NUMBER_INVALID, cells[i]}}},
            {{{cells[i], "1e2"}}, {{ZP_FLAG_NUMBER_INVALID, cells[i]}}},
            {{{cells[i], "1000000000000000"}}, {{ZP_FLAG_NUMBER_INVALID, cells[i]}}},
            {{{cells[i], "1.0000001"}}, {{ZP_FLAG_NUMBER_INVALID, cells[i]}}},
            {{{cells[i], "-1"}}, {{ZP_FLAG_NEGATIVE, cells[i]}}},
        };
        check_errors(*state, ROWS(rows));
    }
    static const row scores[] = {
        {{{TOTAL("weight"), "十"}}, {F(NUMBER_INVALID, TOTAL("weight"))}}, /* the profile's 10 stands in */
        {{{TOTAL("weight"), "-10"}}, {F(NEGATIVE, TOTAL("weight"))}},
        {{{TOTAL("score"), "9分"}, {"/declared_total", NULL}}, {F(NUMBER_INVALID, TOTAL("score"))}},
        {{{TOTAL("score"), "-9"}, {"/declared_total", NULL}}, {F(NEGATIVE, TOTAL("score"))}},
        {{{LINE("score"), "满分"}, {"/declared_total", NULL}}, {F(NUMBER_INVALID, LINE("score"))}},
        {{{LINE("score"), "-0.5"}, {"/declared_total", NULL}}, {F(NEGATIVE, LINE("score"))}},
        {{{LINE("weight"), "三十"}, {"/declared_total", NULL}},
         {F(NUMBER_INVALID, LINE("weight")), F(WEIGHT_SUM, "/total_weight")}},
        {{{LINE("weight"), "100.01"}, {"/declared_total", NULL}},
         {F(NUMBER_INVALID, LINE("weight")), F(WEIGHT_SUM, "/total_weight")}},
        {{{LINE("weight"), "-30"}, {"/declared_total", NULL}},
         {F(NEGATIVE, LINE("weight")), F(WEIGHT_SUM, "/total_weight")}},
    };
    check_errors(*state, ROWS(scores));
}

/* 100 亿 and beyond, up to the bound: round numbers are numbers. */
static void large_amounts_are_numbers(void **state)
{
    static const char *const amounts[] = {"10000000000", "50,000,000,000.00", "100000000000000", "999999999999999"};
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        const row rows[] = {{{{TOTAL("initial_budget"), amounts[i]},
                              {TOTAL("annual_budget"), amounts[i]},
                              {TOTAL("executed"), amounts[i]},
                              {"/funds/current_year_appropriation/initial_budget", amounts[i]},
                              {"/funds/current_year_appropriation/annual_budget", amounts[i]},
                              {"/funds/current_year_appropriation/executed", amounts[i]},
                              {TOTAL("execution_rate"), "100.00%"},
                              {TOTAL("score"), "10"},
                              {"/declared_total", "98.50"}},
                             {{0}}}};
        check_remarks(*state, ROWS(rows), ZP_SEV_INFO, false);
    }
}

static void what_must_add_up(void **state)
{
    static const row rows[] = {
        {{{LINE("weight"), "31"}}, {F(WEIGHT_SUM, "/total_weight")}},
        {{{"/total_weight", "99.999999"}}, {F(WEIGHT_SUM, "/total_weight")}},
        {{{"/total_weight", "１００"}}, {{0}}},
        {{{"/total_weight", NULL}}, {{0}}},
        {{{LINE("weight"), "30.000001"}}, {F(WEIGHT_SUM, "/total_weight")}},
        {{{TOTAL("weight"), "20"}}, {F(WEIGHT_SUM, "/total_weight")}},
        {{{TOTAL("weight"), NULL}}, {{0}}}, /* the profile's 10 */
        {{{TOTAL("weight"), "0"},
          {TOTAL("score"), "0"},
          {"/indicators/0/weight", "100"},
          {"/indicators/0/score", "100"},
          {LINE("weight"), NULL},
          {"/indicators/2/weight", NULL},
          {"/declared_total", "100"}},
         {{0}}},
        {{{"/indicators/0/weight", "49.5"},
          {LINE("weight"), "30.5"},
          {"/indicators/0/score", "49.5"},
          {LINE("score"), "29"}},
         {{0}}},
        {{{"/indicators/0/score", "50.01"}}, {F(SCORE_OVER_WEIGHT, "/indicators/0/score")}},
        {{{"/indicators/0/score", "50.000001"}}, {F(SCORE_OVER_WEIGHT, "/indicators/0/score")}},
        {{{TOTAL("score"), "10.01"}, {"/declared_total", "98.51"}}, {F(SCORE_OVER_WEIGHT, TOTAL("score"))}},
        {{{"/declared_total", "97.49"}}, {{0}}},
        {{{"/declared_total", "97.51"}}, {{0}}},
        {{{"/declared_total", "97.48"}}, {F(TOTAL_SUM_MISMATCH, "/declared_total")}},
        {{{"/declared_total", "97.511"}}, {F(TOTAL_SUM_MISMATCH, "/declared_total")}},
        {{{"/declared_total", "100"}}, {F(TOTAL_SUM_MISMATCH, "/declared_total")}},
        {{{"/declared_total", "100.5"}}, {F(SCORE_OVER_WEIGHT, "/declared_total")}},
    };
    check_errors(*state, ROWS(rows));
}

static void scores_on_all_lines_or_on_none(void **state)
{
    static const row rows[] = {
        {{{LINE("score"), NULL}, {"/declared_total", NULL}}, {F(SCORE_MISSING, LINE("score"))}},
        {{{LINE("score"), ""}}, {F(SCORE_MISSING, LINE("score")), F(TOTAL_SUM_MISMATCH, "/declared_total")}},
        {{{TOTAL("score"), NULL}, {"/declared_total", NULL}}, {F(EXEC_SCORE_MISSING, TOTAL("score"))}},
        {{{"/indicators/0/score", NULL},
          {LINE("score"), NULL},
          {"/indicators/2/score", NULL},
          {"/declared_total", NULL}},
         {F(SCORE_MISSING, "/indicators/0/score"), F(SCORE_MISSING, LINE("score")),
          F(SCORE_MISSING, "/indicators/2/score")}}, /* the execution has one */
        {{{"/indicators/0/score", NULL},
          {LINE("score"), NULL},
          {"/indicators/2/score", NULL},
          {TOTAL("score"), NULL},
          {"/declared_total", NULL}},
         {{0}}},
        {{{"/indicators/3/level3", "其中：线上"}, {"/indicators/3/score", NULL}}, {{0}}},
        {{{"/indicators/0/score", NULL},
          {LINE("score"), NULL},
          {"/indicators/2/score", NULL},
          {TOTAL("score"), NULL},
          {"/declared_total", NULL},
          {"/indicators/3/level3", "其中：线上"},
          {"/indicators/3/score", "5"}}, /* of a line that has no weight: none counts as declared */
         {{0}}},
    };
    check_errors(*state, ROWS(rows));
    world *w = *state;
    make_form(w, rows[4].changes);
    assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
    assert_int_equal(w->result.declared_total, ZP_NO_CENTS);
    assert_int_equal(w->result.confirmed_total, 9750); /* scored by the rules alone */
    assert_false(w->result.discrepant);
}

/* What a form claims as its total bounds what is confirmed, as the score of a line bounds that line. */
static void nothing_is_confirmed_above_the_declared_total(void **state)
{
    static const struct {
        const char *total;
        int64_t confirmed;
        bool discrepant;
        row says;
    } cases[] = {
        {"97.50", 9750, false, {.flags = {{0}}}},
        {"60", 6000, true, {.flags = {F(TOTAL_TOO_LOW, "/declared_total")}}},
        {"0", 0, true, {.flags = {F(TOTAL_TOO_LOW, "/declared_total")}}},
        {"97.49", 9749, false, {.flags = {F(TOTAL_ROUNDED, "/declared_total")}}},
        {"97.48", 9748, true, {.flags = {F(TOTAL_TOO_LOW, "/declared_total")}}},
        {"97.51", 9750, false, {.flags = {{0}}}},
        {"97.52", 9750, true, {.flags = {F(TOTAL_TOO_HIGH, "/declared_total")}}},
        {"100", 9750, true, {.flags = {F(TOTAL_TOO_HIGH, "/declared_total")}}},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_form(w, (change[MOST_CHANGES]){{"/indicators/0/score", NULL},
                                            {LINE("score"), NULL},
                                            {"/indicators/2/score", NULL},
                                            {TOTAL("score"), NULL},
                                            {"/declared_total", cases[i].total}});
        assert_int_equal(zp_check(&w->form, &w->profile, &w->faults), ZP_OK);
        assert_int_equal(w->faults.count, 0);
        assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
        assert_int_equal(w->result.computed_total, 9750);
        assert_int_equal(w->result.confirmed_total, cases[i].confirmed);
        assert_int_equal(w->result.discrepant, cases[i].discrepant);
        compare(&cases[i].says, w->result.flags, w->result.flag_count,
                cases[i].discrepant ? ZP_SEV_WARNING : ZP_SEV_INFO, ZP_SEV_INFO);
    }
}

static void all_errors_are_told_at_once(void **state)
{
    static const row rows[] = {{{{"/year", "22"}, {"/unit", ""}, {LINE("score"), "31"}, {TOTAL("executed"), "-900"}},
                                {F(YEAR_INVALID, "/year"), F(FIELD_MISSING, "/unit"),
                                 F(SCORE_OVER_WEIGHT, LINE("score")), F(NEGATIVE, TOTAL("executed"))}}};
    world *w = *state;
    make_form(w, rows[0].changes);
    write_over(w, "/declared_total", NULL);
    assert_int_equal(zp_check(&w->form, &w->profile, &w->faults), ZP_OK);
    compare(rows, w->faults.items, w->faults.count, ZP_SEV_ERROR, ZP_SEV_INFO);
}

static void score_warnings(void **state)
{
    static const row rows[] = {
        {{{LINE("score"), "29"}, {"/declared_total", "98"}}, {F(SCORE_TOO_HIGH, LINE("score"))}},
        {{{LINE("score"), "28.3"}, {"/declared_total", "97.3"}}, {F(SCORE_TOO_LOW, LINE("score"))}},
        {{{LINE("target"), "≥3000次"}, {LINE("actual"), "2894次"}, {LINE("score"), "29"}, {"/declared_total", "98"}},
         {F(SCORE_TOO_HIGH, LINE("score"))}}, /* 28.94 */
        {{{TOTAL("score"), "9.5"}, {"/declared_total", "98"}}, {F(EXEC_SCORE_TOO_HIGH, TOTAL("score"))}},
        {{{TOTAL("score"), "8.5"}, {"/declared_total", "97"}}, {F(EXEC_SCORE_TOO_LOW, TOTAL("score"))}},
        {{{"/indicators/0/score", "49"}, {"/declared_total", "96.5"}}, /* below its weight by the unit's own claim */
         {F(SCORE_TOO_LOW, "/indicators/0/score"), F(DEVIATION_MISSING, "/indicators/0/deviation")}},
        {{{"/declared_grade", "良"}}, {F(GRADE_CHANGED, "/declared_grade")}},
        {{{LINE("actual"), "50%"}}, {F(SCORE_TOO_HIGH, LINE("score")), F(GRADE_CHANGED, "/declared_total")}},
        {{{LINE("target"), "健全"}, {LINE("actual"), "达成"}, {LINE("score"), "23"}, {"/declared_total", "92"}},
         {F(SCORE_TOO_LOW, LINE("score")), F(QUAL_OUT_OF_BAND, LINE("score"))}},
        {{{LINE("target"), "健全"}, {LINE("actual"), "部分达成"}, {LINE("score"), "24.5"}, {"/declared_total", "93.5"}},
         {F(SCORE_TOO_HIGH, LINE("score")), F(QUAL_OUT_OF_BAND, LINE("score"))}},
    };
    check_remarks(*state, ROWS(rows), ZP_SEV_WARNING, true);
}

static void what_a_person_must_judge(void **state)
{
    static const row rows[] = {
        {{{LINE("target"), "健全"}, {LINE("actual"), "若干"}}, {F(QUAL_UNVERIFIABLE, LINE("actual"))}},
        {{{LINE("target"), "健全"}, {LINE("actual"), "不合格"}}, {F(QUAL_NEGATIVE, LINE("actual"))}},
        {{{LINE("target"), "健全"}, {LINE("actual"), "未完善"}}, {F(QUAL_NEGATIVE, LINE("actual"))}},
        {{{LINE("target"), NULL}}, {F(TARGET_MISSING, LINE("target"))}},
        {{{LINE("target"), "无"}}, {F(TARGET_MISSING, LINE("target"))}},
        {{{LINE("target"), "岗位覆盖"}}, {F(TARGET_NOT_A_VALUE, LINE("target"))}},
        {{{LINE("target"), "覆盖率"}, {LINE("actual"), "达成"}}, {F(TARGET_NOT_A_VALUE, LINE("target"))}},
        {{{LINE("actual"), "达成"}}, {F(ACTUAL_NOT_QUANTIFIED, LINE("actual")), F(QUAL_UNVERIFIABLE, LINE("actual"))}},
        {{{LINE("target"), "≥10次,≥20人"}, {LINE("actual"), "达成"}},
         {F(COMPOUND_TARGET, LINE("target")), F(QUAL_UNVERIFIABLE, LINE("actual"))}},
        {{{LINE("target"), "2022"}, {LINE("actual"), "2023"}}, {F(QUAL_UNVERIFIABLE, LINE("actual"))}},
        {{{LINE("actual"), "76次"}}, {F(UNIT_MISMATCH, LINE("actual"))}},
        {{{LINE("actual"), "0.76"}}, {F(PERCENT_SCALE_AMBIGUOUS, LINE("actual"))}},
        {{{LINE("actual"), "1"}, {LINE("score"), "30"}, {"/declared_total", "99"}, {LINE("target"), "≥98%"}},
         {F(PERCENT_SCALE_AMBIGUOUS, LINE("actual"))}},
        {{{LINE("target"), "≥1万人"}, {LINE("actual"), "9500"}}, {F(SCALE_AMBIGUOUS, LINE("actual"))}},
        {{{LINE("actual"), "≥76%"}}, {F(ACTUAL_HAS_OPERATOR, LINE("actual"))}},
        {{{LINE("actual"), "80%以下"}}, {F(ACTUAL_HAS_OPERATOR, LINE("actual"))}},
        {{{LINE("level2"), "经济成本指标"}, {LINE("target"), "95元"}, {LINE("actual"), "100元"}},
         {F(DIRECTION_ASSUMED, LINE("target")), F(REVERSE_EXCEEDED, LINE("actual"))}},
    };
    check_remarks(*state, ROWS(rows), ZP_SEV_WARNING, false);
}

static void what_should_have_been_explained(void **state)
{
    static const row rows[] = {
        {{{LINE("deviation"), NULL}}, {F(DEVIATION_MISSING, LINE("deviation"))}},
        {{{LINE("deviation"), "0"}}, {F(DEVIATION_MISSING, LINE("deviation"))}},
        {{{LINE("deviation"), "无"}}, {F(DEVIATION_MISSING, LINE("deviation"))}},
        {{{LINE("deviation"), " - "}}, {F(DEVIATION_MISSING, LINE("deviation"))}},
        {{{"/indicators/0/actual", "13场"}},
         {F(OVER_ACHIEVED, "/indicators/0/actual"), F(OVER_REASON_MISSING, "/indicators/0/deviation")}},
        {{{"/indicators/0/actual", "13场"}, {"/indicators/0/deviation", "加办"}},
         {F(OVER_ACHIEVED, "/indicators/0/actual")}},
        {{{LINE("target"), "≤38%"}, {LINE("actual"), "40%"}}, {F(REVERSE_EXCEEDED, LINE("actual"))}},
        {{{LINE("target"), "9月前"}, {LINE("actual"), "9月1日"}, {LINE("score"), "0"}, {"/declared_total", "69"}},
         {F(DEADLINE_MISSED, LINE("actual"))}},
        {{{"/goals/actual", NULL}}, {F(GOAL_ACTUAL_MISSING, "/goals/actual")}},
        {{{"/goals/actual", "无"}}, {F(GOAL_ACTUAL_MISSING, "/goals/actual")}},
        {{{"/goals/actual", "办十场培训"}}, {F(GOAL_COPIED, "/goals/actual")}},
    };
    check_remarks(*state, ROWS(rows), ZP_SEV_WARNING, false);
    static const row silent[] = {{{{"/indicators/0/actual", "12.9场"}}, {{0}}}};
    check_remarks(*state, ROWS(silent), ZP_SEV_WARNING, false);
}

static void funds(void **state)
{
    static const row rows[] = {
        {{{TOTAL("initial_budget"), "0"},
          {TOTAL("annual_budget"), "0.00"},
          {TOTAL("executed"), "0"},
          {"/funds/current_year_appropriation/initial_budget", "0"},
          {"/funds/current_year_appropriation/annual_budget", "0"},
          {"/funds/current_year_appropriation/executed", "0"},
          {TOTAL("score"), "0"},
          {"/declared_total", "88.5"}},
         {F(EXEC_BUDGET_ZERO, TOTAL("annual_budget"))}},
        {{{TOTAL("executed"), "1000.01"},
          {"/funds/current_year_appropriation/executed", "1000.01"},
          {TOTAL("execution_rate"), "100.00%"},
          {TOTAL("score"), "10"},
          {"/declared_total", "98.5"}},
         {F(EXEC_OVER_100, TOTAL("executed"))}},
        {{{TOTAL("execution_rate"), "90.01%"}}, {F(EXEC_RATE_MISMATCH, TOTAL("execution_rate"))}}, /* of 90 exactly */
        {{{TOTAL("execution_rate"), "89.99%"}}, {F(EXEC_RATE_MISMATCH, TOTAL("execution_rate"))}},
        {{{TOTAL("execution_rate"), "全部"}}, {F(EXEC_RATE_MISMATCH, TOTAL("execution_rate"))}},
        {{{TOTAL("execution_rate"), NULL}}, {F(EXEC_RATE_MISSING, TOTAL("execution_rate"))}},
        {{{TOTAL("executed"), "499.90"},
          {"/funds/current_year_appropriation/executed", "499.90"},
          {TOTAL("execution_rate"), "49.99%"},
          {TOTAL("score"), "5.00"},
          {"/declared_total", "93.5"}},
         {F(EXEC_LOW, TOTAL("executed"))}},
        {{{"/funds/other/executed", "0.01"}}, {F(FUNDS_SUM_MISMATCH, TOTAL("executed"))}},
        {{{"/funds/current_year_appropriation/executed", "899.99"}}, {F(FUNDS_SUM_MISMATCH, TOTAL("executed"))}},
        {{{"/funds/other/annual_budget", "1"}}, {F(FUNDS_SUM_MISMATCH, TOTAL("annual_budget"))}},
        {{{"/funds/carryover/initial_budget", "1"}}, {F(FUNDS_SUM_MISMATCH, TOTAL("initial_budget"))}},
        {{{"/funds/carryover/annual_budget", NULL}}, {F(FUNDS_COMPONENT_MISSING, "/funds/carryover/annual_budget")}},
        {{{TOTAL("executed"), NULL}}, {F(EXEC_UNVERIFIABLE, TOTAL("executed"))}},
        {{{TOTAL("annual_budget"), NULL}}, {F(EXEC_UNVERIFIABLE, TOTAL("annual_budget"))}},
        {{{TOTAL("initial_budget"), "1250.01"}, {"/funds/current_year_appropriation/initial_budget", "1250.01"}},
         {F(BUDGET_CUT, TOTAL("annual_budget"))}},
    };
    check_remarks(*state, ROWS(rows), ZP_SEV_WARNING, false);
    static const row silent[] = {
        {{{TOTAL("initial_budget"), "1250"}, {"/funds/current_year_appropriation/initial_budget", "1250"}}, {{0}}},
        {{{TOTAL("executed"), "500"},
          {"/funds/current_year_appropriation/executed", "500"},
          {TOTAL("execution_rate"), "50.00%"},
          {TOTAL("score"), "5"},
          {"/declared_total", "93.5"}},
         {{0}}},
    };
    check_remarks(*state, ROWS(silent), ZP_SEV_WARNING, false);
}

static void shape(void **state)
{
    static const row rows[] = {
        {{{"/indicators/3/level3", "线上场次"}}, {F(INDICATOR_NO_WEIGHT, "/indicators/3/weight")}},
        {{{"/indicators/3/level3", "线上场次"}, {"/indicators/3/weight", "0"}},
         {F(INDICATOR_NO_WEIGHT, "/indicators/3/weight")}},
        {{{"/indicators/2/level1", "效益指标"}}, {F(L1_WEIGHT_NONSTANDARD, "/indicators")}},
        {{{TOTAL("weight"), "20"}, {TOTAL("score"), "18"}, {"/indicators/2/weight", NULL}, {"/declared_total", "96.5"}},
         {F(L1_WEIGHT_NONSTANDARD, "/funds/total/weight"), F(INDICATOR_NO_WEIGHT, "/indicators/2/weight"),
          F(SCORE_WITHOUT_WEIGHT, "/indicators/2/score")}},
    };
    check_remarks(*state, ROWS(rows), ZP_SEV_WARNING, false);
}

static void good_to_know(void **state)
{
    static const row rows[] = {
        {{{"/indicators/3/level3", "其中：线上"}}, {F(DETAIL_ROW, "/indicators/3/weight")}},
        {{{LINE("target"), ">76%"}, {LINE("score"), "30"}, {"/declared_total", "99"}},
         {F(STRICT_BOUNDARY, LINE("actual"))}},
        {{{LINE("target"), "<76%"}, {LINE("score"), "30"}, {"/declared_total", "99"}},
         {F(STRICT_BOUNDARY, LINE("actual"))}},
        {{{LINE("target"), "75%"}, {LINE("score"), "30"}, {"/declared_total", "99"}},
         {F(EQUAL_EXCEEDED, LINE("actual"))}},
        {{{LINE("target"), ">76%;>76%"}, {LINE("actual"), "76%;76%"}, {LINE("score"), "30"}, {"/declared_total", "99"}},
         {F(STRICT_BOUNDARY, LINE("actual"))}}, /* once, not once a part */
        {{{LINE("target"), "≥100"}, {LINE("actual"), "95"}}, {F(UNIT_ABSENT, LINE("target"))}},
        {{{LINE("actual"), "76"}}, {F(ACTUAL_UNIT_MISSING, LINE("actual"))}},
        {{{LINE("actual"), "76.04%"}, {LINE("score"), "28.5"}}, {F(SCORE_ROUNDED, LINE("score"))}}, /* 28.52 */
        {{{LINE("target"), "≥3000次"}, {LINE("actual"), "2895次"}, {LINE("score"), "29"}, {"/declared_total", "98"}},
         {F(SCORE_ROUNDED, LINE("score"))}}, /* 28.95 */
        {{{TOTAL("executed"), "900.04"},
          {"/funds/current_year_appropriation/executed", "900.04"},
          {TOTAL("execution_rate"), "90.01%"}},
         {F(EXEC_RATE_ROUNDED_UP, TOTAL("execution_rate"))}},
        {{{TOTAL("executed"), "900.06"},
          {"/funds/current_year_appropriation/executed", "900.06"},
          {TOTAL("execution_rate"), "90.00%"}},
         {F(EXEC_RATE_CUT, TOTAL("execution_rate"))}},
        {{{"/declared_total", "97.49"}}, {F(TOTAL_ROUNDED, "/declared_total")}},
        {{{TOTAL("execution_rate"), "90%"}}, {F(EXEC_RATE_COARSE, TOTAL("execution_rate"))}},
        {{{TOTAL("execution_rate"), "90.0"}}, {F(EXEC_RATE_COARSE, TOTAL("execution_rate"))}},
        {{{TOTAL("executed"), "1000"},
          {"/funds/current_year_appropriation/executed", "1000"},
          {TOTAL("execution_rate"), "100.00%"},
          {TOTAL("score"), "10"},
          {LINE("actual"), "80%"},
          {LINE("score"), "30"},
          {"/declared_total", "100"}},
         {F(ALL_FULL, "/indicators")}},
    };
    check_remarks(*state, ROWS(rows), ZP_SEV_INFO, false);
}

static void a_strict_profile_refuses_what_is_not_explained(void **state)
{
    static const row rows[] = {
        {{{LINE("deviation"), "无"}}, {F(DEVIATION_MISSING, LINE("deviation"))}},
        {{{LINE("deviation"), "名额未用完"}}, {{0}}},
        {{{"/year", "22"}, {LINE("deviation"), NULL}},
         {F(YEAR_INVALID, "/year"), F(DEVIATION_MISSING, LINE("deviation"))}},
    };
    world *w = *state;
    w->profile.deviation_severity = ZP_SEV_ERROR;
    check_errors(w, ROWS(rows));
    static const row over[] = {
        {{{"/indicators/0/actual", "13场"}, {LINE("deviation"), NULL}},
         {F(OVER_REASON_MISSING, "/indicators/0/deviation")}},
    };
    w->profile.deviation_severity = ZP_SEV_WARNING;
    w->profile.over_reason_severity = ZP_SEV_ERROR;
    check_errors(w, ROWS(over));
}

/* However absurd a number is that the bounds allow: a full result, and no arithmetic out of its range. */
static void the_greatest_numbers_are_borne(void **state)
{
    static const char *const cells[] = {
        TOTAL("initial_budget"), TOTAL("annual_budget"), TOTAL("executed"),      TOTAL("weight"),
        TOTAL("execution_rate"), TOTAL("score"),         "/declared_total",      LINE("target"),
        LINE("actual"),          LINE("weight"),         LINE("score"),          "/funds/carryover/executed",
        "/indicators/0/target",  "/indicators/0/actual", "/indicators/0/weight", "/indicators/0/score",
    };
    static const char *const texts[] = {"999999999999999.999999", "999999999999999", "0.000001", "0", "100",
                                        "-999999999999999.999999"};
    world *w = *state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            make_form(w, (change[MOST_CHANGES]){{cells[i], texts[k]}});
            assert_int_equal(zp_check(&w->form, &w->profile, &w->faults), ZP_OK);
            assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
            if (w->result.computed_total < 0 || w->result.computed_total > SLOTS * 10000 ||
                w->result.confirmed_total < 0)
                fail_msg("%s = %s gives %lld", cells[i], texts[k], (long long)w->result.computed_total);
        }
}

static void a_form_finds_its_profile(void **state)
{
    static const struct {
        const char *name, *year, *chosen, *pointer, *value; /* pointer NULL: no fault */
    } rows[] = {
        {NULL, "2022", "young", NULL, NULL},
        {NULL, "2019", "old", NULL, NULL},
        {"", "2019", "old", NULL, NULL},
        {"old", "2020", "old", NULL, NULL},
        {"wide", "2050", "wide", NULL, NULL},
        {"wider", "2022", "young", "/profile", "wider"},
        {"old", "2022", "young", "/profile", "old"}, /* not of that year */
        {NULL, "2010", "wide", NULL, NULL},
        {NULL, "2009", "young", "/year", "2009"},
        {NULL, "22", "young", NULL, NULL}, /* zp_check says so */
        {NULL, NULL, "young", NULL, NULL},
        {"wide", "22", "young", NULL, NULL},
    };
    static const zp_profiles profiles = {.count = 3,
                                         .items = {{.name = "young", .year_first = 2021, .year_last = 2099},
                                                   {.name = "old", .year_first = 2015, .year_last = 2021},
                                                   {.name = "wide", .year_first = 2010, .year_last = 2099}}};
    world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make_form(w, (change[MOST_CHANGES]){{"/profile", rows[i].name}, {"/year", rows[i].year}});
        assert_string_equal(zp_choose_profile(&w->form, &profiles, &w->faults)->name, rows[i].chosen);
        assert_int_equal(w->faults.count, rows[i].pointer ? 1 : 0);
        if (!rows[i].pointer)
            continue;
        const zp_flag *fault = &w->faults.items[0];
        assert_int_equal(fault->code, ZP_FLAG_PROFILE_UNKNOWN);
        assert_int_equal(fault->severity, ZP_SEV_ERROR);
        assert_text(fault->pointer, rows[i].pointer);
        assert_text(fault->value, rows[i].value);
        assert_text(fault->expected, "young (2021-2099), old (2015-2021), wide (2010-2099)");
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sound_form_has_no_flags),
        TEST(what_must_be_there),
        TEST(what_must_be_a_number),
        TEST(large_amounts_are_numbers),
        TEST(what_must_add_up),
        TEST(scores_on_all_lines_or_on_none),
        TEST(nothing_is_confirmed_above_the_declared_total),
        TEST(all_errors_are_told_at_once),
        TEST(score_warnings),
        TEST(what_a_person_must_judge),
        TEST(what_should_have_been_explained),
        TEST(funds),
        TEST(shape),
        TEST(good_to_know),
        TEST(a_strict_profile_refuses_what_is_not_explained),
        TEST(the_greatest_numbers_are_borne),
        TEST(a_form_finds_its_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

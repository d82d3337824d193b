/*
 * explain.c - what the person who filled in a line is told about its score, by a table: a line in, a sentence out.
 */
#include "core/explain.h"
#include "arena_kit.h"

static void expect(const zp_line *line, const char *zh, const char *en)
{
    zp_str got[] = {zp_line_message(line, ZP_LANG_ZH, arena), zp_line_message(line, ZP_LANG_EN, arena)};
    assert_true(got[0].p && got[1].p);
    assert_string_equal(got[0].p, zh);
    assert_string_equal(got[1].p, en);
}

/* A line of weight 10 that arithmetic decides. */
static zp_line line_of(const char *formula, int64_t computed, const char *declared)
{
    return (zp_line){.weight = ZP_STR("10"),
                     .declared = zp_str_of(declared),
                     .computed = computed,
                     .basis = ZP_BASIS_FORMULA,
                     .formula = zp_str_of(formula)};
}

static void test_a_formula_is_followed_by_its_result_once(void **state)
{
    (void)state;
    zp_line line = line_of("76.89 ÷ 80 × 10", 961, "9.61");
    expect(&line, "76.89 ÷ 80 × 10 = 9.61", "76.89 ÷ 80 × 10 = 9.61");
    line = line_of("99.92 ≥ 98 → 10", 1000, "10");
    expect(&line, "99.92 ≥ 98 → 10", "99.92 ≥ 98 → 10");
    line = line_of("150 ≥ 100 → 10 − 1.00", 900, "9");
    expect(&line, "150 ≥ 100 → 10 − 1.00 = 9.00", "150 ≥ 100 → 10 − 1.00 = 9.00");
    line = line_of("(1 ÷ 2 × 10; 3 = 3 → 10) ÷ 2", 750, "7.5");
    expect(&line, "(1 ÷ 2 × 10; 3 = 3 → 10) ÷ 2 = 7.50", "(1 ÷ 2 × 10; 3 = 3 → 10) ÷ 2 = 7.50");
}

static void test_a_declared_score_that_differs_is_explained_where_it_can_be(void **state)
{
    (void)state;
    zp_line line = line_of("76.89 ÷ 80 × 10", 961, "7.6");
    line.why = ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_TRUNC1;
    line.figure = ZP_STR("76.89%");
    expect(&line, "76.89 ÷ 80 × 10 = 9.61；申报的 7.6 像是 76.89% × 10，截到一位小数",
           "76.89 ÷ 80 × 10 = 9.61; declared 7.6 looks like 76.89% × 10, cut to one decimal");
    line = line_of("81 ÷ 100 × 10", 810, "8");
    line.why = ZP_WHY_TRUNC0;
    expect(&line, "81 ÷ 100 × 10 = 8.10；申报的 8 像是 8.10，截去小数",
           "81 ÷ 100 × 10 = 8.10; declared 8 looks like 8.10, cut to a whole number");
    line = line_of("9996 ÷ 10000 × 10", 1000, "9.9"); /* 9.996 */
    line.why = ZP_WHY_TRUNC1;
    expect(&line, "9996 ÷ 10000 × 10 = 10.00；申报的 9.9 像是 9.996，截到一位小数",
           "9996 ÷ 10000 × 10 = 10.00; declared 9.9 looks like 9.996, cut to one decimal");
    line = line_of("999.6元 ÷ 0.1万元 × 10", 1000, "9.9"); /* no sum of plain numbers: the engine says it */
    line.why = ZP_WHY_TRUNC1;
    line.figure = ZP_STR("9.996");
    expect(&line, "999.6元 ÷ 0.1万元 × 10 = 10.00；申报的 9.9 像是 9.996，截到一位小数",
           "999.6元 ÷ 0.1万元 × 10 = 10.00; declared 9.9 looks like 9.996, cut to one decimal");
    line = line_of("81 ÷ 100 × 10", 810, "9.5");
    expect(&line, "81 ÷ 100 × 10 = 8.10；申报的 9.5 高出 1.40", "81 ÷ 100 × 10 = 8.10; declared 9.5 is higher by 1.40");
    line.declared = ZP_STR("5");
    expect(&line, "81 ÷ 100 × 10 = 8.10；申报的 5 低了 3.10", "81 ÷ 100 × 10 = 8.10; declared 5 is lower by 3.10");
    line.declared = ZP_STR("8.11");
    expect(&line, "81 ÷ 100 × 10 = 8.10", "81 ÷ 100 × 10 = 8.10");
    line.declared = ZP_ABSENT;
    expect(&line, "81 ÷ 100 × 10 = 8.10", "81 ÷ 100 × 10 = 8.10");
}

static void test_what_no_arithmetic_decides_says_so(void **state)
{
    (void)state;
    zp_line line = {.basis = ZP_BASIS_QUALITATIVE, .declared = ZP_STR("8"), .computed = 800};
    expect(&line, "定性指标，按文字对应的档次计 8.00", "judged by its words; the band gives 8.00");
    line.figure = ZP_STR("8.00–10.00");
    expect(&line, "定性指标，在文字对应的档次（8.00–10.00）之内，按申报计 8.00",
           "judged by its words; in its band (8.00–10.00), as declared: 8.00");
    line.figure = ZP_ABSENT;
    line.basis = ZP_BASIS_UNVERIFIABLE;
    expect(&line, "规则无法核验，暂按申报计，请人工复核：8.00",
           "the rules cannot verify this; as declared, until a person has looked: 8.00");
    line.computed = ZP_NO_CENTS;
    expect(&line, "规则无法核验，也没有申报得分，请人工评分",
           "the rules cannot verify this and no score is declared: a person has to score it");
    line.basis = ZP_BASIS_UNWEIGHTED;
    expect(&line, "没有分值，不计入总分", "no weight, so it adds nothing to the total");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_formula_is_followed_by_its_result_once, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_a_declared_score_that_differs_is_explained_where_it_can_be, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(test_what_no_arithmetic_decides_says_so, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

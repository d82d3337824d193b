/*
 * score_rules.c - one line at a time: targets of every kind, met and missed, with scores worked out by hand from the
 * rules of 财预〔2020〕10号 as mof-2020 holds them, and what the other profiles change.
 */
#include "codec/profile_yaml.h"
#include "codec_kit.h"
#include "core/decimal.h"
#include "core/score.h"

#define SHIPPED(name) ZP_SOURCE_DIR "/conf/profiles/" name ".yaml"
#define NONE          ZP_NO_CENTS

typedef struct {
    const char *target, *actual, *weight, *score; /* NULL = empty */
    zp_basis basis;
    int64_t computed;
    const char *flag; /* one that must stand at the line; NULL: not looked at; "": none at all but UNIT_ABSENT */
} row;

typedef struct {
    zp_arena *arena;
    zp_profile profile;
    zp_indicator indicator;
    zp_form form;
    zp_result result;
} world;

static zp_str cell(const char *text)
{
    return text ? zp_str_of(text) : ZP_ABSENT;
}

static void load(world *w, const char *path)
{
    char message[256];
    if (zp_profile_load(path, &w->profile, message, sizeof message))
        fail_msg("%s", message);
}

static int make_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->arena = zp_arena_new(64 * 1024);
    load(w, SHIPPED("mof-2020"));
    *state = w;
    return 0;
}

static int end_world(void **state)
{
    world *w = *state;
    zp_arena_destroy(&w->arena);
    free(w);
    return 0;
}

/* Scores a form of this one line beside a budget that is spent to the last fen. */
static const zp_line *score(world *w, const row *r)
{
    zp_arena_reset(w->arena);
    w->indicator = (zp_indicator){.level1 = ZP_STR("产出指标"),
                                  .level2 = ZP_STR("数量指标"),
                                  .level3 = ZP_STR("指标"),
                                  .target = cell(r->target),
                                  .actual = cell(r->actual),
                                  .weight = cell(r->weight),
                                  .score = cell(r->score),
                                  .deviation = ZP_STR("已说明原因")};
    w->form = (zp_form){.year = ZP_STR("2022"),
                        .project_name = ZP_STR("项目"),
                        .unit = ZP_STR("单位"),
                        .money_unit = ZP_STR("元"),
                        .goal_expected = ZP_STR("目标"),
                        .goal_actual = ZP_STR("完成"),
                        .indicators = &w->indicator,
                        .indicator_count = 1};
    w->form.funds[ZP_FUNDS_TOTAL] = (zp_funds_row){.initial_budget = ZP_STR("100"),
                                                   .annual_budget = ZP_STR("100"),
                                                   .executed = ZP_STR("100"),
                                                   .weight = ZP_STR("10"),
                                                   .execution_rate = ZP_STR("100.00%")};
    assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
    return &w->result.lines[0];
}

static const zp_flag *flag_of(const world *w, const char *name)
{
    for (size_t i = 0; i < w->result.flag_count; i++)
        if (!strcmp(zp_flag_name(w->result.flags[i].code), name))
            return &w->result.flags[i];
    return NULL;
}

static bool has_flag(const world *w, const char *name)
{
    return flag_of(w, name);
}

/* Nothing is said about the line, but perhaps that its target has no unit. */
static bool is_unremarked(const world *w)
{
    for (size_t i = 0; i < w->result.flag_count; i++)
        if (w->result.flags[i].code != ZP_FLAG_UNIT_ABSENT && w->result.flags[i].pointer.n > 12 &&
            !memcmp(w->result.flags[i].pointer.p, "/indicators/", 12))
            return false;
    return true;
}

static void check_all(world *w, const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const zp_line *line = score(w, &rows[i]);
        if (line->basis != rows[i].basis || line->computed != rows[i].computed)
            fail_msg("%s / %s: %s %lld instead of %s %lld", rows[i].target ? rows[i].target : "-", rows[i].actual,
                     zp_basis_name(line->basis), (long long)line->computed, zp_basis_name(rows[i].basis),
                     (long long)rows[i].computed);
        if (rows[i].flag && (*rows[i].flag ? !has_flag(w, rows[i].flag) : !is_unremarked(w)))
            fail_msg("%s / %s: not %s", rows[i].target ? rows[i].target : "-", rows[i].actual,
                     *rows[i].flag ? rows[i].flag : "unremarked");
    }
}

#define CHECK(w, rows) check_all(w, rows, sizeof(rows) / sizeof *(rows))
#define FORMULA        ZP_BASIS_FORMULA
#define QUALITATIVE    ZP_BASIS_QUALITATIVE
#define UNVERIFIABLE   ZP_BASIS_UNVERIFIABLE

static void at_least(void **state)
{
    static const row rows[] = {
        {"≥98%", "98%", "10", NULL, FORMULA, 1000, NULL},
        {"≥98%", "99.92%", "10", NULL, FORMULA, 1000, NULL},
        {">=80%", "76.89%", "10", NULL, FORMULA, 961, NULL},
        {"大于等于3次", "2次", "10", NULL, FORMULA, 667, NULL},
        {"不少于3次", "1次", "10", NULL, FORMULA, 333, NULL},
        {"至少 8 场", "5场", "15", NULL, FORMULA, 938, NULL}, /* 9.375, half-up */
        {"90%以上", "45%", "10", NULL, FORMULA, 500, NULL},
        {">95%", "95%", "10", NULL, FORMULA, 1000, "STRICT_BOUNDARY"},
        {">95%", "94%", "10", NULL, FORMULA, 989, NULL},
        {"≥0", "0", "10", NULL, FORMULA, 1000, NULL},
        {"≥0次", "-5次", "10", NULL, FORMULA, 0, NULL},
        {"≥100", "0", "10", NULL, FORMULA, 0, NULL},
        {"＞＝８０％", "７６．８９％", "10", NULL, FORMULA, 961, NULL},
        {"≥81,572,666元", "81572666.00元", "10", NULL, FORMULA, 1000, NULL},
    };
    CHECK(*state, rows);
}

static void equal(void **state)
{
    static const row rows[] = {
        {"=390", "390", "10", NULL, FORMULA, 1000, "UNIT_ABSENT"},
        {"=390", "195", "10", NULL, FORMULA, 500, NULL},
        {"=390", "391", "10", NULL, FORMULA, 1000, "EQUAL_EXCEEDED"},
        {"100%", "81%", "10", NULL, FORMULA, 810, NULL},
        {"等于0", "0", "10", NULL, FORMULA, 1000, NULL},
        {"=0次", "1次", "10", NULL, FORMULA, 0, NULL},
        {"81,572,666元", "81572666.00元", "10", NULL, FORMULA, 1000, NULL},
    };
    CHECK(*state, rows);
}

static void at_most(void **state)
{
    static const row rows[] = {
        {"≤0.006%", "0.004%", "10", NULL, FORMULA, 1000, NULL},
        {"≤5天", "5天", "10", NULL, FORMULA, 1000, NULL},
        {"≤5天", "8天", "10", NULL, FORMULA, 625, "REVERSE_EXCEEDED"},
        {"不超过3次", "9次", "10", NULL, FORMULA, 333, "REVERSE_EXCEEDED"},
        {"≤0次", "1次", "10", NULL, FORMULA, 0, "REVERSE_EXCEEDED"},
        {"≤0次", "0次", "10", NULL, FORMULA, 1000, NULL},
        {"10天以内", "12天", "10", NULL, FORMULA, 833, NULL},
    };
    CHECK(*state, rows);
    static const row linear[] = {
        {"≤5天", "8天", "10", NULL, FORMULA, 400, "REVERSE_EXCEEDED"}, /* 10 × (1 − 3/5) */
        {"≤5天", "10天", "10", NULL, FORMULA, 0, "REVERSE_EXCEEDED"},
        {"≤5天", "50天", "10", NULL, FORMULA, 0, NULL},
    };
    load(*state, SHIPPED("linear"));
    CHECK(*state, linear);
}

static void ranges_and_dates(void **state)
{
    static const row rows[] = {
        {"80%-90%", "85%", "10", NULL, FORMULA, 1000, NULL},
        {"80%-90%", "80%", "10", NULL, FORMULA, 1000, NULL},
        {"80%-90%", "60%", "10", NULL, FORMULA, 750, NULL},
        {"80至90次", "100次", "10", NULL, FORMULA, 900, NULL},
        {"5-10亿元", "20", "10", NULL, FORMULA, 500, "ACTUAL_UNIT_MISSING"},
        {"5-10%", "0.2", "10", "9", UNVERIFIABLE, 900, "PERCENT_SCALE_AMBIGUOUS"},
        {"5-10‰", "2%", "10", NULL, FORMULA, 500, NULL},
        {"1-2小时", "240分钟", "10", NULL, FORMULA, 500, NULL},
        {"-5%--4%", "0%", "10", NULL, FORMULA, 0, NULL},
        {"-5--4", "-3", "10", NULL, FORMULA, 0, NULL},
        {"-5-0", "1", "10", NULL, FORMULA, 0, NULL},
        {"-5-0", "-6", "10", NULL, FORMULA, 0, NULL},
        {"12月底前", "12月31日", "10", NULL, FORMULA, 1000, NULL},
        {"9月前", "8月31日", "10", NULL, FORMULA, 1000, NULL},
        {"9月前", "9月1日", "10", NULL, FORMULA, 0, "DEADLINE_MISSED"},
    };
    CHECK(*state, rows);
}

static void units(void **state)
{
    static const row rows[] = {
        {"≥1万人", "5000人", "10", NULL, FORMULA, 500, NULL},
        {"≥1亿元", "5000万元", "10", NULL, FORMULA, 500, NULL},
        {"≤10‰", "2%", "10", NULL, FORMULA, 500, NULL},
        {"≤万分之一", "0.01%", "10", NULL, FORMULA, 1000, NULL},
        {"≤2小时", "120分钟", "10", NULL, FORMULA, 1000, NULL},
        {"≤1天", "48小时", "10", NULL, FORMULA, 500, NULL},
        {"≤5万元", "10万", "10", NULL, FORMULA, 500, "ACTUAL_UNIT_MISSING"},
        {"≥5亿元", "1万", "10", NULL, FORMULA, 0, "ACTUAL_UNIT_MISSING"},
        {"≥98%", "98", "10", NULL, FORMULA, 1000, "ACTUAL_UNIT_MISSING"},
        {"≥98%", "0.98", "10", NULL, FORMULA, 1000, "PERCENT_SCALE_AMBIGUOUS"},
        {"≥98%", "1", "10", NULL, FORMULA, 1000, "PERCENT_SCALE_AMBIGUOUS"},
        {"≥98%", "1.01", "10", "9", UNVERIFIABLE, 900, "PERCENT_SCALE_AMBIGUOUS"},
        {"≥98%", "0", "10", NULL, FORMULA, 0, "ACTUAL_UNIT_MISSING"},
        {"≤5‰", "10", "10", NULL, FORMULA, 500, "ACTUAL_UNIT_MISSING"},
        {"≤5‰", "0.4", "10", NULL, FORMULA, 1000, "ACTUAL_UNIT_MISSING"},
        {"≥98%", "≥99%", "10", NULL, FORMULA, 1000, "ACTUAL_HAS_OPERATOR"},
        {"≥98%", "99%以下", "10", "9", UNVERIFIABLE, 900, "ACTUAL_HAS_OPERATOR"},
        {"≥3次", "3人", "10", "9", UNVERIFIABLE, 900, "UNIT_MISMATCH"},
        {"≤1月", "30天", "10", "9", UNVERIFIABLE, 900, "UNIT_MISMATCH"},
    };
    CHECK(*state, rows);
}

/* A reader must be able to do the sum that is shown. */
static void a_formula_names_units_where_they_differ(void **state)
{
    static const struct {
        const char *target, *actual, *formula;
    } cases[] = {
        {"≥80%", "76.89%", "76.89 ÷ 80 × 10"},
        {"≥5万元", "4", "4万元 ÷ 5万元 × 10"},
        {"≥5万元", "40000元", "40000元 ÷ 5万元 × 10"},
        {"≤5‰", "1%", "5‰ ÷ 1% × 10"},
        {"≤万分之五", "0.1%", "万分之五 ÷ 0.1% × 10"},
        {"100%", "0.5", "0.5 ÷ 100% × 10"},
        {"≤1天", "48小时", "1天 ÷ 48小时 × 10"},
        {"5-10万元", "200000元", "10万元 ÷ 200000元 × 10"},
        {"5-10次", "4次", "4 ÷ 5 × 10"},
        {"=100人", "125人", "125 ≥ 100 → 10"},
        {">95%", "95%", "95 ≥ 95 → 10"},
        {"<5%", "5%", "5 ≤ 5 → 10"},
        {"0件", "1件", "1 ≠ 0 → 0"},
        {"≥10", "+12", "12 ≥ 10 → 10"},
        {"-5-0次", "1次", "1 ∉ -5-0次 → 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_text(score(*state, &(row){cases[i].target, cases[i].actual, "10", NULL, FORMULA, 0, NULL})->formula,
                    cases[i].formula);
}

static void words(void **state)
{
    static const row rows[] = {
        {"及时", "及时", "10", "10", QUALITATIVE, 1000, NULL},
        {"健全", "健全", "10", "9", QUALITATIVE, 900, NULL},
        {"健全", "达成", "10", NULL, QUALITATIVE, 1000, ""}, /* where none was declared, the best of the band */
        {"健全", "达成", "10", "8", QUALITATIVE, 800, ""},
        {"健全", "达成", "10", "7", QUALITATIVE, 800, "QUAL_OUT_OF_BAND"},
        {"健全", "部分达成", "10", "6", QUALITATIVE, 600, ""},
        {"健全", "部分达成", "10", "9", QUALITATIVE, 800, "QUAL_OUT_OF_BAND"},
        {"健全", "基本达成", "10", "7", QUALITATIVE, 700, NULL},
        {"健全", "未达成", "10", "7", QUALITATIVE, 600, "QUAL_OUT_OF_BAND"},
        {"健全", "不合格", "10", "3", UNVERIFIABLE, 300, "QUAL_NEGATIVE"},
        {"健全", "未完善", "10", "3", UNVERIFIABLE, 300, "QUAL_NEGATIVE"},
        {"满意", "非常满意", "10", "10", QUALITATIVE, 1000, ""},                   /* no negation */
        {"非常满意", "满意", "10", "10", UNVERIFIABLE, 1000, "QUAL_UNVERIFIABLE"}, /* less than was asked for */
        {"按时完成", "明年完成", "10", "10", UNVERIFIABLE, 1000, "QUAL_UNVERIFIABLE"},
        {"健全", "不断完善", "10", "9", QUALITATIVE, 900, ""},
        {"好评", "非常不满意", "10", "3", UNVERIFIABLE, 300, "QUAL_NEGATIVE"},
        {NULL, "若干", "10", "8", UNVERIFIABLE, 800, "TARGET_MISSING"},
        {NULL, "若干", "10", "12", UNVERIFIABLE, 1000, "SCORE_OVER_WEIGHT"}, /* clipped */
        {NULL, "若干", "10", NULL, UNVERIFIABLE, NONE, "TARGET_MISSING"},
        {"—", "10", "10", "8", UNVERIFIABLE, 800, "TARGET_MISSING"},
        {"-", "-", "10", "8", UNVERIFIABLE, 800, "ACTUAL_MISSING"},
        {NULL, " ", "10", "8", UNVERIFIABLE, 800, "ACTUAL_MISSING"},
    };
    CHECK(*state, rows);
    static const row hubei[] = {
        {"健全", "部分达成", "10", "3", QUALITATIVE, 500, "QUAL_OUT_OF_BAND"},
        {"健全", "未达成", "10", "7", QUALITATIVE, 500, "QUAL_OUT_OF_BAND"},
    };
    load(*state, SHIPPED("hubei"));
    CHECK(*state, hubei);
}

static void several_parts(void **state)
{
    static const row rows[] = {
        {"≥10次,≥20人", "10次,10人", "10", NULL, FORMULA, 750, NULL},
        {"≥10次；≥20人", "5次；20人", "10", NULL, FORMULA, 750, NULL},
        {"≥3次；≥3人", "1次；1人", "10", NULL, FORMULA, 333, NULL}, /* 1.67 twice is not rounded twice */
        {"≥3次；≥3人", "2次；2人", "10", NULL, FORMULA, 667, NULL},
        {"≥99.5，≥200人", "99.5，100人", "10", NULL, FORMULA, 750, NULL},
        {"≥1,000,200人", "500,100人", "10", NULL, FORMULA, 500, NULL},
        {"≥10次，≥20人", "达成", "10", "10", UNVERIFIABLE, 1000, "COMPOUND_TARGET"},
        {"≥10次，≥20人", "10次", "10", "9", UNVERIFIABLE, 900, "COMPOUND_TARGET"},
        {"≥10次", "10次，20人", "10", "9", UNVERIFIABLE, 900, NULL},
        {"≥6次；≥9人", "5次；9人", "10", NULL, FORMULA, 917, NULL}, /* 9.1666…, half-up */
    };
    CHECK(*state, rows);
}

static void far_above_its_target(void **state)
{
    static const row rows[] = {
        {"≥100次", "129次", "10", NULL, FORMULA, 1000, NULL},
        {"≥100次", "130次", "10", NULL, FORMULA, 1000, "OVER_ACHIEVED"},
    };
    world *w = *state;
    CHECK(w, rows);
    score(w, &rows[0]);
    assert_false(has_flag(w, "OVER_ACHIEVED"));
}

static void a_profile_may_deduct_for_what_is_far_above(void **state)
{
    static const row rows[] = {
        {"≥100次", "119次", "10", NULL, FORMULA, 1000, NULL},
        {"≥100次", "120次", "10", NULL, FORMULA, 850, "OVER_ACHIEVED"},
        {"100次", "500次", "10", NULL, FORMULA, 850, "OVER_ACHIEVED"},
        {"≥100次", "120次", "1", NULL, FORMULA, 0, "OVER_ACHIEVED"}, /* never below nothing */
        {"≥10次,≥20人", "12次,20人", "10", NULL, FORMULA, 850, "OVER_ACHIEVED"},
        {"≤100次", "1次", "10", NULL, FORMULA, 1000, ""}, /* less is what was wanted */
        {"≥0次", "9次", "10", NULL, FORMULA, 1000, ""},   /* nothing to be a multiple of */
    };
    world *w = *state;
    w->profile.over_threshold = 1200000;
    w->profile.over_deduction_cents = 150;
    CHECK(w, rows);
    /* What was taken off is no rounding that explains a declared score. */
    const zp_line *line = score(w, &(row){"≥100次", "120次", "10", "8.5", FORMULA, 850, NULL});
    assert_int_equal(line->confirmed, 850);
    assert_int_equal(line->why, 0);
    line = score(w, &(row){"≥100次", "120次", "9.5", "9", FORMULA, 800, NULL});
    assert_int_equal(line->confirmed, 800);
    assert_int_equal(line->why, 0); /* nor 9.5, cut */
    line = score(w, &(row){"≥100次", "120次", "10", "9", FORMULA, 850, NULL});
    assert_int_equal(line->confirmed, 850);
    assert_true(has_flag(w, "SCORE_TOO_HIGH"));
}

/* Declared against computed: 9.61, from 76.89 ÷ 80 × 10. */
static void declared_scores_are_reconciled(void **state)
{
    static const struct {
        const char *score, *flag;
        unsigned why;
        int64_t confirmed;
    } cases[] = {
        {"9.61", NULL, 0, 961},
        {"9.62", NULL, 0, 961}, /* 0.01 agrees */
        {"9.6", NULL, 0, 960},
        {"10", "SCORE_TOO_HIGH", 0, 961}, /* never explained when it is the whole weight */
        {"9", "SCORE_TOO_LOW", ZP_WHY_TRUNC0, 900},
        {"7.69", "SCORE_TOO_LOW", ZP_WHY_ACTUAL_X_WEIGHT, 769},
        {"7.7", "SCORE_TOO_LOW", ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_ROUND1, 770},
        {"7.6", "SCORE_TOO_LOW", ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_TRUNC1, 760},
        {"8", "SCORE_TOO_LOW", ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_ROUND0, 800},
        {"5.5", "SCORE_TOO_LOW", 0, 550},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const zp_line *line = score(w, &(row){"≥80%", "76.89%", "10", cases[i].score, FORMULA, 961, NULL});
        assert_int_equal(line->computed, 961);
        if (line->why != cases[i].why || line->confirmed != cases[i].confirmed)
            fail_msg("%s: why %#x, confirmed %lld", cases[i].score, line->why, (long long)line->confirmed);
        if (cases[i].flag
                ? !has_flag(w, cases[i].flag)
                : has_flag(w, "SCORE_TOO_LOW") || has_flag(w, "SCORE_TOO_HIGH") || has_flag(w, "SCORE_ROUNDED"))
            fail_msg("%s: %s", cases[i].score, cases[i].flag ? cases[i].flag : "flagged");
    }
}

/* 76.66 ÷ 80 × 10 = 9.5825 */
static void a_score_with_fewer_decimals_is_rounded_not_wrong(void **state)
{
    world *w = *state;
    assert_int_equal(score(w, &(row){"≥80%", "76.66%", "10", "9.6", FORMULA, 958, NULL})->confirmed, 958);
    assert_true(has_flag(w, "SCORE_ROUNDED"));
    assert_false(has_flag(w, "SCORE_TOO_HIGH"));
    (void)score(w, &(row){"≥80%", "76.66%", "10", "9.63", FORMULA, 958, NULL});
    assert_true(has_flag(w, "SCORE_TOO_HIGH"));
    /* 0.05 apart is the most that rounding to one decimal does: 9.55 and 9.6 */
    assert_int_equal(score(w, &(row){"≥80%", "76.4%", "10", "9.6", FORMULA, 955, NULL})->confirmed, 955);
    assert_true(has_flag(w, "SCORE_ROUNDED"));
    assert_int_equal(score(w, &(row){"≥80%", "79.52%", "10", "10", FORMULA, 994, NULL})->confirmed, 994);
    assert_true(has_flag(w, "SCORE_TOO_HIGH")); /* 9.94 rounded to none is 0.06 apart */
}

/* What people do by hand to a score, one way at a time; of two that fit, the plainer. */
static void each_mistake_is_recognised(void **state)
{
    static const struct {
        const char *target, *actual, *score;
        unsigned why;
    } cases[] = {
        {"≥80次", "73.4次", "9.1", ZP_WHY_TRUNC1}, /* 9.175 */
        {"≥80次", "77.4次", "9.7", 0},             /* 9.675: SCORE_ROUNDED, no mistake */
        {"≥80次", "73.4次", "9", ZP_WHY_TRUNC0},
        {"≥80次", "60.4次", "8", ZP_WHY_ROUND0}, /* 7.55 */
        {"≥80次", "60.4次", "7", ZP_WHY_TRUNC0},
        {"≥80%", "73.46%", "7.35", ZP_WHY_ACTUAL_X_WEIGHT},
        {"≥80%", "73.36%", "7.3", ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_TRUNC1},
        {"≥80%", "73.56%", "7.4", ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_ROUND1},
        {"≥80%", "73.46%", "7", ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_TRUNC0},
        {"≥80%", "67.56%", "7", ZP_WHY_ACTUAL_X_WEIGHT | ZP_WHY_ROUND0}, /* 8.445, 6.756 */
        {"≥80%", "0.7346", "7.35", ZP_WHY_ACTUAL_X_WEIGHT},
        {"≥80次", "73.46次", "7.35", 0}, /* times are no percentage */
        {"≥80%", "73.46%", "6.1", 0},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const zp_line *line =
            score(w, &(row){cases[i].target, cases[i].actual, "10", cases[i].score, FORMULA, 0, NULL});
        if (line->why != cases[i].why)
            fail_msg("%s of %s declared as %s: %#x", cases[i].actual, cases[i].target, cases[i].score, line->why);
    }
}

static const zp_result *execute(world *w, const char *budget, const char *executed)
{
    score(w, &(row){"≥1次", "1次", "90", NULL, FORMULA, 9000, NULL});
    w->form.funds[ZP_FUNDS_TOTAL].annual_budget = cell(budget);
    w->form.funds[ZP_FUNDS_TOTAL].executed = cell(executed);
    assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
    return &w->result;
}

static void budget_execution(void **state)
{
    static const struct {
        const char *budget, *executed;
        int64_t score;
        const char *rate, *flag;
    } cases[] = {
        {"100", "100", 1000, "100.00%", NULL},
        {"3", "2", 667, "66.67%", NULL},
        {"100", "120", 1000, "120.00%", "EXEC_OVER_100"}, /* capped */
        {"100", "49", 490, "49.00%", "EXEC_LOW"},
        {"1000", "499.7", 500, "49.97%", "EXEC_LOW"},
        {"0", "5", 0, NULL, "EXEC_BUDGET_ZERO"},
        {"0.00", "0", 0, NULL, "EXEC_BUDGET_ZERO"},
        {"999999999999999.99", "999999999999999.98", 1000, "100.00%", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const zp_result *r = execute(*state, cases[i].budget, cases[i].executed);
        if (r->execution.computed != cases[i].score)
            fail_msg("%s of %s: %lld", cases[i].executed, cases[i].budget, (long long)r->execution.computed);
        assert_true(cases[i].rate ? zp_str_is(r->execution.rate, cases[i].rate) : !zp_str_present(r->execution.rate));
        if (cases[i].flag && !has_flag(*state, cases[i].flag))
            fail_msg("%s of %s: no %s", cases[i].executed, cases[i].budget, cases[i].flag);
    }
}

/* Nothing to divide: what was declared stands up to the weight, and rests on no arithmetic. */
static void an_execution_that_cannot_be_computed_keeps_its_score(void **state)
{
    static const struct {
        const char *score;
        int64_t computed;
    } cases[] = {{"9", 900}, {"12", 1000}, {NULL, NONE}};
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)execute(w, "100", "100");
        assert_int_equal(w->result.machine_verified, 100 * ZP_POINT);
        w->form.funds[ZP_FUNDS_TOTAL].annual_budget = ZP_ABSENT;
        w->form.funds[ZP_FUNDS_TOTAL].score = cell(cases[i].score);
        assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
        assert_int_equal(w->result.execution.computed, cases[i].computed);
        assert_int_equal(w->result.machine_verified, 90 * ZP_POINT);
        assert_false(zp_str_present(w->result.execution.rate));
    }
}

/* A line of 49.995 earns 50.00; the total is that of the lines as they are shown, and what is shown has its grade:
 * bands are closed at their lower end. */
static void the_grade_is_that_of_the_rounded_total(void **state)
{
    static const struct {
        const char *actual;
        int64_t total;
        zp_grade grade;
    } cases[] = {
        {"1000", 10000, ZP_GRADE_EXCELLENT}, {"888.9", 9000, ZP_GRADE_EXCELLENT}, {"888.8", 8999, ZP_GRADE_GOOD},
        {"777.8", 8000, ZP_GRADE_GOOD},      {"777.7", 7999, ZP_GRADE_FAIR},      {"555.6", 6000, ZP_GRADE_FAIR},
        {"555.5", 6000, ZP_GRADE_FAIR},      {"555.4", 5999, ZP_GRADE_POOR},      {"0", 1000, ZP_GRADE_POOR}};
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        score(w, &(row){"≥1000次", cases[i].actual, "90", NULL, FORMULA, 0, NULL});
        if (w->result.computed_total != cases[i].total || w->result.grade != cases[i].grade)
            fail_msg("%s: %lld %s", cases[i].actual, (long long)w->result.computed_total,
                     zp_grade_name(w->result.grade));
    }
}

/* Computed 100.00, confirmed 89.00: a unit is never lifted above its own claim. */
static void the_grade_is_that_of_the_confirmed_total(void **state)
{
    world *w = *state;
    score(w, &(row){"≥1000次", "1000次", "90", "79", FORMULA, 0, NULL});
    assert_int_equal(w->result.computed_total, 10000);
    assert_int_equal(w->result.confirmed_total, 8900);
    assert_int_equal(w->result.grade, ZP_GRADE_GOOD);
    score(w, &(row){"≥1000次", "500次", "90", "90", FORMULA, 0, NULL});
    assert_int_equal(w->result.confirmed_total, 5500); /* nor left above the rule */
    assert_int_equal(w->result.grade, ZP_GRADE_POOR);
}

static void a_cost_in_money_is_a_limit(void **state)
{
    static const struct {
        const char *level1, *level2, *target, *actual;
        int64_t computed;
        bool assumed;
    } cases[] = {
        {"产出指标", "成本指标", "100万元", "125万元", 800, true},
        {"产出指标", "成本指标", "=100万元", "125万元", 800, true},
        {"产出指标", "成本指标", "100万元", "80万元", 1000, true},
        {"成本指标", "项目支出", "100元/人", "125元/人", 800, true},
        {"产出指标", "数量指标", "100万元", "80万元", 800, false},
        {"产出指标", "成本指标", "100人", "80人", NONE, false}, /* no money: less may be what was saved */
        {"产出指标", "成本指标", "100%", "80%", NONE, false},
        {"产出指标", "成本指标", "≥100万元", "80万元", 800, false}, /* it has a direction */
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)score(w, &(row){cases[i].target, cases[i].actual, "10", NULL, FORMULA, 0, NULL});
        w->indicator.level1 = cell(cases[i].level1);
        w->indicator.level2 = cell(cases[i].level2);
        assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
        if (w->result.lines[0].computed != cases[i].computed || has_flag(w, "DIRECTION_ASSUMED") != cases[i].assumed)
            fail_msg("%s %s %s / %s: %lld", cases[i].level1, cases[i].level2, cases[i].target, cases[i].actual,
                     (long long)w->result.lines[0].computed);
    }
}

static void a_low_rate_caps_the_total_where_the_profile_says_so(void **state)
{
    world *w = *state;
    w->profile.rate_cap_count = 2;
    w->profile.rate_caps[0] = (zp_rate_cap){500000, 5900};
    w->profile.rate_caps[1] = (zp_rate_cap){800000, 8900};
    assert_int_equal(execute(w, "100", "80")->computed_total, 9800);
    assert_false(has_flag(w, "TOTAL_CAPPED"));
    assert_int_equal(execute(w, "100", "79")->computed_total, 8900);
    assert_true(has_flag(w, "TOTAL_CAPPED"));
    assert_int_equal(execute(w, "100", "50")->computed_total, 8900);
    assert_int_equal(execute(w, "100", "49")->computed_total, 5900);
    assert_int_equal(w->result.confirmed_total, 5900);
    assert_int_equal(w->result.grade, ZP_GRADE_POOR);
    const zp_flag *capped = flag_of(w, "TOTAL_CAPPED");
    assert_text(zp_flag_message(capped, ZP_LANG_EN, w->arena),
                "The execution rate 49.00% is low; by the rules it caps the total at 59.00.");
    /* 79.999 % is shown as 80.00 %, and nobody is told that this is below 80 %. */
    assert_int_equal(execute(w, "100000", "79999")->computed_total, 8900);
    assert_text(flag_of(w, "TOTAL_CAPPED")->value, "79.999%");
    assert_int_equal(execute(w, "999999999999999", "799999999999999")->computed_total, 8900);
    assert_text(flag_of(w, "TOTAL_CAPPED")->value, "79.9999%");
    w->indicator.actual = ZP_STR("0次"); /* what is below the cap is not lowered by it */
    assert_int_equal(zp_score(&w->form, &w->profile, w->arena, &w->result), ZP_OK);
    assert_false(has_flag(w, "TOTAL_CAPPED"));
}

static void a_shortened_score_names_what_was_shortened(void **state)
{
    world *w = *state;
    assert_text(score(w, &(row){"≥100次", "99.96次", "10", "9.9", FORMULA, 1000, NULL})->figure, "9.996");
    assert_null(score(w, &(row){"≥1千元", "999.6元", "10", "9.9", UNVERIFIABLE, 990, NULL})->figure.p);
    assert_text(score(w, &(row){"≥0.1万元", "999.6元", "10", "9.9", FORMULA, 1000, NULL})->figure, "9.996");
    assert_null(score(w, &(row){"≥100%", "81%", "10", "8", FORMULA, 810, NULL})->figure.p);
    assert_text(score(w, &(row){"≥80%", "76.89%", "10", "7.6", FORMULA, 961, NULL})->figure, "76.89%");
    assert_text(score(w, &(row){"健全", "达成", "10", "9", QUALITATIVE, 900, NULL})->figure, "8.00–10.00");
    assert_null(score(w, &(row){"健全", "达成", "10", "7", QUALITATIVE, 800, NULL})->figure.p);
    assert_null(score(w, &(row){"健全", "达成", "10", NULL, QUALITATIVE, 1000, NULL})->figure.p);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(at_least),
        TEST(equal),
        TEST(at_most),
        TEST(ranges_and_dates),
        TEST(units),
        TEST(a_formula_names_units_where_they_differ),
        TEST(words),
        TEST(several_parts),
        TEST(far_above_its_target),
        TEST(a_profile_may_deduct_for_what_is_far_above),
        TEST(declared_scores_are_reconciled),
        TEST(a_score_with_fewer_decimals_is_rounded_not_wrong),
        TEST(each_mistake_is_recognised),
        TEST(budget_execution),
        TEST(an_execution_that_cannot_be_computed_keeps_its_score),
        TEST(the_grade_is_that_of_the_rounded_total),
        TEST(the_grade_is_that_of_the_confirmed_total),
        TEST(a_cost_in_money_is_a_limit),
        TEST(a_low_rate_caps_the_total_where_the_profile_says_so),
        TEST(a_shortened_score_names_what_was_shortened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

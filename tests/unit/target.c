/*
 * target.c - the grammar of targets and actual values, by a table: what a unit writes, and what is understood.
 *
 * What is understood is written as text, so that a row can be read: "≥98% → ! >= 98 %". A "!" stands for an operator
 * that was written in front, "bare" for none at all; the unit is what two cells must share to be compared, times with
 * their seconds; a range has both its ends; clauses are joined by " & ".
 */
#include "core/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct {
    const char *text, *understood;
} row;

static zp_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = zp_arena_new(64 * 1024);
    return arena ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    zp_arena_destroy(&arena);
    return 0;
}

static zp_str show_unit(const zp_quantity *q)
{
    switch (q->dimension) {
    case ZP_DIM_NONE:
        assert_int_equal(q->unit.n, 0);
        return ZP_STR("");
    case ZP_DIM_PERCENT:
        return ZP_STR(" %");
    case ZP_DIM_TIME:
        return zp_arena_printf(arena, " time:%u", q->seconds);
    case ZP_DIM_OTHER:
        return zp_arena_printf(arena, " %.*s", (int)q->unit.n, q->unit.p);
    }
    return ZP_ABSENT;
}

static zp_str show_clause(const zp_clause *clause)
{
    static const char *const names[] = {
        [ZP_OP_BARE] = "bare", [ZP_OP_GE] = ">=", [ZP_OP_GT] = ">",       [ZP_OP_LE] = "<=",
        [ZP_OP_LT] = "<",      [ZP_OP_EQ] = "=",  [ZP_OP_RANGE] = "range"};
    zp_str low = zp_dec_text(clause->low.value, arena), unit = show_unit(&clause->low);
    zp_str out = zp_arena_printf(arena, "%s%s %.*s%.*s", clause->has_operator ? "! " : "", names[clause->op],
                                 (int)low.n, low.p, (int)unit.n, unit.p);
    if (clause->op != ZP_OP_RANGE)
        return out;
    zp_str high = zp_dec_text(clause->high.value, arena);
    unit = show_unit(&clause->high);
    return zp_arena_printf(arena, "%.*s to %.*s%.*s", (int)out.n, out.p, (int)high.n, high.p, (int)unit.n, unit.p);
}

/* "date", the parts that are written, and the last day that counts in 2022 as month and day. */
static zp_str show_date(const zp_date *date)
{
    int last = zp_date_last(date, 2022);
    int day = (last - 1) % 32 + 1, months = (last - day) / 32;
    return zp_arena_printf(arena, "date until %d-%d-%s", months / 12, months % 12 + 1,
                           day == 31 ? "end" : zp_arena_printf(arena, "%d", day).p);
}

static zp_str show(const zp_cell *cell)
{
    if (cell->kind == ZP_CELL_NONE)
        return ZP_STR("none");
    if (cell->kind == ZP_CELL_WORDS)
        return ZP_STR("words");
    if (cell->kind == ZP_CELL_DATE)
        return show_date(&cell->date);
    zp_str out = ZP_STR("");
    for (size_t i = 0; i < cell->count; i++) {
        zp_str clause = show_clause(&cell->clauses[i]);
        out = zp_arena_printf(arena, "%.*s%s%.*s", (int)out.n, out.p, i ? " & " : "", (int)clause.n, clause.p);
    }
    if (!cell->perhaps_date)
        return out;
    zp_str date = show_date(&cell->date);
    return zp_arena_printf(arena, "%.*s or %.*s", (int)out.n, out.p, (int)date.n, date.p);
}

static void understand(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        zp_cell cell;
        assert_int_equal(zp_cell_read(zp_str_of(rows[i].text), arena, &cell), ZP_OK);
        zp_str got = show(&cell);
        if (!zp_str_is(got, rows[i].understood))
            fail_msg("\"%s\": \"%.*s\" instead of \"%s\"", rows[i].text, (int)got.n, got.p, rows[i].understood);
        zp_arena_reset(arena);
    }
}

#define UNDERSTAND(rows) understand(rows, sizeof(rows) / sizeof *(rows))

static void nothing_is_said(void **state)
{
    (void)state;
    static const row rows[] = {
        {"", "none"},     {"-", "none"},   {"—", "none"},   {"/", "none"},    {"无", "none"},   {"暂无", "none"},
        {" － ", "none"}, {"0", "bare 0"}, /* a value in a target */
        {"——", "none"},   {"……", "none"},  {"N/A", "none"}, {"待定", "none"}, {"无。", "none"}, {"无投诉", "words"},
    };
    UNDERSTAND(rows);
    zp_cell cell;
    assert_int_equal(zp_cell_read(ZP_ABSENT, arena, &cell), ZP_OK);
    assert_int_equal(cell.kind, ZP_CELL_NONE);
}

static void every_operator(void **state)
{
    (void)state;
    static const row rows[] = {
        {">=5次", "! >= 5 次"},         {"≥5次", "! >= 5 次"},        {"≧5次", "! >= 5 次"},
        {"⩾5次", "! >= 5 次"},          {"＞＝5次", "! >= 5 次"},     {"大于等于5次", "! >= 5 次"},
        {"不少于5次", "! >= 5 次"},     {"不低于5次", "! >= 5 次"},   {"不小于5次", "! >= 5 次"},
        {"至少5次", "! >= 5 次"},       {">5次", "! > 5 次"},         {"＞5次", "! > 5 次"},
        {"大于5次", "! > 5 次"},        {"高于5次", "! > 5 次"},      {"超过5次", "! > 5 次"},
        {"多于5次", "! > 5 次"},        {"<=5次", "! <= 5 次"},       {"≤5次", "! <= 5 次"},
        {"≦5次", "! <= 5 次"},          {"⩽5次", "! <= 5 次"},        {"小于等于5次", "! <= 5 次"},
        {"不超过5次", "! <= 5 次"},     {"不高于5次", "! <= 5 次"},   {"不大于5次", "! <= 5 次"},
        {"不多于5次", "! <= 5 次"},     {"<5次", "! < 5 次"},         {"＜5次", "! < 5 次"},
        {"小于5次", "! < 5 次"},        {"低于5次", "! < 5 次"},      {"少于5次", "! < 5 次"},
        {"=5次", "! = 5 次"},           {"﹦5次", "! = 5 次"},        {"＝5次", "! = 5 次"},
        {"等于5次", "! = 5 次"},        {"5次", "bare 5 次"},         {"=>5次", "! >= 5 次"},
        {"=<5次", "! <= 5 次"},         {"不得超过5次", "! <= 5 次"}, {"不能低于5次", "! >= 5 次"},
        {"未超过5次", "! <= 5 次"},     {"没有少于5次", "! >= 5 次"}, {"不应低于5次", "! >= 5 次"},
        {"不宜大于5次", "! <= 5 次"},   {"严禁超过5次", "! <= 5 次"}, {"没超过5次", "! <= 5 次"},
        {"高于或等于5次", "! >= 5 次"}, {"低于等于5次", "! <= 5 次"},
    };
    UNDERSTAND(rows);
}

static void every_suffix_and_who_wins(void **state)
{
    (void)state;
    static const row rows[] = {
        {"90%以上", ">= 90 %"},           {"90%及以上", ">= 90 %"},       {"5天以下", "<= 5 time:86400"},
        {"5天及以下", "<= 5 time:86400"}, {"5天以内", "<= 5 time:86400"}, {"90以上", ">= 90"},
        {"5天内", "<= 5 time:86400"},     {"5天之内", "<= 5 time:86400"}, {"<90%以上", "! < 90 %"},
        {"大于90%以内", "! > 90 %"},
    };
    UNDERSTAND(rows);
}

static void labels(void **state)
{
    (void)state;
    static const row rows[] = {
        {"一级故障<=90分钟", "! <= 90 time:60"},
        {"合格率≥98%", "! >= 98 %"},
        {"培训不少于3次", "! >= 3 次"},
        {"合格率98%", "words"},                  /* only before an operator */
        {"2022年≥3次", "words"},                 /* no digit in a label */
        {"高于平均水平的比例≥80%", "! >= 80 %"}, /* an operator only where a number follows */
        {"满意度不低于至少的90%", "words"},
        {"<>5", "words"},
        {"不等于5", "words"},
        {"不大于等于5", "words"},
        {"不合格率≤5%", "! <= 5 %"},
        {"!=5", "words"},
        {"≠5", "words"},
        {"并非≥5", "words"},
        {"不必低于5", "words"},
        {"难超过5", "words"}, /* a verb may turn the comparison round */
        {"应高于5%", "! > 5 %"},
        {"not≥5", "words"},
        {"已完成3场", "bare 3 场"},
        {"实际完成：3场", "bare 3 场"},
        {"完成率60%", "bare 60 %"},
        {"达到90%以上", ">= 90 %"},
        {"已完成10-20次", "range 10 次 to 20 次"},
        {"完成约3场", "words"},
    };
    UNDERSTAND(rows);
}

static void numbers(void **state)
{
    (void)state;
    static const row rows[] = {
        {"81,572,666元", "bare 81572666 元"},
        {"81572666.00元", "bare 81572666 元"},
        {"８１，５７２元", "bare 81572 元"},
        {"1 000 次", "bare 1000 次"},
        {"1 000 000次", "bare 1000000 次"},
        {"95 98", "words"},
        {"3\n500", "words"},
        {"0,500", "bare 0 & bare 500"},
        {"1. 5次", "words"},
        {"- 5次", "words"},
        {"99.5", "bare 99.5"},
        {"+5次", "bare 5 次"},
        {"-5%", "bare -5 %"},
        {"≥-5%", "! >= -5 %"},
        {"0.000001", "bare 0.000001"},
        {"999999999999999.999999", "bare 999999999999999.999999"},
        {"1234567890123456次", "words"},
        {"0.1234567", "words"},
        {"5.", "words"},
        {".5", "words"},
        {"1e3", "words"}, /* a unit holds no digit */
    };
    UNDERSTAND(rows);
}

static void shares(void **state)
{
    (void)state;
    static const row rows[] = {
        {"万分之一", "bare 0.01 %"},   {"万分之5", "bare 0.05 %"},   {"千分之三", "bare 0.3 %"},
        {"千分之12", "bare 1.2 %"},    {"百分之九", "bare 9 %"},     {"百分之十", "bare 10 %"},
        {"百分之98.5", "bare 98.5 %"}, {"≤万分之一", "! <= 0.01 %"}, {"低于万分之一", "! < 0.01 %"},
        {"百分之九十五", "words"},     {"百分之95以上", ">= 95 %"},
    };
    UNDERSTAND(rows);
}

static void units(void **state)
{
    (void)state;
    static const row rows[] = {
        {"98%", "bare 98 %"},
        {"98％", "bare 98 %"},
        {"98百分比", "bare 98 %"},
        {"5‰", "bare 0.5 %"},
        {"390", "bare 390"},
        {"390人", "bare 390 人"},
        {"3万人", "bare 30000 人"},
        {"1.5亿元", "bare 150000000 元"},
        {"3万", "bare 30000"},
        {"2次/天", "bare 2 次/天"},
        {"300元/人*月", "bare 300 元/人*月"},
        {"300元/人·月", "bare 300 元/人·月"},
        {"90秒", "bare 90 time:1"},
        {"90分钟", "bare 90 time:60"},
        {"24小时", "bare 24 time:3600"},
        {"5天", "bare 5 time:86400"},
        {"≤3个月", "! <= 3 个月"}, /* months and years are of no fixed length */
        {"≤3年", "! <= 3 年"},
        {"3月", "date until 2022-3-end"},
        {"≥5一二三四五六七八", "! >= 5 一二三四五六七八"}, /* eight characters */
        {"≥5一二三四五六七八九", "words"},
        {"5次（含）", "words"},
        {"100不到", "words"},
        {"100余人", "words"},
        {"100件未完成", "words"},
        {"5千元", "words"},
        {"5千克", "bare 5 千克"},
        {"3季度", "words"},
        {"3个季度", "bare 3 个季度"},
        {"17点", "words"},
        {"12月上旬", "words"},
        {"22年上半年", "words"},
        {"5次/", "words"},
        {"5%%", "words"},
        {"5/天", "words"},
    };
    UNDERSTAND(rows);
}

static void ranges(void **state)
{
    (void)state;
    static const row rows[] = {
        {"80%-90%", "range 80 % to 90 %"},
        {"80-90%", "range 80 % to 90 %"},
        {"80%~90%", "range 80 % to 90 %"},
        {"80%～90%", "range 80 % to 90 %"},
        {"80%–90%", "range 80 % to 90 %"},
        {"80至90次", "range 80 次 to 90 次"},
        {"80到90次", "range 80 次 to 90 次"},
        {"80-90", "range 80 to 90"},
        {"5-10万元", "range 50000 元 to 100000 元"},
        {"1.5-2.25万元", "range 15000 元 to 22500 元"},
        {"5-10‰", "range 0.5 % to 1 %"},
        {"5-5次", "range 5 次 to 5 次"},
        {"-10-5次", "range -10 次 to 5 次"},
        {"-10--5次", "range -10 次 to -5 次"},
        {"90%-80%", "words"}, /* nothing lies in it */
        {"80%-90次", "words"},
        {"80%-", "words"},
        {"80-", "words"},
    };
    UNDERSTAND(rows);
}

static void dates(void **state)
{
    (void)state;
    static const row rows[] = {
        {"12月", "date until 2022-12-end"},
        {"12月底", "date until 2022-12-end"},
        {"12月底前", "date until 2022-12-end"},
        {"12月底前完成", "date until 2022-12-end"},
        {"12月完成", "date until 2022-12-end"},
        {"9月前", "date until 2022-8-end"},
        {"9月之前", "date until 2022-8-end"},
        {"9月前完成", "date until 2022-8-end"},
        {"1月前", "date until 2021-12-end"},
        {"9月10日", "date until 2022-9-10"},
        {"9月10日前", "date until 2022-9-10"},
        {"9月10日之前完成", "date until 2022-9-10"},
        {"2023年3月15日", "date until 2023-3-15"},
        {"2021年12月底前", "date until 2021-12-end"},
        {"２０２２年６月３０日", "date until 2022-6-end"},
        {"2022 年 6 月", "date until 2022-6-end"},
        {"12月内", "date until 2022-12-end"},
        {"12月末", "date until 2022-12-end"},
        {"已于12月5日完成", "date until 2022-12-5"},
        {"2023年", "date until 2023-12-end"},
        {"2023年底", "date until 2023-12-end"},
        {"2023年底前完成", "date until 2023-12-end"},
        {"2023年前", "date until 2022-12-end"},
        {"2023年度内", "date until 2023-12-end"},
        {"2023底", "date until 2023-12-end"},
        {"23年底", "date until 2023-12-end"},
        {"23年3月", "date until 2023-3-end"},
        {"23年", "bare 23 年 or date until 2023-12-end"},
        {"20230131", "date until 2023-1-end"},
        {"20231301", "bare 20231301"},
        {"2023013", "bare 2023013"},
        {"2023-03-15", "date until 2023-3-15"},
        {"2023/3", "date until 2023-3-end"},
        {"2023.3.15", "date until 2023-3-15"},
        {"2023.3前", "date until 2023-2-end"},
        {"2023", "bare 2023 or date until 2023-12-end"},
        {"2023.3", "bare 2023.3 or date until 2023-3-end"},
        {"2022-2023", "range 2022 to 2023 or date until 2023-12-end"},
        {"2023.13", "bare 2023.13"},
        {"6.29", "bare 6.29 or date until 2022-6-29"},
        {"6.31", "bare 6.31"},
        {"≥6.29", "! >= 6.29"},
        {"1999", "bare 1999"},
        {"2023次", "bare 2023 次"},
        {"≥98.5年", "! >= 98.5 年"},
        {"2022-2023年", "words"},
        {"≤2023年", "words"},
        {"2023年完成5次", "words"},
        {"13月", "bare 13 月"}, /* months, since no month has that number */
        {"9月32日", "words"},
        {"2月30日", "words"},
        {"4月31日", "words"},
        {"2月29日", "date until 2022-2-end"}, /* of some year; whether of this one, the scoring asks */
        {"2023年2月29日", "words"},
        {"9月5号", "date until 2022-9-5"},
        {"9月份", "date until 2022-9-end"},
        {"9月份前", "date until 2022-8-end"},
        {"9月0日", "words"},
        {"9月10日左右", "words"},
        {"9月10", "words"},
    };
    UNDERSTAND(rows);
}

static void several_clauses(void **state)
{
    (void)state;
    static const row rows[] = {
        {"≥10次,≥20人", "! >= 10 次 & ! >= 20 人"},
        {"≥10次，≥20人", "! >= 10 次 & ! >= 20 人"},
        {"≥10次；20人以上", "! >= 10 次 & >= 20 人"},
        {"10次、20人", "bare 10 次 & bare 20 人"},
        {"一级故障<=90分钟，二级故障<=180分钟，三级故障<=24小时",
         "! <= 90 time:60 & ! <= 180 time:60 & ! <= 24 time:3600"},
        {"≥1,000次，≥2,000人", "! >= 1000 次 & ! >= 2000 人"},
        {"99.5,200", "bare 99.5 & bare 200"}, /* no thousands behind a point */
        {"1234,567", "bare 1234 & bare 567"}, /* nor behind four digits */
        {"1.5次;2.3人", "words"},             /* items by number */
        {"12,34", "bare 12 & bare 34"},
        {"≥10次，及时", "words"}, /* one that is not understood spoils the others */
        {"≥10次，", "! >= 10 次"},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "words"}, /* more than sixteen */
    };
    UNDERSTAND(rows);
}

/* A suffix counts, a scale counts, what is in front does not. */
static void eight_characters_behind_a_number_and_no_more(void **state)
{
    (void)state;
    static const row rows[] = {
        {"一二三四五六七八九≥5一二三四五六七八", "! >= 5 一二三四五六七八"},
        {"5一二三四五六七八九", "words"},
        {"5一二三四五六以上", ">= 5 一二三四五六"},
        {"5一二三四五六七以上", "words"},
        {"5万一二三四五六七", "bare 50000 一二三四五六七"},
        {"5万一二三四五六七八", "words"},
        {"5-6一二三四五六七八九", "words"},
    };
    UNDERSTAND(rows);
}

static void anything_else_is_words(void **state)
{
    (void)state;
    static const char *const words[] = {
        "健全", "及时性", "在标准时间内响应和处理", "≥", "%", "次", "≥≥5", "5≥", ">=5>=6", "(5)", "5±1次", "约5次",
        "五次", "abc"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        understand(&(row){words[i], "words"}, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said),
        cmocka_unit_test(every_operator),
        cmocka_unit_test(every_suffix_and_who_wins),
        cmocka_unit_test(labels),
        cmocka_unit_test(numbers),
        cmocka_unit_test(shares),
        cmocka_unit_test(units),
        cmocka_unit_test(ranges),
        cmocka_unit_test(dates),
        cmocka_unit_test(several_clauses),
        cmocka_unit_test(eight_characters_behind_a_number_and_no_more),
        cmocka_unit_test(anything_else_is_words),
    };
    return cmocka_run_group_tests_name("target", tests, open_arena, close_arena);
}

/*
 * target.h - what a target (年度指标值) or an actual value (实际完成值) says: the grammar, as a pure parser.
 *
 *   cell   = none | date | range | clause {("," | ";" | "、") clause} | words
 *   clause = ([label] op | {verb}) number [unit] [suffix] | {verb} measure [达到] number [unit] suffix
 *   range  = {verb} number ("-" | "~" | 至 | 到) number [unit]
 *   date   = {verb} day [前 | 之前 | 以前 | 内] [已] [完成 | 完工 | 竣工 | 验收]
 *   day    = [yyyy年 | yy年] m月[份] [底 | 末] | [yyyy年 | yy年] m月 d(日 | 号) | yyyy[年[度]] [[年]底 | [年]末] |
 * yy年底 | 年底 | yyyymmdd | yyyy-m[-d] | yyyy/m[/d] | yyyy.m.d
 *
 * Operators in signs and words, suffixes 以上 以下 以内 内, units with 万 亿 % ‰, 百分之 千分之 万分之, time units. A
 * verb says nothing about the number behind it: 已完成3场 is 3场. A lone 2022 or 2022.12 may be a date or an amount. A
 * day that is in no calendar, 2月30日, is no date.
 *
 * What is understood is understood as a whole; anything else is words, and words are no value:
 *
 * - A denial in front of a comparison makes it its contrary: 不应低于 is ≥, 不宜大于 and 严禁超过 are ≤. Any other
 *   word that may deny makes words of the clause: 并非≥5, !=5, 不等于5 (operator.c; labels in target.c).
 * - What qualifies a number is no unit, 100不到, 100余人, 100件未完成; nor is a part of the calendar or the clock,
 *   3季度, 17点, a rank, 2级, or a power of ten in words, 5千 (unit.c).
 * - What closes a sentence is no part of it: 96%。
 * - A blank within a number is a thousands separator or keeps two numbers apart (text.h). Item numbers make words:
 *   1.5次;2.3人.
 */
#ifndef ZP_CORE_TARGET_H
#define ZP_CORE_TARGET_H

#include "core/decimal.h"

typedef enum { ZP_OP_BARE, ZP_OP_GE, ZP_OP_GT, ZP_OP_LE, ZP_OP_LT, ZP_OP_EQ, ZP_OP_RANGE } zp_op;

typedef enum { ZP_DIM_NONE, ZP_DIM_PERCENT, ZP_DIM_TIME, ZP_DIM_OTHER } zp_dimension;

typedef struct {
    zp_dec value;  /* scaled by 万, 亿, ‰ …; percent in points of a hundred; time as declared, see seconds */
    zp_str number; /* as declared, without sign words and unit */
    zp_dimension dimension;
    zp_str unit;      /* normalised, without 万 and 亿; absent for none */
    zp_str said;      /* what stands behind the number, with 万, 亿 and ‰ */
    int scale;        /* power of ten that 万, 亿 or ‰ gave */
    unsigned seconds; /* of one unit of time; 0 otherwise */
} zp_quantity;

typedef struct {
    zp_op op;
    bool has_operator; /* written as sign or word in front, not by a suffix */
    bool demands;      /* such as says what must not be, 不得超过 */
    zp_str label;      /* in front of the operator, without verbs; absent or empty for none */
    bool completion;   /* 完成率 in front, which is no verb only: it says what this is a value of */
    zp_quantity low;   /* the number; of a range its lower end */
    zp_quantity high;  /* of a range */
} zp_clause;

/* Its last day, by which something is due; and its first, since 12月 may be any day of December, 12月底 any from the
 * 21st on, 2022年底 any of the last quarter, and 12月5日前 any until then. */
typedef struct {
    int year;       /* 0 = not written */
    int month;      /* 1..12 */
    int day;        /* 0 = not written */
    bool before;    /* 前, 之前, 以前 behind a month without a day or 底: ends with the month before */
    int from_month; /* of the first day; 0 = none, it only says until when */
    int from_day;
    bool done, accepted; /* says what was by then: 完成, 完工, 竣工; or 验收, which comes later */
} zp_date;

typedef enum { ZP_CELL_NONE, ZP_CELL_VALUES, ZP_CELL_DATE, ZP_CELL_WORDS } zp_cell_kind;

enum { ZP_MAX_CLAUSES = 16 };

typedef struct {
    zp_cell_kind kind;
    zp_str text; /* normalised, without what closes a sentence */
    size_t count;
    zp_clause clauses[ZP_MAX_CLAUSES];
    bool perhaps_date; /* of values: they may as well be `date` */
    bool perhaps_one;  /* of values: a comma may be a decimal point, or what is before it an item's number */
    zp_date date;
} zp_cell;

/* Reads a cell; never fails but for memory (ZP_NOMEM): what is not understood is words. */
zp_rc zp_cell_read(zp_str text, zp_arena *arena, zp_cell *out);

/* Whether there is a digit in it or a share such as 百分之六十: without either, it is words and nothing else. */
bool zp_may_hold_number(zp_str text);

/* Whether the unit is made of words that count or measure and say nothing else: 次/天 is, 达标 or not yet known words
 * are not. */
bool zp_is_known_unit(zp_str unit);
/* 元, 元/人, 美元: of amounts, whatever 万 and 亿 made of them. */
bool zp_is_money(zp_str unit);

/* "≥" …, for formulas. */
const char *zp_op_sign(zp_op op);

/* Whether there is such a day; default_year where none is written. */
bool zp_date_exists(const zp_date *date, int default_year);
/* The last day, and the first one, as numbers that grow with time; the last of a month is the same however it is
 * written. */
int zp_date_last(const zp_date *date, int default_year);
int zp_date_first(const zp_date *date, int default_year);

#endif

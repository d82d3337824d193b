/*
 * form.h - a performance self-evaluation form (财政项目支出绩效自评表) as declared.
 *
 * Every cell is the text as the unit wrote it, byte for byte; what is parsed
 * from it is derived elsewhere and never stored in its place. All views borrow
 * from the buffer or arena that the reader of the form names.
 */
#ifndef ZP_CORE_FORM_H
#define ZP_CORE_FORM_H

#include "base/str.h"

#include <stdint.h>

enum {
    ZP_MAX_INDICATORS = 200,
    ZP_MAX_CELL = 4096,        /* bytes of one text cell */
    ZP_MAX_BODY = 1024 * 1024, /* bytes of a submission */
    ZP_MAX_INT_DIGITS = 15,    /* of a number, before the point */
    ZP_MAX_FRAC_DIGITS = 6,    /* and after it */
    ZP_YEAR_FIRST = 2000,
    ZP_YEAR_LAST = 2099,
};

/* The rows of 项目资金. */
typedef enum { ZP_FUNDS_TOTAL, ZP_FUNDS_CURRENT, ZP_FUNDS_CARRYOVER, ZP_FUNDS_OTHER, ZP_FUNDS_ROWS } zp_funds_row_name;

typedef struct {
    zp_str initial_budget; /* 年初预算数 */
    zp_str annual_budget;  /* 全年预算数 */
    zp_str executed;       /* 全年执行数 */
    zp_str weight;         /* 分值, total row only */
    zp_str execution_rate; /* 执行率, total row only */
    zp_str score;          /* 得分, total row only */
} zp_funds_row;

typedef struct {
    zp_str level1, level2, level3; /* 一级、二级、三级指标 */
    zp_str target;                 /* 年度指标值 */
    zp_str actual;                 /* 实际完成值 */
    zp_str weight;                 /* 分值 */
    zp_str score;                  /* 得分 */
    zp_str deviation;              /* 偏差原因分析及改进措施 */
} zp_indicator;

typedef struct {
    zp_str year; /* digits as declared: "2022" */
    zp_str project_name;
    zp_str department; /* 主管部门 */
    zp_str unit;       /* 实施单位 */
    zp_str unit_code;  /* optional; 1-32 of [0-9A-Za-z._-]; event topics use it */
    zp_str money_unit; /* 元 | 万元 */
    zp_funds_row funds[ZP_FUNDS_ROWS];
    zp_str goal_expected, goal_actual;
    zp_indicator *indicators; /* indicator_count of them */
    size_t indicator_count;
    const uint16_t *row_numbers; /* of each indicator, where it was sent by number; NULL: its index */
    zp_str total_weight;
    zp_str declared_total;
    zp_str declared_grade; /* optional: 优 良 中 差 */
    zp_str profile;        /* optional: the name of the rule profile to score it by */
} zp_form;

/* The year as a number, blanks around it and full-width digits allowed; 0 when it isn't one within
 * ZP_YEAR_FIRST..ZP_YEAR_LAST. */
int zp_form_year(const zp_form *form);

/*
 * The members of the JSON form in canonical order, for every reader and writer: one row a text cell.
 * X(json_name, zp_form member). Nested objects (funds, goals, indicators) have tables of their own.
 */
#define ZP_FORM_HEADER(X)                                                                                              \
    X("project_name", project_name)                                                                                    \
    X("department", department)                                                                                        \
    X("unit", unit)                                                                                                    \
    X("unit_code", unit_code)                                                                                          \
    X("money_unit", money_unit)
#define ZP_FORM_TRAILER(X)                                                                                             \
    X("total_weight", total_weight)                                                                                    \
    X("declared_total", declared_total)                                                                                \
    X("declared_grade", declared_grade)                                                                                \
    X("profile", profile)
#define ZP_FUNDS_ROW_NAMES(X)                                                                                          \
    X("total", ZP_FUNDS_TOTAL)                                                                                         \
    X("current_year_appropriation", ZP_FUNDS_CURRENT)                                                                  \
    X("carryover", ZP_FUNDS_CARRYOVER)                                                                                 \
    X("other", ZP_FUNDS_OTHER)
#define ZP_FUNDS_CELLS(X)                                                                                              \
    X("initial_budget", initial_budget)                                                                                \
    X("annual_budget", annual_budget)                                                                                  \
    X("executed", executed)                                                                                            \
    X("weight", weight)                                                                                                \
    X("execution_rate", execution_rate)                                                                                \
    X("score", score)
#define ZP_GOAL_CELLS(X)                                                                                               \
    X("expected", goal_expected)                                                                                       \
    X("actual", goal_actual)
#define ZP_INDICATOR_CELLS(X)                                                                                          \
    X("level1", level1)                                                                                                \
    X("level2", level2)                                                                                                \
    X("level3", level3)                                                                                                \
    X("target", target)                                                                                                \
    X("actual", actual)                                                                                                \
    X("weight", weight)                                                                                                \
    X("score", score)                                                                                                  \
    X("deviation", deviation)

#endif

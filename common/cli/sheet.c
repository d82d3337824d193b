/*
 * sheet.c - see sheet.h. One table for each part of the official form, in its order; cells of level 1 and 2 that repeat
 * the row above are left empty, as the form merges them.
 */
#include "cli/sheet.h"

#include "cli/table.h"
#include "core/decimal.h"
#include "core/explain.h"

enum { MOST_COLUMNS = 12 };

/* A table in the making: views become C strings here, and the first failure stays. */
typedef struct {
    zp_table *table;
    zp_arena *arena;
    const char *cells[MOST_COLUMNS];
    size_t count;
    bool failed;
} part;

static void begin(part *self, zp_arena *arena, size_t columns, const char *const *headings, const char *right)
{
    *self = (part){.table = zp_table_new(columns, headings, right), .arena = arena};
    self->failed = !self->table;
}

static void put_lines(part *self, zp_str text)
{
    zp_str copy = text.p ? zp_arena_copy(self->arena, text) : ZP_STR("");
    self->failed |= !copy.p;
    self->cells[self->count++] = copy.p ? copy.p : "";
}

static void put(part *self, zp_str text)
{
    zp_str flat = text.p ? zp_text_flat(text, self->arena) : ZP_STR("");
    self->failed |= !flat.p;
    self->cells[self->count++] = flat.p ? flat.p : "";
}

static void put_cents(part *self, int64_t cents)
{
    put(self, cents == ZP_NO_CENTS ? ZP_STR("-") : zp_cents_text(cents, self->arena));
}

/* In Chinese and, where that says more than the same figures, in English. */
static void put_message(part *self, const zp_line *line)
{
    zp_str zh = zp_line_message(line, ZP_LANG_ZH, self->arena), en = zp_line_message(line, ZP_LANG_EN, self->arena);
    if (!zh.p || !en.p) {
        self->failed = true;
        zh = en = ZP_STR("");
    }
    zh = zp_text_flat(zh, self->arena);
    en = zp_text_flat(en, self->arena);
    put_lines(self, zp_str_eq(zh, en) ? zh : ZP_ARENA_JOIN(self->arena, zh, ZP_STR("\n"), en));
}

static void end_row(part *self)
{
    self->failed = self->failed || !zp_table_row(self->table, self->cells);
    self->count = 0;
}

static zp_rc finish(part *self, FILE *to)
{
    if (!self->failed) {
        fputc('\n', to);
        zp_table_print(self->table, to);
    }
    zp_table_destroy(&self->table);
    return self->failed ? ZP_NOMEM : ZP_OK;
}

static void print_label(const char *label, zp_str cell, zp_arena *arena, FILE *to)
{
    zp_str value = zp_text_flat(cell, arena);
    fprintf(to, "%s  %.*s\n", label, (int)value.n, value.p ? value.p : "");
}

static void print_header(const zp_form *form, zp_arena *arena, FILE *to)
{
    print_label("\n项目支出绩效自评表 Performance self-evaluation", form->year, arena, to);
    print_label("项目名称 project   ", form->project_name, arena, to);
    print_label("主管部门 department", form->department, arena, to);
    print_label("实施单位 unit      ", form->unit, arena, to);
    print_label("金额单位 money unit", form->money_unit, arena, to);
}

static zp_rc print_funds(const zp_form *form, const zp_result *result, zp_arena *arena, FILE *to)
{
    static const char *const headings[] = {"项目资金\nfunds",
                                           "年初预算数\ninitial budget",
                                           "全年预算数\nannual budget",
                                           "全年执行数\nexecuted",
                                           "分值\nweight",
                                           "执行率\nrate",
                                           "得分\ndeclared",
                                           "计算\ncomputed",
                                           "确认\nconfirmed",
                                           "依据\nbasis"};
    static const char *const rows[] = {"年度资金总额 total", "其中：当年财政拨款 appropriation",
                                       "上年结转资金 carry-over", "其他资金 other"};
    const zp_line execution = zp_execution_line(result);
    part table;
    begin(&table, arena, 10, headings, "lrrrrrrrrl");
    for (size_t i = 0; i < ZP_FUNDS_ROWS && !table.failed; i++) {
        const zp_funds_row *row = &form->funds[i];
        put(&table, zp_str_of(rows[i]));
        put(&table, row->initial_budget);
        put(&table, row->annual_budget);
        put(&table, row->executed);
        put(&table, row->weight);
        put(&table, row->execution_rate);
        put(&table, row->score);
        if (i == ZP_FUNDS_TOTAL) {
            put_cents(&table, execution.computed);
            put_cents(&table, execution.confirmed);
            put_message(&table, &execution);
        } else {
            for (int empty = 0; empty < 3; empty++)
                put(&table, ZP_STR(""));
        }
        end_row(&table);
    }
    return finish(&table, to);
}

static zp_rc print_goals(const zp_form *form, zp_arena *arena, FILE *to)
{
    enum { GOAL_WIDTH = 60 };
    static const char *const headings[] = {"年度总体目标：预期目标\nexpected", "实际完成情况\nactual"};
    if (!zp_str_filled(form->goal_expected) && !zp_str_filled(form->goal_actual))
        return ZP_OK;
    part table;
    begin(&table, arena, 2, headings, "ll");
    if (!table.failed) {
        zp_table_wrap(table.table, 0, GOAL_WIDTH);
        zp_table_wrap(table.table, 1, GOAL_WIDTH);
        put_lines(&table, form->goal_expected);
        put_lines(&table, form->goal_actual);
        end_row(&table);
    }
    return finish(&table, to);
}

static void put_line(part *table, const zp_indicator *above, const zp_indicator *indicator, const zp_line *line)
{
    bool same1 = above && zp_str_eq(above->level1, indicator->level1);
    bool same2 = same1 && zp_str_eq(above->level2, indicator->level2);
    put(table, same1 ? ZP_STR("") : indicator->level1);
    put(table, same2 ? ZP_STR("") : indicator->level2);
    put(table, indicator->level3);
    put(table, indicator->target);
    put(table, indicator->actual);
    put(table, indicator->weight);
    put(table, indicator->score);
    put_cents(table, line->computed);
    put_cents(table, line->confirmed);
    put(table, indicator->deviation);
    put_message(table, line);
    end_row(table);
}

static void put_total(part *table, const zp_form *form, const zp_result *result)
{
    put(table, ZP_STR("总分 total"));
    for (int empty = 0; empty < 4; empty++)
        put(table, ZP_STR(""));
    put(table, form->total_weight);
    put(table, form->declared_total);
    put_cents(table, result->computed_total);
    put_cents(table, result->confirmed_total);
    put(table, ZP_STR(""));
    put(table, zp_str_of(zp_grade_name(result->grade)));
    end_row(table);
}

static zp_rc print_indicators(const zp_form *form, const zp_result *result, zp_arena *arena, FILE *to)
{
    static const char *const headings[] = {"一级指标\nlevel 1",  "二级指标\nlevel 2",
                                           "三级指标\nlevel 3",  "年度指标值\ntarget",
                                           "实际完成值\nactual", "分值\nweight",
                                           "得分\ndeclared",     "计算\ncomputed",
                                           "确认\nconfirmed",    "偏差原因及改进措施\ndeviation",
                                           "依据\nbasis"};
    static const size_t bounds[] = {12, 12, 22, 22, 22, 0, 0, 0, 0, 24, 40};
    part table;
    begin(&table, arena, 11, headings, "lllllrrrrll");
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds && !table.failed; i++)
        zp_table_wrap(table.table, i, bounds[i]);
    for (size_t i = 0; i < result->line_count && !table.failed; i++)
        put_line(&table, i ? &form->indicators[i - 1] : NULL, &form->indicators[i], &result->lines[i]);
    if (!table.failed)
        put_total(&table, form, result);
    return finish(&table, to);
}

zp_rc zp_sheet_print(const zp_form *form, const zp_result *result, zp_arena *arena, FILE *to)
{
    print_header(form, arena, to);
    zp_rc rc = print_funds(form, result, arena, to);
    if (!rc)
        rc = print_goals(form, arena, to);
    return rc ? rc : print_indicators(form, result, arena, to);
}

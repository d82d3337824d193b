/*
 * funds.c - see funds.h. B = annual budget, E = executed, both of the total row; the parts are only checked.
 */
#include "core/funds.h"

#include "core/text.h"
#include "core/typed.h"

typedef struct {
    const zp_form *form;
    const zp_declared *declared;
    zp_arena *arena;
    zp_flags *flags;
} context;

static void flag(const context *c, zp_flag_code code, const char *cell, zp_str value, zp_str expected)
{
    zp_flags_add(c->flags, code, zp_funds_pointer(c->arena, ZP_FUNDS_TOTAL, cell), value, expected);
}

static zp_int128 power_of_ten(unsigned n)
{
    zp_int128 p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

/* The rate in percent with the given decimals, half-up, as a whole number of its last place. */
static zp_int128 rate_at(zp_share rate, unsigned decimals)
{
    return zp_round_div(rate.num, 100 * power_of_ten(decimals), rate.den);
}

static zp_str percent_text(zp_dec percent, zp_arena *arena)
{
    zp_str number = zp_dec_text(percent, arena);
    unsigned shown = zp_decimals_shown(number);
    return ZP_ARENA_JOIN(arena, number,
                         shown == 0   ? ZP_STR(".00")
                         : shown == 1 ? ZP_STR("0")
                                      : ZP_STR(""),
                         ZP_STR("%"));
}

zp_str zp_rate_below(zp_share rate, int64_t limit, zp_arena *arena)
{
    zp_dec half_up = {rate_at(rate, 2), -2}, cut = {rate.num * 100 * power_of_ten(4) / rate.den, -4};
    return percent_text(zp_dec_cmp(half_up, (zp_dec){limit, -4}) < 0 ? half_up : cut, arena);
}

/* Which way a declared rate of so many decimals departs from the exact one, whose floor and ceiling in the last place
 * are what cutting and rounding up give. Nothing to remark: ZP_FLAG_CODES. */
static zp_flag_code compare_rate(zp_share rate, zp_dec declared, unsigned decimals)
{
    zp_int128 percent = rate.num * 100 * power_of_ten(decimals);
    zp_dec down = {percent / rate.den, -(int)decimals}, up = {down.m + (percent % rate.den != 0), down.e};
    zp_dec half_up = {rate_at(rate, decimals), down.e};
    const zp_dec all = {100, 0};
    if (zp_dec_cmp(declared, half_up) == 0) {
        if (decimals >= 2)
            return ZP_FLAG_CODES;
        /* Whoever writes that all was spent when it was not is told so, however little is left. */
        bool all_claimed = zp_dec_cmp(declared, all) == 0 && rate.num < rate.den;
        return all_claimed ? ZP_FLAG_EXEC_RATE_ROUNDED_UP : ZP_FLAG_EXEC_RATE_COARSE;
    }
    if (zp_dec_cmp(declared, up) == 0)
        return ZP_FLAG_EXEC_RATE_ROUNDED_UP;
    return zp_dec_cmp(declared, down) == 0 ? ZP_FLAG_EXEC_RATE_CUT : ZP_FLAG_EXEC_RATE_MISMATCH;
}

/* With as many decimals as it takes to differ from what was declared: 99.999% beside 100%. Where rounding to six would
 * still hide what is left, cut to six. */
static zp_str rate_beside(const context *c, zp_share rate, zp_dec declared)
{
    for (unsigned decimals = 2; decimals <= ZP_MAX_FRAC_DIGITS; decimals++) {
        zp_dec half_up = {rate_at(rate, decimals), -(int)decimals};
        if (zp_dec_cmp(declared, half_up) != 0)
            return percent_text(half_up, c->arena);
    }
    zp_int128 cut = rate.num * 100 * power_of_ten(ZP_MAX_FRAC_DIGITS) / rate.den;
    return percent_text((zp_dec){cut, -ZP_MAX_FRAC_DIGITS}, c->arena);
}

/* The declared rate, and with how many decimals. One of more than numbers may have, as spreadsheets give it, is rounded
 * to those. */
static zp_rc read_rate(zp_str number, zp_dec *out, unsigned *decimals)
{
    bool up = false;
    *decimals = zp_decimals_shown(number);
    for (; *decimals > ZP_MAX_FRAC_DIGITS && zp_is_digit(number.p[number.n - 1]); --*decimals)
        up = number.p[--number.n] >= '5';
    zp_rc rc = zp_dec_parse(number, out);
    out->m += !rc && up;
    return rc;
}

static void check_rate(const context *c, const zp_execution *execution)
{
    zp_str text = c->form->funds[ZP_FUNDS_TOTAL].execution_rate;
    if (zp_cell_is_unfilled(text)) {
        flag(c, ZP_FLAG_EXEC_RATE_MISSING, "execution_rate", text, execution->rate_text);
        return;
    }
    zp_str number = zp_text_normalise(text, c->arena);
    if (!number.p) {
        c->flags->failed = true;
        return;
    }
    if (zp_text_ends(number, ZP_STR("%")))
        number.n--;
    zp_dec declared;
    unsigned decimals;
    zp_flag_code code = ZP_FLAG_EXEC_RATE_MISMATCH;
    if (read_rate(number, &declared, &decimals) == ZP_OK)
        code = compare_rate(execution->rate, declared, decimals);
    if (code == ZP_FLAG_EXEC_RATE_ROUNDED_UP)
        flag(c, code, "execution_rate", text, rate_beside(c, execution->rate, declared));
    else if (code != ZP_FLAG_CODES)
        flag(c, code, "execution_rate", text, execution->rate_text);
}

/* Parts that are known must be the total; where one is not, they must not exceed it, since no amount is negative. */
static void check_parts(const context *c, int column, const char *cell, zp_str total_text)
{
    const zp_number *total = &c->declared->budget[ZP_FUNDS_TOTAL][column];
    zp_dec sum = {0, 0};
    size_t present = 0;
    zp_funds_row_name missing = ZP_FUNDS_ROWS; /* the first one */
    for (zp_funds_row_name row = ZP_FUNDS_CURRENT; row < ZP_FUNDS_ROWS; row++) {
        const zp_number *part = &c->declared->budget[row][column];
        present += part->present;
        if (!part->present && missing == ZP_FUNDS_ROWS)
            missing = row;
        if (part->present && !zp_dec_add(&sum, part->value))
            return;
    }
    if (!total->present || !present)
        return;
    int order = zp_dec_cmp(sum, total->value);
    if (missing == ZP_FUNDS_ROWS ? order != 0 : order > 0)
        flag(c, ZP_FLAG_FUNDS_SUM_MISMATCH, cell, total_text, zp_dec_text(sum, c->arena));
    /* Few forms fill the initial budget of carry-over and other funds: no remark about that. */
    if (missing != ZP_FUNDS_ROWS && column != ZP_INITIAL)
        zp_flags_add(c->flags, ZP_FLAG_FUNDS_COMPONENT_MISSING, zp_funds_pointer(c->arena, missing, cell), ZP_ABSENT,
                     ZP_ABSENT);
}

static void check_cut(const context *c)
{
    const zp_number *initial = &c->declared->budget[ZP_FUNDS_TOTAL][ZP_INITIAL];
    const zp_number *annual = &c->declared->budget[ZP_FUNDS_TOTAL][ZP_ANNUAL];
    if (!initial->present || !annual->present)
        return;
    zp_dec five = annual->value, four = initial->value;
    five.m *= 5;
    four.m *= 4;
    const zp_funds_row *row = &c->form->funds[ZP_FUNDS_TOTAL];
    if (zp_dec_cmp(five, four) < 0)
        flag(c, ZP_FLAG_BUDGET_CUT, "annual_budget", row->annual_budget, row->initial_budget);
}

static void score_rate(const context *c, zp_dec executed, zp_dec budget, zp_execution *out)
{
    const zp_funds_row *row = &c->form->funds[ZP_FUNDS_TOTAL];
    zp_line_score *score = &out->score;
    if (!zp_dec_align(&executed, &budget))
        return;
    out->has_rate = true;
    out->rate = (zp_share){executed.m, budget.m};
    zp_int128 hundredths = rate_at(out->rate, 2);
    out->rate_text = percent_text((zp_dec){hundredths, -2}, c->arena);
    bool over = executed.m > budget.m;
    if (over)
        flag(c, ZP_FLAG_EXEC_OVER_100, "executed", row->executed, row->annual_budget);
    if (hundredths < 5000) /* as shown: nobody is told that 50.00% is below 50 % */
        flag(c, ZP_FLAG_EXEC_LOW, "executed", out->rate_text, ZP_ABSENT);
    score->basis = ZP_BASIS_FORMULA;
    score->known = true;
    score->has_share = true;
    score->share = over ? (zp_share){1, 1} : out->rate;
    score->computed = zp_points_of(score->share, c->declared->execution_weight);
    zp_str weight = zp_millionths_text(c->declared->execution_weight, c->arena);
    score->formula =
        ZP_ARENA_JOIN(c->arena, over ? ZP_STR("min(") : ZP_STR(""), zp_cell_trimmed(row->executed), ZP_STR(" ÷ "),
                      zp_cell_trimmed(row->annual_budget), over ? ZP_STR(", 1)") : ZP_STR(""), ZP_STR(" × "), weight);
    check_rate(c, out);
}

zp_rc zp_execution_compute(const zp_form *form, const zp_declared *declared, zp_arena *arena, zp_flags *flags,
                           zp_execution *out)
{
    const context c = {form, declared, arena, flags};
    const zp_number *executed = &declared->budget[ZP_FUNDS_TOTAL][ZP_EXECUTED];
    const zp_number *budget = &declared->budget[ZP_FUNDS_TOTAL][ZP_ANNUAL];
    const zp_funds_row *row = &form->funds[ZP_FUNDS_TOTAL];
    *out = (zp_execution){.score.basis = ZP_BASIS_UNVERIFIABLE};
    if (budget->present && budget->value.m == 0) {
        flag(&c, ZP_FLAG_EXEC_BUDGET_ZERO, "annual_budget", row->annual_budget, ZP_ABSENT);
        out->score.basis = ZP_BASIS_FORMULA;
        out->score.known = true;
        out->score.computed = 0;
        zp_str spent = zp_cell_trimmed(row->executed);
        bool some = executed->present && executed->value.m > 0;
        out->score.formula =
            ZP_ARENA_JOIN(arena, !zp_cell_is_unfilled(spent) ? spent : ZP_STR("0"),
                          some ? ZP_STR(" > ") : ZP_STR(" = "), zp_cell_trimmed(row->annual_budget), ZP_STR(" → 0"));
    } else if (budget->present && executed->present) {
        score_rate(&c, executed->value, budget->value, out);
    } else {
        /* Nothing to divide: the declared score stays, up to its weight, for a person to look at. */
        flag(&c, ZP_FLAG_EXEC_UNVERIFIABLE, budget->present ? "executed" : "annual_budget", ZP_ABSENT, ZP_ABSENT);
        out->score.known = declared->execution_score.present;
        out->score.computed = declared->execution_score.points;
        if (out->score.computed > declared->execution_weight)
            out->score.computed = declared->execution_weight;
    }
    check_parts(&c, ZP_INITIAL, "initial_budget", row->initial_budget);
    check_parts(&c, ZP_ANNUAL, "annual_budget", row->annual_budget);
    check_parts(&c, ZP_EXECUTED, "executed", row->executed);
    check_cut(&c);
    return flags->failed ? ZP_NOMEM : ZP_OK;
}

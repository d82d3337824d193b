/*
 * clause.c - see clause.h: the formulas of 财预〔2020〕10号 as the profile has them, one function a rule.
 */
#include "core/clause.h"

#include "core/text.h"

/* Once a line: several clauses may give the same reason. */
void zp_line_flag_as(const zp_line_context *line, zp_flag_code code, zp_severity severity, const char *cell,
                     zp_str value, zp_str expected)
{
    for (size_t i = line->first_flag; i < line->flags->count; i++) {
        const zp_flag *said = &line->flags->items[i];
        if (said->code == code && zp_str_eq(said->value, value) && zp_str_eq(said->expected, expected))
            return;
    }
    zp_flags_add_as(line->flags, code, severity, zp_indicator_pointer(line->arena, line->index, cell), value, expected);
}

void zp_line_flag(const zp_line_context *line, zp_flag_code code, const char *cell, zp_str value, zp_str expected)
{
    zp_line_flag_as(line, code, zp_flag_severity(code), cell, value, expected);
}

static zp_int128 above_zero(zp_int128 n)
{
    return n > 0 ? n : 0;
}

static const zp_share full = {1, 1}, nothing = {0, 1};

static bool is_full(zp_share share)
{
    return share.num >= share.den;
}

static bool is_called(const zp_line_context *line, zp_str name)
{
    return zp_text_contains(line->indicator->level1, name) || zp_text_contains(line->indicator->level2, name);
}

static bool is_cost(const zp_line_context *line)
{
    return is_called(line, ZP_STR("成本"));
}

static bool is_span_of_time(const zp_quantity *q)
{
    static const zp_str units[] = {ZP_STR_ROW("工作日"), ZP_STR_ROW("个工作日"), ZP_STR_ROW("周"), ZP_STR_ROW("月"),
                                   ZP_STR_ROW("个月"),   ZP_STR_ROW("年"),       ZP_STR_ROW("分")};
    return q->dimension == ZP_DIM_TIME || zp_text_is_one_of(q->unit, ZP_WORDS(units));
}

static bool is_at_least(zp_op op)
{
    return op == ZP_OP_GE || op == ZP_OP_GT;
}

static bool is_at_most(zp_op op)
{
    return op == ZP_OP_LE || op == ZP_OP_LT;
}

static bool is_equal_to(zp_op op)
{
    return op == ZP_OP_EQ || op == ZP_OP_BARE;
}

/* 元/人, 次/天: of amounts, not an amount. */
static bool is_per_something(zp_str unit)
{
    return zp_text_contains(unit, ZP_STR("/")) || zp_text_contains(unit, ZP_STR("*")) ||
           zp_text_contains(unit, ZP_STR("·"));
}

/* 万 stands before amounts and what is counted one by one; in a cost before money only. */
static bool may_count_in_ten_thousands(const zp_line_context *line, const zp_quantity *actual)
{
    return !is_span_of_time(actual) && !is_per_something(actual->unit) && (!is_cost(line) || zp_is_money(actual->unit));
}

/* 365天 where a quantity of 360 is asked for: as many days are no fewer hours. */
static bool are_days_enough(const zp_line_context *line, zp_op op, const zp_quantity *target, const zp_quantity *actual)
{
    return zp_str_is(actual->unit, "天") && (is_at_least(op) || is_equal_to(op)) && is_called(line, ZP_STR("数量")) &&
           zp_dec_cmp(actual->value, target->value) >= 0;
}

/* A target without a unit counts whatever the actual value does, if that is sure to count. But money and time may be
 * meant in another unit (100 and 120万元): those only where both numbers are the same, and then counted the same. */
static bool lend_unit(const zp_line_context *line, zp_op op, const zp_quantity *target, zp_quantity *actual)
{
    if (actual->dimension == ZP_DIM_PERCENT || !zp_is_known_unit(actual->unit))
        return false;
    if (target->scale)
        return may_count_in_ten_thousands(line, actual);
    bool counted = actual->dimension == ZP_DIM_OTHER && !zp_is_money(actual->unit);
    if (!actual->scale && (counted || are_days_enough(line, op, target, actual)))
        return true;
    zp_dec plain = {actual->value.m, actual->value.e - actual->scale};
    if (zp_dec_cmp(target->value, plain) != 0)
        return false;
    actual->value = plain;
    return true;
}

/* A word of Latin letters may be a power of ten (5K), or what a scanner made of another sign. */
static bool may_be_adopted(zp_str unit)
{
    for (size_t i = 0; i < unit.n; i++)
        if ((unit.p[i] >= 'a' && unit.p[i] <= 'z') || (unit.p[i] >= 'A' && unit.p[i] <= 'Z'))
            return zp_is_known_unit(unit);
    return true;
}

/* What one unit is worth as a power of ten, where 万, ‰ or a ratio read as a percentage make it so. */
static int unit_exponent(const zp_quantity *q)
{
    return q->value.e + (int)zp_decimals_shown(q->number);
}

static bool is_bare(const zp_quantity *q)
{
    return q->dimension == ZP_DIM_NONE && !q->scale;
}

/* A share of one, which is how a spreadsheet keeps a percentage. */
static bool is_ratio(const zp_quantity *target, const zp_quantity *actual)
{
    return target->dimension == ZP_DIM_PERCENT && !target->scale && is_bare(actual) && actual->value.m > 0 &&
           zp_dec_cmp(actual->value, (zp_dec){1, 0}) <= 0;
}

/* Where only one of the two has a unit: an actual value without one is meant in the target's; a 万 or 亿 of its own
 * stays, a share of one is a percentage. False when nobody knows what the other one counts; of a percentage or a span
 * of time nobody has 12万. */
static bool adopt_unit(const zp_line_context *line, zp_op op, const zp_quantity *target, zp_quantity *actual)
{
    if (actual->dimension != ZP_DIM_NONE)
        return target->dimension != ZP_DIM_NONE || lend_unit(line, op, target, actual);
    if (target->dimension == ZP_DIM_NONE && (!target->scale || actual->scale))
        return true;
    if (target->dimension == ZP_DIM_OTHER && !may_be_adopted(target->unit))
        return false;
    if (actual->scale && (target->dimension == ZP_DIM_PERCENT || is_span_of_time(target)))
        return false;
    if (!actual->scale) {
        actual->value.e += is_ratio(target, actual) ? 2 : target->scale;
        actual->said = target->scale ? target->said : actual->said;
    }
    actual->dimension = target->dimension;
    actual->unit = target->unit;
    actual->seconds = target->seconds;
    return true;
}

/* Brings both quantities to one unit and one exponent; false when they do not compare. */
static bool make_comparable(zp_quantity *target, zp_quantity *actual)
{
    if (target->dimension == ZP_DIM_NONE)
        return zp_dec_align(&target->value, &actual->value);
    if (target->dimension != actual->dimension)
        return false;
    if (target->dimension == ZP_DIM_OTHER && !zp_str_eq(target->unit, actual->unit))
        return false;
    if (target->dimension == ZP_DIM_TIME && target->seconds != actual->seconds) {
        /* < 10^21 · 86400 < 10^26: inside the bound of decimal.h */
        target->value.m *= target->seconds;
        actual->value.m *= actual->seconds;
    }
    return zp_dec_align(&target->value, &actual->value);
}

static zp_share at_most(const zp_line_context *line, zp_int128 t, zp_int128 a)
{
    if (a <= t)
        return full;
    if (t <= 0)
        return nothing;
    if (line->profile->reverse == ZP_REVERSE_LINEAR)
        return (zp_share){above_zero(2 * t - a), t};
    return (zp_share){t, a};
}

static zp_share share_of(const zp_line_context *line, zp_op op, zp_int128 t, zp_int128 a)
{
    if (is_at_most(op))
        return at_most(line, t, a);
    if (is_equal_to(op) && t == 0)
        return a == 0 ? full : nothing;
    if (a >= t)
        return full;
    return t > 0 ? (zp_share){above_zero(a), t} : nothing;
}

static void remark(const zp_line_context *line, zp_op op, zp_int128 t, zp_int128 a)
{
    const zp_indicator *said = line->indicator;
    if (a == t && (op == ZP_OP_GT || op == ZP_OP_LT))
        zp_line_flag(line, ZP_FLAG_STRICT_BOUNDARY, "actual", said->actual, ZP_ABSENT);
    if (a > t && is_at_most(op))
        zp_line_flag(line, ZP_FLAG_REVERSE_EXCEEDED, "actual", said->actual, said->target);
    if (a > t && t != 0 && is_equal_to(op))
        zp_line_flag(line, ZP_FLAG_EQUAL_EXCEEDED, "actual", said->actual, said->target);
}

/* A number without a unit is money in a cost, for want of anything else that it could be. */
static bool is_cost_in_money(const zp_line_context *line, const zp_quantity *target)
{
    return is_cost(line) && (target->dimension == ZP_DIM_NONE || zp_is_money(target->unit));
}

/* The direction that counts: a cost without one is read as "at most", and that is flagged. */
static zp_op direction(const zp_line_context *line, const zp_clause *clause)
{
    if (!is_equal_to(clause->op) || !is_cost_in_money(line, &clause->low))
        return clause->op;
    zp_line_flag(line, ZP_FLAG_DIRECTION_ASSUMED, "target", line->indicator->target, ZP_ABSENT);
    return ZP_OP_LE;
}

/* A cost of 100% or 5次: more of it may be too much, or what was saved, and less a saving, or too little. 24小时 where
 * timeliness is measured may be a limit, and may be how long something has to run. */
static bool has_two_sides(const zp_line_context *line, const zp_scored_clause *score, zp_int128 t, zp_int128 a)
{
    bool two = is_cost(line) || (is_called(line, ZP_STR("时效")) && is_span_of_time(&score->target));
    if (!two || a == t || !is_equal_to(score->op))
        return false;
    zp_line_flag(line, ZP_FLAG_QUAL_UNVERIFIABLE, "actual", line->indicator->actual, ZP_ABSENT);
    return true;
}

/* A cost below its range may have been saved, or be what falls short. */
static bool falls_below_a_cost(const zp_line_context *line, const zp_scored_clause *score)
{
    if (!is_cost(line) || score->inverted || is_full(score->share))
        return false;
    zp_line_flag(line, ZP_FLAG_QUAL_UNVERIFIABLE, "actual", line->indicator->actual, ZP_ABSENT);
    return true;
}

static bool is_over_achieved(const zp_line_context *line, zp_op op, zp_int128 t, zp_int128 a)
{
    /* Both are below 10^29 and the threshold is at most 10^8. */
    return !is_at_most(op) && t > 0 && a * ZP_POINT >= t * line->profile->over_threshold;
}

static void say_over_achieved(const zp_line_context *line, zp_int128 t, zp_int128 a)
{
    /* a ÷ t in percent with one decimal, for the message */
    int64_t tenths = 0;
    zp_int128 ratio = zp_round_div(a, 1000, t);
    if (ratio < INT64_MAX)
        tenths = (int64_t)ratio;
    zp_line_flag(line, ZP_FLAG_OVER_ACHIEVED, "actual",
                 zp_arena_printf(line->arena, "%lld.%lld%%", (long long)(tenths / 10), (long long)(tenths % 10)),
                 ZP_ABSENT);
    if (zp_text_is_blank_reason(line->indicator->deviation))
        zp_line_flag_as(line, ZP_FLAG_OVER_REASON_MISSING, line->profile->over_reason_severity, "deviation",
                        line->indicator->deviation, ZP_ABSENT);
}

/* Below the range in proportion to its lower end, above it inversely to the upper one. An end that is not above zero
 * gives no proportion: outside of it nothing is earned. */
static bool measure_range(const zp_clause *clause, zp_scored_clause *out)
{
    zp_quantity low = clause->low, high = clause->high, a = out->actual, b = out->actual;
    if (!make_comparable(&low, &a) || !make_comparable(&high, &b))
        return false;
    bool below = a.value.m<low.value.m, above = b.value.m> high.value.m;
    out->target = above ? clause->high : clause->low;
    out->inverted = above;
    out->order = above - below;
    out->share = full;
    if (below)
        out->share = low.value.m > 0 ? (zp_share){above_zero(a.value.m), low.value.m} : nothing;
    else if (above)
        out->share = high.value.m > 0 ? (zp_share){high.value.m, b.value.m} : nothing;
    return true;
}

/* The share, and how much of what was asked for: t and a in one unit, but for a range. False when they do not compare.
 */
static bool measure(const zp_line_context *line, const zp_clause *target, zp_scored_clause *out, zp_int128 *t,
                    zp_int128 *a)
{
    *t = *a = 0;
    if (out->op == ZP_OP_RANGE)
        return measure_range(target, out);
    zp_quantity wanted = out->target, found = out->actual;
    if (!make_comparable(&wanted, &found))
        return false;
    *t = wanted.value.m;
    *a = found.value.m;
    out->share = share_of(line, out->op, *t, *a);
    out->inverted = is_at_most(out->op);
    out->order = (*a > *t) - (*a < *t);
    out->over = is_over_achieved(line, out->op, *t, *a);
    return true;
}

/* What may be expected under a target: no more than its double, and more than next to nothing of it. Of what is to be
 * kept low there may be very little. */
static bool is_likely(const zp_clause *target, zp_op op, zp_dec value)
{
    const zp_dec *most = op == ZP_OP_RANGE ? &target->high.value : &target->low.value;
    zp_dec many = {value.m * (is_at_most(op) ? 1000 : 50), value.e};
    return zp_dec_cmp(value, (zp_dec){2 * most->m, most->e}) <= 0 && zp_dec_cmp(many, target->low.value) > 0;
}

static bool earns_the_same(const zp_line_context *line, const zp_clause *target, const zp_scored_clause *score,
                           zp_dec value)
{
    zp_scored_clause other = *score;
    zp_int128 t, a;
    other.actual.value = value;
    other.target = target->low;
    int64_t weight = line->declared->weight;
    return measure(line, target, &other, &t, &a) &&
           zp_points_of(other.share, weight) == zp_points_of(score->share, weight) &&
           (other.over == score->over || !line->profile->over_deduction_cents);
}

enum { READINGS = 3 };

/* What a number without a unit may have been meant as: as it stands, in the target's scale, as a ratio. */
static void read_otherwise(const zp_quantity *target, const zp_quantity *given, zp_dec values[READINGS])
{
    const int powers[READINGS] = {0, unit_exponent(target), target->dimension == ZP_DIM_PERCENT ? 2 : 0};
    for (size_t i = 0; i < READINGS; i++)
        values[i] = (zp_dec){given->value.m, given->value.e + powers[i]};
}

/* More than the double of what was asked for. */
static bool is_too_much(const zp_clause *target, const zp_scored_clause *score)
{
    const zp_dec *most = score->op == ZP_OP_RANGE ? &target->high.value : &target->low.value;
    return most->m > 0 && zp_dec_cmp(score->actual.value, (zp_dec){2 * most->m, most->e}) > 0;
}

/* Whether a number without a unit may as well have been meant in another scale, and would then earn something else:
 * 9500 under 1万人, in full; 0.5 or 1.2 under a percentage, as it stands or as a ratio. The scale that was taken stands
 * where no other is likely, and it does not give more than the double of what was asked for. */
static bool may_be_scaled_otherwise(const zp_line_context *line, const zp_clause *target, const zp_quantity *given,
                                    const zp_scored_clause *score)
{
    if (!is_bare(given) || (score->op == ZP_OP_RANGE ? &target->high : &target->low)->value.m <= 0)
        return false;
    bool too_much = is_too_much(target, score);
    zp_dec values[READINGS];
    read_otherwise(&target->low, given, values);
    for (size_t i = 0; i < READINGS; i++) {
        bool counts =
            is_likely(target, score->op, values[i]) || (too_much && zp_dec_cmp(values[i], score->actual.value) < 0);
        if (counts && !earns_the_same(line, target, score, values[i]))
            return true;
    }
    return false;
}

/* Of readings that earn the same a likely one, rather than 15000万 of 1万. */
static bool prefer_likely(const zp_line_context *line, const zp_clause *target, const zp_quantity *given,
                          zp_scored_clause *score, zp_int128 *t, zp_int128 *a)
{
    if (!is_bare(given) || !is_too_much(target, score))
        return true;
    const zp_dec *likely = NULL;
    zp_dec values[READINGS];
    read_otherwise(&target->low, given, values);
    for (size_t i = 0; i < READINGS; i++)
        if (is_likely(target, score->op, values[i]) && (!likely || zp_dec_cmp(values[i], *likely) > 0))
            likely = &values[i];
    if (!likely)
        return true;
    score->actual.value = *likely;
    score->actual.said = ZP_ABSENT;
    score->target = target->low;
    return measure(line, target, score, t, a);
}

/* Says how a number without a unit was read; false when that is left to a person. */
static bool settle_scale(const zp_line_context *line, const zp_clause *target, const zp_quantity *given,
                         const zp_scored_clause *score)
{
    bool percent = target->low.dimension == ZP_DIM_PERCENT, open = may_be_scaled_otherwise(line, target, given, score);
    zp_flag_code code = ZP_FLAG_ACTUAL_UNIT_MISSING;
    if (open)
        code = percent ? ZP_FLAG_PERCENT_SCALE_AMBIGUOUS : ZP_FLAG_SCALE_AMBIGUOUS;
    else if (is_ratio(&target->low, given))
        code = ZP_FLAG_PERCENT_SCALE_AMBIGUOUS;
    if (open || score->actual.dimension != given->dimension || (is_bare(given) && target->low.scale))
        zp_line_flag(line, code, "actual", line->indicator->actual, ZP_ABSENT);
    return !open;
}

/* Whether an actual value that is only a bound (95%以上) settles the target all the same: whatever it stands for meets
 * it. Anything else is between the bound and whoever knows. */
static bool is_settled(zp_op target, zp_int128 t, zp_op actual, zp_int128 a)
{
    if (is_at_least(actual))
        return a >= t && (is_at_least(target) || (is_equal_to(target) && t != 0));
    return !is_at_most(actual) || (a <= t && is_at_most(target));
}

zp_clause_outcome zp_clause_score(const zp_line_context *line, const zp_clause *target, const zp_clause *actual,
                                  zp_scored_clause *out)
{
    zp_int128 t, a;
    *out = (zp_scored_clause){.target = target->low, .actual = actual->low, .op = direction(line, target)};
    if (!adopt_unit(line, out->op, &target->low, &out->actual) || !measure(line, target, out, &t, &a))
        return ZP_UNITS_DIFFER;
    if (!settle_scale(line, target, &actual->low, out))
        return ZP_LEFT_OPEN;
    if (!prefer_likely(line, target, &actual->low, out, &t, &a))
        return ZP_UNITS_DIFFER;
    out->lent = is_bare(&actual->low) && target->low.scale && out->actual.said.n;
    if (out->op == ZP_OP_RANGE) {
        bool open = is_at_least(actual->op) || is_at_most(actual->op) || falls_below_a_cost(line, out);
        return open ? ZP_LEFT_OPEN : ZP_COMPARED;
    }
    if (!is_settled(out->op, t, actual->op, a) || has_two_sides(line, out, t, a))
        return ZP_LEFT_OPEN;
    remark(line, out->op, t, a);
    if (out->over)
        say_over_achieved(line, t, a);
    return ZP_COMPARED;
}

static zp_str with_unit(const zp_line_context *line, const zp_quantity *q, bool needed)
{
    zp_str number = q->number;
    if (zp_text_begins(number, ZP_STR("+")))
        number = (zp_str){number.p + 1, number.n - 1};
    return needed && q->said.n ? ZP_ARENA_JOIN(line->arena, number, q->said) : number;
}

/* How the two numbers compare, in a sign that is true: 125 is not 100, though it meets it. */
static const char *sign_of(const zp_scored_clause *score)
{
    if (score->op == ZP_OP_RANGE)
        return score->order ? "∉" : "∈";
    if (is_full(score->share)) {
        bool strict_met = score->order != 0 && !is_equal_to(score->op);
        if (strict_met || (score->order == 0 && is_equal_to(score->op)))
            return zp_op_sign(score->op);
        return is_at_most(score->op) ? "≤" : "≥";
    }
    if (is_equal_to(score->op) && score->target.value.m == 0)
        return "≠";
    return score->order < 0 ? "<" : ">";
}

/* a, its sign and t: of a range the target as declared. */
static zp_str comparison(const zp_line_context *line, const zp_scored_clause *score, zp_str a, zp_str t)
{
    return ZP_ARENA_JOIN(line->arena, a, ZP_STR(" "), zp_str_of(sign_of(score)), ZP_STR(" "),
                         score->op == ZP_OP_RANGE ? line->indicator->target : t, ZP_STR(" → "));
}

zp_str zp_clause_formula(const zp_line_context *line, const zp_scored_clause *score)
{
    bool units = score->lent || score->target.seconds != score->actual.seconds ||
                 unit_exponent(&score->target) != unit_exponent(&score->actual);
    zp_str t = with_unit(line, &score->target, units), a = with_unit(line, &score->actual, units);
    zp_str w = zp_millionths_text(line->declared->weight, line->arena);
    const zp_str by = ZP_STR(" ÷ "), times = ZP_STR(" × ");
    if (is_full(score->share) || score->share.num == 0)
        return ZP_ARENA_JOIN(line->arena, comparison(line, score, a, t), is_full(score->share) ? w : ZP_STR("0"));
    if (score->inverted && score->op != ZP_OP_RANGE && line->profile->reverse == ZP_REVERSE_LINEAR)
        return ZP_ARENA_JOIN(line->arena, ZP_STR("(1 − ("), a, ZP_STR(" − "), t, ZP_STR(")"), by, t, ZP_STR(")"), times,
                             w);
    zp_str above = score->inverted ? t : a, below = score->inverted ? a : t;
    return ZP_ARENA_JOIN(line->arena, above, by, below, times, w);
}

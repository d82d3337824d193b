/*
 * line.c - see line.h: the formulas of 财预〔2020〕10号 as the profile has them, one function a rule.
 */
#include "core/line.h"

#include "core/text.h"

#include <gmp.h>

static void flag(const zp_line_context *line, zp_flag_code code, const char *cell, zp_str value, zp_str expected)
{
    zp_flags_add(line->flags, code, zp_indicator_pointer(line->arena, line->index, cell), value, expected);
}

static zp_int128 above_zero(zp_int128 n)
{
    return n > 0 ? n : 0;
}

static const zp_share full = {1, 1}, nothing = {0, 1};

/* An actual value without a unit is meant in the target's; a 万 or 亿 of its own stays, a share of one is a percentage.
 */
static void adopt_unit(const zp_line_context *line, const zp_quantity *target, zp_quantity *actual)
{
    const zp_dec zero = {0, 0}, one = {1, 0};
    zp_str said = line->indicator->actual;
    if (actual->dimension != ZP_DIM_NONE || (target->dimension == ZP_DIM_NONE && (!target->scale || actual->scale)))
        return;
    if (target->dimension == ZP_DIM_PERCENT && !target->scale && zp_dec_cmp(actual->value, zero) > 0 &&
        zp_dec_cmp(actual->value, one) <= 0) {
        actual->value.e += 2;
        flag(line, ZP_FLAG_PERCENT_SCALE_AMBIGUOUS, "actual", said, ZP_ABSENT);
    } else {
        if (!actual->scale)
            actual->value.e += target->scale;
        flag(line, ZP_FLAG_ACTUAL_UNIT_MISSING, "actual", said, ZP_ABSENT);
    }
    actual->dimension = target->dimension;
    actual->unit = target->unit;
    actual->seconds = target->seconds;
}

/* Brings both quantities to one unit and one exponent; false when they do not compare. */
static bool make_comparable(zp_quantity *target, zp_quantity *actual)
{
    if (target->dimension == ZP_DIM_NONE && actual->dimension != ZP_DIM_PERCENT)
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

static zp_share at_least(const zp_line_context *line, zp_op op, zp_int128 t, zp_int128 a)
{
    if (a == t && op == ZP_OP_GT)
        flag(line, ZP_FLAG_STRICT_BOUNDARY, "actual", line->indicator->actual, ZP_ABSENT);
    if (t <= 0)
        return a >= t ? full : nothing;
    return a >= t ? full : (zp_share){above_zero(a), t};
}

static zp_share equal_to(const zp_line_context *line, zp_int128 t, zp_int128 a)
{
    if (t == 0)
        return a == 0 ? full : nothing;
    if (a > t)
        flag(line, ZP_FLAG_EQUAL_EXCEEDED, "actual", line->indicator->actual, line->indicator->target);
    return at_least(line, ZP_OP_EQ, t, a);
}

static zp_share at_most(const zp_line_context *line, zp_op op, zp_int128 t, zp_int128 a)
{
    if (a <= t) {
        if (a == t && op == ZP_OP_LT)
            flag(line, ZP_FLAG_STRICT_BOUNDARY, "actual", line->indicator->actual, ZP_ABSENT);
        return full;
    }
    flag(line, ZP_FLAG_REVERSE_EXCEEDED, "actual", line->indicator->actual, line->indicator->target);
    if (t <= 0)
        return nothing;
    if (line->profile->reverse == ZP_REVERSE_LINEAR)
        return (zp_share){above_zero(2 * t - a), t};
    return (zp_share){t, a};
}

static bool is_cost_in_money(const zp_line_context *line, const zp_quantity *target)
{
    return (zp_text_contains(line->indicator->level1, ZP_STR("成本")) ||
            zp_text_contains(line->indicator->level2, ZP_STR("成本"))) &&
           zp_text_begins(target->unit, ZP_STR("元"));
}

/* The direction that counts: a cost without one is read as "at most". */
static zp_op direction(const zp_line_context *line, const zp_clause *clause)
{
    if ((clause->op != ZP_OP_BARE && clause->op != ZP_OP_EQ) || !is_cost_in_money(line, &clause->low))
        return clause->op;
    flag(line, ZP_FLAG_DIRECTION_ASSUMED, "target", line->indicator->target, ZP_ABSENT);
    return ZP_OP_LE;
}

static void check_over_achieved(const zp_line_context *line, zp_int128 t, zp_int128 a, bool *over)
{
    /* Both are below 10^29 and the threshold is at most 10^8. */
    if (t <= 0 || a * ZP_POINT < t * line->profile->over_threshold)
        return;
    *over = true;
    /* a ÷ t in percent with one decimal, for the message */
    int64_t tenths = 0;
    zp_int128 ratio = zp_round_div(a, 1000, t);
    if (ratio < INT64_MAX)
        tenths = (int64_t)ratio;
    flag(line, ZP_FLAG_OVER_ACHIEVED, "actual",
         zp_arena_printf(line->arena, "%lld.%lld%%", (long long)(tenths / 10), (long long)(tenths % 10)), ZP_ABSENT);
    if (zp_text_is_blank_reason(line->indicator->deviation))
        zp_flags_add_as(line->flags, ZP_FLAG_OVER_REASON_MISSING, line->profile->over_reason_severity,
                        zp_indicator_pointer(line->arena, line->index, "deviation"), line->indicator->deviation,
                        ZP_ABSENT);
}

typedef struct {
    zp_share share;
    zp_op op;
    zp_quantity target, actual;
    bool inverted; /* the share is target ÷ actual */
    bool over;
} clause_score;

/* Below the range in proportion to its lower end, above it inversely to the upper one. An end that is not above zero
 * gives no proportion: outside of it nothing is earned. */
static bool range_share(const zp_line_context *line, const zp_clause *clause, clause_score *out)
{
    zp_quantity low = clause->low, high = clause->high;
    adopt_unit(line, &low, &out->actual);
    zp_quantity a = out->actual, b = out->actual;
    if (!make_comparable(&low, &a) || !make_comparable(&high, &b))
        return false;
    bool below = a.value.m<low.value.m, above = b.value.m> high.value.m;
    out->target = above ? clause->high : clause->low;
    out->inverted = above;
    out->share = full;
    if (below)
        out->share = low.value.m > 0 ? (zp_share){above_zero(a.value.m), low.value.m} : nothing;
    else if (above)
        out->share = high.value.m > 0 ? (zp_share){high.value.m, b.value.m} : nothing;
    return true;
}

/* False when the units do not compare. */
static bool score_clause(const zp_line_context *line, const zp_clause *target, const zp_clause *actual,
                         clause_score *out)
{
    *out = (clause_score){.target = target->low, .actual = actual->low, .op = direction(line, target)};
    if (out->op == ZP_OP_RANGE)
        return range_share(line, target, out);
    adopt_unit(line, &out->target, &out->actual);
    zp_quantity t = out->target, a = out->actual;
    if (!make_comparable(&t, &a))
        return false;
    switch (out->op) {
    case ZP_OP_GE:
    case ZP_OP_GT:
        out->share = at_least(line, out->op, t.value.m, a.value.m);
        break;
    case ZP_OP_LE:
    case ZP_OP_LT:
        out->share = at_most(line, out->op, t.value.m, a.value.m);
        out->inverted = true;
        return true;
    default:
        out->share = equal_to(line, t.value.m, a.value.m);
        break;
    }
    check_over_achieved(line, t.value.m, a.value.m, &out->over);
    return true;
}

/* What one unit is worth as a power of ten, where 万, ‰ or a ratio read as a percentage make it so. */
static int unit_exponent(const zp_quantity *q)
{
    return q->value.e + (int)zp_decimals_shown(q->number);
}

static zp_str with_unit(const zp_line_context *line, const zp_quantity *q, bool needed)
{
    return needed && q->said.n ? ZP_ARENA_JOIN(line->arena, q->number, q->said) : q->number;
}

/* "76.89 ÷ 80 × 10" when it falls short, "99.92 ≥ 98 → 10" when it is met. */
static zp_str formula_of(const zp_line_context *line, const clause_score *score)
{
    bool units = score->target.seconds != score->actual.seconds ||
                 unit_exponent(&score->target) != unit_exponent(&score->actual);
    zp_str t = with_unit(line, &score->target, units), a = with_unit(line, &score->actual, units);
    zp_str w = zp_millionths_text(line->declared->weight, line->arena);
    const zp_str arrow = ZP_STR(" → "), by = ZP_STR(" ÷ "), times = ZP_STR(" × ");
    const zp_share *share = &score->share;
    if (share->num >= share->den && score->op != ZP_OP_RANGE)
        return ZP_ARENA_JOIN(line->arena, a, ZP_STR(" "), zp_str_of(zp_op_sign(score->op)), ZP_STR(" "), t, arrow, w);
    if (share->num >= share->den)
        return ZP_ARENA_JOIN(line->arena, a, ZP_STR(" ∈ "), line->indicator->target, arrow, w);
    if (share->num == 0)
        return ZP_ARENA_JOIN(line->arena, a, ZP_STR(" / "), t, arrow, ZP_STR("0"));
    if (score->inverted && score->op != ZP_OP_RANGE && line->profile->reverse == ZP_REVERSE_LINEAR)
        return ZP_ARENA_JOIN(line->arena, ZP_STR("(1 − ("), a, ZP_STR(" − "), t, ZP_STR(")"), by, t, ZP_STR(")"), times,
                             w);
    zp_str above = score->inverted ? t : a, below = score->inverted ? a : t;
    return ZP_ARENA_JOIN(line->arena, above, by, below, times, w);
}

static int64_t cents_of(zp_share share, int64_t weight)
{
    return (int64_t)zp_round_div(share.num, weight, share.den * 10000);
}

static void deduct_for_over(const zp_line_context *line, zp_line_score *out)
{
    int64_t deduction = line->profile->over_deduction_cents;
    if (!deduction)
        return;
    out->formula = ZP_ARENA_JOIN(line->arena, out->formula, ZP_STR(" − "), zp_cents_text(deduction, line->arena));
    out->computed -= deduction;
    if (out->computed < 0)
        out->computed = 0;
    out->has_share = false;
}

static void score_single(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    clause_score score;
    if (!score_clause(line, &target->clauses[0], &actual->clauses[0], &score)) {
        flag(line, ZP_FLAG_UNIT_MISMATCH, "actual", line->indicator->actual, line->indicator->target);
        zp_line_unverifiable(line, out);
        return;
    }
    if (target->clauses[0].low.dimension == ZP_DIM_NONE)
        flag(line, ZP_FLAG_UNIT_ABSENT, "target", line->indicator->target, ZP_ABSENT);
    out->basis = ZP_BASIS_FORMULA;
    out->known = true;
    out->share = score.share;
    out->has_share = true;
    out->computed = cents_of(score.share, line->declared->weight);
    out->formula = formula_of(line, &score);
    out->has_percent = score.target.dimension == ZP_DIM_PERCENT && score.actual.value.m >= 0;
    out->percent = score.actual.value;
    if (score.over)
        deduct_for_over(line, out);
}

static void set_int128(mpz_t out, zp_int128 n)
{
    mpz_set_ui(out, (unsigned long)(n >> 64));
    mpz_mul_2exp(out, out, 64);
    mpz_add_ui(out, out, (unsigned long)n);
}

/* Σ shares ÷ n × weight, rounded once: the common denominator of n clauses needs more than 128 bits. */
static int64_t cents_of_sum(const zp_share *shares, size_t n, int64_t weight)
{
    mpq_t sum, one;
    mpz_t cents;
    mpq_inits(sum, one, NULL);
    mpz_init(cents);
    for (size_t i = 0; i < n; i++) {
        set_int128(mpq_numref(one), shares[i].num);
        set_int128(mpq_denref(one), shares[i].den);
        mpq_canonicalize(one);
        mpq_add(sum, sum, one);
    }
    mpq_set_si(one, weight, 10000 * (unsigned long)n);
    mpq_canonicalize(one);
    mpq_mul(sum, sum, one);
    mpq_set_ui(one, 1, 2);
    mpq_add(sum, sum, one);
    mpz_fdiv_q(cents, mpq_numref(sum), mpq_denref(sum));
    int64_t result = mpz_get_si(cents);
    mpz_clear(cents);
    mpq_clears(sum, one, NULL);
    return result;
}

static void score_compound(const zp_line_context *line, const zp_cell *target, const zp_cell *actual,
                           zp_line_score *out)
{
    zp_share shares[ZP_MAX_CLAUSES];
    bool over = false;
    zp_str formula = ZP_STR("");
    for (size_t i = 0; i < target->count; i++) {
        clause_score score;
        if (!score_clause(line, &target->clauses[i], &actual->clauses[i], &score)) {
            flag(line, ZP_FLAG_UNIT_MISMATCH, "actual", line->indicator->actual, line->indicator->target);
            zp_line_unverifiable(line, out);
            return;
        }
        shares[i] = score.share;
        over |= score.over;
        zp_str one = formula_of(line, &score);
        formula = zp_arena_printf(line->arena, "%.*s%s%.*s", (int)formula.n, formula.p, i ? "; " : "", (int)one.n,
                                  one.p ? one.p : "");
        if (!formula.p)
            formula = ZP_STR("");
    }
    out->basis = ZP_BASIS_FORMULA;
    out->known = true;
    out->computed = cents_of_sum(shares, target->count, line->declared->weight);
    out->formula = zp_arena_printf(line->arena, "(%.*s) ÷ %zu", (int)formula.n, formula.p, target->count);
    if (over)
        deduct_for_over(line, out);
}

static void score_date(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    bool late = zp_date_ordinal(&actual->date, line->year) > zp_date_ordinal(&target->date, line->year);
    out->basis = ZP_BASIS_FORMULA;
    out->known = true;
    out->share = late ? nothing : full;
    out->has_share = true;
    out->computed = cents_of(out->share, line->declared->weight);
    out->formula =
        ZP_ARENA_JOIN(line->arena, actual->text, late ? ZP_STR(" > ") : ZP_STR(" ≤ "), target->text, ZP_STR(" → "),
                      late ? ZP_STR("0") : zp_millionths_text(line->declared->weight, line->arena));
    if (late)
        flag(line, ZP_FLAG_DEADLINE_MISSED, "actual", line->indicator->actual, line->indicator->target);
}

static void score_words(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    bool quantified = target->kind == ZP_CELL_VALUES || target->kind == ZP_CELL_DATE;
    if (quantified && target->count > 1)
        flag(line, ZP_FLAG_COMPOUND_TARGET, "target", line->indicator->target, ZP_ABSENT);
    else if (quantified)
        flag(line, ZP_FLAG_ACTUAL_NOT_QUANTIFIED, "actual", line->indicator->actual, line->indicator->target);
    else if (zp_is_a_name(line->indicator, target->text)) {
        flag(line, ZP_FLAG_TARGET_NOT_A_VALUE, "target", line->indicator->target, ZP_ABSENT);
        zp_line_unverifiable(line, out);
        return;
    }
    zp_flag_code why_not;
    int band = zp_band_of_words(actual->text, target->text, &why_not);
    if (band >= 0) {
        zp_line_qualitative(line, band, out);
        return;
    }
    flag(line, why_not, "actual", line->indicator->actual, ZP_ABSENT);
    zp_line_unverifiable(line, out);
}

static bool any_operator(const zp_cell *cell)
{
    for (size_t i = 0; i < cell->count; i++)
        if (cell->clauses[i].has_operator)
            return true;
    return false;
}

static void score_cells(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    if (target->kind == ZP_CELL_NONE) {
        flag(line, ZP_FLAG_TARGET_MISSING, "target", line->indicator->target, ZP_ABSENT);
        zp_line_unverifiable(line, out);
    } else if (target->kind == ZP_CELL_DATE && actual->kind == ZP_CELL_DATE) {
        score_date(line, target, actual, out);
    } else if (target->kind == ZP_CELL_VALUES && actual->kind == ZP_CELL_VALUES && actual->count == target->count) {
        if (any_operator(actual))
            flag(line, ZP_FLAG_ACTUAL_HAS_OPERATOR, "actual", line->indicator->actual, ZP_ABSENT);
        if (target->count == 1)
            score_single(line, target, actual, out);
        else
            score_compound(line, target, actual, out);
    } else {
        score_words(line, target, actual, out);
    }
}

zp_rc zp_line_compute(const zp_line_context *line, zp_line_score *out)
{
    *out = (zp_line_score){.basis = ZP_BASIS_UNWEIGHTED};
    if (!line->declared->weighted) {
        bool detail = zp_text_contains(line->indicator->level3, ZP_STR("其中"));
        flag(line, detail ? ZP_FLAG_DETAIL_ROW : ZP_FLAG_INDICATOR_NO_WEIGHT, "weight", line->indicator->weight,
             ZP_ABSENT);
        return line->flags->failed ? ZP_NOMEM : ZP_OK;
    }
    zp_cell target, actual;
    if (zp_cell_read(line->indicator->target, line->arena, &target) ||
        zp_cell_read(line->indicator->actual, line->arena, &actual))
        return ZP_NOMEM;
    if (actual.kind == ZP_CELL_VALUES && actual.clauses[0].op == ZP_OP_RANGE)
        actual.kind = ZP_CELL_WORDS; /* what was reached is one value; nobody guesses which */
    if (zp_str_filled(line->indicator->actual))
        score_cells(line, &target, &actual, out);
    else
        zp_line_unverifiable(line, out);
    return line->flags->failed ? ZP_NOMEM : ZP_OK;
}

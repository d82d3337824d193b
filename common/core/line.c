/*
 * line.c - see line.h: which rule a line is scored by, and what is left to a person.
 */
#include "core/clause.h"
#include "core/text.h"
#include "core/typed.h"

static const zp_share full = {1, 1}, nothing = {0, 1};

static void deduct_for_over(const zp_line_context *line, zp_line_score *out)
{
    int64_t deduction = line->profile->over_deduction_cents;
    if (!deduction)
        return;
    out->formula = ZP_ARENA_JOIN(line->arena, out->formula, ZP_STR(" − "), zp_cents_text(deduction, line->arena));
    out->computed -= deduction * ZP_CENT;
    if (out->computed < 0)
        out->computed = 0;
    out->has_share = false;
}

/* Two numbers that say less than they seem to: a person has to look. That a bound is open was said by its flag. */
static void give_up(const zp_line_context *line, zp_clause_outcome why, zp_line_score *out)
{
    if (why == ZP_UNITS_DIFFER)
        zp_line_flag(line, ZP_FLAG_UNIT_MISMATCH, "actual", line->indicator->actual, line->indicator->target);
    zp_line_unverifiable(line, out);
}

static void score_single(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    zp_scored_clause score;
    zp_clause_outcome outcome = zp_clause_score(line, &target->clauses[0], &actual->clauses[0], &score);
    if (outcome != ZP_COMPARED) {
        give_up(line, outcome, out);
        return;
    }
    if (target->clauses[0].low.dimension == ZP_DIM_NONE)
        zp_line_flag(line, ZP_FLAG_UNIT_ABSENT, "target", line->indicator->target, ZP_ABSENT);
    out->basis = ZP_BASIS_FORMULA;
    out->known = true;
    out->share = score.share;
    out->has_share = true;
    out->computed = zp_points_of(score.share, line->declared->weight);
    out->formula = zp_clause_formula(line, &score);
    out->has_percent = score.target.dimension == ZP_DIM_PERCENT && score.actual.value.m >= 0;
    out->percent = score.actual.value;
    if (score.over)
        deduct_for_over(line, out);
}

static void score_compound(const zp_line_context *line, const zp_cell *target, const zp_cell *actual,
                           zp_line_score *out)
{
    zp_share shares[ZP_MAX_CLAUSES];
    bool over = false;
    zp_str formula = ZP_STR("");
    for (size_t i = 0; i < target->count; i++) {
        zp_scored_clause score;
        zp_clause_outcome outcome = zp_clause_score(line, &target->clauses[i], &actual->clauses[i], &score);
        if (outcome != ZP_COMPARED) {
            give_up(line, outcome, out);
            return;
        }
        shares[i] = score.share;
        over |= score.over;
        zp_str one = zp_clause_formula(line, &score);
        formula = zp_arena_printf(line->arena, "%.*s%s%.*s", (int)formula.n, formula.p, i ? "; " : "", (int)one.n,
                                  one.p ? one.p : "");
        if (!formula.p)
            formula = ZP_STR("");
    }
    out->basis = ZP_BASIS_FORMULA;
    out->known = true;
    out->computed = zp_points_of_sum(shares, target->count, line->declared->weight);
    out->formula = zp_arena_printf(line->arena, "(%.*s) ÷ %zu", (int)formula.n, formula.p, target->count);
    if (over)
        deduct_for_over(line, out);
}

static void leave_to_a_person(const zp_line_context *line, zp_flag_code why, zp_line_score *out)
{
    zp_line_flag(line, why, "actual", line->indicator->actual, ZP_ABSENT);
    zp_line_unverifiable(line, out);
}

typedef enum { ON_TIME, LATE, NOBODY_KNOWS } timeliness;

/* An actual value that may be any of several days is on time where all of them are, and late where none is. */
static timeliness time_in(const zp_date *target, const zp_date *actual, int year, int actual_year)
{
    int due = zp_date_last(target, year);
    if (!zp_date_exists(target, year) || !zp_date_exists(actual, actual_year))
        return NOBODY_KNOWS;
    if (zp_date_last(actual, actual_year) <= due)
        return ON_TIME;
    return zp_date_first(actual, actual_year) > due ? LATE : NOBODY_KNOWS;
}

/* A day without a year lies in the form's; beside a target of another one it may as well lie in that. */
static timeliness timeliness_of(const zp_line_context *line, const zp_date *target, const zp_date *actual)
{
    if ((target->accepted && actual->done) || (target->done && actual->accepted))
        return NOBODY_KNOWS; /* another event */
    timeliness here = time_in(target, actual, line->year, line->year);
    return !target->year || here == time_in(target, actual, line->year, target->year) ? here : NOBODY_KNOWS;
}

static void score_date(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    timeliness found = timeliness_of(line, &target->date, &actual->date);
    if (found == NOBODY_KNOWS) {
        leave_to_a_person(line, ZP_FLAG_QUAL_UNVERIFIABLE, out);
        return;
    }
    bool late = found == LATE;
    out->basis = ZP_BASIS_FORMULA;
    out->known = true;
    out->share = late ? nothing : full;
    out->has_share = true;
    out->computed = zp_points_of(out->share, line->declared->weight);
    out->formula =
        ZP_ARENA_JOIN(line->arena, actual->text, late ? ZP_STR(" > ") : ZP_STR(" ≤ "), target->text, ZP_STR(" → "),
                      late ? ZP_STR("0") : zp_millionths_text(line->declared->weight, line->arena));
    if (late)
        zp_line_flag(line, ZP_FLAG_DEADLINE_MISSED, "actual", line->indicator->actual, line->indicator->target);
}

/* A target with a value is met by a value: words do not say how far, whatever they are. */
static void score_unquantified(const zp_line_context *line, const zp_cell *target, const zp_cell *actual,
                               zp_line_score *out)
{
    if (target->count > 1)
        zp_line_flag(line, ZP_FLAG_COMPOUND_TARGET, "target", line->indicator->target, ZP_ABSENT);
    else
        zp_line_flag(line, ZP_FLAG_ACTUAL_NOT_QUANTIFIED, "actual", line->indicator->actual, line->indicator->target);
    leave_to_a_person(line, zp_words_deny(actual->text) ? ZP_FLAG_QUAL_NEGATIVE : ZP_FLAG_QUAL_UNVERIFIABLE, out);
}

static void score_words(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    if (zp_is_a_name(line->indicator, target->text)) {
        zp_line_flag(line, ZP_FLAG_TARGET_NOT_A_VALUE, "target", line->indicator->target, ZP_ABSENT);
        zp_line_unverifiable(line, out);
        return;
    }
    zp_flag_code why_not;
    int band = zp_band_of_words(actual->text, target->text, &why_not);
    if (band >= 0) {
        zp_line_qualitative(line, band, out);
    } else if (why_not == ZP_FLAG_QUAL_UNVERIFIABLE && zp_may_hold_number(target->text)) {
        /* It is not the actual value that is at fault, whatever it says. */
        zp_line_flag(line, ZP_FLAG_TARGET_UNCLEAR, "target", line->indicator->target, ZP_ABSENT);
        zp_line_unverifiable(line, out);
    } else {
        leave_to_a_person(line, why_not, out);
    }
}

static bool names_a_bound(const zp_cell *cell)
{
    for (size_t i = 0; i < cell->count; i++)
        if (cell->clauses[i].op != ZP_OP_BARE)
            return true;
    return false;
}

static void score_values(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    if (names_a_bound(actual))
        zp_line_flag(line, ZP_FLAG_ACTUAL_HAS_OPERATOR, "actual", line->indicator->actual, ZP_ABSENT);
    if (target->count == 1)
        score_single(line, target, actual, out);
    else
        score_compound(line, target, actual, out);
}

/* 2022.12 and 2023.3, 6.30 and 7.15: as amounts more, as dates late. Nobody guesses which, unless they are the same. */
static bool are_ambiguous(const zp_cell *target, const zp_cell *actual)
{
    return target->perhaps_date && actual->perhaps_date &&
           (target->clauses[0].op == ZP_OP_RANGE ||
            !zp_str_eq(target->clauses[0].low.number, actual->clauses[0].low.number));
}

/* 每季度, 人均: how much it is in all depends on how many there are, which only who repeats it has reckoned with. */
static bool is_per_something(zp_str label)
{
    static const zp_str words[] = {ZP_STR_ROW("每"),   ZP_STR_ROW("人均"), ZP_STR_ROW("户均"),
                                   ZP_STR_ROW("日均"), ZP_STR_ROW("周均"), ZP_STR_ROW("月均")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (zp_text_contains(label, words[i]))
            return true;
    return false;
}

/* A label of an actual value says what it is a value of: unless that is what the target asks for, or the indicator's
 * own name, nobody knows (去年≥96%). A 完成率 is one of something else where neither speaks of it. */
static bool is_of_the_target(const zp_line_context *line, const zp_clause *target, const zp_clause *actual)
{
    const zp_str completion = ZP_STR("完成率");
    if (actual->completion && !target->completion && !zp_text_contains(line->indicator->target, completion) &&
        !zp_text_contains(line->indicator->level3, completion))
        return false;
    if (zp_str_eq(actual->label, target->label))
        return true;
    return !is_per_something(target->label) && (!actual->label.n || zp_str_eq(actual->label, line->indicator->level3));
}

/* A fall of 5% may have been written as -5%. */
static bool may_be_a_fall(const zp_line_context *line, const zp_clause *target, const zp_clause *actual)
{
    const zp_str names[] = {target->label, line->indicator->level3};
    for (size_t i = 0; i < 2 && actual->low.value.m < 0 && target->low.value.m >= 0; i++)
        if (zp_text_contains(names[i], ZP_STR("降")) || zp_text_contains(names[i], ZP_STR("减")))
            return true;
    return false;
}

/* Less than nothing of what is counted, or of time, is a slip of the pen: it is within no limit. Degrees and decibels
 * go below. */
static bool is_impossible(const zp_clause *target, const zp_clause *actual)
{
    const zp_quantity *counted = actual->low.dimension == ZP_DIM_NONE ? &target->low : &actual->low;
    if (actual->low.value.m >= 0 || (target->op != ZP_OP_LE && target->op != ZP_OP_LT))
        return false;
    bool is_scale = zp_text_contains(counted->unit, ZP_STR("°")) || zp_text_contains(counted->unit, ZP_STR("dB"));
    return counted->dimension == ZP_DIM_TIME || (counted->dimension == ZP_DIM_OTHER && !is_scale &&
                                                 !zp_is_money(counted->unit) && zp_is_known_unit(counted->unit));
}

/* 15日 without "at most" may be a day as well as a span of time. */
static bool may_be_a_day(const zp_clause *clause)
{
    const zp_dec longest = {31, 0};
    return clause->op == ZP_OP_BARE && zp_str_is(clause->low.unit, "日") && zp_dec_cmp(clause->low.value, longest) <= 0;
}

/* Whether there is a value for each value that is asked for; 不得超过5天 asks for one itself. */
static bool answers(const zp_line_context *line, const zp_cell *target, const zp_cell *actual)
{
    if (actual->kind != ZP_CELL_VALUES || actual->count != target->count)
        return false;
    for (size_t i = 0; i < target->count; i++) {
        const zp_clause *t = &target->clauses[i], *a = &actual->clauses[i];
        if (a->demands || !is_of_the_target(line, t, a) || may_be_a_fall(line, t, a) || is_impossible(t, a) ||
            may_be_a_day(t))
            return false;
    }
    return true;
}

/* 20-30次 where 20-30次 is asked for: whichever it was, it is one of them. */
static bool is_the_same_range(const zp_cell *target, const zp_cell *actual)
{
    return target->kind == ZP_CELL_VALUES && target->count == 1 && target->clauses[0].op == ZP_OP_RANGE &&
           zp_str_eq(target->text, actual->text);
}

static void score_same_range(const zp_line_context *line, const zp_cell *target, zp_line_score *out)
{
    if (target->clauses[0].low.dimension == ZP_DIM_NONE)
        zp_line_flag(line, ZP_FLAG_UNIT_ABSENT, "target", line->indicator->target, ZP_ABSENT);
    out->basis = ZP_BASIS_FORMULA;
    out->known = true;
    out->share = full;
    out->has_share = true;
    out->computed = zp_points_of(full, line->declared->weight);
    out->formula = ZP_ARENA_JOIN(line->arena, target->text, ZP_STR(" ∈ "), line->indicator->target, ZP_STR(" → "),
                                 zp_millionths_text(line->declared->weight, line->arena));
}

static void score_cells(const zp_line_context *line, const zp_cell *target, const zp_cell *actual, zp_line_score *out)
{
    bool deadline = target->kind == ZP_CELL_DATE, done = actual->kind == ZP_CELL_DATE;
    if (target->kind == ZP_CELL_NONE) {
        zp_line_flag(line, ZP_FLAG_TARGET_MISSING, "target", line->indicator->target, ZP_ABSENT);
        zp_line_unverifiable(line, out);
    } else if ((deadline && (done || actual->perhaps_date)) || (done && target->perhaps_date)) {
        score_date(line, target, actual, out);
    } else if (is_the_same_range(target, actual)) {
        score_same_range(line, target, out);
    } else if (are_ambiguous(target, actual)) {
        leave_to_a_person(line, ZP_FLAG_QUAL_UNVERIFIABLE, out);
    } else if (target->kind == ZP_CELL_VALUES && answers(line, target, actual)) {
        score_values(line, target, actual, out);
    } else if (deadline || target->kind == ZP_CELL_VALUES) {
        score_unquantified(line, target, actual, out);
    } else {
        score_words(line, target, actual, out);
    }
}

/* 满意度91% where the target says 满意度≥90%, or the indicator is called so: the number with its label. In front of any
 * other name a number may be one of anything. */
static zp_rc read_labelled(const zp_line_context *line, const zp_cell *target, zp_cell *actual)
{
    const zp_str names[] = {target->clauses[0].label, line->indicator->level3};
    if (actual->kind != ZP_CELL_WORDS || target->kind != ZP_CELL_VALUES || target->count != 1)
        return ZP_OK;
    for (size_t i = 0; i < 2; i++) {
        zp_str name = zp_text_normalise(names[i], line->arena), text = actual->text;
        if (names[i].n && !name.p)
            return ZP_NOMEM;
        if (!name.n || text.n <= name.n || !zp_text_begins(text, name) || zp_is_digit(name.p[name.n - 1]) ||
            name.p[name.n - 1] == '.' || text.p[name.n] == '-' || text.p[name.n] == '+')
            continue;
        zp_cell found;
        if (zp_cell_read((zp_str){text.p + name.n, text.n - name.n}, line->arena, &found))
            return ZP_NOMEM;
        if (found.kind != ZP_CELL_VALUES || found.count != 1 || found.perhaps_date || found.clauses[0].label.n)
            continue;
        *actual = found;
        actual->text = text;
        actual->clauses[0].label = names[i];
        return ZP_OK;
    }
    return ZP_OK;
}

/* None is given, or 0: what is no number was told already. */
static bool has_no_weight(const zp_indicator *indicator)
{
    zp_dec weight;
    return zp_cell_is_unfilled(indicator->weight) || (!zp_dec_parse(indicator->weight, &weight) && weight.m == 0);
}

zp_rc zp_line_compute(const zp_line_context *line, zp_line_score *out)
{
    *out = (zp_line_score){.basis = ZP_BASIS_UNWEIGHTED};
    if (!line->declared->weighted) {
        bool detail = zp_text_contains(line->indicator->level3, ZP_STR("其中"));
        zp_line_flag(line, detail ? ZP_FLAG_DETAIL_ROW : ZP_FLAG_INDICATOR_NO_WEIGHT, "weight", line->indicator->weight,
                     ZP_ABSENT);
        if (line->declared->score.points > 0 && has_no_weight(line->indicator))
            zp_line_flag(line, ZP_FLAG_SCORE_WITHOUT_WEIGHT, "score", line->indicator->score, ZP_ABSENT);
        return line->flags->failed ? ZP_NOMEM : ZP_OK;
    }
    zp_cell target, actual;
    if (zp_cell_read(line->indicator->target, line->arena, &target) ||
        zp_cell_read(line->indicator->actual, line->arena, &actual))
        return ZP_NOMEM;
    if (read_labelled(line, &target, &actual))
        return ZP_NOMEM;
    if (target.perhaps_one)
        target.kind = ZP_CELL_WORDS;
    if (actual.kind == ZP_CELL_VALUES && actual.clauses[0].op == ZP_OP_RANGE) {
        actual.kind = ZP_CELL_WORDS; /* what was reached is one value; nobody guesses which */
        actual.perhaps_date = false;
    }
    if (!zp_cell_is_unfilled(line->indicator->actual))
        score_cells(line, &target, &actual, out);
    else
        zp_line_unverifiable(line, out);
    return line->flags->failed ? ZP_NOMEM : ZP_OK;
}

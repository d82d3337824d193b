/*
 * score.c - zp_score: check, score each line, reconcile, add up. See score.h.
 */
#include "core/score.h"

#include "core/check.h"
#include "core/funds.h"
#include "core/reconcile.h"
#include "core/text.h"
#include "core/typed.h"

typedef struct {
    const zp_form *form;
    const zp_profile *profile;
    int year;
    zp_arena *arena;
    zp_flags *flags;
    zp_declared declared;
    zp_execution execution;
    int64_t computed_sum, confirmed_sum; /* points × 10^6, ZP_NO_CENTS once a part is unknown */
    bool any_weighted;                   /* an indicator has a weight */
    bool all_full;                       /* every declared score is its weight */
} scoring;

static int64_t shown(int64_t points)
{
    return points == ZP_NO_CENTS ? ZP_NO_CENTS : points / ZP_CENT;
}

/* computed where nothing was declared, the lower of the two otherwise. */
static int64_t confirmed_of(const zp_number *declared, const zp_line_score *computed)
{
    if (!computed->known)
        return ZP_NO_CENTS;
    return declared->present && declared->points < computed->computed ? declared->points : computed->computed;
}

/* A sum with one unknown part is unknown. */
static void add(int64_t *sum, int64_t part)
{
    *sum = *sum == ZP_NO_CENTS || part == ZP_NO_CENTS ? ZP_NO_CENTS : *sum + part;
}

/* Both scores of a line into the sums; what is shown of them, in cents, into the result. */
static void settle(scoring *s, const zp_number *declared, const zp_line_score *score, int64_t *computed,
                   int64_t *confirmed)
{
    int64_t rule = score->known ? score->computed : ZP_NO_CENTS, stands = confirmed_of(declared, score);
    add(&s->computed_sum, rule);
    add(&s->confirmed_sum, stands);
    *computed = shown(rule);
    *confirmed = shown(stands);
}

static void flag_verdict(scoring *s, zp_verdict verdict, const zp_claim *claim, zp_str pointer, bool execution)
{
    static const zp_flag_code codes[2][4] = {
        {0, ZP_FLAG_SCORE_ROUNDED, ZP_FLAG_SCORE_TOO_HIGH, ZP_FLAG_SCORE_TOO_LOW},
        {0, ZP_FLAG_SCORE_ROUNDED, ZP_FLAG_EXEC_SCORE_TOO_HIGH, ZP_FLAG_EXEC_SCORE_TOO_LOW},
    };
    if (verdict != ZP_AGREES)
        zp_flags_add(s->flags, codes[execution][verdict], pointer, claim->text,
                     zp_points_text(claim->computed->computed, s->arena));
}

static bool is_full(const zp_number *score, int64_t weight)
{
    return score->present && score->points == weight;
}

static void score_execution(scoring *s, zp_result *out)
{
    const zp_number *declared = &s->declared.execution_score;
    const zp_line_score *computed = &s->execution.score;
    zp_str text = s->form->funds[ZP_FUNDS_TOTAL].score;
    zp_claim claim = {text, declared, s->declared.execution_weight, computed};
    out->execution.rate = s->execution.rate_text;
    out->execution.declared = text;
    settle(s, declared, computed, &out->execution.computed, &out->execution.confirmed);
    out->execution.formula = computed->formula;
    zp_finding found = zp_reconcile(&claim);
    out->execution.why = found.why;
    flag_verdict(s, found.verdict, &claim, ZP_STR("/funds/total/score"), true);
    if (computed->basis == ZP_BASIS_FORMULA)
        out->machine_verified += s->declared.execution_weight;
    s->all_full = is_full(declared, s->declared.execution_weight);
}

/* Below its weight as both are shown: 33.33 of 33.333333 needs no reason. */
static void check_deviation(scoring *s, size_t index, const zp_line *line, int64_t weight)
{
    zp_str reason = s->form->indicators[index].deviation;
    if (line->confirmed != ZP_NO_CENTS && line->confirmed < shown(weight) &&
        zp_text_is_blank_reason(zp_cell_trimmed(reason)))
        zp_flags_add_as(s->flags, ZP_FLAG_DEVIATION_MISSING, s->profile->deviation_severity,
                        zp_indicator_pointer(s->arena, index, "deviation"), reason, ZP_ABSENT);
}

/* What the line's sentence names beside formula and score. */
static zp_str figure_of(const scoring *s, const zp_line_score *computed, const zp_finding *found)
{
    if (found->why & ZP_WHY_ACTUAL_X_WEIGHT)
        return ZP_ARENA_JOIN(s->arena, zp_dec_text(computed->percent, s->arena), ZP_STR("%"));
    if (found->why && found->unrounded * 1000 != computed->computed)
        return zp_dec_text((zp_dec){found->unrounded, -3}, s->arena);
    return computed->band;
}

static zp_rc score_line(scoring *s, size_t index, zp_result *out)
{
    const zp_indicator *indicator = &s->form->indicators[index];
    const zp_declared_line *declared = &s->declared.lines[index];
    const zp_line_context context = {s->form, s->profile, indicator, declared,       index,
                                     s->year, s->arena,   s->flags,  s->flags->count};
    zp_line_score computed;
    zp_rc rc = zp_line_compute(&context, &computed);
    if (rc)
        return rc;
    zp_line *line = &out->lines[index];
    *line = (zp_line){.name = indicator->level3,
                      .weight = indicator->weight,
                      .declared = indicator->score,
                      .computed = ZP_NO_CENTS,
                      .confirmed = ZP_NO_CENTS,
                      .basis = computed.basis,
                      .formula = computed.formula};
    if (!declared->weighted)
        return ZP_OK;
    s->any_weighted = true;
    zp_claim claim = {indicator->score, &declared->score, declared->weight, &computed};
    settle(s, &declared->score, &computed, &line->computed, &line->confirmed);
    zp_finding found = zp_reconcile(&claim);
    line->why = found.why;
    line->figure = figure_of(s, &computed, &found);
    if (found.verdict != ZP_AGREES)
        flag_verdict(s, found.verdict, &claim, zp_indicator_pointer(s->arena, index, "score"), false);
    check_deviation(s, index, line, declared->weight);
    if (computed.basis == ZP_BASIS_FORMULA)
        out->machine_verified += declared->weight;
    s->all_full &= is_full(&declared->score, declared->weight);
    return ZP_OK;
}

/* The lowest one that applies; NULL: none does. */
static const zp_rate_cap *rate_cap(const scoring *s)
{
    const zp_share *rate = &s->execution.rate;
    for (size_t i = 0; s->execution.has_rate && i < s->profile->rate_cap_count; i++)
        if (rate->num * ZP_POINT < rate->den * s->profile->rate_caps[i].below_rate)
            return &s->profile->rate_caps[i];
    return NULL;
}

static int64_t lower(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void cap_sums(scoring *s)
{
    const zp_rate_cap *cap = rate_cap(s);
    int64_t most = cap ? cap->cap_cents * ZP_CENT : INT64_MAX;
    if (!cap || (s->computed_sum <= most && s->confirmed_sum <= most))
        return;
    s->computed_sum = lower(s->computed_sum, most);
    s->confirmed_sum = lower(s->confirmed_sum, most);
    zp_flags_add(s->flags, ZP_FLAG_TOTAL_CAPPED, ZP_STR("/funds/total/execution_rate"),
                 zp_rate_below(s->execution.rate, cap->below_rate, s->arena), zp_cents_text(cap->cap_cents, s->arena));
}

/*
 * The declared total is a claim of its own, which what is confirmed stays within. Where it falls short of the confirmed
 * lines, that is said. That it is more is what the lines' own flags are about; where no line declares a score, it is
 * said here.
 */
static void hold_to_claim(scoring *s)
{
    const zp_number *total = &s->declared.total;
    if (!total->present || s->confirmed_sum == ZP_NO_CENTS)
        return;
    const zp_line_score sum = {.known = true, .computed = s->confirmed_sum};
    const zp_claim claim = {s->form->declared_total, total, 100 * (int64_t)ZP_POINT, &sum};
    bool less = shown(total->points) < shown(s->confirmed_sum);
    zp_verdict verdict = zp_reconcile(&claim).verdict;
    s->confirmed_sum = lower(s->confirmed_sum, total->points);
    if (!less && (s->declared.any_score || verdict == ZP_AGREES))
        return;
    zp_flag_code code = verdict == ZP_TOO_HIGH  ? ZP_FLAG_TOTAL_TOO_HIGH
                        : verdict == ZP_TOO_LOW ? ZP_FLAG_TOTAL_TOO_LOW
                                                : ZP_FLAG_TOTAL_ROUNDED;
    zp_flags_add(s->flags, code, ZP_STR("/declared_total"), s->form->declared_total,
                 zp_points_text(sum.computed, s->arena));
}

static zp_grade grade_of(const zp_profile *profile, int64_t total)
{
    zp_grade grade = 0;
    if (total == ZP_NO_CENTS)
        return ZP_GRADE_NONE;
    while (grade < ZP_GRADE_POOR && total < profile->grade_floor_cents[grade])
        grade++;
    return grade;
}

static void add_up(scoring *s, zp_result *out)
{
    zp_str grade = zp_cell_trimmed(s->form->declared_grade);
    cap_sums(s);
    hold_to_claim(s);
    out->computed_total = shown(s->computed_sum);
    out->confirmed_total = shown(s->confirmed_sum);
    out->declared_total = s->declared.total.present ? shown(s->declared.total.points) : ZP_NO_CENTS;
    out->grade = grade_of(s->profile, out->confirmed_total);
    out->declared_grade = zp_str_filled(grade) ? zp_grade_by_name(grade) : grade_of(s->profile, out->declared_total);
    if (out->declared_grade != ZP_GRADE_NONE && out->grade != ZP_GRADE_NONE && out->declared_grade != out->grade)
        zp_flags_add(s->flags, ZP_FLAG_GRADE_CHANGED,
                     zp_str_filled(grade) ? ZP_STR("/declared_grade") : ZP_STR("/declared_total"),
                     zp_str_of(zp_grade_name(out->declared_grade)), zp_str_of(zp_grade_name(out->grade)));
}

static void check_goals(scoring *s)
{
    const zp_form *form = s->form;
    if (zp_text_is_blank_reason(zp_cell_trimmed(form->goal_actual)))
        zp_flags_add(s->flags, ZP_FLAG_GOAL_ACTUAL_MISSING, ZP_STR("/goals/actual"), ZP_ABSENT, ZP_ABSENT);
    else if (zp_str_eq(zp_cell_trimmed(form->goal_actual), zp_cell_trimmed(form->goal_expected)))
        zp_flags_add(s->flags, ZP_FLAG_GOAL_COPIED, ZP_STR("/goals/actual"), ZP_ABSENT, ZP_ABSENT);
    if (s->all_full && s->any_weighted)
        zp_flags_add(s->flags, ZP_FLAG_ALL_FULL, ZP_STR("/indicators"), ZP_ABSENT, ZP_ABSENT);
}

static void expect_weight(scoring *s, const char *pointer, const char *category, int64_t weight, int64_t usual)
{
    if (weight == usual)
        return;
    zp_str text = zp_millionths_text(weight, s->arena);
    zp_flags_add(s->flags, ZP_FLAG_L1_WEIGHT_NONSTANDARD, zp_str_of(pointer),
                 zp_arena_printf(s->arena, "%s %.*s", category, (int)text.n, text.p ? text.p : ""),
                 zp_millionths_text(usual, s->arena));
}

static void check_categories(scoring *s)
{
    if (s->profile->level1_count)
        expect_weight(s, "/funds/total/weight", "预算执行", s->declared.execution_weight, s->profile->execution_weight);
    for (size_t c = 0; c < s->profile->level1_count; c++) {
        zp_str name = zp_str_of(s->profile->level1[c].name);
        int64_t sum = 0;
        for (size_t i = 0; i < s->form->indicator_count; i++)
            if (zp_text_begins(s->form->indicators[i].level1, name))
                sum += s->declared.lines[i].weight;
        if (sum)
            expect_weight(s, "/indicators", s->profile->level1[c].name, sum, s->profile->level1[c].weight);
    }
}

static void finish(const scoring *s, zp_result *out)
{
    out->profile_name = zp_str_of(s->profile->name);
    out->profile_version = zp_str_of(s->profile->version);
    out->profile_hash = zp_str_of(s->profile->hash);
    out->engine = ZP_STR(ZP_ENGINE_VERSION);
    out->flags = s->flags->items;
    out->flag_count = s->flags->count;
    for (size_t i = 0; i < out->flag_count; i++) {
        const zp_flag *flag = &out->flags[i];
        out->discrepant |= flag->severity == ZP_SEV_WARNING && zp_flag_kind_of(flag->code) == ZP_KIND_SCORE;
    }
}

zp_rc zp_score_beside(const zp_form *form, const zp_profile *profile, zp_str copied_from, zp_arena *arena,
                      zp_result *out)
{
    zp_flags flags = {.arena = arena};
    scoring s = {.form = form, .profile = profile, .year = zp_form_year(form), .arena = arena, .flags = &flags};
    *out = (zp_result){.line_count = form->indicator_count};
    out->lines = zp_arena_calloc(arena, form->indicator_count + 1, sizeof *out->lines);
    if (!out->lines)
        return ZP_NOMEM;
    zp_rc rc = zp_declared_read(form, profile->execution_weight, arena, &flags, &s.declared);
    if (!rc) {
        zp_check_declared(form, &s.declared, &flags);
        rc = zp_execution_compute(form, &s.declared, arena, &flags, &s.execution);
    }
    if (!rc)
        score_execution(&s, out);
    for (size_t i = 0; !rc && i < form->indicator_count; i++)
        rc = score_line(&s, i, out);
    if (rc)
        return rc;
    add_up(&s, out);
    check_goals(&s);
    check_categories(&s);
    if (zp_str_present(copied_from))
        zp_flags_add(&flags, ZP_FLAG_COPIED_LAST_YEAR, ZP_STR("/indicators"), copied_from, ZP_ABSENT);
    finish(&s, out);
    return flags.failed ? ZP_NOMEM : ZP_OK;
}

zp_rc zp_score(const zp_form *form, const zp_profile *profile, zp_arena *arena, zp_result *out)
{
    return zp_score_beside(form, profile, ZP_ABSENT, arena, out);
}

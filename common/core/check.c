/*
 * check.c - see check.h and zp_check in score.h. Says everything at once; says nothing when all is well, and then
 * allocates nothing.
 */
#include "core/check.h"

#include "core/score.h"
#include "core/text.h"
#include "core/typed.h"

static const int64_t full_weight = 100 * (int64_t)ZP_POINT;

static void require(zp_str cell, zp_str pointer, zp_flags *flags)
{
    zp_str said = zp_cell_trimmed(cell);
    if (zp_text_is_blank_reason(said) && !zp_str_is(said, "0"))
        zp_flags_add(flags, ZP_FLAG_FIELD_MISSING, pointer, ZP_ABSENT, ZP_ABSENT);
}

static bool is_unit_code(zp_str code)
{
    if (code.n < 1 || code.n > 32)
        return false;
    for (size_t i = 0; i < code.n; i++) {
        char c = code.p[i], low = (char)(c | 0x20);
        if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'z') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

static void check_header(const zp_form *form, zp_flags *flags)
{
    if (zp_cell_is_empty(form->year))
        zp_flags_add(flags, ZP_FLAG_FIELD_MISSING, ZP_STR("/year"), ZP_ABSENT, ZP_ABSENT);
    else if (!zp_form_year(form))
        zp_flags_add(flags, ZP_FLAG_YEAR_INVALID, ZP_STR("/year"), form->year, ZP_STR("2000-2099"));
    require(form->project_name, ZP_STR("/project_name"), flags);
    require(form->unit, ZP_STR("/unit"), flags);
    if (!zp_cell_is_empty(form->unit_code) && !is_unit_code(form->unit_code))
        zp_flags_add(flags, ZP_FLAG_UNIT_CODE_INVALID, ZP_STR("/unit_code"), form->unit_code, ZP_ABSENT);
    zp_str grade = zp_cell_trimmed(form->declared_grade);
    if (zp_str_filled(grade) && zp_grade_by_name(grade) == ZP_GRADE_NONE)
        zp_flags_add(flags, ZP_FLAG_GRADE_INVALID, ZP_STR("/declared_grade"), form->declared_grade, ZP_ABSENT);
}

static void check_lines(const zp_form *form, const zp_declared *declared, zp_flags *flags)
{
    for (size_t i = 0; i < form->indicator_count; i++) {
        const zp_indicator *indicator = &form->indicators[i];
        const zp_declared_line *line = &declared->lines[i];
        if (zp_cell_is_empty(indicator->level3))
            zp_flags_add(flags, ZP_FLAG_FIELD_MISSING, zp_indicator_pointer(flags->arena, i, "level3"), ZP_ABSENT,
                         ZP_ABSENT);
        if (!line->weighted)
            continue;
        if (zp_cell_is_unfilled(indicator->actual))
            zp_flags_add(flags, ZP_FLAG_ACTUAL_MISSING, zp_indicator_pointer(flags->arena, i, "actual"),
                         zp_cell_is_empty(indicator->actual) ? ZP_ABSENT : indicator->actual, ZP_ABSENT);
        if (declared->any_score && zp_cell_is_unfilled(indicator->score))
            zp_flags_add(flags, ZP_FLAG_SCORE_MISSING, zp_indicator_pointer(flags->arena, i, "score"), ZP_ABSENT,
                         ZP_ABSENT);
    }
    if (declared->any_score && zp_cell_is_unfilled(form->funds[ZP_FUNDS_TOTAL].score))
        zp_flags_add(flags, ZP_FLAG_EXEC_SCORE_MISSING, ZP_STR("/funds/total/score"), ZP_ABSENT, ZP_ABSENT);
}

/* Exactly as declared: scores of three decimals, each rounded first, would not add up to their own total. */
static void check_total(const zp_form *form, const zp_declared *declared, zp_flags *flags)
{
    zp_dec sum = {0, 0};
    bool fits = !declared->execution_score.present || zp_dec_add(&sum, declared->execution_score.value);
    for (size_t i = 0; i < form->indicator_count; i++)
        if (declared->lines[i].weighted && declared->lines[i].score.present)
            fits &= zp_dec_add(&sum, declared->lines[i].score.value);
    zp_dec least = sum, most = sum;
    fits = fits && zp_dec_add(&least, (zp_dec){-1, -2}) && zp_dec_add(&most, (zp_dec){1, -2});
    if (fits && zp_dec_cmp(declared->total.value, least) >= 0 && zp_dec_cmp(declared->total.value, most) <= 0)
        return;
    zp_flags_add(flags, ZP_FLAG_TOTAL_SUM_MISMATCH, ZP_STR("/declared_total"), form->declared_total,
                 zp_dec_text(sum, flags->arena));
}

/* What the weights add up to must be 100, and so must what is written as their sum, where that is. */
static void check_sums(const zp_form *form, const zp_declared *declared, zp_flags *flags)
{
    const zp_number *written = &declared->total_weight;
    int64_t weights = declared->execution_weight;
    for (size_t i = 0; i < form->indicator_count; i++)
        weights += declared->lines[i].weight;
    if (weights != full_weight)
        zp_flags_add(flags, ZP_FLAG_WEIGHT_SUM, ZP_STR("/total_weight"), zp_millionths_text(weights, flags->arena),
                     ZP_STR("100"));
    if (written->present && written->points != full_weight && written->points != weights)
        zp_flags_add(flags, ZP_FLAG_WEIGHT_SUM, ZP_STR("/total_weight"), form->total_weight, ZP_STR("100"));
    if (declared->total.present && declared->any_score)
        check_total(form, declared, flags);
}

void zp_check_declared(const zp_form *form, const zp_declared *declared, zp_flags *flags)
{
    check_header(form, flags);
    check_lines(form, declared, flags);
    check_sums(form, declared, flags);
}

/* A profile that makes an explanation obligatory needs the scores to know where one is due. */
static zp_rc check_by_scoring(const zp_form *form, const zp_profile *profile, zp_flags *flags)
{
    zp_result result;
    zp_rc rc = zp_score(form, profile, flags->arena, &result);
    for (size_t i = 0; !rc && i < result.flag_count; i++) {
        const zp_flag *flag = &result.flags[i];
        if (flag->severity == ZP_SEV_ERROR)
            zp_flags_add_as(flags, flag->code, flag->severity, flag->pointer, flag->value, flag->expected);
    }
    return rc ? rc : flags->failed ? ZP_NOMEM : ZP_OK;
}

zp_rc zp_check(const zp_form *form, const zp_profile *profile, zp_flags *flags)
{
    if (profile->deviation_severity == ZP_SEV_ERROR || profile->over_reason_severity == ZP_SEV_ERROR)
        return check_by_scoring(form, profile, flags);
    zp_declared declared;
    zp_rc rc = zp_declared_read(form, profile->execution_weight, flags->arena, flags, &declared);
    if (rc)
        return rc;
    zp_check_declared(form, &declared, flags);
    return flags->failed ? ZP_NOMEM : ZP_OK;
}

static zp_str profile_names(const zp_profiles *profiles, zp_arena *arena)
{
    zp_str names = ZP_STR("");
    for (size_t i = 0; i < profiles->count; i++) {
        const zp_profile *p = &profiles->items[i];
        names = zp_arena_printf(arena, "%.*s%s%s (%d-%d)", (int)names.n, names.p ? names.p : "", i ? ", " : "", p->name,
                                p->year_first, p->year_last);
    }
    return names;
}

const zp_profile *zp_choose_profile(const zp_form *form, const zp_profiles *profiles, zp_flags *flags)
{
    int year = zp_form_year(form);
    zp_str name = zp_cell_trimmed(form->profile);
    const zp_profile *chosen = zp_profiles_choose(profiles, form->profile, year);
    if (chosen)
        return chosen;
    if (year)
        zp_flags_add(flags, ZP_FLAG_PROFILE_UNKNOWN, zp_str_filled(name) ? ZP_STR("/profile") : ZP_STR("/year"),
                     zp_str_filled(name) ? form->profile : form->year, profile_names(profiles, flags->arena));
    return &profiles->items[0];
}

/*
 * qualitative.c - lines that words decide: three bands, or a person.
 *
 * A word list can only recognise what is plainly said. Whatever it does not know is left to a person, never guessed.
 */
#include "core/line.h"
#include "core/text.h"

static bool contains_any(zp_str text, const char *const *words)
{
    for (; *words; words++)
        if (zp_text_contains(text, *words))
            return true;
    return false;
}

static bool begins_with_any(zp_str text, const char *const *words)
{
    for (; *words; words++)
        if (zp_text_begins(text, *words))
            return true;
    return false;
}

/* 不 and 非 also stand in words that deny nothing: 非常满意, 不断完善. */
static bool is_negated(zp_str text)
{
    static const char *const negations[] = {"不", "未", "没", "无", "非", NULL};
    static const char *const harmless[] = {"不断", "不仅", "非常", NULL};
    for (; text.n; text.p++, text.n--)
        if (begins_with_any(text, negations) && !begins_with_any(text, harmless))
            return true;
    return false;
}

int zp_band_of_words(zp_str actual, zp_str target, zp_flag_code *why_not)
{
    static const char *const poor[] = {"未达成", "未完成", "较差", "未达标", "未达到", NULL};
    static const char *const partial[] = {"部分", "基本", NULL};
    static const char *const met[] = {"达成", "完成", "达标", "达到", "及时", "符合要求", "在标准时间内",
                                      "按时", "按期", "合格", "健全", "完善", "优秀",     "良好",
                                      "显著", "明显", "有效", "满意", "落实", NULL};
    if (zp_str_eq(actual, target))
        return 0;
    if (contains_any(actual, poor))
        return 2;
    *why_not = ZP_FLAG_QUAL_NEGATIVE;
    if (is_negated(actual))
        return -1;
    if (contains_any(actual, partial))
        return 1;
    *why_not = ZP_FLAG_QUAL_UNVERIFIABLE;
    return contains_any(actual, met) ? 0 : -1;
}

bool zp_is_a_name(const zp_indicator *indicator, zp_str target)
{
    static const char *const endings[] = {"性", "率", "情况", "指标", "程度", "数量", NULL};
    if (zp_str_eq(target, indicator->level3) || zp_str_eq(target, indicator->level2) ||
        zp_str_eq(target, indicator->level1))
        return true;
    for (const char *const *ending = endings; *ending; ending++)
        if (zp_text_ends(target, *ending))
            return true;
    return false;
}

/* fraction (millionths) of the weight, in cents, half-up. */
static int64_t part_of_weight(int64_t weight, int64_t fraction)
{
    return (int64_t)zp_round_div(weight, fraction, (zp_int128)ZP_POINT * 10000);
}

void zp_line_qualitative(const zp_line_context *line, int band, zp_line_score *out)
{
    int64_t weight = line->declared->weight;
    int64_t low = part_of_weight(weight, line->profile->band_floor[band]);
    int64_t high = part_of_weight(weight, band ? line->profile->band_floor[band - 1] : ZP_POINT);
    const zp_number *score = &line->declared->score;
    out->basis = ZP_BASIS_QUALITATIVE;
    out->known = true;
    out->computed = score->present ? score->cents : high;
    if (out->computed >= low && out->computed <= high)
        return;
    out->computed = out->computed < low ? low : high;
    zp_flags_add(line->flags, ZP_FLAG_QUAL_OUT_OF_BAND, zp_indicator_pointer(line->arena, line->index, "score"),
                 line->indicator->score, zp_cents_text(out->computed, line->arena));
}

void zp_line_unverifiable(const zp_line_context *line, zp_line_score *out)
{
    int64_t most = part_of_weight(line->declared->weight, ZP_POINT);
    const zp_number *score = &line->declared->score;
    out->basis = ZP_BASIS_UNVERIFIABLE;
    out->known = score->present;
    out->computed = score->cents > most ? most : score->cents;
}

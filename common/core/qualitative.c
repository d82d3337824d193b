/*
 * qualitative.c - lines that words decide: three bands, or a person.
 *
 * A word list can only recognise what is plainly said. Whatever it does not know is left to a person, never guessed.
 */
#include "core/line.h"
#include "core/text.h"

typedef enum { NOTHING, POOR, NEGATION, PARTIAL, MET, KINDS } word_kind;

#define WORD(kind, text)                                                                                               \
    {                                                                                                                  \
        (kind), ZP_STR_ROW(text)                                                                                       \
    }
static const struct {
    word_kind kind; /* NOTHING: 不 and 非 also stand in words that deny nothing */
    zp_str text;
} words[] = {
    WORD(POOR, "未达成"),  WORD(POOR, "较差"),    WORD(NOTHING, "不断"),     WORD(NOTHING, "不仅"),
    WORD(NOTHING, "非常"), WORD(NEGATION, "不"),  WORD(NEGATION, "未"),      WORD(NEGATION, "没"),
    WORD(NEGATION, "无"),  WORD(NEGATION, "非"),  WORD(PARTIAL, "部分"),     WORD(PARTIAL, "基本"),
    WORD(MET, "达成"),     WORD(MET, "完成"),     WORD(MET, "达标"),         WORD(MET, "达到"),
    WORD(MET, "及时"),     WORD(MET, "符合要求"), WORD(MET, "在标准时间内"), WORD(MET, "按时"),
    WORD(MET, "按期"),     WORD(MET, "合格"),     WORD(MET, "健全"),         WORD(MET, "完善"),
    WORD(MET, "优秀"),     WORD(MET, "良好"),     WORD(MET, "显著"),         WORD(MET, "明显"),
    WORD(MET, "有效"),     WORD(MET, "满意"),     WORD(MET, "落实"),
};
#undef WORD

/* Of the word that begins here, where one does. The first character, of three bytes in every word, rules out nearly
 * all. */
static word_kind word_at(zp_str text)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memcmp(text.p, words[i].text.p, 3) == 0 && zp_text_begins(text, words[i].text))
            return words[i].kind;
    return NOTHING;
}

int zp_band_of_words(zp_str actual, zp_str target, zp_flag_code *why_not)
{
    bool says[KINDS] = {false};
    if (zp_str_eq(actual, target))
        return 0;
    for (zp_str rest = actual; rest.n >= 3; rest.p++, rest.n--)
        if (zp_text_wide(rest.p, rest.n))
            says[word_at(rest)] = true;
    if (says[POOR])
        return 2;
    *why_not = ZP_FLAG_QUAL_NEGATIVE;
    if (says[NEGATION])
        return -1;
    if (says[PARTIAL])
        return 1;
    *why_not = ZP_FLAG_QUAL_UNVERIFIABLE;
    return says[MET] ? 0 : -1;
}

bool zp_is_a_name(const zp_indicator *indicator, zp_str target)
{
    static const zp_str endings[] = {ZP_STR_ROW("性"),   ZP_STR_ROW("率"),   ZP_STR_ROW("情况"),
                                     ZP_STR_ROW("指标"), ZP_STR_ROW("程度"), ZP_STR_ROW("数量")};
    if (zp_str_eq(target, indicator->level3) || zp_str_eq(target, indicator->level2) ||
        zp_str_eq(target, indicator->level1))
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (zp_text_ends(target, endings[i]))
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

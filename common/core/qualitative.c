/*
 * qualitative.c - lines that words decide: three bands, or a person.
 *
 * A word list can only recognise what is plainly said. Whatever it does not know is left to a person, never guessed.
 */
#include "core/line.h"
#include "core/text.h"

/* HARMLESS: words that hold one of the others and do not mean it. */
typedef enum { NOTHING, HARMLESS, POOR, NEGATION, HEDGE, PARTIAL, MET, KINDS } word_kind;

#define WORD(kind, text)                                                                                               \
    {                                                                                                                  \
        (kind), ZP_STR_ROW(text)                                                                                       \
    }
/* Of those that begin alike the longer ones first. */
static const struct {
    word_kind kind;
    zp_str text;
} words[] = {
    WORD(POOR, "未达成"),   WORD(POOR, "较差"),       WORD(HARMLESS, "不断"),     WORD(HARMLESS, "不仅"),
    WORD(HARMLESS, "非常"), WORD(HARMLESS, "按计划"), WORD(HARMLESS, "按照计划"), WORD(HARMLESS, "接待"),
    WORD(HARMLESS, "招待"), WORD(HARMLESS, "对待"),   WORD(HARMLESS, "待遇"),     WORD(HARMLESS, "模拟"),
    WORD(HARMLESS, "虚拟"), WORD(HARMLESS, "高尚"),   WORD(HARMLESS, "半年"),     WORD(NEGATION, "不"),
    WORD(NEGATION, "未"),   WORD(NEGATION, "没"),     WORD(NEGATION, "无"),       WORD(NEGATION, "非"),
    WORD(NEGATION, "缺"),   WORD(NEGATION, "延期"),   WORD(NEGATION, "延迟"),     WORD(NEGATION, "延后"),
    WORD(NEGATION, "逾期"), WORD(NEGATION, "超期"),   WORD(NEGATION, "推迟"),     WORD(NEGATION, "滞后"),
    WORD(NEGATION, "暂停"), WORD(NEGATION, "暂缓"),   WORD(HEDGE, "预计"),        WORD(HEDGE, "计划"),
    WORD(HEDGE, "拟"),      WORD(HEDGE, "待"),        WORD(HEDGE, "尚"),          WORD(HEDGE, "仅"),
    WORD(HEDGE, "只"),      WORD(HEDGE, "正在"),      WORD(HEDGE, "即将"),        WORD(HEDGE, "半"),
    WORD(HEDGE, "一成"),    WORD(HEDGE, "两成"),      WORD(HEDGE, "三成"),        WORD(HEDGE, "四成"),
    WORD(HEDGE, "五成"),    WORD(HEDGE, "六成"),      WORD(HEDGE, "七成"),        WORD(HEDGE, "八成"),
    WORD(HEDGE, "九成"),    WORD(PARTIAL, "部分"),    WORD(PARTIAL, "基本"),      WORD(MET, "完成计划"),
    WORD(MET, "达成"),      WORD(MET, "完成"),        WORD(MET, "达标"),          WORD(MET, "达到"),
    WORD(MET, "及时"),      WORD(MET, "符合要求"),    WORD(MET, "在标准时间内"),  WORD(MET, "按时"),
    WORD(MET, "按期"),      WORD(MET, "合格"),        WORD(MET, "健全"),          WORD(MET, "完善"),
    WORD(MET, "优秀"),      WORD(MET, "良好"),        WORD(MET, "显著"),          WORD(MET, "明显"),
    WORD(MET, "有效"),      WORD(MET, "满意"),        WORD(MET, "落实"),
};
#undef WORD

/* The kind of the word that begins here, where one does, and its length. The first character, of three bytes in every
 * word, rules out nearly all. */
static word_kind word_at(zp_str text, size_t *length)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memcmp(text.p, words[i].text.p, 3) == 0 && zp_text_begins(text, words[i].text)) {
            *length = words[i].text.n;
            return words[i].kind;
        }
    return NOTHING;
}

/* Which kinds of words there are in it, from left to right; none stands in two at a time. */
static void look_for_words(zp_str text, bool says[KINDS])
{
    while (text.n >= 3) {
        size_t length = zp_text_wide(text.p, text.n) ? 3 : 1;
        if (length == 3)
            says[word_at(text, &length)] = true;
        text = (zp_str){text.p + length, text.n - length};
    }
}

static bool is_numeral(uint32_t wide)
{
    switch (wide) {
    case U'〇':
    case U'零':
    case U'一':
    case U'二':
    case U'两':
    case U'三':
    case U'四':
    case U'五':
    case U'六':
    case U'七':
    case U'八':
    case U'九':
    case U'十':
    case U'百':
    case U'千':
    case U'万':
    case U'亿':
        return true;
    default:
        return false;
    }
}

bool zp_words_deny(zp_str actual)
{
    bool says[KINDS] = {false};
    look_for_words(actual, says);
    return says[NEGATION] || says[POOR];
}

/* The next run of Chinese numerals in `text`, which is cut behind it; empty when there is none. */
static zp_str next_numeral(zp_str *text)
{
    zp_str run = {text->p, 0};
    while (text->n) {
        size_t length = zp_text_wide(text->p, text->n) ? 3 : 1;
        if (length == 3 && is_numeral(zp_text_wide(text->p, text->n)))
            run.n += 3;
        else if (run.n)
            return run;
        else
            run.p = text->p + length;
        *text = (zp_str){text->p + length, text->n - length};
    }
    return run;
}

/* 完成三场 is not 完成五场. A numeral may be no number at all (统一, 十分), so only where both texts have some, and
 * others, is it said that the words do not tell. */
static bool numerals_differ(zp_str actual, zp_str target)
{
    zp_str here = next_numeral(&actual), there = next_numeral(&target);
    if (!here.n || !there.n)
        return false;
    while (here.n && zp_str_eq(here, there)) {
        here = next_numeral(&actual);
        there = next_numeral(&target);
    }
    return here.n || there.n;
}

int zp_band_of_words(zp_str actual, zp_str target, zp_flag_code *why_not)
{
    bool says[KINDS] = {false};
    if (zp_str_eq(actual, target))
        return 0;
    look_for_words(actual, says);
    bool number = zp_may_hold_number(actual) || zp_may_hold_number(target);
    if (says[POOR] && !number)
        return 2;
    *why_not = ZP_FLAG_QUAL_NEGATIVE;
    if (says[NEGATION] || says[POOR])
        return -1;
    *why_not = ZP_FLAG_QUAL_UNVERIFIABLE;
    if (says[HEDGE] || number || numerals_differ(actual, target)) /* 完成60%, 预计完成 are not 完成 */
        return -1;
    if (says[PARTIAL])
        return 1;
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

void zp_line_qualitative(const zp_line_context *line, int band, zp_line_score *out)
{
    int64_t weight = line->declared->weight;
    int64_t low = zp_points_of((zp_share){line->profile->band_floor[band], ZP_POINT}, weight);
    int64_t high = zp_points_of((zp_share){band ? line->profile->band_floor[band - 1] : ZP_POINT, ZP_POINT}, weight);
    const zp_number *score = &line->declared->score;
    out->basis = ZP_BASIS_QUALITATIVE;
    out->known = true;
    out->computed = high;
    if (!score->present)
        return;
    if (score->points >= low && score->points <= high) {
        out->computed = score->points;
        out->band = ZP_ARENA_JOIN(line->arena, zp_points_text(low, line->arena), ZP_STR("–"),
                                  zp_points_text(high, line->arena));
        return;
    }
    out->computed = score->points < low ? low : high;
    zp_flags_add(line->flags, ZP_FLAG_QUAL_OUT_OF_BAND, zp_indicator_pointer(line->arena, line->index, "score"),
                 line->indicator->score, zp_points_text(out->computed, line->arena));
}

void zp_line_unverifiable(const zp_line_context *line, zp_line_score *out)
{
    const zp_number *score = &line->declared->score;
    out->basis = ZP_BASIS_UNVERIFIABLE;
    out->known = score->present;
    out->computed = score->points > line->declared->weight ? line->declared->weight : score->points;
}

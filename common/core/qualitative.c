/*
 * qualitative.c - lines that words decide: three bands, or a person.
 *
 * A word list can only recognise what is plainly said. Whatever it does not know is left to a person, never guessed.
 */
#include "core/line.h"
#include "core/text.h"

/* PLAIN: says nothing about how far. UNKNOWN: anything that is not in the list. */
typedef enum { UNKNOWN, PLAIN, POOR, DENIAL, PARTIAL, MET, KINDS } word_kind;

#define WORD(kind, text)                                                                                               \
    {                                                                                                                  \
        (kind), ZP_STR_ROW(text)                                                                                       \
    }
/* Of those that begin alike the longer ones first. What only measures a degree, 良好 or 显著, is met by the same word
 * in the target and by nothing else: 合格 is not 优秀. */
static const struct {
    word_kind kind;
    zp_str text;
} words[] = {
    WORD(POOR, "尚未达成"), WORD(POOR, "未达成"),      WORD(POOR, "较差"),    WORD(PLAIN, "不断"),
    WORD(PLAIN, "不仅"),    WORD(PLAIN, "非常"),       WORD(PLAIN, "十分"),   WORD(PLAIN, "已经"),
    WORD(PLAIN, "已"),      WORD(PLAIN, "均"),         WORD(PLAIN, "都"),     WORD(PLAIN, "皆"),
    WORD(PLAIN, "全部"),    WORD(PLAIN, "全面"),       WORD(PLAIN, "全"),     WORD(PLAIN, "各项"),
    WORD(PLAIN, "圆满"),    WORD(PLAIN, "顺利"),       WORD(PLAIN, "统一"),   WORD(PLAIN, "并且"),
    WORD(PLAIN, "并"),      WORD(PLAIN, "且"),         WORD(PLAIN, "和"),     WORD(PLAIN, "与"),
    WORD(PLAIN, "了"),      WORD(PLAIN, "任务"),       WORD(PLAIN, "工作"),   WORD(PLAIN, "项目"),
    WORD(PLAIN, "按计划"),  WORD(PLAIN, "按照计划"),   WORD(PLAIN, "按要求"), WORD(PLAIN, "按规定"),
    WORD(PLAIN, "高质量"),  WORD(DENIAL, "不"),        WORD(DENIAL, "未"),    WORD(DENIAL, "没"),
    WORD(DENIAL, "无"),     WORD(DENIAL, "非"),        WORD(DENIAL, "缺"),    WORD(DENIAL, "延期"),
    WORD(DENIAL, "延迟"),   WORD(DENIAL, "延后"),      WORD(DENIAL, "逾期"),  WORD(DENIAL, "超期"),
    WORD(DENIAL, "推迟"),   WORD(DENIAL, "滞后"),      WORD(DENIAL, "暂停"),  WORD(DENIAL, "暂缓"),
    WORD(PARTIAL, "部分"),  WORD(PARTIAL, "基本"),     WORD(MET, "完成计划"), WORD(MET, "达成"),
    WORD(MET, "完成"),      WORD(MET, "达标"),         WORD(MET, "达到要求"), WORD(MET, "达到标准"),
    WORD(MET, "达到目标"),  WORD(MET, "达到"),         WORD(MET, "及时"),     WORD(MET, "符合要求"),
    WORD(MET, "符合标准"),  WORD(MET, "在标准时间内"), WORD(MET, "按时"),     WORD(MET, "按期"),
    WORD(MET, "如期"),      WORD(MET, "建立健全"),     WORD(MET, "健全"),     WORD(MET, "完善"),
    WORD(MET, "落实"),      WORD(PLAIN, "及"),
};
#undef WORD

static bool is_stop(zp_str text)
{
    const zp_str signs = ZP_STR(",;:.!");
    return memchr(signs.p, *text.p, signs.n) != NULL;
}

/* The kind of the word that begins here, and its length. What the target says is met by saying it; of it and a word of
 * the list the longer one counts. */
static word_kind word_at(zp_str text, zp_str target, size_t *length)
{
    uint32_t wide = zp_text_wide(text.p, text.n);
    word_kind kind = is_stop(text) || wide == U'。' || wide == U'、' ? PLAIN : UNKNOWN;
    size_t said = target.n && zp_text_begins(text, target) ? target.n : 0;
    *length = wide ? 3 : 1;
    for (size_t i = 0; wide && i < sizeof words / sizeof *words; i++)
        if (memcmp(text.p, words[i].text.p, 3) == 0 && zp_text_begins(text, words[i].text)) {
            *length = words[i].text.n;
            kind = words[i].kind;
            break;
        }
    if (said < *length)
        return kind;
    *length = said;
    return MET;
}

/* Which kinds of words there are in it, from left to right; none stands in two at a time. */
static void look_for_words(zp_str text, zp_str target, bool says[KINDS])
{
    while (text.n) {
        size_t length;
        says[word_at(text, target, &length)] = true;
        text = (zp_str){text.p + length, text.n - length};
    }
}

bool zp_words_deny(zp_str actual)
{
    bool says[KINDS] = {false};
    look_for_words(actual, ZP_ABSENT, says);
    return says[DENIAL] || says[POOR];
}

/* Whether it says that something went wrong, as no goal does: 未达成, 较差, and a denial of what is good, 不合格,
 * 没有落实. Of what is bad, 无事故, a denial is as good a goal as any. */
static bool says_failure(zp_str text)
{
    bool says[KINDS] = {false};
    look_for_words(text, ZP_ABSENT, says);
    if (says[POOR])
        return true;
    static const zp_str denials[] = {ZP_STR_ROW("不能"), ZP_STR_ROW("不"),   ZP_STR_ROW("未能"), ZP_STR_ROW("未按"),
                                     ZP_STR_ROW("未曾"), ZP_STR_ROW("未"),   ZP_STR_ROW("没有"), ZP_STR_ROW("没能"),
                                     ZP_STR_ROW("没"),   ZP_STR_ROW("无法"), ZP_STR_ROW("难以")};
    static const zp_str good[] = {ZP_STR_ROW("完成"), ZP_STR_ROW("达"),   ZP_STR_ROW("合格"), ZP_STR_ROW("满意"),
                                  ZP_STR_ROW("及时"), ZP_STR_ROW("按时"), ZP_STR_ROW("按期"), ZP_STR_ROW("如期"),
                                  ZP_STR_ROW("符合"), ZP_STR_ROW("到位"), ZP_STR_ROW("理想"), ZP_STR_ROW("通过"),
                                  ZP_STR_ROW("落实"), ZP_STR_ROW("完善"), ZP_STR_ROW("健全"), ZP_STR_ROW("建立"),
                                  ZP_STR_ROW("开展"), ZP_STR_ROW("实施"), ZP_STR_ROW("实现"), ZP_STR_ROW("执行"),
                                  ZP_STR_ROW("启动"), ZP_STR_ROW("好"),   ZP_STR_ROW("明显"), ZP_STR_ROW("显著")};
    for (; text.n; text.p++, text.n--)
        for (size_t i = 0; i < sizeof denials / sizeof *denials; i++) {
            zp_str rest = {text.p + denials[i].n, text.n - denials[i].n};
            for (size_t j = 0; zp_text_begins(text, denials[i]) && j < sizeof good / sizeof *good; j++)
                if (zp_text_begins(rest, good[j]))
                    return true;
        }
    return false;
}

static zp_flag_code doubt_about(const bool says[KINDS])
{
    return says[DENIAL] || says[POOR] ? ZP_FLAG_QUAL_NEGATIVE : ZP_FLAG_QUAL_UNVERIFIABLE;
}

/* Only words that are known throughout count: 明年完成 and 及时性差 are for a person to read. */
int zp_band_of_words(zp_str actual, zp_str target, zp_flag_code *why_not)
{
    bool says[KINDS] = {false};
    bool is_goal = !says_failure(target);
    if (is_goal && zp_str_eq(actual, target))
        return 0;
    look_for_words(actual, is_goal ? target : ZP_ABSENT, says);
    *why_not = doubt_about(says);
    if (!is_goal)
        return -1;
    bool known = !says[UNKNOWN] && !zp_may_hold_number(actual) && !zp_may_hold_number(target);
    if (known && says[POOR] && !says[DENIAL])
        return 2;
    if (!known || says[DENIAL] || says[POOR])
        return -1;
    return says[PARTIAL] ? 1 : says[MET] ? 0 : -1;
}

static bool cut_beginning(zp_str *text, zp_str word)
{
    if (!zp_text_begins(*text, word))
        return false;
    *text = (zp_str){text->p + word.n, text->n - word.n};
    return true;
}

/* 有效提升资金使用效率: what is to become of something is a goal, whatever that is called. A noun made of the verb
 * alone, 增长率, or of all of it, 提升服务情况, is a name still. */
static bool says_what_becomes(zp_str target)
{
    static const zp_str adverbs[] = {ZP_STR_ROW("有效"), ZP_STR_ROW("持续"),   ZP_STR_ROW("不断"), ZP_STR_ROW("显著"),
                                     ZP_STR_ROW("明显"), ZP_STR_ROW("逐步"),   ZP_STR_ROW("稳步"), ZP_STR_ROW("切实"),
                                     ZP_STR_ROW("大幅"), ZP_STR_ROW("进一步"), ZP_STR_ROW("全面"), ZP_STR_ROW("着力")};
    static const zp_str verbs[] = {ZP_STR_ROW("提升"), ZP_STR_ROW("提高"), ZP_STR_ROW("降低"), ZP_STR_ROW("增强"),
                                   ZP_STR_ROW("加强"), ZP_STR_ROW("减少"), ZP_STR_ROW("改善"), ZP_STR_ROW("增加"),
                                   ZP_STR_ROW("促进"), ZP_STR_ROW("保障"), ZP_STR_ROW("优化"), ZP_STR_ROW("扩大")};
    static const zp_str nouns[] = {ZP_STR_ROW("率"),   ZP_STR_ROW("程度"), ZP_STR_ROW("比例"),
                                   ZP_STR_ROW("数量"), ZP_STR_ROW("金额"), ZP_STR_ROW("人数"),
                                   ZP_STR_ROW("次数"), ZP_STR_ROW("天数"), ZP_STR_ROW("场次")};
    size_t i = 0;
    while (i < sizeof adverbs / sizeof *adverbs)
        i = cut_beginning(&target, adverbs[i]) ? 0 : i + 1;
    for (i = 0; i < sizeof verbs / sizeof *verbs && !cut_beginning(&target, verbs[i]); i++)
        ;
    bool is_name = zp_text_ends(target, ZP_STR("情况")) || zp_text_ends(target, ZP_STR("指标")) ||
                   zp_text_is_one_of(target, ZP_WORDS(nouns));
    return i < sizeof verbs / sizeof *verbs && !is_name;
}

bool zp_is_a_name(const zp_indicator *indicator, zp_str target)
{
    static const zp_str endings[] = {ZP_STR_ROW("性"),     ZP_STR_ROW("率"),    ZP_STR_ROW("情况"), ZP_STR_ROW("指标"),
                                     ZP_STR_ROW("程度"),   ZP_STR_ROW("数量"),  ZP_STR_ROW("人数"), ZP_STR_ROW("次数"),
                                     ZP_STR_ROW("天数"),   ZP_STR_ROW("场次"),  ZP_STR_ROW("金额"), ZP_STR_ROW("比例"),
                                     ZP_STR_ROW("满意度"), ZP_STR_ROW("完成度")};
    if (zp_str_eq(target, indicator->level3) || zp_str_eq(target, indicator->level2) ||
        zp_str_eq(target, indicator->level1))
        return true;
    return zp_text_ends_with_one_of(target, ZP_WORDS(endings)) && !says_what_becomes(target);
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

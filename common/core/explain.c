/*
 * explain.c - see explain.h. Rendered when it is read: stored are the formula, the figures and what explains them.
 */
#include "core/explain.h"

#include "core/decimal.h"
#include "core/text.h"
#include "core/typed.h"

typedef struct {
    zp_str text[2]; /* by zp_lang */
} phrase;

#define PHRASE(zh, en)                                                                                                 \
    {                                                                                                                  \
        {                                                                                                              \
            ZP_STR_ROW(zh), ZP_STR_ROW(en)                                                                             \
        }                                                                                                              \
    }

/* The unit's own figure is often a shortened one: what was done to it, behind the figure itself. */
static zp_str shortening(unsigned why, zp_lang lang)
{
    static const struct {
        zp_why bit;
        phrase said;
    } ways[] = {{ZP_WHY_TRUNC1, PHRASE("，截到一位小数", ", cut to one decimal")},
                {ZP_WHY_TRUNC0, PHRASE("，截去小数", ", cut to a whole number")},
                {ZP_WHY_ROUND1, PHRASE("，四舍五入到一位小数", ", rounded to one decimal")},
                {ZP_WHY_ROUND0, PHRASE("，四舍五入到整数", ", rounded to a whole number")}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (why & ways[i].bit)
            return ways[i].said.text[lang];
    return ZP_STR("");
}

/* "= 9.61" behind a formula, unless it ends with its result: "99.92 ≥ 98 → 10". */
static bool names_its_result(zp_str formula)
{
    while (formula.n && formula.p[formula.n - 1] != ' ')
        formula.n--;
    return zp_text_ends(formula, ZP_STR("→ "));
}

static zp_str basis_in_words(const zp_line *line, zp_str computed, zp_lang lang, zp_arena *arena)
{
    static const phrase equals = PHRASE(" = ", " = "),
                        judged = PHRASE("定性指标，按文字对应的档次计 ", "judged by its words; the band gives "),
                        in_band = PHRASE("定性指标，在文字对应的档次（", "judged by its words; in its band ("),
                        as_declared = PHRASE("）之内，按申报计 ", "), as declared: "),
                        kept = PHRASE("规则无法核验，暂按申报计，请人工复核：",
                                      "the rules cannot verify this; as declared, until a person has looked: "),
                        unknown =
                            PHRASE("规则无法核验，也没有申报得分，请人工评分",
                                   "the rules cannot verify this and no score is declared: a person has to score it"),
                        unweighted = PHRASE("没有分值，不计入总分", "no weight, so it adds nothing to the total");
    switch (line->basis) {
    case ZP_BASIS_FORMULA:
        return names_its_result(line->formula) ? line->formula
                                               : ZP_ARENA_JOIN(arena, line->formula, equals.text[lang], computed);
    case ZP_BASIS_QUALITATIVE:
        return line->figure.n ? ZP_ARENA_JOIN(arena, in_band.text[lang], line->figure, as_declared.text[lang], computed)
                              : ZP_ARENA_JOIN(arena, judged.text[lang], computed);
    case ZP_BASIS_UNVERIFIABLE:
        return line->computed == ZP_NO_CENTS ? unknown.text[lang] : ZP_ARENA_JOIN(arena, kept.text[lang], computed);
    default:
        return unweighted.text[lang];
    }
}

/* By how many cents the declared score differs from the computed one, where that is more than a rounding; 0 otherwise.
 */
static int64_t difference(const zp_line *line)
{
    zp_dec value;
    int64_t cents;
    if (line->computed == ZP_NO_CENTS || zp_dec_parse(line->declared, &value) || !zp_dec_cents(value, &cents))
        return 0;
    return cents > line->computed + 1 || cents < line->computed - 1 ? cents - line->computed : 0;
}

/* Up to the sign, which is cut off with what stands in front of it; false where there is none. */
static bool take_number(zp_str *text, zp_str sign, zp_dec *out)
{
    zp_str number = *text;
    for (; text->n && !zp_text_begins(*text, sign); text->p++)
        text->n--;
    if (!text->n || zp_dec_parse((zp_str){number.p, number.n - text->n}, out))
        return false;
    *text = (zp_str){text->p + sign.n, text->n - sign.n};
    return true;
}

/* "99.96 ÷ 100 × 10" in thousandths of a point, cut; false for a formula of another shape. */
static bool in_thousandths(zp_str formula, zp_dec *out)
{
    zp_dec over, under, weight;
    int64_t points;
    if (!take_number(&formula, ZP_STR(" ÷ "), &over) || !take_number(&formula, ZP_STR(" × "), &under) ||
        zp_dec_parse(formula, &weight) || !zp_dec_millionths(weight, &points) || !zp_dec_align(&over, &under) ||
        over.m < 0 || under.m <= 0 || over.m > under.m || points > 100 * (int64_t)ZP_POINT)
        return false;
    /* over < 10^29 and points ≤ 10^8 */
    *out = (zp_dec){over.m * points / under.m / (ZP_POINT / 1000), -3};
    return true;
}

/* What the declared score is a shortened form of: "9.996" rather than 10.00. Of the execution no figure is stored. */
static zp_str unrounded(const zp_line *line, zp_str computed, zp_arena *arena)
{
    zp_dec exact;
    if (line->figure.n)
        return line->figure;
    if (!in_thousandths(line->formula, &exact) || zp_dec_cmp(exact, (zp_dec){line->computed, -2}) == 0)
        return computed;
    return zp_dec_text(exact, arena);
}

/* "; declared 7.6 …", or nothing where there is nothing to remark. */
static zp_str remark(const zp_line *line, zp_str computed, zp_lang lang, zp_arena *arena)
{
    static const phrase declared = PHRASE("；申报的 ", "; declared "), looks = PHRASE(" 像是 ", " looks like "),
                        high = PHRASE(" 高出 ", " is higher by "), low = PHRASE(" 低了 ", " is lower by ");
    int64_t apart = difference(line);
    if (line->why) {
        bool target_forgotten = line->why & ZP_WHY_ACTUAL_X_WEIGHT;
        zp_str figure = target_forgotten
                            ? ZP_ARENA_JOIN(arena, line->figure, ZP_STR(" × "), zp_cell_trimmed(line->weight))
                            : unrounded(line, computed, arena);
        return ZP_ARENA_JOIN(arena, declared.text[lang], zp_cell_trimmed(line->declared), looks.text[lang], figure,
                             shortening(line->why, lang));
    }
    if (!apart)
        return ZP_STR("");
    return ZP_ARENA_JOIN(arena, declared.text[lang], zp_cell_trimmed(line->declared),
                         (apart > 0 ? &high : &low)->text[lang], zp_cents_text(apart > 0 ? apart : -apart, arena));
}

zp_str zp_line_message(const zp_line *line, zp_lang lang, zp_arena *arena)
{
    zp_str computed = line->computed == ZP_NO_CENTS ? ZP_STR("") : zp_cents_text(line->computed, arena);
    zp_str basis = basis_in_words(line, computed, lang, arena), remarked = remark(line, computed, lang, arena);
    if (!computed.p || !basis.p || !remarked.p)
        return ZP_ABSENT;
    return remarked.n ? ZP_ARENA_JOIN(arena, basis, remarked) : basis;
}

zp_line zp_execution_line(const zp_result *result)
{
    return (zp_line){.declared = result->execution.declared,
                     .computed = result->execution.computed,
                     .confirmed = result->execution.confirmed,
                     .basis = result->execution.formula.p ? ZP_BASIS_FORMULA : ZP_BASIS_UNVERIFIABLE,
                     .formula = result->execution.formula,
                     .why = result->execution.why};
}

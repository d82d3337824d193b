/*
 * unit.c - what a number counts: percent, time, words, with 万, 亿 and ‰. See grammar.h.
 */
#include "core/grammar.h"

static bool cut(zp_str *text, zp_str prefix)
{
    if (!zp_text_begins(*text, prefix))
        return false;
    text->p += prefix.n;
    text->n -= prefix.n;
    return true;
}

static unsigned seconds_of(zp_str unit)
{
    static const struct {
        zp_str name;
        unsigned seconds;
    } times[] = {{ZP_STR_ROW("秒"), 1},     {ZP_STR_ROW("秒钟"), 1},    {ZP_STR_ROW("分"), 60},
                 {ZP_STR_ROW("分钟"), 60},  {ZP_STR_ROW("小时"), 3600}, {ZP_STR_ROW("个小时"), 3600},
                 {ZP_STR_ROW("天"), 86400}, {ZP_STR_ROW("日"), 86400}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (zp_str_eq(unit, times[i].name))
            return times[i].seconds;
    return 0;
}

/* Punctuation and operators don't stand in a unit, but 次/天, 元/人·月, 元/人*月 do: between words, not at an end. */
static bool may_stand_in_unit(zp_str text)
{
    static const zp_str signs = ZP_STR_ROW("<>=!?;,+'[]{}|&~%():\"0123456789");
    if ((unsigned char)*text.p < 0x80)
        return !memchr(signs.p, *text.p, signs.n);
    switch (zp_text_wide(text.p, text.n)) {
    case U'。':
    case U'≥':
    case U'≤':
    case U'≠':
    case U'“':
    case U'”':
        return false;
    default:
        return !zp_text_begins(text, ZP_STR("±"));
    }
}

static bool is_joint(char c)
{
    return c == '-' || c == '.' || c == '/' || c == '*';
}

static bool is_unit(zp_str text)
{
    if (text.n && (is_joint(text.p[0]) || is_joint(text.p[text.n - 1])))
        return false;
    if (zp_text_characters(text) > ZP_MAX_UNIT_CHARACTERS)
        return false;
    zp_str plain = text;
    if (zp_text_ends(text, ZP_STR("m2")) || zp_text_ends(text, ZP_STR("m3")))
        plain.n--;
    for (; plain.n; plain.p++, plain.n--)
        if (!may_stand_in_unit(plain))
            return false;
    return true;
}

bool zp_read_unit(zp_str text, zp_quantity *q)
{
    if (q->dimension == ZP_DIM_PERCENT)
        return text.n == 0;
    q->said = text;
    if (zp_str_eq(text, ZP_STR("%")) || zp_str_eq(text, ZP_STR("百分比")) || zp_str_eq(text, ZP_STR("百分点")) ||
        zp_str_eq(text, ZP_STR("个百分点"))) {
        q->dimension = ZP_DIM_PERCENT;
        q->unit = ZP_STR("%");
        return true;
    }
    if (zp_str_eq(text, ZP_STR("‰"))) {
        q->dimension = ZP_DIM_PERCENT;
        q->unit = ZP_STR("%");
        q->scale = -1;
        q->value.e += q->scale;
        return true;
    }
    if (!is_unit(text))
        return false;
    if (cut(&text, ZP_STR("万亿")))
        q->scale = 12;
    else if (cut(&text, ZP_STR("万")))
        q->scale = 4;
    else if (cut(&text, ZP_STR("亿")))
        q->scale = 8;
    q->value.e += q->scale;
    if (!text.n)
        return true;
    q->unit = text;
    q->seconds = seconds_of(text);
    q->dimension = q->seconds ? ZP_DIM_TIME : ZP_DIM_OTHER;
    return true;
}

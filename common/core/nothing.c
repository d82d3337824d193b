/*
 * nothing.c - what people write into a cell that has nothing to say. See text.h.
 */
#include "core/text.h"

enum { SHORT = 24 }; /* bytes; the longest way to say nothing has 12 */

static bool is_stop(uint32_t wide, char c)
{
    const zp_str stops = ZP_STR(".,;!");
    return wide ? wide == U'。' || wide == U'、' : memchr(stops.p, c, stops.n) != NULL;
}

/* The text without blanks and with the figures, letters and signs of ASCII instead of the full-width ones. False when
 * it is too long to say nothing. */
static bool shorten(zp_str text, char room[SHORT], zp_str *out)
{
    size_t n = 0;
    while (text.n) {
        uint32_t wide = zp_text_wide(text.p, text.n);
        bool is_no_break = zp_text_begins(text, ZP_STR("\u00a0"));
        size_t used = wide ? 3 : is_no_break ? 2 : 1;
        char narrow = zp_text_narrow(wide);
        bool is_blank = is_no_break || narrow == ' ' || (!wide && (unsigned char)*text.p <= ' ');
        if (n + used > SHORT)
            return false;
        if (narrow && !is_blank) {
            room[n++] = narrow;
        } else if (!is_blank) {
            memcpy(room + n, text.p, used);
            n += used;
        }
        text = (zp_str){text.p + used, text.n - used};
    }
    *out = (zp_str){room, n};
    return true;
}

/* Dashes of every length, slashes, points: drawn where a cell is left empty. Its length; 0: none is there. */
static size_t stroke_at(zp_str text)
{
    const zp_str narrow = ZP_STR("-/\\_~");
    uint32_t wide = zp_text_wide(text.p, text.n);
    if (zp_text_begins(text, ZP_STR("·")))
        return 2;
    if (!wide)
        return memchr(narrow.p, *text.p, narrow.n) || is_stop(0, *text.p) ? 1 : 0;
    bool is_dash = (wide >= U'\u2010' && wide <= U'\u2015') || wide == U'\u2212' || wide == U'\u2500';
    return is_dash || wide == U'…' || is_stop(wide, '\0') ? 3 : 0;
}

static bool is_strokes(zp_str text)
{
    size_t n;
    while (text.n && (n = stroke_at(text)))
        text = (zp_str){text.p + n, text.n - n};
    return text.n == 0;
}

static zp_str without_stops(zp_str text)
{
    while (text.n) {
        bool wide = text.n >= 3 && is_stop(zp_text_wide(text.p + text.n - 3, 3), '\0');
        if (!wide && !is_stop(0, text.p[text.n - 1]))
            break;
        text.n -= wide ? 3 : 1;
    }
    return text;
}

static bool is_nothing_in_words(zp_str text)
{
    static const zp_str words[] = {ZP_STR_ROW("无"),   ZP_STR_ROW("没有"), ZP_STR_ROW("暂无"), ZP_STR_ROW("不适用"),
                                   ZP_STR_ROW("空"),   ZP_STR_ROW("N/A"),  ZP_STR_ROW("n/a"),  ZP_STR_ROW("NA"),
                                   ZP_STR_ROW("None"), ZP_STR_ROW("none"), ZP_STR_ROW("null"), ZP_STR_ROW("nil")};
    return zp_text_is_one_of(text, ZP_WORDS(words));
}

/* As most cells do, and nothing that says nothing. */
static bool begins_with_a_figure(zp_str text)
{
    uint32_t wide = zp_text_wide(text.p, text.n);
    return wide == U'≥' || wide == U'≤' || (text.n && *text.p >= '1' && *text.p <= '9');
}

/* Strokes, what says nothing in any cell, or one of the words that say nothing in this kind of cell. */
static bool says_nothing(zp_str text, const zp_str *words, size_t count)
{
    char room[SHORT];
    zp_str plain;
    if (begins_with_a_figure(text) || !shorten(text, room, &plain))
        return false;
    zp_str said = without_stops(plain);
    return is_strokes(plain) || is_nothing_in_words(said) || zp_text_is_one_of(said, words, count);
}

bool zp_text_is_strokes(zp_str text)
{
    char room[SHORT];
    zp_str plain;
    return !begins_with_a_figure(text) && shorten(text, room, &plain) && plain.n && is_strokes(plain);
}

bool zp_text_is_no_target(zp_str text)
{
    static const zp_str words[] = {ZP_STR_ROW("暂无数据"), ZP_STR_ROW("无数据"),   ZP_STR_ROW("未设定"),
                                   ZP_STR_ROW("未设置"),   ZP_STR_ROW("未填"),     ZP_STR_ROW("未填写"),
                                   ZP_STR_ROW("待定"),     ZP_STR_ROW("待补充"),   ZP_STR_ROW("待填"),
                                   ZP_STR_ROW("同上"),     ZP_STR_ROW("见附件"),   ZP_STR_ROW("详见附件"),
                                   ZP_STR_ROW("见附表"),   ZP_STR_ROW("详见附表"), ZP_STR_ROW("×")};
    return says_nothing(text, ZP_WORDS(words));
}

bool zp_text_is_blank_reason(zp_str text)
{
    static const zp_str words[] = {ZP_STR_ROW("0"), ZP_STR_ROW("无偏差"), ZP_STR_ROW("没有偏差"), ZP_STR_ROW("未偏差")};
    return says_nothing(text, ZP_WORDS(words));
}

/*
 * text.h - cells brought to one spelling before they are understood. What was declared stays as it is; this is derived.
 */
#ifndef ZP_CORE_TEXT_H
#define ZP_CORE_TEXT_H

#include "base/arena.h"

/*
 * NFKC (Unicode UAX 15, by utf8proc), blanks and thousands separators removed, ≧⩾ → ≥, ≦⩽ → ≤, – → -. A thousands
 * separator is a comma, or one blank that is neither tab nor line feed, in a number that is grouped by threes
 * throughout (1 000 000). Any other blank between digits or points, or between a sign that begins the text and a digit,
 * is kept as one: 95 98 is not 9598. Text that is already so comes back as it is, without a copy. Absent when absent or
 * out of memory.
 */
zp_str zp_text_normalise(zp_str text, zp_arena *arena);

/* Of ASCII, whatever the locale. */
static inline bool zp_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Inline: asked for every word of every list, and nearly all differ in their last byte. A prefix, suffix or part has at
 * least one. */
static inline bool zp_text_begins(zp_str text, zp_str prefix)
{
    return text.n >= prefix.n && text.p[prefix.n - 1] == prefix.p[prefix.n - 1] &&
           memcmp(text.p, prefix.p, prefix.n) == 0;
}

static inline bool zp_text_ends(zp_str text, zp_str suffix)
{
    return text.n >= suffix.n && text.p[text.n - 1] == suffix.p[suffix.n - 1] &&
           memcmp(text.p + text.n - suffix.n, suffix.p, suffix.n) == 0;
}

/* A list of words and how many it has: the last two arguments of the three below. */
#define ZP_WORDS(list) (list), sizeof(list) / sizeof *(list)
bool zp_text_is_one_of(zp_str text, const zp_str *words, size_t count);
bool zp_text_begins_with_one_of(zp_str text, const zp_str *words, size_t count);
bool zp_text_ends_with_one_of(zp_str text, const zp_str *words, size_t count);

/* For cells: what is searched is a few dozen bytes long, and the call of a library would cost more than the search. */
static inline bool zp_text_contains(zp_str text, zp_str part)
{
    for (; text.n >= part.n; text.p++, text.n--)
        if (*text.p == *part.p && memcmp(text.p, part.p, part.n) == 0)
            return true;
    return false;
}

/* The character at the beginning of `text` when it is one of three bytes, as most Chinese ones are; 0 otherwise. Makes
 * a switch out of a list of words. */
static inline uint32_t zp_text_wide(const char *p, size_t n)
{
    const unsigned char *b = (const unsigned char *)p;
    return n >= 3 && (b[0] & 0xf0) == 0xe0 ? (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu) : 0;
}

/* Unicode characters. */
size_t zp_text_characters(zp_str text);
/* The ASCII character that a full-width one stands for, its blank among them; 0 for any other. */
char zp_text_narrow(uint32_t wide);

/*
 * nothing.c: cells that have nothing to say, blanks, width and the stops behind a word aside. Strokes are dashes of any
 * length, slashes and points, and nothing else: whoever draws them leaves the cell empty.
 */
bool zp_text_is_strokes(zp_str text);
/* No target: empty, strokes, 无, 没有, N/A, or what only says where or when there will be one: 待定, 见附件, 同上. */
bool zp_text_is_no_target(zp_str text);
/* No reason: empty, strokes, 无, 没有, N/A, 0, 无偏差. */
bool zp_text_is_blank_reason(zp_str text);

#endif

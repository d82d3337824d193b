/*
 * text.c - see text.h. Nearly all cells are plain ASCII and common Chinese, which NFKC leaves alone: those are
 * recognised in one pass, so that utf8proc (and its allocation) is the exception.
 */
#include "core/text.h"

#include <stdlib.h>
#include <utf8proc.h>

bool zp_text_is_one_of(zp_str text, const zp_str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (zp_str_eq(text, words[i]))
            return true;
    return false;
}

bool zp_text_begins_with_one_of(zp_str text, const zp_str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (zp_text_begins(text, words[i]))
            return true;
    return false;
}

bool zp_text_ends_with_one_of(zp_str text, const zp_str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (zp_text_ends(text, words[i]))
            return true;
    return false;
}

size_t zp_text_characters(zp_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

/* What has to be done to bring a text to its one spelling. */
typedef enum {
    AS_IT_IS,
    RESPELL, /* blanks and commas; full-width forms of ASCII, which NFKC takes to ASCII one by one */
    NFKC
} need;

/* A character of three bytes that NFKC leaves as it is: U+3400..U+9FFF, and the signs that we use as they are. */
static bool is_stable(uint32_t wide)
{
    return (wide >= 0x3400 && wide <= 0x9fff) || wide == U'≤' || wide == U'≥' || wide == U'、' || wide == U'。';
}

char zp_text_narrow(uint32_t wide)
{
    return wide >= U'！' && wide <= U'～' ? (char)(wide - U'！' + '!') : wide == U'\u3000' ? ' ' : '\0';
}

static need look_at(zp_str text)
{
    const char *p = text.p, *end = p + text.n;
    need found = AS_IT_IS;
    while (p < end) {
        if ((unsigned char)*p < 0x80) {
            if (*p <= ' ' || *p == ',')
                found = RESPELL;
            p++;
            continue;
        }
        uint32_t wide = zp_text_wide(p, (size_t)(end - p));
        if (zp_text_narrow(wide))
            found = RESPELL;
        else if (!is_stable(wide))
            return NFKC;
        p += 3;
    }
    return found;
}

/* Full-width forms into ASCII; returns the new length. */
static size_t narrowed(zp_str text, char *out)
{
    size_t m = 0;
    for (size_t at = 0; at < text.n;) {
        char ascii = zp_text_narrow(zp_text_wide(text.p + at, text.n - at));
        at += ascii ? 2 : 0;
        out[m++] = ascii ? ascii : text.p[at];
        at++;
    }
    return m;
}

/* Where the run of digits begins that ends in front of `at`. */
static size_t digits_begin(const char *text, size_t at)
{
    while (at > 0 && zp_is_digit(text[at - 1]))
        at--;
    return at;
}

static bool is_separator(char c)
{
    return c == ',' || c == ' ';
}

/* Whether three digits and no more stand behind the separator. */
static bool thousand_follows(const char *text, size_t n, size_t at)
{
    return n - at > 3 && zp_is_digit(text[at + 1]) && zp_is_digit(text[at + 2]) && zp_is_digit(text[at + 3]) &&
           (n - at == 4 || !zp_is_digit(text[at + 4]));
}

/* A comma or blank groups thousands where all its number is grouped so, by that sign: one to three digits, the first no
 * zero, and then groups of exactly three. Any other is between two values, or nobody knows: 99.5,200; 0,500; 95 98. */
static bool groups_thousands(const char *text, size_t n, size_t at)
{
    if (!thousand_follows(text, n, at))
        return false;
    char sign = text[at];
    size_t begin = digits_begin(text, at);
    while (at - begin == 3 && begin > 1 && text[begin - 1] == sign && zp_is_digit(text[begin - 2])) {
        at = begin - 1;
        begin = digits_begin(text, at);
    }
    if (begin == at || at - begin > 3 || text[begin] == '0' || (begin > 0 && text[begin - 1] == '.'))
        return false;
    return begin < 2 || !is_separator(text[begin - 1]) || !zp_is_digit(text[begin - 2]);
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

static bool is_of_number(char c)
{
    return zp_is_digit(c) || c == '.';
}

/* Whether the blanks from `at` up to `end` may part two numbers, 95 98, or an item's mark from one, 1. 5 and - 5: then
 * one of them stays, and what holds it is no number. `written` is what stands before them without blanks. */
static bool keeps_apart(const char *text, size_t n, size_t at, size_t end, zp_str written)
{
    if (!written.n || end == n || !is_of_number(text[end]))
        return false;
    char before = written.p[written.n - 1];
    if (written.n == 1 && (before == '-' || before == '+'))
        return true;
    return is_of_number(before) && !(end - at == 1 && text[at] == ' ' && groups_thousands(text, n, at));
}

/* Signs that mean the same and NFKC keeps apart. */
static bool is_variant(zp_str text, zp_str *sign)
{
    static const struct {
        zp_str from, to;
    } signs[] = {{ZP_STR_ROW("≧"), ZP_STR_ROW("≥")},
                 {ZP_STR_ROW("⩾"), ZP_STR_ROW("≥")},
                 {ZP_STR_ROW("≦"), ZP_STR_ROW("≤")},
                 {ZP_STR_ROW("⩽"), ZP_STR_ROW("≤")},
                 {ZP_STR_ROW("–"), ZP_STR_ROW("-")}};
    for (size_t i = 0; (unsigned char)*text.p == 0xe2 && i < sizeof signs / sizeof *signs; i++)
        if (zp_text_begins(text, signs[i].from)) {
            *sign = signs[i].to;
            return true;
        }
    return false;
}

/* Into out, which has room for as much as there is; returns the new length. */
static size_t respelled(const char *text, size_t n, char *out)
{
    size_t m = 0;
    zp_str sign;
    for (size_t at = 0; at < n;) {
        if (is_blank(text[at])) {
            size_t end = at + 1;
            while (end < n && is_blank(text[end]))
                end++;
            if (keeps_apart(text, n, at, end, (zp_str){out, m}))
                out[m++] = ' ';
            at = end;
        } else if (text[at] == ',' && groups_thousands(text, n, at)) {
            at++;
        } else if (is_variant((zp_str){text + at, n - at}, &sign)) {
            memcpy(out + m, sign.p, sign.n);
            m += sign.n;
            at += 3;
        } else {
            out[m++] = text[at++];
        }
    }
    return m;
}

/* What NFKC makes of one character, as far as numbers go. */
typedef struct {
    bool odd;    /* it holds an ASCII digit and is none, nor a full-width one: ⁴ ② ⒈ ½ ㎡ */
    bool blank;  /* respelling takes it out */
    bool begins; /* with a digit or a point */
    bool holds;  /* a digit */
    bool ends;   /* with a digit or a point */
} spelling;

static bool is_digit_or_point(utf8proc_int32_t c)
{
    return (c >= '0' && c <= '9') || c == '.';
}

static spelling spelling_of(utf8proc_int32_t c)
{
    enum { LONGEST = 32 }; /* no character has more than 18 in NFKC */
    utf8proc_int32_t plain[LONGEST];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char(c, plain, LONGEST, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
    spelling found = {0};
    for (utf8proc_ssize_t i = 0; i < n && i < LONGEST; i++)
        found.holds |= plain[i] >= '0' && plain[i] <= '9';
    found.odd = found.holds && c >= 0x80 && !zp_text_narrow((uint32_t)c);
    found.blank = n == 1 && plain[0] <= ' ';
    found.begins = n > 0 && is_digit_or_point(plain[0]);
    found.ends = n > 0 && n <= LONGEST && is_digit_or_point(plain[n - 1]);
    return found;
}

/* NFKC makes 104 of 10⁴, 15次 of ①5次 and 1.5次 of ⒈5次. A ^ where a digit would grow together with one that was no
 * part of its number keeps both from being read as one. Returns the new length; out has room for twice the text. */
static size_t kept_apart(zp_str text, char *out)
{
    size_t m = 0;
    spelling before = {0};
    while (text.n) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &c);
        size_t length = n > 0 ? (size_t)n : 1;
        spelling here = n > 0 ? spelling_of(c) : (spelling){0};
        if (here.begins && (before.odd || (here.odd && before.ends)))
            out[m++] = '^';
        memcpy(out + m, text.p, length);
        m += length;
        if (!here.blank)
            before = here;
        text = (zp_str){text.p + length, text.n - length};
    }
    return m;
}

/* Absent when out of memory; what is no UTF-8 stays as it is. */
static zp_str composed(zp_str given, zp_arena *arena)
{
    char *apart = zp_arena_alloc(arena, given.n * 2 + 1);
    if (!apart)
        return ZP_ABSENT;
    zp_str text = {apart, kept_apart(given, apart)};
    utf8proc_uint8_t *nfkc = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &nfkc,
                                      UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE);
    if (n < 0)
        return n == UTF8PROC_ERROR_NOMEM ? ZP_ABSENT : given;
    zp_str out = zp_arena_copy(arena, (zp_str){(const char *)nfkc, (size_t)n});
    free(nfkc);
    return out;
}

zp_str zp_text_normalise(zp_str text, zp_arena *arena)
{
    need needed = text.p ? look_at(text) : AS_IT_IS;
    if (needed == AS_IT_IS)
        return text;
    zp_str plain;
    if (needed == NFKC) {
        plain = composed(text, arena);
    } else {
        char *ascii = zp_arena_alloc(arena, text.n + 1);
        plain = ascii ? (zp_str){ascii, narrowed(text, ascii)} : ZP_ABSENT;
    }
    char *out = plain.p ? zp_arena_alloc(arena, plain.n + 1) : NULL;
    return out ? (zp_str){out, respelled(plain.p, plain.n, out)} : ZP_ABSENT;
}

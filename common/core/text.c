/*
 * text.c - see text.h. Nearly all cells are plain ASCII and common Chinese, which NFKC leaves alone: those are
 * recognised in one pass, so that utf8proc (and its allocation) is the exception.
 */
#include "core/text.h"

#include <stdlib.h>
#include <utf8proc.h>

bool zp_text_begins(zp_str text, const char *prefix)
{
    /* Asked for every word of every list, and nearly all differ in their first character. */
    size_t i = 0;
    while (prefix[i] && i < text.n && text.p[i] == prefix[i])
        i++;
    return !prefix[i];
}

bool zp_text_ends(zp_str text, const char *suffix)
{
    size_t n = strlen(suffix);
    return text.n >= n && memcmp(text.p + text.n - n, suffix, n) == 0;
}

bool zp_text_contains(zp_str text, const char *part)
{
    return text.n && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

size_t zp_text_characters(zp_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

/* Three bytes of UTF-8 within U+3400..U+9FFF, or one of the signs that we use as they are. */
static bool is_stable(const unsigned char *p, size_t left)
{
    if (left < 3)
        return false;
    unsigned point = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    return (p[0] & 0xf0) == 0xe0 && ((point >= 0x3400 && point <= 0x9fff) || point == 0x2264 || point == 0x2265 ||
                                     point == 0x3001 || point == 0x3002);
}

static bool is_normal(zp_str text)
{
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    while (p < end) {
        if (*p < 0x80) {
            if (*p <= ' ' || *p == ',')
                return false;
            p++;
        } else {
            if (!is_stable(p, (size_t)(end - p)))
                return false;
            p += 3;
        }
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A comma behind one to three digits of a whole number and in front of exactly three more groups thousands; any other
 * separates clauses: 99.5,200 is two values. */
static bool groups_thousands(const char *text, size_t n, size_t at)
{
    size_t begin = at;
    while (begin > 0 && is_digit(text[begin - 1]))
        begin--;
    if (begin == at || at - begin > 3 || (begin > 0 && text[begin - 1] == '.'))
        return false;
    return n - at > 3 && is_digit(text[at + 1]) && is_digit(text[at + 2]) && is_digit(text[at + 3]) &&
           (n - at == 4 || !is_digit(text[at + 4]));
}

static zp_str respelled(const char *text, size_t n, zp_arena *arena)
{
    static const struct {
        const char *from, *to;
    } signs[] = {{"≧", "≥"}, {"⩾", "≥"}, {"≦", "≤"}, {"⩽", "≤"}, {"–", "-"}};
    char *out = zp_arena_alloc(arena, n + 1);
    size_t m = 0;
    if (!out)
        return ZP_ABSENT;
    for (size_t at = 0; at < n;) {
        if ((unsigned char)text[at] <= ' ' || (text[at] == ',' && groups_thousands(text, n, at))) {
            at++;
            continue;
        }
        size_t i = 0, count = sizeof signs / sizeof *signs;
        while (i < count && strncmp(text + at, signs[i].from, strlen(signs[i].from)) != 0)
            i++;
        if (i < count) {
            memcpy(out + m, signs[i].to, strlen(signs[i].to));
            m += strlen(signs[i].to);
            at += strlen(signs[i].from);
        } else {
            out[m++] = text[at++];
        }
    }
    out[m] = '\0';
    return (zp_str){out, m};
}

zp_str zp_text_normalise(zp_str text, zp_arena *arena)
{
    if (!text.p || is_normal(text))
        return text;
    utf8proc_uint8_t *nfkc = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &nfkc,
                                      UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE);
    if (n < 0)
        return zp_arena_copy(arena, text);
    zp_str out = respelled((const char *)nfkc, (size_t)n, arena);
    free(nfkc);
    return out;
}

/* Takes one blank off either end: those of ASCII, the no-break one, the ideographic one. */
static bool cut_blank(zp_str *text)
{
    static const char *const blanks[] = {" ", "\t", "\n", "\u00a0", "\u3000"};
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        size_t n = strlen(blanks[i]);
        bool first = zp_text_begins(*text, blanks[i]);
        if (first || zp_text_ends(*text, blanks[i])) {
            text->p += first ? n : 0;
            text->n -= n;
            return true;
        }
    }
    return false;
}

bool zp_text_is_blank_reason(zp_str text)
{
    static const char *const blanks[] = {"", "0", "无", "暂无", "-", "—", "/", "--"};
    while (cut_blank(&text))
        ;
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
        if (zp_str_is(text, blanks[i]))
            return true;
    return false;
}

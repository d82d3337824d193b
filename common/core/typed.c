/*
 * typed.c - see typed.h.
 */
#include "core/typed.h"

#include "core/text.h"

#include <utf8proc.h>

static bool is_wide_blank(uint32_t c)
{
    return c == 0x3000 || (c >= 0x2000 && c <= 0x200d) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x2060 || c == 0x1680 || c == 0xfeff;
}

/* How many bytes the blank at the beginning of the text has; 0: there is none. */
static size_t blank_at(const char *p, size_t n)
{
    if (n && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        return 1;
    if (n >= 2 && p[0] == '\xc2' && p[1] == '\xa0')
        return 2;
    return is_wide_blank(zp_text_wide(p, n)) ? 3 : 0;
}

static size_t blank_before(const char *end, size_t n)
{
    for (size_t length = 1; length <= 3 && length <= n; length++)
        if (blank_at(end - length, length) == length)
            return length;
    return 0;
}

zp_str zp_cell_trim(zp_str cell)
{
    size_t n;
    while (cell.n && (n = blank_at(cell.p, cell.n))) {
        cell.p += n;
        cell.n -= n;
    }
    while (cell.n && (n = blank_before(cell.p + cell.n, cell.n)))
        cell.n -= n;
    return cell;
}

bool zp_cell_is_unfilled(zp_str cell)
{
    return zp_cell_is_empty(cell) || zp_text_is_strokes(zp_cell_trimmed(cell));
}

/* The figure that a full-width one stands for; 0 for any other character. */
static char figure_of(uint32_t wide)
{
    bool is_figure =
        (wide >= U'０' && wide <= U'９') || wide == U'．' || wide == U'，' || wide == U'＋' || wide == U'－';
    return is_figure ? (char)(wide - U'！' + '!') : '\0';
}

zp_str zp_cell_figures(zp_str cell, char *room, size_t size)
{
    zp_str rest = zp_cell_trimmed(cell);
    if (!rest.n || !memchr(rest.p, '\xef', rest.n)) /* all of them begin with it */
        return rest;
    size_t n = 0;
    while (rest.n && n < size) {
        char figure = figure_of(zp_text_wide(rest.p, rest.n));
        size_t used = figure ? 3 : 1;
        room[n++] = figure ? figure : *rest.p;
        rest.p += used;
        rest.n -= used;
    }
    return (zp_str){room, n};
}

typedef struct {
    zp_take_bytes *take;
    void *taker;
    bool behind_digit, behind_blank;
} speller;

static void spell(speller *self, const char *bytes, size_t n)
{
    if (self->behind_blank && self->behind_digit && zp_is_digit(*bytes))
        self->take(self->taker, " ", 1);
    self->take(self->taker, bytes, n);
    self->behind_blank = false;
    self->behind_digit = zp_is_digit(bytes[n - 1]);
}

/* What nearly all names are made of; NFKD leaves it alone. */
static bool is_plain(zp_str text, size_t *length)
{
    uint32_t wide = zp_text_wide(text.p, text.n);
    bool ascii = (unsigned char)*text.p > ' ' && (unsigned char)*text.p < 0x80;
    *length = ascii ? 1 : 3;
    return ascii || (wide >= 0x3400 && wide <= 0x9fff);
}

/* A character taken apart, into at most LONGEST; how many those are, -1 where it stays as it is. */
enum { LONGEST = 32 }; /* no character has more than 18 in NFKD */
static utf8proc_ssize_t take_apart(utf8proc_int32_t c, utf8proc_int32_t *plain)
{
    int boundary = 0;
    utf8proc_ssize_t n =
        utf8proc_decompose_char(c, plain, LONGEST, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE, &boundary);
    bool holds_digit = false;
    for (utf8proc_ssize_t i = 0; i < n && i < LONGEST; i++)
        holds_digit |= plain[i] >= '0' && plain[i] <= '9';
    return n > LONGEST || (holds_digit && !figure_of((uint32_t)c)) ? -1 : n;
}

/* Returns how many bytes the character had. One that is no UTF-8 stays as it is. */
static size_t spell_one(speller *self, zp_str text)
{
    utf8proc_int32_t c, plain[LONGEST];
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &c);
    utf8proc_ssize_t n = used > 0 ? take_apart(c, plain) : -1;
    if (n < 0)
        spell(self, text.p, used > 0 ? (size_t)used : 1);
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        utf8proc_uint8_t bytes[4];
        size_t length = (size_t)utf8proc_encode_char(plain[i], bytes);
        if (blank_at((const char *)bytes, length))
            self->behind_blank = true;
        else
            spell(self, (const char *)bytes, length);
    }
    return used > 0 ? (size_t)used : 1;
}

void zp_name_spell(zp_str name, zp_take_bytes *take, void *taker)
{
    speller self = {take, taker, false, false};
    while (name.n) {
        size_t run = 0, length;
        while (run < name.n && is_plain((zp_str){name.p + run, name.n - run}, &length))
            run += length;
        if (run)
            spell(&self, name.p, run);
        name = (zp_str){name.p + run, name.n - run};
        size_t used = name.n ? spell_one(&self, name) : 0;
        name = (zp_str){name.p + used, name.n - used};
    }
}

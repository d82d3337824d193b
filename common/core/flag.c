/*
 * flag.c - see flag.h. Pure: the table above, lists in an arena, sentences filled in at read.
 */
#include "core/flag.h"

typedef struct {
    const char *name;
    zp_severity severity;
    zp_flag_kind kind;
    zp_str text[2]; /* by zp_lang */
} row;

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }
static const row rows[] = {
#define X(code, severity, kind, zh, en) {#code, ZP_SEV_##severity, ZP_KIND_##kind, {TEXT(zh), TEXT(en)}},
    ZP_FLAG_TABLE(X)
#undef X
};

/* Of the names, by code. Apart from the rows: a search that reads these two cache lines meets few rows in full. */
static const unsigned char name_lengths[] = {
#define X(code, severity, kind, zh, en) sizeof(#code) - 1,
    ZP_FLAG_TABLE(X)
#undef X
};

const char *zp_flag_name(zp_flag_code code)
{
    return rows[code].name;
}

zp_severity zp_flag_severity(zp_flag_code code)
{
    return rows[code].severity;
}

zp_flag_kind zp_flag_kind_of(zp_flag_code code)
{
    return rows[code].kind;
}

const char *zp_severity_name(zp_severity severity)
{
    static const char *const names[] = {"error", "warning", "info"};
    return names[severity];
}

zp_rc zp_flag_by_name(zp_str name, zp_flag_code *out)
{
    for (zp_flag_code code = 0; code < ZP_FLAG_CODES; code++)
        if (name_lengths[code] == name.n && !memcmp(rows[code].name, name.p, name.n)) {
            *out = code;
            return ZP_OK;
        }
    return ZP_NOTFOUND;
}

static bool make_room(zp_flags *self)
{
    if (self->count < self->cap)
        return true;
    size_t cap = self->cap ? self->cap * 2 : 16;
    zp_flag *items = zp_arena_alloc(self->arena, cap * sizeof *items);
    if (!items)
        return false;
    if (self->count)
        memcpy(items, self->items, self->count * sizeof *items);
    self->items = items;
    self->cap = cap;
    return true;
}

void zp_flags_add_as(zp_flags *self, zp_flag_code code, zp_severity severity, zp_str pointer, zp_str value,
                     zp_str expected)
{
    if (!make_room(self)) {
        self->failed = true;
        return;
    }
    self->items[self->count++] =
        (zp_flag){.code = code, .severity = severity, .pointer = pointer, .value = value, .expected = expected};
    self->errors += severity == ZP_SEV_ERROR;
}

void zp_flags_add(zp_flags *self, zp_flag_code code, zp_str pointer, zp_str value, zp_str expected)
{
    zp_flags_add_as(self, code, rows[code].severity, pointer, value, expected);
}

static size_t append(char *out, size_t n, zp_str s)
{
    if (s.n)
        memcpy(out + n, s.p, s.n);
    return n + s.n;
}

/* What the placeholder at the beginning of text stands for, and how long it is; a brace that begins none is itself. */
static size_t placeholder(zp_str text, const zp_flag *flag, zp_str *stands_for)
{
    static const zp_str value = {"{value}", 7}, expected = {"{expected}", 10};
    if (text.n >= value.n && !memcmp(text.p, value.p, value.n)) {
        *stands_for = flag->value;
        return value.n;
    }
    if (text.n >= expected.n && !memcmp(text.p, expected.p, expected.n)) {
        *stands_for = flag->expected;
        return expected.n;
    }
    *stands_for = (zp_str){text.p, 1};
    return 1;
}

/* Run by run up to the next brace: byte by byte this was more than half of what a status document costs. */
zp_str zp_flag_message(const zp_flag *flag, zp_lang lang, zp_arena *arena)
{
    zp_str text = rows[flag->code].text[lang];
    /* Each placeholder stands at most once in a sentence. */
    char *out = zp_arena_alloc(arena, text.n + flag->value.n + flag->expected.n + 1);
    if (!out)
        return ZP_ABSENT;
    size_t n = 0;
    for (const char *brace; (brace = memchr(text.p, '{', text.n));) {
        size_t run = (size_t)(brace - text.p);
        zp_str rest = {brace, text.n - run}, stands_for;
        size_t skip = placeholder(rest, flag, &stands_for);
        n = append(out, n, (zp_str){text.p, run});
        n = append(out, n, stands_for);
        text = (zp_str){rest.p + skip, rest.n - skip};
    }
    n = append(out, n, text);
    out[n] = '\0';
    return (zp_str){out, n};
}

/*
 * flag.c - see flag.h. Pure: the table above, lists in an arena, sentences filled in at read.
 */
#include "core/flag.h"

typedef struct {
    const char *name;
    zp_severity severity;
    zp_flag_kind kind;
    const char *text[2]; /* by zp_lang */
} row;

static const row rows[] = {
#define X(code, severity, kind, zh, en) {#code, ZP_SEV_##severity, ZP_KIND_##kind, {zh, en}},
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
        if (zp_str_is(name, rows[code].name)) {
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

/* The text that a placeholder at p stands for, and how long the placeholder is; 0 when there is none at p. */
static size_t placeholder(const char *p, const zp_flag *flag, zp_str *stands_for)
{
    static const zp_str value = {"{value}", 7}, expected = {"{expected}", 10};
    if (!strncmp(p, value.p, value.n)) {
        *stands_for = flag->value;
        return value.n;
    }
    if (!strncmp(p, expected.p, expected.n)) {
        *stands_for = flag->expected;
        return expected.n;
    }
    return 0;
}

zp_str zp_flag_message(const zp_flag *flag, zp_lang lang, zp_arena *arena)
{
    const char *text = rows[flag->code].text[lang];
    /* Each placeholder stands at most once in a sentence. */
    size_t most = strlen(text) + flag->value.n + flag->expected.n, n = 0;
    char *out = zp_arena_alloc(arena, most + 1);
    if (!out)
        return ZP_ABSENT;
    while (*text) {
        zp_str stands_for;
        size_t skip = placeholder(text, flag, &stands_for);
        if (!skip) {
            out[n++] = *text++;
            continue;
        }
        if (stands_for.n)
            memcpy(out + n, stands_for.p, stands_for.n);
        n += stands_for.n;
        text += skip;
    }
    out[n] = '\0';
    return (zp_str){out, n};
}

/*
 * query.c - see query.h. Pure but for the arena; runs in the request threads.
 */
#include "query.h"

#include <inttypes.h>
#include <utf8proc.h>

enum { SHOWN = 64 /* bytes of a name or value that are quoted back */, LISTED = 8 /* names that are */ };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What needs no decoding is a view of the query; a '%' without two digits stands for itself. Absent: out of memory. */
static zp_str decode(zp_str raw, zp_arena *arena)
{
    if (!memchr(raw.p, '%', raw.n) && !memchr(raw.p, '+', raw.n))
        return raw;
    char *to = zp_arena_alloc(arena, raw.n + 1), *p = to;
    if (!to)
        return ZP_ABSENT;
    for (size_t i = 0; i < raw.n; i++) {
        int high = raw.p[i] == '%' && i + 2 < raw.n ? hex_value(raw.p[i + 1]) : -1;
        int low = high >= 0 ? hex_value(raw.p[i + 2]) : -1;
        *p++ = low >= 0 ? (char)(high << 4 | low) : raw.p[i] == '+' ? ' ' : raw.p[i];
        i += low >= 0 ? 2 : 0;
    }
    return (zp_str){to, (size_t)(p - to)};
}

/* Valid UTF-8 without control characters. */
static bool is_clean(zp_str text)
{
    for (size_t at = 0; at < text.n;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)text.p + at, (utf8proc_ssize_t)(text.n - at), &point);
        if (n <= 0 || point < 0x20 || (point >= 0x7f && point < 0xa0))
            return false;
        at += (size_t)n;
    }
    return true;
}

/* Cut to SHOWN bytes, at a character. */
static zp_str shorten(zp_str text)
{
    if (text.n <= SHOWN)
        return text;
    size_t n = SHOWN;
    while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return (zp_str){text.p, n};
}

static zp_rc blame(zp_query_fault *fault, zp_str en, zp_str zh)
{
    *fault = (zp_query_fault){en, zh};
    return en.p && zh.p ? ZP_INVALID : ZP_NOMEM;
}

static zp_rc blame_unknown(zp_str names, const zp_param *params, size_t count, zp_arena *arena, zp_query_fault *fault)
{
    zp_str known = ZP_STR("");
    for (size_t i = 0; i < count && known.p; i++)
        known = zp_arena_printf(arena, "%.*s%s%s", (int)known.n, known.p, i ? ", " : "", params[i].name);
    if (!known.p)
        return ZP_NOMEM;
    if (count == 0)
        return blame(fault,
                     zp_arena_printf(arena, "This resource takes no parameters; remove %.*s.", (int)names.n, names.p),
                     zp_arena_printf(arena, "此资源不接受查询参数，请删除 %.*s。", (int)names.n, names.p));
    return blame(
        fault,
        zp_arena_printf(arena, "There is no parameter %.*s here. Known parameters: %.*s.", (int)names.n, names.p,
                        (int)known.n, known.p),
        zp_arena_printf(arena, "没有查询参数 %.*s。可用的参数：%.*s。", (int)names.n, names.p, (int)known.n, known.p));
}

typedef struct {
    zp_str names; /* "a", "b" */
    unsigned count;
} unknowns;

static zp_rc note_unknown(unknowns *self, zp_str name, zp_arena *arena)
{
    zp_str shown = shorten(name);
    if (self->count++ >= LISTED)
        return ZP_OK;
    self->names = zp_arena_printf(arena, "%.*s%s\"%.*s\"", (int)self->names.n, self->count > 1 ? self->names.p : "",
                                  self->count > 1 ? ", " : "", (int)shown.n, shown.p);
    return self->names.p ? ZP_OK : ZP_NOMEM;
}

static zp_rc take(zp_str name, zp_str value, zp_param *params, size_t count, zp_arena *arena, unknowns *unknown,
                  zp_query_fault *fault)
{
    if (!name.p || !value.p)
        return ZP_NOMEM;
    if (!is_clean(name) || !is_clean(value))
        return blame(fault, zp_arena_printf(arena, "A parameter is not valid UTF-8, or holds control characters."),
                     zp_arena_printf(arena, "查询参数不是有效的 UTF-8 文本，或含有控制字符。"));
    for (size_t i = 0; i < count; i++) {
        if (!zp_str_is(name, params[i].name))
            continue;
        if (zp_str_present(params[i].value))
            return blame(fault, zp_arena_printf(arena, "The parameter %s is given twice.", params[i].name),
                         zp_arena_printf(arena, "查询参数 %s 重复出现。", params[i].name));
        if (value.n)
            params[i].value = value;
        return ZP_OK;
    }
    return note_unknown(unknown, name, arena);
}

zp_rc zp_query_read(zp_str raw, zp_arena *arena, zp_param *params, size_t count, zp_query_fault *fault)
{
    unknowns unknown = {ZP_STR(""), 0};
    for (size_t i = 0; i < count; i++)
        params[i].value = ZP_ABSENT;
    const char *p = raw.p, *end = raw.p + raw.n;
    while (p < end) {
        const char *stop = memchr(p, '&', (size_t)(end - p));
        stop = stop ? stop : end;
        const char *equals = memchr(p, '=', (size_t)(stop - p));
        zp_str name = {p, (size_t)((equals ? equals : stop) - p)};
        zp_str value = equals ? (zp_str){equals + 1, (size_t)(stop - equals - 1)} : ZP_STR("");
        if (stop > p) {
            zp_rc rc = take(decode(name, arena), decode(value, arena), params, count, arena, &unknown, fault);
            if (rc)
                return rc;
        }
        p = stop < end ? stop + 1 : end;
    }
    return unknown.count ? blame_unknown(unknown.names, params, count, arena, fault) : ZP_OK;
}

zp_rc zp_query_refuse(const zp_param *param, zp_arena *arena, const char *accepted, zp_query_fault *fault)
{
    zp_str shown = shorten(param->value);
    return blame(
        fault,
        zp_arena_printf(arena, "The parameter %s cannot be \"%.*s\"; accepted: %s.", param->name, (int)shown.n, shown.p,
                        accepted),
        zp_arena_printf(arena, "查询参数 %s 的值“%.*s”无效，可用：%s。", param->name, (int)shown.n, shown.p, accepted));
}

zp_rc zp_query_uint(const zp_param *param, uint64_t least, uint64_t most, zp_arena *arena, uint64_t *out,
                    zp_query_fault *fault)
{
    uint64_t n = 0;
    bool valid = param->value.n <= 19; /* what 19 digits can say fits */
    if (!zp_str_present(param->value))
        return ZP_OK;
    for (size_t i = 0; i < param->value.n && valid; i++) {
        valid = param->value.p[i] >= '0' && param->value.p[i] <= '9';
        n = n * 10 + (uint64_t)(param->value.p[i] - '0');
    }
    if (valid && n >= least && n <= most) {
        *out = n;
        return ZP_OK;
    }
    zp_str accepted = zp_arena_printf(arena, "%" PRIu64 "-%" PRIu64, least, most);
    return accepted.p ? zp_query_refuse(param, arena, accepted.p, fault) : ZP_NOMEM;
}

void zp_percent_encode(zp_str text, const char *also, zp_buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c != '\0' && (strchr("-._~", c) || strchr(also, c)))) {
            zp_buf_char(out, (char)c);
            continue;
        }
        zp_buf_char(out, '%');
        zp_buf_char(out, digits[c >> 4]);
        zp_buf_char(out, digits[c & 15]);
    }
}

void zp_query_write(zp_buf *out, bool *first, const char *name, zp_str value)
{
    if (!zp_str_present(value))
        return;
    zp_buf_char(out, *first ? '?' : '&');
    *first = false;
    zp_buf_str(out, zp_str_of(name));
    zp_buf_char(out, '=');
    zp_percent_encode(value, "", out);
}

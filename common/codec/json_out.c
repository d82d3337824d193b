/*
 * json_out.c - see json_out.h. Most texts need no escape and are copied whole; only what RFC 8259 requires is escaped.
 * Pure; any thread.
 */
#include "codec/json_out.h"

#include "base/clock.h"
#include "base/digits.h"
#include "core/result.h"

static void escape(zp_buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        zp_buf_lit(out, "\\\"");
        return;
    case '\\':
        zp_buf_lit(out, "\\\\");
        return;
    case '\n':
        zp_buf_lit(out, "\\n");
        return;
    case '\t':
        zp_buf_lit(out, "\\t");
        return;
    default:
        zp_buf_lit(out, "\\u00");
        zp_buf_char(out, digits[c >> 4]);
        zp_buf_char(out, digits[c & 15]);
    }
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* Eight bytes of which none needs an escape (a byte of x is zero iff its top bit is set in (x - ones) & ~x). */
static bool are_plain(const char *p)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    uint64_t quote = eight ^ ones * '"', slash = eight ^ ones * '\\';
    uint64_t odd = ((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    return !(odd & tops);
}

static bool is_plain(zp_str s)
{
    size_t i = 0;
    if (s.n >= 8) {
        while (i + 8 <= s.n && are_plain(s.p + i))
            i += 8;
        return i + 8 > s.n && are_plain(s.p + s.n - 8);
    }
    while (i < s.n && !needs_escape((unsigned char)s.p[i]))
        i++;
    return i == s.n;
}

static void write_escaped(zp_buf *out, zp_str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!needs_escape((unsigned char)s.p[i]))
            continue;
        zp_buf_add(out, s.p + from, i - from);
        escape(out, (unsigned char)s.p[i]);
        from = i + 1;
    }
    zp_buf_add(out, s.p + from, s.n - from);
}

void zp_json_str(zp_buf *out, zp_str s)
{
    if (!s.p) {
        zp_buf_lit(out, "null");
        return;
    }
    if (!zp_buf_reserve(out, s.n + 2))
        return;
    zp_buf_char(out, '"');
    if (is_plain(s))
        zp_buf_str(out, s);
    else
        write_escaped(out, s);
    zp_buf_char(out, '"');
}

void zp_json_id(zp_buf *out, const zp_id *id)
{
    char text[ZP_ID_TEXT + 1];
    zp_id_format(id, text);
    zp_json_str(out, (zp_str){text, ZP_ID_TEXT});
}

void zp_json_uint(zp_buf *out, uint64_t n)
{
    char digits[ZP_UINT_DIGITS], *end = digits + sizeof digits, *p = zp_put_digits(end, n);
    zp_buf_add(out, p, (size_t)(end - p));
}

void zp_json_cents(zp_buf *out, int64_t cents)
{
    if (cents == ZP_NO_CENTS) {
        zp_buf_lit(out, "null");
        return;
    }
    uint64_t n = cents < 0 ? -(uint64_t)cents : (uint64_t)cents;
    zp_buf_char(out, '"');
    if (cents < 0)
        zp_buf_char(out, '-');
    zp_json_uint(out, n / 100);
    zp_buf_char(out, '.');
    zp_buf_char(out, (char)('0' + n / 10 % 10));
    zp_buf_char(out, (char)('0' + n % 10));
    zp_buf_char(out, '"');
}

void zp_json_time(zp_buf *out, int64_t wall_ms)
{
    char text[ZP_TIME_TEXT + 1];
    zp_time_format(wall_ms, text);
    zp_json_str(out, (zp_str){text, ZP_TIME_TEXT});
}

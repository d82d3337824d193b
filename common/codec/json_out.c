/*
 * json_out.c - see json_out.h. Copies runs of plain bytes whole; only what RFC 8259 requires is escaped. Pure; any
 * thread.
 */
#include "codec/json_out.h"

#include "base/clock.h"
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

/*
 * How many bytes from i on can be copied as they are. Eight at a time: the top bit of a byte of `odd` is set if it or a
 * byte below it needs an escape, so what is found there is looked at once more, byte by byte.
 */
static size_t plain_run(zp_str s, size_t i)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t from = i;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t eight;
        memcpy(&eight, s.p + i, sizeof eight);
        uint64_t quote = eight ^ ones * '"', slash = eight ^ ones * '\\';
        uint64_t odd = ((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
        if (odd & tops)
            break;
    }
    while (i < s.n && !needs_escape((unsigned char)s.p[i]))
        i++;
    return i - from;
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
    for (size_t i = 0; i < s.n; i++) {
        size_t n = plain_run(s, i);
        zp_buf_add(out, s.p + i, n);
        i += n;
        if (i < s.n)
            escape(out, (unsigned char)s.p[i]);
    }
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
    char digits[20], *p = digits + sizeof digits;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    zp_buf_add(out, p, (size_t)(digits + sizeof digits - p));
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

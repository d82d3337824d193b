/*
 * json_out.c - see json_out.h. Copies runs of plain bytes whole; only what RFC 8259 requires is escaped.
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

void zp_json_str(zp_buf *out, zp_str s)
{
    if (!s.p) {
        zp_buf_lit(out, "null");
        return;
    }
    size_t from = 0;
    zp_buf_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        zp_buf_add(out, s.p + from, i - from);
        escape(out, c);
        from = i + 1;
    }
    zp_buf_add(out, s.p + from, s.n - from);
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

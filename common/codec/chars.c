/*
 * chars.c - see chars.h. Pure.
 */
#include "codec/chars.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Table 3-7 of the Unicode standard: what the second byte may be depends on the first. */
size_t zp_utf8_length(const char *p, const char *end)
{
    const unsigned char *c = (const unsigned char *)p;
    size_t left = (size_t)(end - p);
    if (c[0] < 0x80)
        return 1;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    if (c[0] < 0xe0)
        return left >= 2 && is_tail(c[1]) ? 2 : 0;
    if (c[0] < 0xf0) {
        if (left < 3 || !is_tail(c[1]) || !is_tail(c[2]))
            return 0;
        bool overlong = c[0] == 0xe0 && c[1] < 0xa0, surrogate = c[0] == 0xed && c[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (left < 4 || !is_tail(c[1]) || !is_tail(c[2]) || !is_tail(c[3]))
        return 0;
    bool overlong = c[0] == 0xf0 && c[1] < 0x90, beyond = c[0] == 0xf4 && c[1] >= 0x90;
    return overlong || beyond ? 0 : 4;
}

bool zp_utf8_valid(zp_str s)
{
    const char *p = s.p, *end = s.p + s.n;
    size_t n = 1;
    while (p < end && (n = zp_utf8_length(p, end)) != 0)
        p += n;
    return n != 0;
}

size_t zp_utf8_put(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(leads[n] | code);
    return n;
}

size_t zp_utf8_cut(zp_str s, size_t n)
{
    if (s.n <= n)
        return s.n;
    while (n > 0 && is_tail((unsigned char)s.p[n]))
        n--;
    return n;
}

uint32_t zp_control_in(zp_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
            return c;
        if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0)
            return (unsigned char)s.p[i + 1];
    }
    return ZP_NO_CONTROL;
}

/* The four hexadecimal digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t value = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static size_t unicode_escape(const char *p, const char *end, uint32_t *code)
{
    enum { ALONE = 6, PAIR = 12 };
    int32_t first = hex4(p + 2, end);
    if (first < 0 || (first >= 0xdc00 && first <= 0xdfff))
        return 0;
    *code = (uint32_t)first;
    if (first < 0xd800 || first > 0xdbff)
        return ALONE;
    if (end - p < PAIR || p[6] != '\\' || p[7] != 'u')
        return 0;
    int32_t second = hex4(p + 8, end);
    if (second < 0xdc00 || second > 0xdfff)
        return 0;
    *code = 0x10000 + ((uint32_t)(first - 0xd800) << 10 | (uint32_t)(second - 0xdc00));
    return PAIR;
}

size_t zp_json_escape(const char *p, const char *end, uint32_t *code)
{
    static const char letters[] = "\"\\/bfnrt", stands_for[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2)
        return 0;
    if (p[1] == 'u')
        return unicode_escape(p, end, code);
    const char *letter = p[1] ? strchr(letters, p[1]) : NULL;
    if (!letter)
        return 0;
    *code = (unsigned char)stands_for[letter - letters];
    return 2;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

size_t zp_json_number(const char *p, const char *end)
{
    const char *q = p + (p < end && *p == '-');
    const char *integer = digits(q, end);
    if (integer == q)
        return 0;
    if (*q == '0')
        integer = q + 1;
    const char *whole = integer;
    if (whole < end && *whole == '.') {
        const char *fraction = digits(whole + 1, end);
        if (fraction == whole + 1)
            return (size_t)(whole - p);
        whole = fraction;
    }
    if (whole < end && (*whole == 'e' || *whole == 'E')) {
        const char *sign = whole + 1 + (whole + 1 < end && (whole[1] == '+' || whole[1] == '-'));
        const char *exponent = digits(sign, end);
        if (exponent != sign)
            whole = exponent;
    }
    return (size_t)(whole - p);
}

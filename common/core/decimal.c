/*
 * decimal.c - see decimal.h. Pure integer arithmetic.
 *
 * Nearly all numbers of nearly all forms fit 64 bits, where multiplying and dividing cost a tenth of what they do in
 * 128: each operation looks for that first.
 */
#include "core/decimal.h"

#include "base/digits.h"
#include "core/form.h"
#include "core/text.h"
#include "core/typed.h"

enum { ALIGN_DIGITS = 29, SHORT_DIGITS = 18, MOST_FIGURES = 64 };

static const int64_t short_powers[SHORT_DIGITS + 1] = {1,
                                                       10,
                                                       100,
                                                       1000,
                                                       10000,
                                                       100000,
                                                       1000000,
                                                       10000000,
                                                       100000000,
                                                       1000000000,
                                                       10000000000,
                                                       100000000000,
                                                       1000000000000,
                                                       10000000000000,
                                                       100000000000000,
                                                       1000000000000000,
                                                       10000000000000000,
                                                       100000000000000000,
                                                       1000000000000000000};

/* n < 37 */
static zp_int128 power_of_ten(int n)
{
    return n <= SHORT_DIGITS ? short_powers[n] : (zp_int128)short_powers[SHORT_DIGITS] * short_powers[n - SHORT_DIGITS];
}

/* At most 18 digits, of either sign. */
static bool is_short(zp_int128 n)
{
    return n > -short_powers[SHORT_DIGITS] && n < short_powers[SHORT_DIGITS];
}

static zp_int128 absolute(zp_int128 n)
{
    return n < 0 ? -n : n;
}

/* A comma counts as a thousands separator only in front of exactly three digits, the first one behind one to three. */
static bool is_group_comma(zp_str s, size_t at, int digits_before, bool is_first)
{
    return s.p[at] == ',' && digits_before > 0 && (digits_before <= 3 || !is_first) && s.n - at > 3 &&
           zp_is_digit(s.p[at + 1]) && zp_is_digit(s.p[at + 2]) && zp_is_digit(s.p[at + 3]) &&
           (s.n - at == 4 || !zp_is_digit(s.p[at + 4]));
}

/* What nearly all numbers look like: a sign or none, digits, point and digits, no more of them than 64 bits hold. */
static bool parse_short(zp_str s, zp_dec *out)
{
    const char *p = s.p, *end = p + s.n;
    bool negative = s.n && *p == '-';
    p += negative;
    const char *digits = p, *point = end;
    int64_t m = 0;
    if (s.n > ZP_MAX_INT_DIGITS)
        return false;
    for (; p < end; p++) {
        if (zp_is_digit(*p))
            m = m * 10 + (*p - '0');
        else if (*p == '.' && point == end && p > digits)
            point = p;
        else
            return false;
    }
    size_t fraction = point < end ? (size_t)(end - point) - 1 : 0;
    if (digits == end || (point < end && !fraction) || fraction > ZP_MAX_FRAC_DIGITS)
        return false;
    *out = (zp_dec){negative ? -m : m, -(int)fraction};
    return true;
}

zp_rc zp_dec_parse(zp_str text, zp_dec *out)
{
    char room[MOST_FIGURES];
    if (parse_short(text, out))
        return ZP_OK;
    zp_str s = zp_cell_figures(text, room, sizeof room);
    if (s.p == room && s.n == sizeof room)
        return ZP_INVALID;
    bool negative = false, grouped = false;
    size_t at = 0;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        negative = s.p[at++] == '-';
    int whole = 0, fraction = 0, significant = 0;
    zp_int128 m = 0;
    for (; at < s.n; at++) {
        if (is_group_comma(s, at, whole, !grouped)) {
            grouped = true;
            continue;
        }
        if (!zp_is_digit(s.p[at]))
            break;
        whole++;
        significant += significant || s.p[at] != '0';
        if (significant > ZP_MAX_INT_DIGITS)
            return ZP_INVALID;
        m = m * 10 + (s.p[at] - '0');
    }
    if (at < s.n && s.p[at] == '.') {
        for (at++; at < s.n && zp_is_digit(s.p[at]); at++) {
            if (++fraction > ZP_MAX_FRAC_DIGITS)
                return ZP_INVALID;
            m = m * 10 + (s.p[at] - '0');
        }
        if (fraction == 0)
            return ZP_INVALID;
    }
    if (at != s.n || whole == 0)
        return ZP_INVALID;
    *out = (zp_dec){negative ? -m : m, -fraction};
    return ZP_OK;
}

static void strip(zp_dec *a)
{
    if (is_short(a->m)) {
        int64_t m = (int64_t)a->m;
        for (; m && m % 10 == 0; m /= 10)
            a->e++;
        a->m = m;
    }
    while (a->m && a->m % 10 == 0) {
        a->m /= 10;
        a->e++;
    }
    if (!a->m)
        a->e = 0;
}

bool zp_dec_align(zp_dec *a, zp_dec *b)
{
    if (a->e == b->e)
        return true;
    zp_dec *high = a->e > b->e ? a : b, *low = a->e > b->e ? b : a;
    if (!high->m) {
        high->e = low->e;
        return true;
    }
    int apart = high->e - low->e;
    if (apart <= SHORT_DIGITS && is_short(high->m) && is_short((zp_int128)(int64_t)high->m * short_powers[apart])) {
        high->m *= short_powers[apart];
        high->e = low->e;
        return true;
    }
    /* Trailing zeros of the finer one cost room for nothing. */
    strip(low);
    if (low->e >= high->e) {
        zp_dec *t = high;
        high = low;
        low = t;
    }
    if (!low->m) {
        low->e = high->e;
        return true;
    }
    int up = high->e - low->e;
    if (up > ALIGN_DIGITS)
        return false;
    zp_int128 factor = power_of_ten(up);
    if (absolute(high->m) > power_of_ten(ALIGN_DIGITS) / factor)
        return false;
    high->m *= factor;
    high->e = low->e;
    return true;
}

bool zp_dec_add(zp_dec *sum, zp_dec value)
{
    if (!zp_dec_align(sum, &value))
        return false;
    sum->m += value.m;
    return true;
}

static int sign(zp_int128 n)
{
    return (n > 0) - (n < 0);
}

int zp_dec_cmp(zp_dec a, zp_dec b)
{
    if (sign(a.m) != sign(b.m))
        return sign(a.m) < sign(b.m) ? -1 : 1;
    if (zp_dec_align(&a, &b))
        return sign(a.m - b.m);
    /* Alignment fails only when one is far larger: the one with the higher exponent. */
    return (a.e > b.e ? 1 : -1) * sign(a.m);
}

bool zp_dec_millionths(zp_dec a, int64_t *out)
{
    if (a.e >= -6 && a.e <= 0 && a.m > -short_powers[12] && a.m < short_powers[12]) {
        int64_t n = (int64_t)a.m * short_powers[a.e + 6];
        *out = n;
        return n >= -short_powers[15] && n <= short_powers[15];
    }
    strip(&a);
    if (a.e < -6 || a.e > 9 || absolute(a.m) > power_of_ten(16))
        return false;
    zp_int128 n = a.m * power_of_ten(a.e + 6);
    if (absolute(n) > power_of_ten(15))
        return false;
    *out = (int64_t)n;
    return true;
}

bool zp_dec_cents(zp_dec a, int64_t *out)
{
    if (a.e >= -2 && a.e <= 0 && a.m > -short_powers[16] && a.m < short_powers[16]) {
        *out = (int64_t)a.m * short_powers[a.e + 2];
        return true;
    }
    strip(&a);
    if (a.e > 16 || absolute(a.m) > power_of_ten(22)) /* 10^17 points are no int64 of cents */
        return false;
    zp_int128 n = absolute(a.m);
    if (a.e < -2)
        n = zp_round_div(n, 1, power_of_ten(-2 - a.e));
    else if (n <= INT64_MAX / power_of_ten(a.e + 2))
        n *= power_of_ten(a.e + 2);
    else
        return false;
    if (n > INT64_MAX)
        return false;
    *out = (int64_t)(a.m < 0 ? -n : n);
    return true;
}

unsigned zp_decimals_shown(zp_str text)
{
    char room[MOST_FIGURES];
    while (text.n && zp_is_digit(*text.p)) {
        text.p++;
        text.n--;
    }
    if (!text.n)
        return 0;
    if (*text.p != '.' || (unsigned char)text.p[text.n - 1] >= 0x80)
        text = zp_cell_figures(text, room, sizeof room);
    const char *point = text.n ? memchr(text.p, '.', text.n) : NULL;
    unsigned n = 0;
    for (const char *p = point ? point + 1 : NULL; p && p < text.p + text.n && zp_is_digit(*p); p++)
        n++;
    return n;
}

zp_int128 zp_round_div(zp_int128 n, zp_int128 k, zp_int128 d)
{
    if (is_short(n) && is_short(k) && is_short(d) && is_short(n * k)) {
        int64_t product = (int64_t)(n * k), by = (int64_t)d;
        int64_t q = product / by, rest = product % by;
        return q + (rest >= by - rest);
    }
    zp_int128 q = n * k / d, rest = n * k % d;
    return q + (rest >= d - rest);
}

enum { MOST_DIGITS = 64 };

zp_str zp_cents_text(int64_t cents, zp_arena *arena)
{
    char digits[MOST_DIGITS], *end = digits + sizeof digits, *p = end;
    uint64_t n = cents < 0 ? -(uint64_t)cents : (uint64_t)cents;
    *--p = (char)('0' + n % 10);
    *--p = (char)('0' + n / 10 % 10);
    *--p = '.';
    p = zp_put_digits(p, n / 100);
    if (cents < 0)
        *--p = '-';
    return zp_arena_copy(arena, (zp_str){p, (size_t)(end - p)});
}

zp_str zp_points_text(int64_t millionths, zp_arena *arena)
{
    return zp_cents_text(millionths / ZP_CENT, arena);
}

/* n with a point in front of its last `fraction` digits, in front of end; returns where it begins. */
static char *put_number(char *end, zp_int128 n, int fraction)
{
    for (; fraction > 0; n /= 10) {
        *--end = (char)('0' + (int)(n % 10));
        if (--fraction == 0)
            *--end = '.';
    }
    for (; n > INT64_MAX; n /= 10)
        *--end = (char)('0' + (int)(n % 10));
    return zp_put_digits(end, (uint64_t)n);
}

zp_str zp_dec_text(zp_dec a, zp_arena *arena)
{
    char digits[MOST_DIGITS], *end = digits + sizeof digits, *p = end;
    strip(&a);
    for (int i = 0; i < a.e; i++)
        *--p = '0';
    p = put_number(p, absolute(a.m), a.e < 0 ? -a.e : 0);
    if (a.m < 0)
        *--p = '-';
    return zp_arena_copy(arena, (zp_str){p, (size_t)(end - p)});
}

zp_str zp_millionths_text(int64_t millionths, zp_arena *arena)
{
    char digits[MOST_DIGITS], *end = digits + sizeof digits;
    if (millionths < 0 || millionths % ZP_POINT)
        return zp_dec_text((zp_dec){millionths, -6}, arena);
    char *p = zp_put_digits(end, (uint64_t)(millionths / ZP_POINT));
    return zp_arena_copy(arena, (zp_str){p, (size_t)(end - p)});
}

/*
 * date.c - days, months and years by which something is due or was done. See grammar.h.
 */
#include "core/grammar.h"

static zp_cursor cursor_of(zp_str text)
{
    return (zp_cursor){text.p, text.p + text.n};
}

static bool take_int(zp_cursor *c, int digits, int *out)
{
    int n = 0, value = 0;
    while (n < digits && c->p < c->end && zp_is_digit(*c->p)) {
        value = value * 10 + (*c->p++ - '0');
        n++;
    }
    *out = value;
    return n > 0;
}

/* Four digits of this century or the last, or two of this one. */
static bool take_year(zp_cursor *c, int *year)
{
    zp_cursor at = *c;
    if (!take_int(&at, 4, year))
        return false;
    ptrdiff_t digits = at.p - c->p;
    if (digits == 2)
        *year += 2000;
    else if (digits != 4 || *year < 1900 || *year > 2099)
        return false;
    *c = at;
    return true;
}

/* The rest of a date. 前 ends with what lies before, unless the day is `fixed`; true when nothing else follows. */
static bool take_ending(zp_cursor *c, bool fixed, bool *before)
{
    bool said = ZP_TAKE(c, "之前") || ZP_TAKE(c, "以前") || ZP_TAKE(c, "前");
    *before = said && !fixed;
    if (!said)
        ZP_TAKE(c, "内");
    ZP_TAKE(c, "完成");
    return c->p == c->end;
}

static bool is_day(int month, int day)
{
    return month >= 1 && month <= 12 && day >= 0 && day <= 31;
}

/* [yyyy年 | yy年] m月 [d日 | 底 | 末] */
static bool read_month(zp_cursor c, zp_date *out)
{
    zp_cursor at = c;
    *out = (zp_date){0};
    if (take_year(&at, &out->year) && ZP_TAKE(&at, "年"))
        c = at;
    else
        out->year = 0;
    if (!take_int(&c, 2, &out->month) || !ZP_TAKE(&c, "月"))
        return false;
    bool fixed = ZP_TAKE(&c, "底") || ZP_TAKE(&c, "末");
    if (!fixed && take_int(&c, 2, &out->day)) {
        fixed = true;
        if (!ZP_TAKE(&c, "日") || out->day == 0)
            return false;
    }
    return is_day(out->month, out->day) && take_ending(&c, fixed, &out->before);
}

/* 2022年, 2022年底, 2022底, 22年底; a bare 22年 is a span of time. */
static bool read_year(zp_cursor c, zp_date *out)
{
    const char *digits = c.p;
    int year;
    bool before;
    if (!take_year(&c, &year))
        return false;
    bool short_year = c.p - digits == 2, named = ZP_TAKE(&c, "年");
    if (named)
        ZP_TAKE(&c, "度");
    bool end = ZP_TAKE(&c, "底") || ZP_TAKE(&c, "末");
    if ((short_year && !named) || !(end || (named && !short_year)) || !take_ending(&c, end, &before))
        return false;
    *out = (zp_date){.year = year - before, .month = 12};
    return true;
}

/* 20221231, 2022-12-31, 2022/12, 2022.12.31; 2022 and 2022.12 may be amounts. */
static zp_date_reading read_digits(zp_cursor c, zp_date *out)
{
    const char *digits = c.p;
    *out = (zp_date){0};
    if (!take_year(&c, &out->year) || c.p - digits != 4)
        return ZP_NO_DATE;
    if (c.p == c.end) {
        out->month = 12;
        return out->year >= 2000 ? ZP_PERHAPS_DATE : ZP_NO_DATE;
    }
    char mark = *c.p;
    bool marked = mark == '-' || mark == '/' || mark == '.';
    c.p += marked;
    if (!take_int(&c, 2, &out->month))
        return ZP_NO_DATE;
    bool more = !marked || (c.p < c.end && *c.p == mark);
    c.p += marked && more;
    if (more && (!take_int(&c, 2, &out->day) || out->day == 0))
        return ZP_NO_DATE;
    if (!is_day(out->month, out->day) || (!marked && c.p - digits != 8))
        return ZP_NO_DATE;
    if (mark == '.' && !more && c.p == c.end)
        return out->year >= 2000 ? ZP_PERHAPS_DATE : ZP_NO_DATE;
    return take_ending(&c, more, &out->before) ? ZP_SURE_DATE : ZP_NO_DATE;
}

/* By how many digits it begins with and what stands behind them: most numbers are none. */
static bool may_be_date(zp_cursor c)
{
    enum { YEAR = 4, DAY = 8 };
    const char *p = c.p;
    while (p < c.end && p - c.p <= DAY && zp_is_digit(*p))
        p++;
    ptrdiff_t digits = p - c.p;
    uint32_t behind = zp_text_wide(p, (size_t)(c.end - p));
    if (digits == 1 || digits == 2)
        return behind == U'月' || behind == U'年';
    return digits == YEAR || digits == DAY;
}

zp_date_reading zp_read_date(zp_cursor c, zp_date *out)
{
    if (!may_be_date(c))
        return ZP_NO_DATE;
    if (read_month(c, out) || read_year(c, out))
        return ZP_SURE_DATE;
    return read_digits(c, out);
}

/* 2022-2023 may be from year to year: then its end counts. */
bool zp_may_be_years(const zp_clause *range, zp_date *out)
{
    zp_date first;
    if (range->op != ZP_OP_RANGE || range->low.dimension != ZP_DIM_NONE || range->low.said.n ||
        range->low.number.n != 4 || range->high.number.n != 4)
        return false;
    return read_digits(cursor_of(range->low.number), &first) == ZP_PERHAPS_DATE &&
           read_digits(cursor_of(range->high.number), out) == ZP_PERHAPS_DATE;
}

int zp_date_ordinal(const zp_date *date, int default_year)
{
    int months = (date->year ? date->year : default_year) * 12 + date->month - 1 - date->before;
    return months * 32 + (date->day ? date->day : 31);
}

bool zp_is_year_of_something(const zp_cursor *behind, const zp_quantity *q)
{
    int year;
    if (q->number.n != 4)
        return false;
    zp_cursor number = cursor_of(q->number);
    return take_year(&number, &year) && zp_text_begins(zp_rest(behind), ZP_STR("年"));
}

/*
 * date.c - days, months and years by which something is due or was done. See grammar.h.
 */
#include "core/grammar.h"

#include <limits.h>

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

/* The rest of a date. 前 leaves open from when on, and ends with what lies before, unless the day is `fixed`; true when
 * nothing else follows. */
static bool take_ending(zp_cursor *c, bool fixed, zp_date *date)
{
    bool said = ZP_TAKE(c, "之前") || ZP_TAKE(c, "以前") || ZP_TAKE(c, "前");
    date->before = said && !fixed;
    if (said)
        date->from_month = 0;
    else
        ZP_TAKE(c, "内");
    ZP_TAKE(c, "已");
    date->accepted = ZP_TAKE(c, "验收");
    date->done = !date->accepted && (ZP_TAKE(c, "完成") || ZP_TAKE(c, "完工") || ZP_TAKE(c, "竣工"));
    return c->p == c->end;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* In some year, where none is written. */
static bool is_day(int year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 0 && day <= days_of(year, month);
}

/* From which day on: the one that is written, or the first that the rest may mean. */
static void begin_at(zp_date *date, int month, int day)
{
    date->from_month = month;
    date->from_day = date->day ? date->day : day;
}

enum { ANY_DAY = 1, END_OF_MONTH = 21, END_OF_YEAR = 10 };

/* [yyyy年 | yy年] m月 [d日 | d号 | [份] [底 | 末]] */
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
    bool whole = ZP_TAKE(&c, "份"), end = ZP_TAKE(&c, "底") || ZP_TAKE(&c, "末");
    bool day = !whole && !end && take_int(&c, 2, &out->day);
    if (day && (out->day == 0 || (!ZP_TAKE(&c, "日") && !ZP_TAKE(&c, "号"))))
        return false;
    begin_at(out, out->month, end ? END_OF_MONTH : ANY_DAY);
    return is_day(out->year, out->month, out->day) && take_ending(&c, end || day, out);
}

/* 2022年, 2022年底, 2022底, 22年底; a bare 22年 may be a span of time. */
static zp_date_reading read_year(zp_cursor c, zp_date *out)
{
    const char *digits = c.p;
    *out = (zp_date){.month = 12};
    if (!take_year(&c, &out->year))
        return ZP_NO_DATE;
    bool short_year = c.p - digits == 2, named = ZP_TAKE(&c, "年");
    if (named)
        ZP_TAKE(&c, "度");
    bool end = ZP_TAKE(&c, "年底") || ZP_TAKE(&c, "年末") || ZP_TAKE(&c, "底") || ZP_TAKE(&c, "末");
    begin_at(out, end ? END_OF_YEAR : 1, ANY_DAY);
    if (short_year && named && c.p == c.end)
        return end ? ZP_SURE_DATE : ZP_PERHAPS_DATE;
    if (!(end || named) || (short_year && !(named && end)) || !take_ending(&c, end, out))
        return ZP_NO_DATE;
    out->year -= out->before;
    out->before = false;
    return ZP_SURE_DATE;
}

/* 年底前, of the form's own year. */
static bool read_end_of_year(zp_cursor c, zp_date *out)
{
    *out = (zp_date){.month = 12};
    begin_at(out, END_OF_YEAR, ANY_DAY);
    return (ZP_TAKE(&c, "年底") || ZP_TAKE(&c, "年末")) && take_ending(&c, true, out);
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
        begin_at(out, 1, ANY_DAY);
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
    if (!is_day(out->year, out->month, out->day) || (!marked && c.p - digits != 8))
        return ZP_NO_DATE;
    begin_at(out, out->month, ANY_DAY);
    if (mark == '.' && !more && c.p == c.end)
        return out->year >= 2000 ? ZP_PERHAPS_DATE : ZP_NO_DATE;
    return take_ending(&c, more, out) ? ZP_SURE_DATE : ZP_NO_DATE;
}

/* 6.30 may be a day as well as an amount. */
static bool read_month_and_day(zp_cursor c, zp_date *out)
{
    *out = (zp_date){0};
    if (!take_int(&c, 2, &out->month) || !ZP_TAKE(&c, ".") || !take_int(&c, 2, &out->day) || c.p != c.end)
        return false;
    begin_at(out, out->month, out->day);
    return out->day > 0 && is_day(0, out->month, out->day);
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
        return behind == U'月' || behind == U'年' || (p < c.end && *p == '.');
    return digits == YEAR || digits == DAY;
}

zp_date_reading zp_read_date(zp_cursor c, zp_date *out)
{
    if (read_end_of_year(c, out))
        return ZP_SURE_DATE;
    if (!may_be_date(c))
        return ZP_NO_DATE;
    if (read_month(c, out))
        return ZP_SURE_DATE;
    zp_date_reading year = read_year(c, out);
    if (year != ZP_NO_DATE)
        return year;
    return read_month_and_day(c, out) ? ZP_PERHAPS_DATE : read_digits(c, out);
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

static int year_of(const zp_date *date, int default_year)
{
    return date->year ? date->year : default_year;
}

/* Of months of 32 days, the last one of each being the 31st. */
static int ordinal(int year, int month, int day)
{
    return (year * 12 + month - 1) * 32 + (day && day < days_of(year, month) ? day : 31);
}

bool zp_date_exists(const zp_date *date, int default_year)
{
    return is_day(year_of(date, default_year), date->month, date->day);
}

int zp_date_last(const zp_date *date, int default_year)
{
    return ordinal(year_of(date, default_year), date->month, date->day) - (date->before ? 32 : 0);
}

int zp_date_first(const zp_date *date, int default_year)
{
    return date->from_month ? ordinal(year_of(date, default_year), date->from_month, date->from_day) : INT_MIN;
}

bool zp_is_year_of_something(const zp_cursor *behind, const zp_quantity *q)
{
    int year;
    if (q->number.n != 4)
        return false;
    zp_cursor number = cursor_of(q->number);
    return take_year(&number, &year) && number.p == number.end && zp_text_begins(zp_rest(behind), ZP_STR("年"));
}

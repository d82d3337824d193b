/*
 * clock.c - see clock.h. Any thread; no state, no failure.
 *
 * A time beyond the years 1970 to 9999 is written as the nearest one within: RFC 3339 has four digits for a year, and
 * a wrong clock must not make a document unreadable.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;
    /* Cannot fail: both clocks exist on every Linux and the pointer is good. */
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t zp_clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t zp_clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

static char *put_digits(char *p, unsigned n, int digits, char after)
{
    for (int i = digits - 1; i >= 0; i--, n /= 10)
        p[i] = (char)('0' + n % 10);
    p[digits] = after;
    return p + digits + 1;
}

/* By hand: strftime and gmtime_r cost more than the rest of a status document's header. */
void zp_time_format(int64_t wall_ms, char out[ZP_TIME_TEXT + 1])
{
    const int64_t last = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999Z */
    wall_ms = wall_ms < 0 ? 0 : wall_ms > last ? last : wall_ms;
    int64_t day = wall_ms / 86400000;
    unsigned ms = (unsigned)(wall_ms % 86400000);
    /* Days to civil date (proleptic Gregorian): eras of 400 years that begin on 1 March. */
    int64_t shifted = day + 719468, era = shifted / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    unsigned year = year_of_era + (unsigned)era * 400 + (month <= 2);
    char *p = put_digits(out, year, 4, '-');
    p = put_digits(p, month, 2, '-');
    p = put_digits(p, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2, 'T');
    p = put_digits(p, ms / 3600000, 2, ':');
    p = put_digits(p, ms / 60000 % 60, 2, ':');
    p = put_digits(p, ms / 1000 % 60, 2, '.');
    p = put_digits(p, ms % 1000, 3, 'Z');
    *p = '\0';
}

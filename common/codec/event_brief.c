/*
 * event_brief.c - see event_brief.h. One pass over the event's members, which may come in any order; nothing is copied.
 */
#include "codec/event_brief.h"

#include "codec/mp.h"
#include "core/decimal.h"
#include "core/result.h"

#include <time.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, CHINA_MS = 8 * 60 * 60 * 1000, DAY_TEXT = 10 };

static int64_t cents_of(zp_mp *m)
{
    zp_str text = zp_mp_str(m);
    zp_dec number;
    int64_t cents = ZP_NO_CENTS;
    if (text.p && (zp_dec_parse(text, &number) != ZP_OK || !zp_dec_cents(number, &cents)))
        m->bad = true;
    return cents;
}

static void skim_data(zp_mp *m, zp_event_brief *out)
{
    for (uint32_t left = zp_mp_map(m); left > 0 && !m->bad; left--) {
        zp_str name = zp_mp_str(m);
        if (zp_str_is(name, "unit"))
            out->unit = zp_mp_str(m);
        else if (zp_str_is(name, "unit_code"))
            out->unit_code = zp_mp_str(m);
        else if (zp_str_is(name, "year"))
            out->year = (int)zp_mp_uint(m);
        else if (zp_str_is(name, "confirmed_total"))
            out->confirmed_total = cents_of(m);
        else
            zp_mp_skip(m);
    }
}

zp_rc zp_event_skim(zp_str bytes, zp_event_brief *out)
{
    zp_mp m = zp_mp_of(bytes);
    *out = (zp_event_brief){.confirmed_total = ZP_NO_CENTS};
    for (uint32_t left = zp_mp_map(&m); left > 0 && !m.bad; left--) {
        zp_str name = zp_mp_str(&m);
        if (zp_str_is(name, "type"))
            out->type = zp_mp_str(&m);
        else if (zp_str_is(name, "time"))
            out->time = zp_mp_str(&m);
        else if (zp_str_is(name, "data"))
            skim_data(&m, out);
        else
            zp_mp_skip(&m);
    }
    return zp_mp_done(&m) && zp_str_filled(out->type) && out->time.n == ZP_TIME_TEXT ? ZP_OK : ZP_CORRUPT;
}

/* ---- filters ---- */

/* The first moment of a calendar day in China, as milliseconds. */
static bool day_begins(zp_str text, int64_t *ms)
{
    char copy[DAY_TEXT + 1] = "", again[DAY_TEXT + 1];
    struct tm day = {0};
    if (text.n != DAY_TEXT)
        return false;
    memcpy(copy, text.p, DAY_TEXT);
    const char *end = strptime(copy, "%Y-%m-%d", &day);
    if (!end || *end)
        return false;
    /* 30 February becomes 1 March: not the text that was given. */
    time_t seconds = timegm(&day);
    if (!strftime(again, sizeof again, "%Y-%m-%d", &day) || strcmp(copy, again) != 0)
        return false;
    *ms = (int64_t)seconds * 1000 - CHINA_MS;
    return true;
}

bool zp_event_filter_day(zp_event_filter *filter, zp_str day)
{
    int64_t begins;
    if (!day_begins(day, &begins))
        return false;
    zp_time_format(begins, filter->from);
    zp_time_format(begins + DAY_MS, filter->before);
    return true;
}

bool zp_event_filter_is_open(const zp_event_filter *filter)
{
    return !zp_str_filled(filter->type) && !zp_str_filled(filter->unit) && !filter->year && !filter->from[0] &&
           !filter->before[0];
}

static bool is_type(zp_str wanted, zp_str type)
{
    size_t skip = type.n - wanted.n;
    if (wanted.n >= type.n)
        return zp_str_eq(wanted, type);
    return type.p[skip - 1] == '.' && !memchr(wanted.p, '.', wanted.n) &&
           zp_str_eq(wanted, (zp_str){type.p + skip, wanted.n});
}

bool zp_event_is_type(zp_str text)
{
    for (const char *p = ZP_EVENT_TYPES; *p;) {
        size_t n = strcspn(p, ",");
        if (zp_str_eq(text, (zp_str){p, n}))
            return true;
        p += n + strspn(p + n, ", ");
    }
    return false;
}

bool zp_event_matches(const zp_event_filter *filter, const zp_event_brief *event)
{
    if (zp_str_filled(filter->type) && !is_type(filter->type, event->type))
        return false;
    if (zp_str_filled(filter->unit) && !zp_str_eq(filter->unit, event->unit) &&
        !zp_str_eq(filter->unit, event->unit_code))
        return false;
    if (filter->year && filter->year != event->year)
        return false;
    /* The texts have one form, so their order is the order of the times. */
    return (!filter->from[0] || memcmp(event->time.p, filter->from, ZP_TIME_TEXT) >= 0) &&
           (!filter->before[0] || memcmp(event->time.p, filter->before, ZP_TIME_TEXT) < 0);
}

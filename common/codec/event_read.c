/*
 * event_read.c - see event_read.h.
 *
 * Members are found by name, and unknown ones are passed over: a later release may add some.
 */
#include "codec/event_read.h"

#include "base/clock.h"
#include "codec/event_head.h"

#include <stdio.h>
#include <time.h>

enum { DIGITS = 20 };

uint64_t zp_event_number(zp_mp *m)
{
    zp_str text = zp_mp_str(m);
    uint64_t n = 0;
    m->bad |= text.n == 0 || text.n > DIGITS;
    for (size_t i = 0; i < text.n && !m->bad; i++) {
        unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';
        m->bad |= digit > 9 || n > (UINT64_MAX - digit) / 10;
        n = n * 10 + digit;
    }
    return n;
}

static zp_id id_of(zp_mp *m)
{
    zp_id id = {{0}};
    zp_str text = zp_mp_str(m);
    m->bad |= !text.p || zp_id_parse(text, &id) != ZP_OK;
    return id;
}

int64_t zp_event_time(zp_mp *m)
{
    zp_str text = zp_mp_str(m);
    char copy[ZP_TIME_TEXT + 1] = "";
    struct tm t = {0};
    int ms = 0, end = 0;
    if (text.n == ZP_TIME_TEXT)
        memcpy(copy, text.p, ZP_TIME_TEXT);
    if (sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min,
               &t.tm_sec, &ms, &end) != 7 ||
        end != ZP_TIME_TEXT) {
        m->bad = true;
        return 0;
    }
    t.tm_year -= 1900;
    t.tm_mon--;
    return (int64_t)timegm(&t) * 1000 + ms;
}

static void text_of(zp_mp *m, char *out, size_t size)
{
    zp_str text = zp_mp_str(m);
    m->bad |= text.n >= size;
    if (m->bad)
        return;
    if (text.n)
        memcpy(out, text.p, text.n);
    out[text.n] = '\0';
}

/* The members without which it is not an event, as bits: each must be seen. */
enum { ID = 1, SUBJECT = 2, TIME = 4, SEQUENCE = 8, DATA = 16, STATUS = 32, YEAR = 64, REVISION = 128, ALL = 255 };

static unsigned read_data_member(zp_mp *m, zp_str name, zp_event *out)
{
    zp_status *status = &out->status;
    if (zp_str_is(name, "status")) {
        m->bad |= zp_state_by_name(zp_mp_str(m), &status->state) != ZP_OK;
        return STATUS;
    }
    if (zp_str_is(name, "year")) {
        uint64_t year = zp_mp_uint(m);
        m->bad |= year > ZP_YEAR_LAST;
        status->year = (int)year;
        return YEAR;
    }
    if (zp_str_is(name, "revision")) {
        uint64_t revision = zp_mp_uint(m);
        m->bad |= revision < 1 || revision > UINT32_MAX;
        status->revision = (uint32_t)revision;
        return REVISION;
    }
    if (zp_str_is(name, "outcome"))
        out->has_result = zp_str_present(zp_mp_str(m));
    else if (zp_str_is(name, "unit"))
        status->unit = zp_mp_str(m);
    else if (zp_str_is(name, "unit_code"))
        status->unit_code = zp_mp_str(m);
    else if (zp_str_is(name, "department"))
        status->department = zp_mp_str(m);
    else if (zp_str_is(name, "project_name"))
        status->project_name = zp_mp_str(m);
    else if (zp_str_is(name, "digest"))
        text_of(m, out->digest, sizeof out->digest);
    else if (zp_str_is(name, "superseded_by") && !zp_mp_nil(m)) {
        status->has_superseded_by = true;
        status->superseded_by = id_of(m);
    } else if (!zp_str_is(name, "superseded_by"))
        zp_mp_skip(m);
    return 0;
}

static unsigned read_data(zp_mp *m, zp_event *out)
{
    unsigned seen = DATA;
    for (uint32_t left = zp_mp_map(m); left > 0 && !m->bad; left--)
        seen |= read_data_member(m, zp_mp_str(m), out);
    return seen;
}

static unsigned read_member(zp_mp *m, zp_str name, zp_event *out)
{
    if (zp_str_is(name, "id")) {
        out->number = zp_event_number(m);
        return ID;
    }
    if (zp_str_is(name, "sequence")) {
        out->sequence = zp_event_number(m);
        return SEQUENCE;
    }
    if (zp_str_is(name, "subject")) {
        out->status.id = id_of(m);
        return SUBJECT;
    }
    if (zp_str_is(name, "time")) {
        out->time_ms = zp_event_time(m);
        return TIME;
    }
    if (zp_str_is(name, "data"))
        return read_data(m, out);
    zp_mp_skip(m);
    return 0;
}

zp_rc zp_event_read(zp_str bytes, zp_event *out)
{
    zp_mp m = zp_mp_of(bytes);
    unsigned seen = 0;
    *out = (zp_event){0};
    for (uint32_t left = zp_mp_map(&m); left > 0 && !m.bad; left--)
        seen |= read_member(&m, zp_mp_str(&m), out);
    out->status.seq = out->number;
    return zp_mp_done(&m) && seen == ALL ? ZP_OK : ZP_CORRUPT;
}

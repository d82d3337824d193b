/*
 * event_query.c - see event_query.h. Request threads.
 */
#include "event_query.h"

#include "fields.h"

#include "core/form.h"

enum { MOST = 1000, USUAL = 100 };

/* What is liked best. Of equals JSON, which everybody reads, but for a format that is named: who names it wants it. */
static zp_events_format format_of(zp_str accept)
{
    static const struct {
        zp_events_format format;
        const char *type, *subtype;
    } formats[] = {{ZP_EVENTS_JSON, "application", "json"},
                   {ZP_EVENTS_BATCH, "application", "cloudevents-batch+json"},
                   {ZP_EVENTS_MSGPACK, "application", "vnd.msgpack"},
                   {ZP_EVENTS_STREAM, "text", "event-stream"}};
    zp_events_format best = ZP_EVENTS_JSON;
    int quality = 0;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        zp_liking liking = zp_accept_of(accept, formats[i].type, formats[i].subtype);
        if (liking.quality > quality || (liking.named && liking.quality == quality)) {
            best = formats[i].format;
            quality = liking.quality;
        }
    }
    return best;
}

static zp_rc read_filter(const zp_param *type, const zp_param *unit, const zp_param *year, zp_arena *arena,
                         zp_event_filter *out, zp_query_fault *fault)
{
    uint64_t number = 0;
    *out = (zp_event_filter){.type = type->value, .unit = unit->value};
    zp_rc rc = zp_query_uint(year, ZP_YEAR_FIRST, ZP_YEAR_LAST, arena, &number, fault);
    if (!rc && zp_str_filled(type->value) && !zp_event_is_type(type->value))
        rc = zp_query_refuse(type, arena, ZP_EVENT_TYPES, fault);
    if (!rc && unit->value.n > ZP_MAX_CELL)
        rc = zp_query_refuse(unit, arena, "the exact name or code of a unit", fault);
    out->year = (int)number;
    return rc;
}

zp_rc zp_event_query_read(zp_request *request, zp_event_query *out, zp_query_fault *fault)
{
    enum { AFTER, LIMIT, TYPE, UNIT, YEAR, PARAMS };
    zp_param params[PARAMS] = {[AFTER] = {.name = "after"},
                               [LIMIT] = {.name = "limit"},
                               [TYPE] = {.name = "type"},
                               [UNIT] = {.name = "unit"},
                               [YEAR] = {.name = "year"}};
    zp_arena *arena = request->arena;
    uint64_t limit = USUAL;
    *out = (zp_event_query){.format = format_of(request->accept)};
    bool stream = out->format == ZP_EVENTS_STREAM;
    if (stream)
        out->after = ZP_EVENTS_FROM_NOW;
    zp_rc rc = zp_query_read(request->query, arena, params, PARAMS, fault);
    if (!rc)
        rc = zp_query_uint(&params[AFTER], 0, INT64_MAX, arena, &out->after, fault);
    if (!rc)
        rc = zp_query_uint(&params[LIMIT], 1, MOST, arena, &limit, fault);
    if (!rc)
        rc = read_filter(&params[TYPE], &params[UNIT], &params[YEAR], arena, &out->filter, fault);
    if (!rc && stream) {
        zp_param last = {.name = "Last-Event-ID", .value = request->last_event_id};
        rc = zp_query_uint(&last, 0, INT64_MAX, arena, &out->after, fault);
    }
    out->limit = (size_t)limit;
    return rc;
}

/* ---- control totals ---- */

zp_rc zp_event_range_read(zp_request *request, zp_event_range *out, zp_query_fault *fault)
{
    enum { AFTER, UPTO, DAY, TYPE, UNIT, YEAR, PARAMS };
    zp_param params[PARAMS] = {[AFTER] = {.name = "after"}, [UPTO] = {.name = "upto"}, [DAY] = {.name = "day"},
                               [TYPE] = {.name = "type"},   [UNIT] = {.name = "unit"}, [YEAR] = {.name = "year"}};
    zp_arena *arena = request->arena;
    *out = (zp_event_range){.upto = INT64_MAX};
    zp_rc rc = zp_query_read(request->query, arena, params, PARAMS, fault);
    if (!rc)
        rc = zp_query_uint(&params[AFTER], 0, INT64_MAX, arena, &out->after, fault);
    if (!rc)
        rc = zp_query_uint(&params[UPTO], 0, INT64_MAX, arena, &out->upto, fault);
    if (!rc)
        rc = read_filter(&params[TYPE], &params[UNIT], &params[YEAR], arena, &out->filter, fault);
    if (!rc && zp_str_filled(params[DAY].value) && !zp_event_filter_day(&out->filter, params[DAY].value))
        rc = zp_query_refuse(&params[DAY], arena, "a day, such as 2026-03-01", fault);
    return rc;
}

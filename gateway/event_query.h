/*
 * event_query.h - which events are asked for, and how they shall come.
 */
#ifndef ZP_GATEWAY_EVENT_QUERY_H
#define ZP_GATEWAY_EVENT_QUERY_H

#include "event_page.h"
#include "query.h"
#include "request.h"

#define ZP_EVENTS_FROM_NOW UINT64_MAX /* as `after`, of a stream */

typedef struct {
    zp_event_filter filter; /* views into the request and its arena */
    zp_events_format format;
    size_t limit;
    uint64_t after;
} zp_event_query;

/*
 * GET /v1/events: after, limit, type, unit, year; the format from Accept; for a stream the place from Last-Event-ID,
 * else from `after`, else from now on. ZP_INVALID with *fault, ZP_NOMEM.
 */
zp_rc zp_event_query_read(zp_request *request, zp_event_query *out, zp_query_fault *fault);

typedef struct {
    zp_event_filter filter;
    uint64_t after, upto; /* upto: INT64_MAX when it was not given */
} zp_event_range;

/* GET /v1/events/totals: after, upto, day (a calendar day in China, UTC+8), type, unit, year. */
zp_rc zp_event_range_read(zp_request *request, zp_event_range *out, zp_query_fault *fault);

#endif

/*
 * event_page.h - events of the log as text, in the format that was asked for.
 */
#ifndef ZP_GATEWAY_EVENT_PAGE_H
#define ZP_GATEWAY_EVENT_PAGE_H

#include "codec/event_brief.h"
#include "store/scores.h"

typedef enum {
    ZP_EVENTS_JSON,    /* an object that has them in `events` */
    ZP_EVENTS_BATCH,   /* CloudEvents JSON batch: an array (application/cloudevents-batch+json) */
    ZP_EVENTS_MSGPACK, /* the frozen bytes, one event behind the other */
    ZP_EVENTS_STREAM,  /* Server-Sent Events (WHATWG HTML, section 9.2) */
} zp_events_format;

/* A page under way; `position` begins as the number behind which it starts. */
typedef struct {
    zp_events_format format;
    const zp_event_filter *filter;
    zp_buf *out;
    size_t limit;      /* events, at most */
    uint64_t position; /* the last number that has been looked at */
    size_t count;      /* events that matched */
} zp_event_page;

/* Writes the event when it matches; a damaged one (empty) keeps its number and says what it is. False: full. */
bool zp_event_page_add(zp_event_page *self, uint64_t seq, zp_str frozen);
/*
 * Goes on in the log until the page is full, `looks` events have been looked at or the log ends. *more: it may not be
 * the log's end. What zp_scores_events returns.
 */
zp_rc zp_event_page_read(zp_event_page *self, zp_scores_reader *reader, size_t looks, bool *more);

#endif

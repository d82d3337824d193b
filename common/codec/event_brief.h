/*
 * event_brief.h - what a frozen event is about, at a glance: for filters and control totals, which look at many.
 */
#ifndef ZP_CODEC_EVENT_BRIEF_H
#define ZP_CODEC_EVENT_BRIEF_H

#include "base/clock.h"
#include "base/error.h"

typedef struct {
    zp_str type, time;       /* "ziping.submission.scored", RFC 3339 in UTC with milliseconds */
    zp_str unit, unit_code;  /* absent when the event names none */
    int year;                /* 0 when it names none */
    int64_t confirmed_total; /* cents, ZP_NO_CENTS when it is not known */
} zp_event_brief;

/* Views point into bytes. Members that are not asked for are passed over. ZP_CORRUPT. Pure; any thread. */
zp_rc zp_event_skim(zp_str bytes, zp_event_brief *out);

/* What may be filtered by, for messages. */
#define ZP_EVENT_TYPES                                                                                                 \
    "scored, failed, superseded, disabled, ziping.submission.scored, ziping.submission.failed, "                       \
    "ziping.submission.superseded, ziping.webhook.disabled"
/* Whether there are events of that type: one of these. */
bool zp_event_is_type(zp_str text);

/* Zero-initialised it matches every event. */
typedef struct {
    zp_str type; /* whole, or what follows its last dot: "scored" */
    zp_str unit; /* name or code */
    int year;
    char from[ZP_TIME_TEXT + 1], before[ZP_TIME_TEXT + 1]; /* times as events have them; empty = no bound */
} zp_event_filter;

/* Only events of that calendar day in China (UTC+8), such as 2026-03-01. False, and nothing set: it is no day. */
bool zp_event_filter_day(zp_event_filter *filter, zp_str day);
bool zp_event_filter_is_open(const zp_event_filter *filter);
bool zp_event_matches(const zp_event_filter *filter, const zp_event_brief *event);

#endif

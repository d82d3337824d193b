/*
 * tail_archive.c - see tail_archive.h.
 */
#include "cli/tail_archive.h"

#include "cli/cli.h"
#include "cli/soundness.h"
#include "codec/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { PAGE = 256 };

typedef struct {
    const char *topic_prefix;
    uint64_t after, count, printed;
    zp_buf json;
    bool broken;
} printing;

/* False when the output is broken. */
static bool print_event(printing *p, uint64_t seq, zp_str frozen)
{
    char topic[ZP_TOPIC_MAX];
    zp_buf_clear(&p->json);
    if (zp_event_topic(frozen, topic) || zp_event_write_json(frozen, &p->json) || p->json.failed) {
        fprintf(stderr, "ziping tail: event %" PRIu64 " is damaged in the store\n", seq);
        return true;
    }
    if (strncmp(topic, p->topic_prefix, strlen(p->topic_prefix)) != 0)
        return true;
    zp_buf_char(&p->json, '\n');
    p->printed++;
    return fwrite(p->json.p, 1, p->json.n, stdout) == p->json.n && fflush(stdout) == 0;
}

static bool print(void *context, uint64_t seq, zp_str frozen)
{
    printing *p = context;
    if (p->printed == p->count)
        return false;
    p->after = seq;
    p->broken = !print_event(p, seq, frozen);
    return !p->broken;
}

static zp_rc print_all(zp_scores_reader *reader, printing *p)
{
    zp_rc rc = ZP_OK;
    for (uint64_t before = UINT64_MAX; !rc && !p->broken && before != p->after && p->printed < p->count;) {
        before = p->after;
        rc = zp_cli_interrupted() ? ZP_CLOSED : zp_scores_events(reader, p->after, PAGE, SIZE_MAX, print, p);
    }
    return rc;
}

/* ---- control totals ---- */

typedef struct {
    zp_tail_range range;
    zp_control control;
    uint64_t position;
} summing;

static bool add(void *context, uint64_t seq, zp_str frozen)
{
    summing *s = context;
    if (seq > s->range.upto)
        return false;
    zp_control_add(&s->control, frozen);
    s->position = seq;
    return true;
}

static zp_rc sum_up(zp_scores_reader *reader, summing *s)
{
    uint64_t newest;
    zp_rc rc = zp_scores_last(reader, &newest);
    if (!rc && s->range.upto > newest)
        s->range.upto = newest;
    for (uint64_t before = UINT64_MAX; !rc && before != s->position && s->position < s->range.upto;) {
        before = s->position;
        rc = zp_cli_interrupted() ? ZP_CLOSED : zp_scores_events(reader, before, PAGE, SIZE_MAX, add, s);
    }
    return rc;
}

/* ---- opening ---- */

typedef struct {
    zp_stores stores;
    zp_scores_reader *reader;
} event_log;

static zp_rc open_log(const char *folder, event_log *log)
{
    char message[512];
    zp_soundness_expect_damage();
    zp_cli_catch_signals();
    zp_rc rc = zp_stores_open_folder(folder, &log->stores, message, sizeof message);
    if (rc)
        fprintf(stderr, "ziping tail: %s (%s)\n", message, zp_rc_name(rc));
    return rc ? rc : zp_scores_reader_new(log->stores.scores, &log->reader);
}

static int close_log(event_log *log, zp_rc rc, bool broken)
{
    if (broken)
        fprintf(stderr, "ziping tail: standard output cannot be written: %s\n", strerror(errno));
    zp_scores_reader_destroy(&log->reader);
    zp_stores_close(&log->stores);
    return rc || broken ? ZP_EXIT_UNAVAILABLE : ZP_EXIT_OK;
}

static zp_rc told(const char *folder, zp_rc rc)
{
    if (rc && rc != ZP_CLOSED)
        fprintf(stderr, "ziping tail: %s: the events cannot be read (%s)\n", folder, zp_rc_name(rc));
    return rc;
}

int zp_tail_archive(const char *folder, uint64_t after, uint64_t count, const char *topic_prefix)
{
    printing p = {.topic_prefix = topic_prefix, .after = after, .count = count};
    event_log log = {.reader = NULL};
    zp_rc rc = open_log(folder, &log);
    if (!rc)
        rc = told(folder, print_all(log.reader, &p));
    zp_buf_free(&p.json);
    return close_log(&log, rc == ZP_CLOSED ? ZP_OK : rc, p.broken);
}

int zp_tail_archive_totals(const char *folder, const zp_tail_range *range)
{
    summing s = {.range = *range, .position = range->after};
    event_log log = {.reader = NULL};
    zp_control_begin(&s.control, &s.range.filter);
    zp_rc rc = open_log(folder, &log);
    if (!rc)
        rc = told(folder, sum_up(log.reader, &s));
    return close_log(&log, rc, !rc && !zp_tail_print_totals(&s.control, &s.range));
}

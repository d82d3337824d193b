/*
 * event_page.c - see event_page.h. Request threads; the page's buffer remembers when memory has run out.
 */
#include "event_page.h"

#include "base/log.h"
#include "codec/event.h"

#include <inttypes.h>

enum { FULL_BYTES = 1024 * 1024, LOOK_BYTES = 16 * 1024 * 1024 };

/* One damaged event must not hide those behind it. */
static void write_damaged(zp_buf *out, uint64_t seq)
{
    zp_buf_printf(out,
                  "{\"specversion\":\"1.0\",\"id\":\"%" PRIu64 "\",\"source\":\"/v1/submissions\","
                  "\"type\":\"ziping.event.damaged\",\"sequence\":\"%020" PRIu64 "\"}",
                  seq, seq);
}

static void write_json(zp_buf *out, uint64_t seq, zp_str frozen)
{
    size_t before = out->n;
    if (zp_event_write_json(frozen, out) == ZP_OK)
        return;
    out->n = before;
    write_damaged(out, seq);
    zp_log(ZP_ERROR, "event-damaged", "seq=%" PRIu64, seq);
}

/* What cannot be read might be what was asked for, so it matches every filter. */
static bool is_wanted(const zp_event_page *self, zp_str frozen)
{
    zp_event_brief brief;
    return zp_event_filter_is_open(self->filter) || zp_event_skim(frozen, &brief) != ZP_OK ||
           zp_event_matches(self->filter, &brief);
}

bool zp_event_page_add(zp_event_page *self, uint64_t seq, zp_str frozen)
{
    self->position = seq;
    if (!is_wanted(self, frozen))
        return true;
    switch (self->format) {
    case ZP_EVENTS_JSON:
    case ZP_EVENTS_BATCH:
        if (self->count)
            zp_buf_char(self->out, ',');
        write_json(self->out, seq, frozen);
        break;
    case ZP_EVENTS_MSGPACK:
        zp_buf_str(self->out, frozen);
        break;
    case ZP_EVENTS_STREAM:
        zp_buf_printf(self->out, "id: %" PRIu64 "\ndata: ", seq);
        write_json(self->out, seq, frozen); /* has no line breaks: JSON's texts escape them */
        zp_buf_lit(self->out, "\n\n");
        break;
    }
    return ++self->count < self->limit && self->out->n < FULL_BYTES && !self->out->failed;
}

typedef struct {
    zp_event_page *page;
    size_t looks;
    bool stopped;
} walk;

static bool look(void *context, uint64_t seq, zp_str frozen)
{
    walk *w = context;
    w->looks++;
    w->stopped = !zp_event_page_add(w->page, seq, frozen);
    return !w->stopped;
}

zp_rc zp_event_page_read(zp_event_page *self, zp_scores_reader *reader, size_t looks, bool *more)
{
    walk w = {.page = self};
    uint64_t before = self->position;
    zp_rc rc = zp_scores_events(reader, before, looks, LOOK_BYTES, look, &w);
    *more = !rc && (w.stopped || w.looks == looks);
    if (!rc && !*more && self->position != before) {
        uint64_t newest;
        rc = zp_scores_last(reader, &newest); /* the bytes may have ended it, or more have come in meanwhile */
        *more = !rc && self->position < newest;
    }
    return rc;
}

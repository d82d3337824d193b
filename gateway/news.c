/*
 * news.c - see news.h.
 */
#include "news.h"

#include "base/log.h"

#include <stdlib.h>

enum { MOST_EVENTS = 512, MOST_BYTES = 256 * 1024 };
enum { MOST_AT_ONCE = 64 * 1024 }; /* of text, for a stream whose client may not read it */

typedef struct {
    uint64_t seq;
    size_t at, n;     /* in text */
    size_t frozen_at; /* in frozen */
    size_t frozen_n;
} item;

struct zp_news {
    uint64_t after, upto; /* items are all events from after + 1 to upto; none when the log had grown by too many */
    item items[MOST_EVENTS];
    size_t count;
    zp_buf frozen, text;
    bool failing; /* the log cannot be read: said once */
};

zp_news *zp_news_new(void)
{
    return calloc(1, sizeof(zp_news));
}

void zp_news_destroy(zp_news **self)
{
    if (!*self)
        return;
    zp_buf_free(&(*self)->frozen);
    zp_buf_free(&(*self)->text);
    free(*self);
    *self = NULL;
}

static void forget(zp_news *self, uint64_t upto)
{
    self->after = self->upto = upto;
    self->count = 0;
    zp_buf_clear(&self->frozen);
    zp_buf_clear(&self->text);
}

static bool keep(void *context, uint64_t seq, zp_str frozen)
{
    static const zp_event_filter open;
    zp_news *self = context;
    if (self->count == MOST_EVENTS)
        return false;
    zp_event_page page = {.format = ZP_EVENTS_STREAM, .filter = &open, .out = &self->text, .limit = SIZE_MAX};
    item new = {.seq = seq, .at = self->text.n, .frozen_at = self->frozen.n, .frozen_n = frozen.n};
    (void)zp_event_page_add(&page, seq, frozen);
    zp_buf_str(&self->frozen, frozen);
    new.n = self->text.n - new.at;
    self->items[self->count++] = new;
    self->upto = seq;
    return !self->text.failed && !self->frozen.failed;
}

bool zp_news_refresh(zp_news *self, zp_scores_reader *reader)
{
    uint64_t newest, before = self->upto;
    zp_rc rc = zp_scores_last(reader, &newest);
    if (!rc && newest == before)
        return false;
    forget(self, before);
    if (!rc && newest > before && newest - before <= MOST_EVENTS)
        rc = zp_scores_events(reader, before, MOST_EVENTS, MOST_BYTES, keep, self);
    if (rc && !self->failing)
        zp_log(ZP_ERROR, "log-not-read", "reason=%s", zp_rc_name(rc));
    self->failing = rc != ZP_OK;
    if (rc || self->text.failed || self->frozen.failed || self->upto < newest)
        forget(self, rc ? before : newest);
    return true;
}

uint64_t zp_news_upto(const zp_news *self)
{
    return self->upto;
}

bool zp_news_add_to(const zp_news *self, zp_event_page *page)
{
    if (page->position < self->after || page->position > self->upto || (!self->count && self->upto > page->position))
        return false;
    size_t first = (size_t)(page->position - self->after);
    if (first < self->count && self->text.n - self->items[first].at > MOST_AT_ONCE)
        return false;
    for (size_t i = first; i < self->count; i++) {
        const item *next = &self->items[i];
        zp_event_brief brief;
        zp_str frozen = {self->frozen.p + next->frozen_at, next->frozen_n};
        if (zp_event_filter_is_open(page->filter) || zp_event_skim(frozen, &brief) != ZP_OK ||
            zp_event_matches(page->filter, &brief)) {
            zp_buf_str(page->out, (zp_str){self->text.p + next->at, next->n});
            page->count++;
        }
        page->position = next->seq;
    }
    return true;
}

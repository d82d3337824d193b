/*
 * backlog.c - see backlog.h. The store is the queue; only a page of it is held here, and the few that came back. A
 * read that fails is logged and tried again when there is news.
 */
#include "backlog.h"

#include "base/log.h"

#include <stdlib.h>

enum { PAGE = 256 };

/* A queue in an array that slides to its front when it has run empty. */
typedef struct {
    zp_pending *items;
    size_t head, tail, cap;
} queue;

struct zp_backlog {
    zp_intake_reader *reader;
    queue returned, suspects;
    zp_pending page[PAGE];
    size_t next, count; /* of the page */
    zp_id newest;       /* read so far */
    bool has_newest, look;
};

zp_rc zp_backlog_new(zp_intake *intake, zp_backlog **out)
{
    zp_backlog *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    zp_rc rc = zp_intake_reader_new(intake, &self->reader);
    if (rc) {
        free(self);
        return rc;
    }
    self->look = true;
    *out = self;
    return ZP_OK;
}

void zp_backlog_destroy(zp_backlog **self)
{
    if (!*self)
        return;
    zp_intake_reader_destroy(&(*self)->reader);
    free((*self)->returned.items);
    free((*self)->suspects.items);
    free(*self);
    *self = NULL;
}

void zp_backlog_look(zp_backlog *self)
{
    self->look = true;
}

void zp_backlog_rewind(zp_backlog *self)
{
    self->has_newest = false;
    self->next = self->count = 0;
    self->look = true;
}

static void push(queue *to, const zp_pending *item)
{
    if (to->head == to->tail)
        to->head = to->tail = 0;
    if (to->tail == to->cap) {
        size_t cap = to->cap ? to->cap * 2 : PAGE;
        zp_pending *bigger = realloc(to->items, cap * sizeof *bigger);
        if (!bigger) {
            zp_log(ZP_WARN, "job-set-aside", "reason=\"out of memory\"");
            return;
        }
        to->items = bigger;
        to->cap = cap;
    }
    to->items[to->tail++] = *item;
}

void zp_backlog_return(zp_backlog *self, const zp_pending *item)
{
    push(item->attempts ? &self->suspects : &self->returned, item);
}

void zp_backlog_suspect_it(zp_backlog *self, const zp_pending *item)
{
    push(&self->suspects, item);
}

static bool is_suspect(const queue *suspects, const zp_id *id, uint32_t attempt)
{
    for (size_t i = suspects->head; i < suspects->tail; i++)
        if (zp_id_cmp(&suspects->items[i].id, id) == 0)
            return suspects->items[i].attempts + 1 == attempt;
    return false;
}

/* The one that is to blame, if any, leaves the suspects for good. */
static void acquit(zp_backlog *self, const zp_id *guilty)
{
    queue *suspects = &self->suspects;
    size_t kept = suspects->head;
    for (size_t i = suspects->head; i < suspects->tail; i++) {
        const zp_pending item = suspects->items[i];
        if (guilty && zp_id_cmp(&item.id, guilty) == 0)
            continue;
        if (item.attempts)
            suspects->items[kept++] = item;
        else
            push(&self->returned, &item);
    }
    suspects->tail = kept;
}

bool zp_backlog_blame(zp_backlog *self, const zp_id *id, uint32_t attempt, zp_pending *out)
{
    if (!is_suspect(&self->suspects, id, attempt))
        return false;
    *out = (zp_pending){.id = *id, .attempts = attempt};
    acquit(self, id);
    return true;
}

void zp_backlog_acquit(zp_backlog *self)
{
    acquit(self, NULL);
}

/* Moves suspects at the front of the page (a restart finds them there) to their own queue. */
static void refill(zp_backlog *self)
{
    for (;;) {
        while (self->next < self->count && self->page[self->next].attempts)
            push(&self->suspects, &self->page[self->next++]);
        if (self->next < self->count || !self->look)
            return;
        zp_rc rc =
            zp_intake_pending(self->reader, self->has_newest ? &self->newest : NULL, self->page, PAGE, &self->count);
        self->next = 0;
        if (rc)
            zp_log(ZP_ERROR, "pending-not-read", "reason=%s", zp_rc_name(rc));
        if (rc || self->count == 0) {
            self->count = 0;
            self->look = false;
            return;
        }
        self->newest = self->page[self->count - 1].id;
        self->has_newest = true;
    }
}

const zp_pending *zp_backlog_suspect(zp_backlog *self)
{
    refill(self);
    return self->suspects.head < self->suspects.tail ? &self->suspects.items[self->suspects.head] : NULL;
}

const zp_pending *zp_backlog_ordinary(zp_backlog *self)
{
    if (self->returned.head < self->returned.tail)
        return &self->returned.items[self->returned.head];
    refill(self);
    return self->next < self->count ? &self->page[self->next] : NULL;
}

void zp_backlog_take_suspect(zp_backlog *self)
{
    self->suspects.head++;
}

void zp_backlog_take_ordinary(zp_backlog *self)
{
    if (self->returned.head < self->returned.tail)
        self->returned.head++;
    else
        self->next++;
}

zp_rc zp_backlog_record(zp_backlog *self, const zp_id *id, zp_buf *out)
{
    return zp_intake_get(self->reader, id, out);
}

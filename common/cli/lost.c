/*
 * lost.c - see lost.h.
 *
 * A result keeps the time at which it was scored or failed, which is its event's; so what no readable event speaks of,
 * sorted by that time, is in the order of the numbers that are missing.
 */
#include "cli/lost.h"

#include "base/grow.h"
#include "codec/event_read.h"

#include <search.h>
#include <stdlib.h>

enum { PAGE = 256, ARENA = 256 * 1024 };

typedef struct {
    zp_id id;
    int64_t at_ms;
    zp_state state;
} one;

struct zp_lost {
    one *items;
    size_t count, room, next;
};

typedef struct {
    zp_lost *lost;
    zp_scores_reader *reader;
    zp_arena *arena;
    zp_buf record;
    void *told; /* ids that a readable event speaks of */
    uint64_t after;
    bool no_memory;
} search;

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(zp_id));
}

static int by_time(const void *a, const void *b)
{
    const one *x = a, *y = b;
    return x->at_ms != y->at_ms ? (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms) : zp_id_cmp(&x->id, &y->id);
}

static bool note(void *context, uint64_t seq, zp_str frozen)
{
    search *s = context;
    zp_event event;
    s->after = seq;
    if (zp_event_read(frozen, &event) != ZP_OK || event.status.state == ZP_SUPERSEDED ||
        tfind(&event.status.id, &s->told, by_id))
        return true;
    zp_id *id = malloc(sizeof *id);
    if (id)
        *id = event.status.id;
    s->no_memory = !id || !tsearch(id, &s->told, by_id);
    if (s->no_memory)
        free(id);
    return !s->no_memory;
}

static zp_rc read_log(search *s)
{
    zp_rc rc = ZP_OK;
    for (uint64_t before = UINT64_MAX; !rc && before != s->after;) {
        before = s->after;
        rc = zp_scores_events(s->reader, s->after, PAGE, SIZE_MAX, note, s);
        if (s->no_memory)
            rc = ZP_NOMEM;
    }
    return rc;
}

static zp_rc add(search *s, const zp_id *id)
{
    zp_lost *lost = s->lost;
    zp_status status;
    if (tfind(id, &s->told, by_id))
        return ZP_OK;
    zp_arena_reset(s->arena);
    zp_buf_clear(&s->record);
    zp_rc rc = zp_scores_get(s->reader, id, &s->record);
    if (!rc)
        rc = zp_status_unpack(zp_buf_view(&s->record), s->arena, &status);
    if (rc)
        return rc == ZP_CORRUPT ? ZP_OK : rc;
    one *items = zp_grow(lost->items, lost->count, &lost->room, sizeof *items);
    if (!items)
        return ZP_NOMEM;
    lost->items = items;
    lost->items[lost->count++] = (one){*id, status.scored_ms, status.has_result ? ZP_SCORED : ZP_FAILED};
    return ZP_OK;
}

static zp_rc read_results(search *s)
{
    zp_list_query query = {0};
    zp_id ids[PAGE];
    zp_rc rc = ZP_OK;
    for (bool more = true; more && !rc;) {
        size_t count = 0;
        rc = zp_scores_list(s->reader, &query, ids, PAGE, &count, &more, &query.before);
        query.has_before = true;
        for (size_t i = 0; i < count && !rc; i++)
            rc = add(s, &ids[i]);
    }
    return rc;
}

zp_rc zp_lost_find(zp_scores *scores, zp_lost **out)
{
    search s = {.lost = calloc(1, sizeof *s.lost), .arena = zp_arena_new(ARENA)};
    zp_rc rc = s.lost && s.arena ? zp_scores_reader_new(scores, &s.reader) : ZP_NOMEM;
    if (!rc)
        rc = read_log(&s);
    if (!rc)
        rc = read_results(&s);
    if (!rc && s.lost->count)
        qsort(s.lost->items, s.lost->count, sizeof *s.lost->items, by_time);
    tdestroy(s.told, free);
    zp_scores_reader_destroy(&s.reader);
    if (s.arena)
        zp_arena_destroy(&s.arena);
    zp_buf_free(&s.record);
    if (rc)
        zp_lost_destroy(&s.lost);
    *out = s.lost;
    return rc;
}

void zp_lost_destroy(zp_lost **self)
{
    if (!*self)
        return;
    free((*self)->items);
    free(*self);
    *self = NULL;
}

bool zp_lost_next(zp_lost *self, zp_id *id, int64_t *at_ms, zp_state *state)
{
    if (self->next == self->count)
        return false;
    const one *item = &self->items[self->next++];
    *id = item->id;
    *at_ms = item->at_ms;
    *state = item->state;
    return true;
}

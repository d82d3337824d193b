/*
 * replay.c - see replay.h.
 *
 * The event log says in which order submissions were scored or set aside, and when. Each `scored` and `failed` event
 * is made to happen again, at its recorded time, through the worker's own scoring and the store's own commit; the
 * `superseded` ones follow from these by themselves. So with the same rules every number, event and document comes out
 * as it was. What no event speaks of (they were lost) comes last, in the order of ids.
 *
 * Events of seasons that have gone to archives have no forms here any more; they are taken over as they are.
 *
 * A failure that attempts have led to is not in the form: it is taken from the recorded result.
 */
#include "cli/replay.h"

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/lost.h"
#include "codec/event_read.h"
#include "codec/verdict.h"
#include "store/copy.h"

#include <stdlib.h>

enum { PAGE = 256, BATCH = 256, ARENA = 1024 * 1024 };

typedef struct {
    uint64_t seq;
    zp_str frozen; /* empty: damaged */
} entry;

typedef struct {
    zp_replay *replay;
    zp_intake_reader *forms;
    zp_scores_reader *recorded;
    zp_arena *page_arena, *arena; /* of a page of events; of a batch */
    entry entries[PAGE];
    size_t count;
    zp_status *batch[BATCH];
    size_t batched;
    int64_t batch_ms;
    uint64_t made; /* the newest event of what has been committed */
    zp_lost *lost; /* once an event could not be read */
    zp_buf record;
} work;

/* ---- committing ---- */

static zp_rc flush(work *w)
{
    if (w->batched == 0)
        return ZP_OK;
    zp_rc rc = zp_scores_commit(w->replay->made, w->batch_ms, w->batch, w->batched, &w->made);
    w->batched = 0;
    zp_arena_reset(w->arena);
    return rc;
}

/* What one commit recorded has one time. */
static zp_rc make_room(work *w, int64_t at_ms)
{
    zp_rc rc = w->batched == BATCH || w->batch_ms != at_ms ? flush(w) : ZP_OK;
    w->batch_ms = at_ms;
    return rc;
}

/* ---- one submission ---- */

/* The recorded result, in the batch's arena. ZP_NOTFOUND also when it is damaged. */
static zp_rc recorded_result(work *w, const zp_id *id, zp_status *out)
{
    if (!w->recorded)
        return ZP_NOTFOUND;
    zp_buf_clear(&w->record);
    zp_rc rc = zp_scores_get(w->recorded, id, &w->record);
    zp_str bytes = rc ? ZP_ABSENT : zp_arena_copy(w->arena, zp_buf_view(&w->record));
    if (!rc)
        rc = bytes.p ? zp_status_unpack(bytes, w->arena, out) : ZP_NOMEM;
    out->id = *id;
    return rc == ZP_CORRUPT ? ZP_NOTFOUND : rc;
}

/* As it was before later revisions came, and with the commit's time. */
static void take_over(zp_status *status, zp_state state)
{
    status->state = state;
    status->has_superseded_by = false;
}

/* The record in the batch's arena, empty when it is damaged. */
static zp_rc form_record(work *w, const zp_id *id, zp_str *out)
{
    zp_buf_clear(&w->record);
    zp_rc rc = zp_intake_get(w->forms, id, &w->record);
    if (rc == ZP_NOTFOUND || rc == ZP_CORRUPT) {
        *out = ZP_STR("");
        return ZP_OK;
    }
    if (!rc)
        *out = zp_arena_copy(w->arena, zp_buf_view(&w->record));
    return rc ? rc : out->p ? ZP_OK : ZP_NOMEM;
}

static zp_rc derive_scored(work *w, const zp_id *id, zp_status *status)
{
    zp_str record;
    zp_status recorded;
    zp_rc rc = form_record(w, id, &record);
    if (!rc)
        rc = zp_verdict(id, record, w->replay->profiles, ZP_ABSENT, w->arena, status);
    if (rc || !zp_str_eq(status->failure, ZP_FAILURE_UNREADABLE)) {
        w->replay->derived += !rc;
        return rc;
    }
    rc = recorded_result(w, id, &recorded);
    if (!rc && recorded.has_result) {
        *status = recorded;
        take_over(status, ZP_SCORED);
        w->replay->taken_over++;
    }
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

/*
 * Recorded as failed until now, or failed once and scored later: then its reason is gone with the result that was
 * replaced, and the event, which has everything but the reason, says the rest.
 */
static zp_rc derive_failed(work *w, const zp_event *event, zp_status *status)
{
    zp_status recorded;
    zp_str record;
    const zp_status *said = &event->status;
    zp_rc rc = recorded_result(w, &said->id, &recorded);
    if (!rc && !recorded.has_result) {
        *status = recorded;
        take_over(status, ZP_FAILED);
        w->replay->still_failed++;
        return ZP_OK;
    }
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    rc = form_record(w, &said->id, &record);
    if (!rc)
        rc = zp_verdict(&said->id, record, w->replay->profiles, ZP_STR("not scored"), w->arena, status);
    if (rc)
        return rc;
    status->year = said->year;
    status->revision = said->revision;
    status->project_name = zp_arena_copy(w->arena, said->project_name);
    status->unit = zp_arena_copy(w->arena, said->unit);
    status->unit_code = zp_arena_copy(w->arena, said->unit_code);
    status->department = zp_arena_copy(w->arena, said->department);
    bool copied = !said->project_name.p == !status->project_name.p && !said->unit.p == !status->unit.p &&
                  !said->unit_code.p == !status->unit_code.p && !said->department.p == !status->department.p;
    return copied ? ZP_OK : ZP_NOMEM;
}

/* event NULL: nothing is known but the id. */
static zp_rc again(work *w, const zp_id *id, int64_t at_ms, const zp_event *event)
{
    zp_rc rc = make_room(w, at_ms);
    zp_status *status = rc ? NULL : zp_arena_calloc(w->arena, 1, sizeof *status);
    if (!rc && !status)
        rc = ZP_NOMEM;
    if (!rc)
        rc = event && event->status.state == ZP_FAILED ? derive_failed(w, event, status) : derive_scored(w, id, status);
    if (rc)
        return rc;
    status->scored_ms = at_ms;
    w->batch[w->batched++] = status;
    return ZP_OK;
}

/* ---- the recorded order ---- */

/*
 * An event that cannot be read. If what has been made reaches up to its number, it was a `superseded` one and is there
 * again; otherwise it stood for one of the results that no other event speaks of: the first of these by time.
 */
static zp_rc without_event(work *w, uint64_t seq)
{
    zp_rc rc = flush(w);
    w->replay->lost_events++;
    if (rc || w->made >= seq)
        return rc;
    if (!w->lost)
        rc = zp_lost_find(w->replay->recorded, &w->lost);
    zp_status failed_once = {.state = ZP_SCORED};
    zp_id id;
    int64_t at_ms;
    if (rc || !zp_lost_next(w->lost, &id, &at_ms, &failed_once.state))
        return rc;
    failed_once.id = id;
    zp_event event = {.status = failed_once};
    return again(w, &id, at_ms, &event);
}

/* About a webhook endpoint: nothing derives it, so it is told again as it was. */
static zp_rc tell_again(work *w, const zp_notice *notice, int64_t at_ms)
{
    zp_rc rc = flush(w);
    return rc ? rc : zp_scores_announce(w->replay->made, at_ms, notice, 1, &w->made);
}

/* Of a season that is archived: the event is all that is left of it here. */
static zp_rc keep_event(work *w, const entry *e)
{
    zp_rc rc = flush(w);
    if (!rc)
        rc = zp_scores_adopt(w->replay->made, e->seq, e->frozen);
    if (rc == ZP_CONFLICT) { /* more has come out than was recorded in front of it */
        w->replay->lost_events++;
        return ZP_OK;
    }
    w->made = rc ? w->made : e->seq;
    w->replay->archived += !rc;
    return rc;
}

static zp_rc follow(work *w, const entry *e)
{
    zp_event event;
    zp_notice notice;
    uint64_t seq;
    int64_t at_ms;
    if (zp_notice_read(e->frozen, &notice, &seq, &at_ms) == ZP_OK)
        return tell_again(w, &notice, at_ms);
    if (e->frozen.n == 0 || zp_event_read(e->frozen, &event) != ZP_OK)
        return without_event(w, e->seq);
    if (zp_seasons_state(zp_intake_seasons(w->replay->intake), event.status.year) != ZP_SEASON_OPEN)
        return keep_event(w, e);
    if (event.status.state == ZP_SUPERSEDED)
        return ZP_OK;
    return again(w, &event.status.id, event.time_ms, &event);
}

static bool keep(void *context, uint64_t seq, zp_str frozen)
{
    work *w = context;
    w->entries[w->count].seq = seq;
    w->entries[w->count].frozen = zp_arena_copy(w->page_arena, frozen);
    return w->entries[w->count++].frozen.p != NULL;
}

static zp_rc follow_page(work *w, uint64_t *after, uint64_t last)
{
    zp_arena_reset(w->page_arena);
    w->count = 0;
    zp_rc rc = zp_scores_events(w->recorded, *after, PAGE, SIZE_MAX, keep, w);
    for (size_t i = 0; i < w->count && !rc; i++) {
        if (!w->entries[i].frozen.p)
            return ZP_NOMEM;
        while (!rc && ++*after < w->entries[i].seq && *after <= last)
            rc = without_event(w, *after);
        if (!rc && w->entries[i].seq <= last)
            rc = follow(w, &w->entries[i]);
    }
    if (!rc && w->count == 0)
        *after = last;
    return rc;
}

/* What has been recorded since (a service may be running) is derived like what no event speaks of. */
static zp_rc follow_log(work *w)
{
    uint64_t start = 1, last = w->replay->last;
    zp_rc rc = zp_scores_reader_new(w->replay->recorded, &w->recorded);
    if (!rc)
        rc = zp_scores_log_start(w->recorded, &start);
    if (!rc && start > 1)
        rc = zp_scores_begin_log(w->replay->made, start);
    uint64_t after = w->made = start - 1;
    while (!rc && after < last)
        rc = zp_cli_interrupted() ? ZP_CLOSED : follow_page(w, &after, last);
    return rc ? rc : flush(w);
}

/* ---- the rest ---- */

static zp_rc derive_unordered(work *w, const zp_id *id, int64_t now_ms)
{
    zp_event event = {0};
    zp_rc rc = recorded_result(w, id, &event.status);
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    int64_t at_ms = rc ? now_ms : event.status.scored_ms;
    event.status.state = !rc && !event.status.has_result ? ZP_FAILED : ZP_SCORED;
    w->replay->unordered++;
    return again(w, id, at_ms, &event);
}

static zp_rc derive_rest(work *w)
{
    zp_unscored *page = calloc(1, sizeof *page);
    if (!page)
        return ZP_NOMEM;
    int64_t now_ms = zp_clock_wall_ms();
    zp_rc rc = ZP_OK;
    page->more = true;
    while (!rc && page->more) {
        rc = zp_cli_interrupted() ? ZP_CLOSED : zp_intake_unscored(w->replay->intake, w->replay->made, page);
        for (size_t i = 0; !rc && i < page->count; i++)
            rc = derive_unordered(w, &page->ids[i], now_ms);
        if (!rc)
            rc = flush(w);
    }
    free(page);
    return rc;
}

zp_rc zp_replay_run(zp_replay *self)
{
    work *w = calloc(1, sizeof *w);
    if (!w)
        return ZP_NOMEM;
    w->replay = self;
    w->page_arena = zp_arena_new(ARENA);
    w->arena = zp_arena_new(ARENA);
    zp_rc rc = w->page_arena && w->arena ? zp_intake_reader_new(self->intake, &w->forms) : ZP_NOMEM;
    if (!rc && self->recorded)
        rc = follow_log(w);
    if (!rc)
        rc = derive_rest(w);
    zp_lost_destroy(&w->lost);
    zp_intake_reader_destroy(&w->forms);
    zp_scores_reader_destroy(&w->recorded);
    if (w->page_arena)
        zp_arena_destroy(&w->page_arena);
    if (w->arena)
        zp_arena_destroy(&w->arena);
    zp_buf_free(&w->record);
    free(w);
    return rc;
}

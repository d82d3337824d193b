/*
 * replay_compare.c - zp_replay_compare, see replay.h.
 */
#include "cli/cli.h"
#include "cli/replay.h"

enum { PAGE = 256, ARENA = 256 * 1024 };

typedef struct {
    zp_scores_reader *recorded, *made;
    zp_arena *arena;
    zp_buf before, after;
    zp_replay_difference *difference;
    uint64_t seq; /* of the newest event that was looked at */
} comparison;

/* ---- results ---- */

static zp_rc compare_result(comparison *c, const zp_id *id)
{
    zp_replay_difference *d = c->difference;
    zp_status before, after;
    zp_buf_clear(&c->before);
    zp_buf_clear(&c->after);
    zp_arena_reset(c->arena);
    zp_rc rc = zp_scores_get(c->made, id, &c->after);
    if (!rc)
        rc = zp_status_unpack(zp_buf_view(&c->after), c->arena, &after);
    if (rc)
        return rc;
    rc = zp_scores_get(c->recorded, id, &c->before);
    if (!rc && zp_str_eq(zp_buf_view(&c->before), zp_buf_view(&c->after))) {
        d->same++;
        return ZP_OK;
    }
    if (!rc)
        rc = zp_status_unpack(zp_buf_view(&c->before), c->arena, &before);
    if (rc)
        d->new += rc == ZP_NOTFOUND || rc == ZP_CORRUPT;
    else if (!zp_str_eq(before.result.profile_hash, after.result.profile_hash))
        d->other_profile++;
    else if (!zp_str_eq(before.result.engine, after.result.engine))
        d->other_engine++;
    else
        d->different++;
    return rc == ZP_NOTFOUND || rc == ZP_CORRUPT ? ZP_OK : rc;
}

static zp_rc compare_results(comparison *c)
{
    zp_list_query query = {0};
    zp_id ids[PAGE];
    zp_rc rc = ZP_OK;
    for (bool more = true; more && !rc;) {
        size_t count = 0;
        rc =
            zp_cli_interrupted() ? ZP_CLOSED : zp_scores_list(c->made, &query, ids, PAGE, &count, &more, &query.before);
        query.has_before = true;
        for (size_t i = 0; i < count && !rc; i++)
            rc = compare_result(c, &ids[i]);
    }
    return rc;
}

/* ---- events ---- */

static bool keep(void *context, uint64_t seq, zp_str frozen)
{
    comparison *c = context;
    c->seq = seq;
    zp_buf_clear(&c->after);
    zp_buf_str(&c->after, frozen);
    return false;
}

static bool compare_event(void *context, uint64_t seq, zp_str frozen)
{
    comparison *c = context;
    zp_replay_difference *d = c->difference;
    if (seq == c->seq) {
        bool same = zp_str_eq(frozen, zp_buf_view(&c->after));
        d->events_same += same;
        d->events_different += !same;
    }
    return false;
}

static zp_rc compare_events(comparison *c)
{
    uint64_t last;
    zp_rc rc = zp_scores_last(c->made, &last);
    for (uint64_t after = 0; after < last && !rc; after++) {
        rc = zp_scores_events(c->made, after, 1, SIZE_MAX, keep, c);
        if (!rc)
            rc = c->after.failed ? ZP_NOMEM : zp_scores_events(c->recorded, after, 1, SIZE_MAX, compare_event, c);
    }
    return rc;
}

zp_rc zp_replay_compare(zp_scores *recorded, zp_scores *made, zp_replay_difference *out)
{
    comparison c = {.arena = zp_arena_new(ARENA), .difference = out};
    *out = (zp_replay_difference){0};
    zp_rc rc = c.arena ? zp_scores_reader_new(recorded, &c.recorded) : ZP_NOMEM;
    if (!rc)
        rc = zp_scores_reader_new(made, &c.made);
    if (!rc)
        rc = compare_results(&c);
    if (!rc)
        rc = compare_events(&c);
    zp_scores_reader_destroy(&c.recorded);
    zp_scores_reader_destroy(&c.made);
    if (c.arena)
        zp_arena_destroy(&c.arena);
    zp_buf_free(&c.before);
    zp_buf_free(&c.after);
    return rc;
}

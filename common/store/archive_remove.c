/*
 * archive_remove.c - what an archive holds is removed from the live stores. See archive.h.
 *
 *   OPEN ──the season's record──▶ ARCHIVING ──keys, forms ▶ results ▶ totals ▶ front of the log──▶ ARCHIVED
 *
 * Each arrow is one or more synced transactions. From the first on the season takes nothing any more. Forms go from the
 * newest back, so each that is left still has the one that it replaced; each leaves its id and year behind in the same
 * transaction, so that whoever holds a receipt is told where it went. Results go from the oldest on, so each that is
 * left still has the one that superseded it, and take listing entries and counts along. What is gone already is passed
 * over, and so the removal goes on where it was.
 *
 * The log keeps its numbers: only its front can go, as far as it is of closed seasons.
 */
#include "base/hook.h"
#include "codec/event_read.h"
#include "store/meta.h"
#include "store/year_walk.h"

#include <inttypes.h>
#include <stdio.h>

enum { ARENA = 256 * 1024, STEP = 1000 };

typedef struct {
    zp_archive *archive;
    zp_season season;
    zp_seasons seasons;
    zp_read from;  /* of one of the archive's stores */
    MDB_txn *live; /* of a step */
    zp_arena *arena;
} removal;

/* ---- one transaction ---- */

static zp_rc commit(removal *r, zp_env *env, zp_rc rc)
{
    if (!rc)
        rc = zp_env_commit(env, r->live);
    else
        mdb_txn_abort(r->live);
    r->live = NULL;
    ZP_HOOK("archive-removed", ZP_STR(""));
    return rc;
}

static zp_rc write_season(removal *r, zp_season_state state)
{
    zp_intake *live = r->archive->live_intake;
    zp_rc rc = zp_env_begin(&live->env, &r->live);
    if (rc)
        return rc;
    r->season.state = state;
    rc = zp_seasons_write(r->live, live->meta, &r->season);
    if (!rc)
        rc = zp_seasons_read(r->live, live->meta, &r->seasons);
    rc = commit(r, &live->env, rc);
    if (!rc)
        live->seasons = r->seasons;
    return rc;
}

/* Deletes a record that has the archive's bytes. ZP_NOTFOUND: it is gone. */
static zp_rc take_out(removal *r, zp_year_database which, zp_str key, MDB_val archived)
{
    const zp_archive *a = r->archive;
    MDB_dbi dbi = zp_year_dbi(a->live_intake, a->live_scores, which);
    MDB_val k = zp_val(key), value;
    zp_rc rc = zp_env_rc(mdb_get(r->live, dbi, &k, &value), "archive");
    if (rc)
        return rc;
    if (!zp_str_eq(zp_val_str(value), zp_val_str(archived))) {
        zp_year_complain(r->archive, which, key, "the archive has it otherwise");
        return ZP_CONFLICT;
    }
    return zp_env_rc(mdb_del(r->live, dbi, &k, NULL), "archive");
}

static zp_rc unless_gone(zp_rc rc)
{
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

/* One of the archive's records, by key. */
static zp_rc archived(removal *r, zp_year_database which, zp_str key, MDB_val *value)
{
    const zp_archive *a = r->archive;
    MDB_val k = zp_val(key);
    return zp_env_rc(mdb_get(r->from.txn, zp_year_dbi(a->intake, a->scores, which), &k, value), "archive");
}

/* ---- forwards through a database of the archive ---- */

static zp_rc step(removal *r, zp_env *env, zp_env *live, MDB_dbi dbi, zp_scan_place *place, zp_scan_each each,
                  bool *more)
{
    if (r->archive->stop(r->archive->context))
        return ZP_CLOSED;
    zp_rc rc = zp_read_begin(env, &r->from);
    if (rc)
        return rc;
    rc = zp_env_begin(live, &r->live);
    if (!rc)
        rc = commit(r, live, zp_scan_slice(r->from.txn, dbi, place, each, r, more));
    zp_read_end(&r->from);
    return rc;
}

static zp_rc remove_forwards(removal *r, zp_year_database which, zp_scan_each each)
{
    zp_archive *a = r->archive;
    bool intake = zp_year_is_intake(which), more = true;
    zp_scan_place place = {.begun = false};
    zp_rc rc = ZP_OK;
    while (more && !rc)
        rc = step(r, intake ? &a->intake->env : &a->scores->env, intake ? &a->live_intake->env : &a->live_scores->env,
                  zp_year_dbi(a->intake, a->scores, which), &place, each, &more);
    zp_read_close(&r->from);
    return rc;
}

/* ---- keys ---- */

static zp_rc remove_key(void *context, zp_str key, MDB_val value)
{
    return unless_gone(take_out(context, ZP_OF_KEYS, key, value));
}

/* ---- forms ---- */

static zp_rc leave_trace(removal *r, zp_str id)
{
    const uint8_t year[2] = {(uint8_t)(r->archive->year >> 8), (uint8_t)r->archive->year};
    zp_str value = {(const char *)year, sizeof year};
    return zp_put_sealed(r->live, r->archive->live_intake->archived, id, &value, 1, 0);
}

static zp_rc remove_form(removal *r, zp_str id, MDB_val value)
{
    MDB_val revision;
    zp_rc rc = take_out(r, ZP_OF_FORMS, id, value);
    if (rc)
        return unless_gone(rc);
    rc = archived(r, ZP_OF_REVISIONS, id, &revision);
    if (!rc)
        rc = unless_gone(take_out(r, ZP_OF_REVISIONS, id, revision));
    r->archive->counts.forms_removed += !rc;
    return rc ? rc : leave_trace(r, id);
}

/* To the last record in front of *before; of all, when there is no such bound yet. */
static int seek_back(MDB_cursor *cursor, const zp_id *before, MDB_val *key, MDB_val *value)
{
    if (!before)
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    *key = zp_val(ZP_BYTES(*before));
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    return code == MDB_NOTFOUND ? mdb_cursor_get(cursor, key, value, MDB_LAST)
                                : (code ? code : mdb_cursor_get(cursor, key, value, MDB_PREV));
}

static zp_rc remove_forms_in_front(removal *r, MDB_cursor *cursor, zp_id *before, bool *begun, bool *more)
{
    MDB_val key, value;
    zp_rc rc = ZP_OK;
    int code = seek_back(cursor, *begun ? before : NULL, &key, &value);
    for (int n = 0; code == 0 && !rc && n < STEP; n++) {
        if (key.mv_size != sizeof before->b)
            return ZP_CORRUPT;
        memcpy(before->b, key.mv_data, sizeof before->b);
        *begun = true;
        rc = remove_form(r, zp_val_str(key), value);
        if (!rc)
            code = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    }
    *more = code == 0 && !rc;
    return rc || code == MDB_NOTFOUND ? rc : zp_env_rc(code, "archive");
}

static zp_rc remove_some_forms(removal *r, zp_id *before, bool *begun, bool *more)
{
    zp_archive *a = r->archive;
    MDB_cursor *cursor;
    if (a->stop(a->context))
        return ZP_CLOSED;
    zp_rc rc = zp_read_begin(&a->intake->env, &r->from);
    if (rc)
        return rc;
    rc = zp_env_rc(mdb_cursor_open(r->from.txn, a->intake->forms, &cursor), "archive");
    if (!rc) {
        rc = zp_env_begin(&a->live_intake->env, &r->live);
        if (!rc)
            rc = commit(r, &a->live_intake->env, remove_forms_in_front(r, cursor, before, begun, more));
        mdb_cursor_close(cursor);
    }
    zp_read_end(&r->from);
    return rc;
}

static zp_rc remove_forms(removal *r)
{
    zp_id before;
    bool begun = false, more = true;
    zp_rc rc = ZP_OK;
    while (more && !rc)
        rc = remove_some_forms(r, &before, &begun, &more);
    zp_read_close(&r->from);
    return rc;
}

/* ---- results ---- */

static zp_rc remove_standing(removal *r, const zp_status *status)
{
    zp_scores *live = r->archive->live_scores;
    zp_form_key form;
    zp_str bytes;
    zp_standing standing;
    zp_form_key_of(status->year, status->unit, status->project_name, &form);
    zp_rc rc = zp_get_sealed(r->live, live->latest, ZP_BYTES(form), &bytes);
    if (!rc)
        rc = zp_standing_unpack(bytes, &standing);
    if (rc || zp_id_cmp(&standing.id, &status->id) != 0)
        return unless_gone(rc);
    MDB_val key = zp_val(ZP_BYTES(form));
    return zp_env_rc(mdb_del(r->live, live->latest, &key, NULL), "archive");
}

static zp_rc remove_result(void *context, zp_str key, MDB_val value)
{
    removal *r = context;
    zp_scores *live = r->archive->live_scores;
    zp_str record;
    zp_status status = {0};
    zp_arena_reset(r->arena);
    zp_rc rc = take_out(r, ZP_OF_RESULTS, key, value);
    if (rc)
        return unless_gone(rc);
    rc = zp_unseal(value, &record);
    if (!rc)
        rc = zp_status_unpack((zp_str){record.p + ZP_RESULT_HEAD, record.n - ZP_RESULT_HEAD}, r->arena, &status);
    if (rc)
        return rc;
    memcpy(status.id.b, key.p, sizeof status.id.b);
    rc = zp_totals_count(live, r->live, &status, -1);
    if (!rc)
        rc = zp_index_remove(live, r->live, &status);
    if (!rc)
        rc = remove_standing(r, &status);
    r->archive->counts.results_removed += !rc;
    return rc;
}

/* Rows that say zero by now: there are no results of the year. */
static zp_rc remove_total(void *context, zp_str key, MDB_val value)
{
    removal *r = context;
    MDB_val k = zp_val(key);
    (void)value;
    return unless_gone(zp_env_rc(mdb_del(r->live, r->archive->live_scores->totals, &k, NULL), "archive"));
}

/* ---- the front of the log ---- */

/* Whether the event may go; it is not asked what cannot be read. */
static zp_rc may_go(removal *r, zp_str key, MDB_val value, bool *out)
{
    zp_str frozen;
    zp_event event;
    MDB_val there;
    *out = false;
    if (key.n != sizeof(zp_seq_key) || zp_unseal(value, &frozen) != ZP_OK || zp_event_read(frozen, &event) != ZP_OK ||
        zp_seasons_state(&r->seasons, event.status.year) == ZP_SEASON_OPEN)
        return ZP_OK;
    *out = true;
    if (event.status.year != r->archive->year)
        return ZP_OK;
    zp_rc rc = archived(r, ZP_OF_EVENTS, key, &there);
    if (rc == ZP_NOTFOUND || (!rc && !zp_str_eq(zp_val_str(there), zp_val_str(value)))) {
        zp_year_complain(r->archive, ZP_OF_EVENTS, key, "the archive lacks it, or has it otherwise");
        rc = ZP_CONFLICT;
    }
    return rc;
}

static zp_rc cut(removal *r, MDB_cursor *cursor, bool *more)
{
    zp_archive *a = r->archive;
    MDB_val key, value;
    uint64_t start = 0;
    bool go = true;
    zp_rc rc = ZP_OK;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST), n = 0;
    for (; code == 0 && !rc && n < STEP; n++) {
        rc = may_go(r, zp_val_str(key), value, &go);
        if (rc || !go)
            break;
        start = zp_be64(key.mv_data) + 1;
        rc = zp_env_rc(mdb_cursor_del(cursor, 0), "archive");
        if (!rc)
            code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    }
    *more = code == 0 && !rc && go;
    if (!rc && code && code != MDB_NOTFOUND)
        rc = zp_env_rc(code, "archive");
    if (rc || !start)
        return rc;
    a->counts.events_removed += (uint64_t)n;
    return zp_log_set_start(a->live_scores, r->live, start);
}

static zp_rc cut_some(removal *r, bool *more)
{
    zp_archive *a = r->archive;
    MDB_cursor *cursor;
    if (a->stop(a->context))
        return ZP_CLOSED;
    zp_rc rc = zp_read_begin(&a->scores->env, &r->from);
    if (rc)
        return rc;
    rc = zp_env_begin(&a->live_scores->env, &r->live);
    if (!rc) {
        rc = zp_env_rc(mdb_cursor_open(r->live, a->live_scores->events, &cursor), "archive");
        if (!rc) {
            rc = cut(r, cursor, more);
            mdb_cursor_close(cursor);
        }
        rc = commit(r, &a->live_scores->env, rc);
    }
    zp_read_end(&r->from);
    return rc;
}

static zp_rc cut_log(removal *r)
{
    zp_rc rc = ZP_OK;
    for (bool more = true; more && !rc;)
        rc = cut_some(r, &more);
    zp_read_close(&r->from);
    return rc;
}

/* ---- all of it ---- */

/* The season as it stands, and whether it is this archive's. */
static zp_rc look(removal *r)
{
    zp_archive *a = r->archive;
    zp_archive_note note;
    zp_rc rc = zp_read_begin(&a->intake->env, &r->from);
    if (!rc)
        rc = zp_meta_archive_of(r->from.txn, a->intake->meta, &note);
    zp_read_close(&r->from);
    if (rc == ZP_NOTFOUND || (!rc && note.year != a->year)) {
        snprintf(a->fault, sizeof a->fault, "it is no archive of %d", a->year);
        return ZP_CONFLICT;
    }
    if (rc)
        return rc;
    r->season = (zp_season){.year = a->year};
    memcpy(r->season.archive, note.name, sizeof r->season.archive);
    const zp_season *known = zp_seasons_find(&a->live_intake->seasons, a->year);
    if (known && memcmp(known->archive, note.name, sizeof note.name) != 0) {
        snprintf(a->fault, sizeof a->fault, "the season %d went to another archive", a->year);
        return ZP_CONFLICT;
    }
    r->season.state = known ? known->state : ZP_SEASON_OPEN;
    if (!known && a->live_intake->seasons.count == ZP_MOST_SEASONS)
        return ZP_FULL;
    return ZP_OK;
}

static zp_rc remove_all(removal *r)
{
    zp_rc rc = write_season(r, ZP_SEASON_ARCHIVING);
    if (!rc)
        rc = remove_forwards(r, ZP_OF_KEYS, remove_key);
    if (!rc)
        rc = remove_forms(r);
    if (!rc)
        rc = remove_forwards(r, ZP_OF_RESULTS, remove_result);
    if (!rc)
        rc = remove_forwards(r, ZP_OF_TOTALS, remove_total);
    if (!rc)
        rc = cut_log(r);
    return rc ? rc : write_season(r, ZP_SEASON_ARCHIVED);
}

zp_rc zp_archive_remove(zp_archive *self)
{
    removal r = {.archive = self, .arena = zp_arena_new(ARENA)};
    *self->fault = '\0';
    zp_rc rc = r.arena ? look(&r) : ZP_NOMEM;
    if (!rc && r.season.state != ZP_SEASON_ARCHIVED)
        rc = remove_all(&r);
    if (r.arena)
        zp_arena_destroy(&r.arena);
    return rc;
}

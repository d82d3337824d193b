/*
 * year_walk.c - see year_walk.h.
 *
 * A record whose year cannot be told ends the walk: it may belong to the year, and what is archived is removed. Nobody
 * writes meanwhile, so one view of each store serves the whole walk.
 */
#include "store/year_walk.h"

#include "codec/event_read.h"

#include <inttypes.h>
#include <stdio.h>

enum { ARENA = 256 * 1024 };

typedef struct {
    zp_archive *archive;
    const zp_year_visit *visit;
    zp_read intake, scores; /* of the live stores */
    zp_arena *arena;        /* of the record */
    bool count_only;
} walk;

static const char *const names[] = {"intake.forms",  "intake.revisions", "intake.idempotency", "scores.results",
                                    "scores.latest", "scores.index",     "scores.totals",      "scores.events"};

MDB_dbi zp_year_dbi(const zp_intake *intake, const zp_scores *scores, zp_year_database which)
{
    const MDB_dbi dbis[] = {intake->forms,  intake->revisions, intake->idempotency, scores->results,
                            scores->latest, scores->index,     scores->totals,      scores->events};
    return dbis[which];
}

void zp_year_complain(zp_archive *self, zp_year_database which, zp_str key, const char *what)
{
    char text[ZP_ID_TEXT + 1] = "";
    zp_id id;
    if (key.n == sizeof id.b && (zp_year_is_intake(which) || which == ZP_OF_RESULTS)) {
        memcpy(id.b, key.p, sizeof id.b);
        zp_id_format(&id, text);
    } else if (key.n == sizeof(zp_seq_key)) {
        snprintf(text, sizeof text, "%" PRIu64, zp_be64(key.p));
    }
    snprintf(self->fault, sizeof self->fault, "%s %s: %s", names[which], text, what);
}

static zp_rc damaged(walk *w, zp_year_database which, zp_str key, const char *what)
{
    zp_year_complain(w->archive, which, key, what);
    return ZP_CORRUPT;
}

/* ---- a live record at a key ---- */

static zp_rc find(walk *w, zp_year_database which, zp_str key, MDB_val *value)
{
    zp_archive *a = w->archive;
    MDB_val k = zp_val(key);
    MDB_txn *txn = zp_year_is_intake(which) ? w->intake.txn : w->scores.txn;
    return zp_env_rc(mdb_get(txn, zp_year_dbi(a->live_intake, a->live_scores, which), &k, value), "archive");
}

/* One that has to be there, shown. Its payload. */
static zp_rc show_found(walk *w, zp_year_database which, zp_str key, zp_str *payload)
{
    MDB_val value;
    zp_rc rc = find(w, which, key, &value);
    if (!rc)
        rc = zp_unseal(value, payload);
    if (rc == ZP_NOTFOUND || rc == ZP_CORRUPT)
        return damaged(w, which, key, rc == ZP_CORRUPT ? "the checksum does not hold" : "it is not there");
    return rc ? rc : w->visit->each(w->visit->context, which, key, value);
}

/* ---- forms, and what goes with each ---- */

static zp_rc show_entry(void *context, const zp_index_key *key)
{
    walk *w = context;
    return w->visit->each(w->visit->context, ZP_OF_INDEX, ZP_BYTES(*key), (MDB_val){0, NULL});
}

static zp_rc show_result(walk *w, zp_str key, const zp_form_key *form)
{
    zp_str record, standing;
    zp_status status = {0};
    zp_rc rc = show_found(w, ZP_OF_RESULTS, key, &record);
    if (rc)
        return rc;
    rc = record.n < ZP_RESULT_HEAD ? ZP_CORRUPT : ZP_OK;
    if (!rc)
        rc = zp_status_unpack((zp_str){record.p + ZP_RESULT_HEAD, record.n - ZP_RESULT_HEAD}, w->arena, &status);
    if (!rc && status.year != w->archive->year)
        return damaged(w, ZP_OF_RESULTS, key, "its form is of another year");
    if (rc)
        return rc == ZP_CORRUPT ? damaged(w, ZP_OF_RESULTS, key, "the record does not decode") : rc;
    memcpy(status.id.b, key.p, sizeof status.id.b);
    w->archive->counts.failed += status.state == ZP_FAILED;
    rc = zp_index_each(&status, show_entry, w);
    return rc || status.revision == 1 ? rc : show_found(w, ZP_OF_LATEST, ZP_BYTES(*form), &standing);
}

static zp_rc is_pending(walk *w, zp_str key, bool *out)
{
    MDB_val k = zp_val(key), value;
    zp_rc rc = zp_env_rc(mdb_get(w->intake.txn, w->archive->live_intake->pending, &k, &value), "archive");
    *out = !rc;
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

static zp_rc show_form(walk *w, zp_str key, MDB_val value, const zp_form *form)
{
    bool pending;
    zp_str revision;
    zp_form_key form_key;
    zp_rc rc = is_pending(w, key, &pending);
    w->archive->counts.forms++;
    w->archive->counts.pending += !rc && pending;
    if (rc || w->count_only)
        return rc;
    zp_form_key_of(zp_form_year(form), form->unit, form->project_name, &form_key);
    rc = w->visit->each(w->visit->context, ZP_OF_FORMS, key, value);
    if (!rc)
        rc = show_found(w, ZP_OF_REVISIONS, key, &revision);
    return rc ? rc : show_result(w, key, &form_key);
}

static zp_rc look_at_form(void *context, zp_str key, MDB_val value)
{
    walk *w = context;
    zp_str record;
    zp_submission submission;
    zp_form form;
    zp_arena_reset(w->arena);
    zp_rc rc = key.n == sizeof(zp_id) ? zp_unseal(value, &record) : ZP_CORRUPT;
    if (!rc)
        rc = zp_submission_unpack(record, &submission);
    if (!rc)
        rc = zp_form_unpack(submission.form, w->arena, &form);
    if (rc)
        return rc == ZP_CORRUPT ? damaged(w, ZP_OF_FORMS, key, "it cannot be read, so its year is not known") : rc;
    return zp_form_year(&form) == w->archive->year ? show_form(w, key, value, &form) : ZP_OK;
}

/* ---- keys ---- */

static zp_rc look_at_key(void *context, zp_str key, MDB_val value)
{
    walk *w = context;
    zp_str bytes;
    zp_key_use use;
    zp_rc rc = zp_unseal(value, &bytes);
    if (!rc)
        rc = zp_key_use_unpack(bytes, &use);
    if (rc)
        return damaged(w, ZP_OF_KEYS, key, "it cannot be read, so its year is not known");
    bool wanted = w->visit->has_form(w->visit->context, &use.id, &rc);
    if (rc || !wanted)
        return rc;
    w->archive->counts.keys++;
    return w->visit->each(w->visit->context, ZP_OF_KEYS, key, value);
}

/* ---- totals, events ---- */

static zp_rc look_at_totals(void *context, zp_str key, MDB_val value)
{
    walk *w = context;
    zp_str row;
    if (key.n != sizeof(zp_totals_key) || ((uint8_t)key.p[0] << 8 | (uint8_t)key.p[1]) != w->archive->year)
        return ZP_OK;
    zp_rc rc = zp_unseal(value, &row);
    if (rc)
        return damaged(w, ZP_OF_TOTALS, key, "a row of the year cannot be read");
    return w->visit->each(w->visit->context, ZP_OF_TOTALS, key, value);
}

static zp_rc look_at_event(void *context, zp_str key, MDB_val value)
{
    walk *w = context;
    zp_str frozen;
    zp_event event;
    if (key.n != sizeof(zp_seq_key) || zp_unseal(value, &frozen) != ZP_OK || zp_event_read(frozen, &event) != ZP_OK)
        return damaged(w, ZP_OF_EVENTS, key, "it cannot be read, so its year is not known");
    if (event.status.year != w->archive->year)
        return ZP_OK;
    w->archive->counts.events++;
    return w->visit->each(w->visit->context, ZP_OF_EVENTS, key, value);
}

/* ---- the walk ---- */

static zp_rc scan(walk *w, zp_year_database which, zp_scan_each each)
{
    const zp_archive *a = w->archive;
    zp_scan_place place = {.begun = false};
    MDB_txn *txn = zp_year_is_intake(which) ? w->intake.txn : w->scores.txn;
    zp_rc rc = ZP_OK;
    for (bool more = true; more && !rc;) {
        rc = a->stop(a->context) ? ZP_CLOSED : w->visit->slice ? w->visit->slice(w->visit->context) : ZP_OK;
        if (!rc)
            rc = zp_scan_slice(txn, zp_year_dbi(a->live_intake, a->live_scores, which), &place, each, w, &more);
    }
    if (rc == ZP_CORRUPT && !*a->fault)
        return damaged(w, which, (zp_str){(const char *)place.key, place.n}, "the pages behind it are damaged");
    return rc;
}

static zp_rc scan_all(walk *w)
{
    zp_rc rc = scan(w, ZP_OF_FORMS, look_at_form);
    if (rc || w->count_only)
        return rc;
    rc = scan(w, ZP_OF_KEYS, look_at_key);
    if (!rc)
        rc = scan(w, ZP_OF_TOTALS, look_at_totals);
    return rc ? rc : scan(w, ZP_OF_EVENTS, look_at_event);
}

static zp_rc run(walk *w)
{
    zp_archive *a = w->archive;
    a->counts = (zp_archive_counts){0};
    *a->fault = '\0';
    w->arena = zp_arena_new(ARENA);
    zp_rc rc = w->arena ? zp_read_begin(&a->live_intake->env, &w->intake) : ZP_NOMEM;
    if (!rc)
        rc = zp_read_begin(&a->live_scores->env, &w->scores);
    if (!rc)
        rc = scan_all(w);
    zp_read_close(&w->intake);
    zp_read_close(&w->scores);
    if (w->arena)
        zp_arena_destroy(&w->arena);
    return rc;
}

zp_rc zp_year_walk(zp_archive *self, const zp_year_visit *visit)
{
    return run(&(walk){.archive = self, .visit = visit});
}

zp_rc zp_archive_count(zp_archive *self)
{
    const zp_year_visit nobody = {.each = NULL};
    return run(&(walk){.archive = self, .visit = &nobody, .count_only = true});
}

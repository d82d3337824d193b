/*
 * archive_copy.c - a year's records put into an archive's stores, or compared with them. See archive.h.
 *
 * Values are copied with their seals, so a byte that changed on the way shows when the copy is verified.
 */
#include "store/copy.h"
#include "store/meta.h"
#include "store/year_walk.h"

#include <stdio.h>

/* ---- filling ---- */

typedef struct {
    zp_archive *archive;
    MDB_txn *intake, *scores; /* of the slice, of the archive's stores */
} filling;

/* The writer's lock taken last is given back first: a commit that fails looks at its store again under that lock. */
static zp_rc end_slice(filling *f, zp_rc rc)
{
    zp_archive *a = f->archive;
    if (!rc && f->scores)
        rc = zp_env_commit(&a->scores->env, f->scores);
    else if (f->scores)
        mdb_txn_abort(f->scores);
    if (!rc && f->intake)
        rc = zp_env_commit(&a->intake->env, f->intake);
    else if (f->intake)
        mdb_txn_abort(f->intake);
    f->intake = f->scores = NULL;
    return rc;
}

static zp_rc next_slice(void *context)
{
    filling *f = context;
    zp_rc rc = end_slice(f, ZP_OK);
    if (!rc)
        rc = zp_env_begin(&f->archive->intake->env, &f->intake);
    return rc ? rc : zp_env_begin(&f->archive->scores->env, &f->scores);
}

static zp_rc put(void *context, zp_year_database which, zp_str key, MDB_val value)
{
    filling *f = context;
    MDB_val k = zp_val(key);
    MDB_txn *txn = zp_year_is_intake(which) ? f->intake : f->scores;
    return zp_env_rc(mdb_put(txn, zp_year_dbi(f->archive->intake, f->archive->scores, which), &k, &value, 0),
                     "archive");
}

static bool is_in(MDB_txn *txn, MDB_dbi dbi, zp_str key, zp_rc *rc)
{
    MDB_val k = zp_val(key), value;
    *rc = zp_env_rc(mdb_get(txn, dbi, &k, &value), "archive");
    bool found = *rc == ZP_OK;
    if (*rc == ZP_NOTFOUND)
        *rc = ZP_OK;
    return found;
}

static bool has_been_put(void *context, const zp_id *id, zp_rc *rc)
{
    const filling *f = context;
    return is_in(f->intake, f->archive->intake->forms, ZP_BYTES(*id), rc);
}

static zp_rc note(filling *f)
{
    zp_archive *a = f->archive;
    zp_id_gen ids = {0};
    zp_id name;
    zp_archive_note what = {.year = a->year, .events = a->counts.events};
    zp_rc rc = zp_id_next(&ids, 0, &name);
    memcpy(what.name, name.b, sizeof what.name);
    if (!rc)
        rc = zp_meta_note_archive(f->intake, a->intake->meta, &what);
    return rc ? rc : zp_meta_note_archive(f->scores, a->scores->meta, &what);
}

zp_rc zp_archive_fill(zp_archive *self)
{
    filling f = {.archive = self};
    const zp_year_visit visit = {.each = put, .slice = next_slice, .has_form = has_been_put, .context = &f};
    zp_rc rc = zp_env_bulk(&self->intake->env, true);
    if (!rc)
        rc = zp_env_bulk(&self->scores->env, true);
    if (!rc)
        rc = zp_year_walk(self, &visit);
    if (!rc)
        rc = next_slice(&f);
    if (!rc)
        rc = note(&f);
    rc = end_slice(&f, rc);
    if (!rc)
        rc = zp_env_bulk(&self->intake->env, false);
    return rc ? rc : zp_env_bulk(&self->scores->env, false);
}

/* ---- comparing ---- */

typedef struct {
    zp_archive *archive;
    zp_read intake, scores; /* of the archive */
} comparison;

static zp_rc compare(void *context, zp_year_database which, zp_str key, MDB_val value)
{
    comparison *c = context;
    MDB_val k = zp_val(key), there;
    MDB_txn *txn = zp_year_is_intake(which) ? c->intake.txn : c->scores.txn;
    zp_rc rc =
        zp_env_rc(mdb_get(txn, zp_year_dbi(c->archive->intake, c->archive->scores, which), &k, &there), "archive");
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    if (!rc && zp_str_eq(zp_val_str(there), zp_val_str(value)))
        return ZP_OK;
    zp_year_complain(c->archive, which, key, rc ? "the archive lacks it" : "the archive has it otherwise");
    return ZP_CONFLICT;
}

static bool is_archived(void *context, const zp_id *id, zp_rc *rc)
{
    const comparison *c = context;
    return is_in(c->intake.txn, c->archive->intake->forms, ZP_BYTES(*id), rc);
}

/* What is of another service, or of this one at another time, has other numbers of forms and events. */
static zp_rc compare_counts(comparison *c)
{
    zp_archive *a = c->archive;
    MDB_stat forms, events;
    zp_archive_note note;
    zp_rc rc = zp_meta_archive_of(c->intake.txn, a->intake->meta, &note);
    if (rc == ZP_NOTFOUND || (!rc && note.year != a->year)) {
        snprintf(a->fault, sizeof a->fault, "it is no archive of %d", a->year);
        return ZP_CONFLICT;
    }
    if (!rc)
        rc = zp_env_rc(mdb_stat(c->intake.txn, a->intake->forms, &forms), "archive");
    if (!rc)
        rc = zp_env_rc(mdb_stat(c->scores.txn, a->scores->events, &events), "archive");
    if (rc || (forms.ms_entries == a->counts.forms && events.ms_entries == a->counts.events))
        return rc;
    snprintf(a->fault, sizeof a->fault, "the archive holds %zu forms and %zu events of the year", forms.ms_entries,
             events.ms_entries);
    return ZP_CONFLICT;
}

zp_rc zp_archive_compare(zp_archive *self)
{
    comparison c = {.archive = self};
    const zp_year_visit visit = {.each = compare, .has_form = is_archived, .context = &c};
    zp_rc rc = zp_read_begin(&self->intake->env, &c.intake);
    if (!rc)
        rc = zp_read_begin(&self->scores->env, &c.scores);
    if (!rc)
        rc = zp_year_walk(self, &visit);
    if (!rc)
        rc = compare_counts(&c);
    zp_read_close(&c.intake);
    zp_read_close(&c.scores);
    return rc;
}

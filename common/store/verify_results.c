/*
 * verify_results.c - what must hold for each result, for what says which revision counts, and for listings. See
 * verify.h.
 */
#include "store/verify_store.h"

#include <inttypes.h>

static zp_form_key form_key_of(const zp_status *status)
{
    zp_form_key key;
    zp_form_key_of(status->year, status->unit, status->project_name, &key);
    return key;
}

/* ---- results ---- */

/* A form that could not be read when it was scored has a result that says only that. */
static bool knows_its_form(const zp_status *status)
{
    return !zp_str_eq(status->failure, ZP_FAILURE_UNREADABLE);
}

static zp_rc check_its_form(zp_check *self, const zp_status *status)
{
    zp_submission submission;
    zp_form form;
    zp_rc rc = zp_check_find_form(self, &status->id, &submission);
    bool may_be_gone = zp_seasons_state(&self->seasons, status->year) == ZP_SEASON_ARCHIVING;
    if (rc == ZP_NOTFOUND && !may_be_gone)
        zp_check_fault(self, "its form is not there");
    if (rc)
        return rc == ZP_NOTFOUND || rc == ZP_CORRUPT ? ZP_OK : rc;
    if (!knows_its_form(status))
        return ZP_OK;
    if (memcmp(submission.digest.b, status->digest.b, sizeof status->digest.b) != 0)
        zp_check_fault(self, "its form has another digest");
    if (submission.revision != status->revision)
        zp_check_fault(self, "its form is revision %u, it says %u", submission.revision, status->revision);
    rc = zp_form_unpack(submission.form, self->arena, &form);
    if (rc)
        return rc == ZP_CORRUPT ? ZP_OK : rc;
    if (zp_form_year(&form) != status->year)
        zp_check_fault(self, "its form is of %d, it says %d", zp_form_year(&form), status->year);
    if (!zp_str_eq(form.unit, status->unit))
        zp_check_fault(self, "its form is of another unit");
    if (!zp_str_eq(form.project_name, status->project_name))
        zp_check_fault(self, "its form is of another project");
    return ZP_OK;
}

static zp_rc check_its_event(zp_check *self, uint64_t seq)
{
    zp_seq_key key = zp_seq_key_of(seq);
    zp_rc rc;
    if (!zp_check_has(self->scores_read.txn, self->scores->events, ZP_BYTES(key), &rc) && !rc)
        zp_check_fault(self, "its event, %" PRIu64 ", is not there", seq);
    return rc;
}

static zp_rc check_entry(void *context, const zp_index_key *key)
{
    zp_check *self = context;
    zp_rc rc;
    if (!zp_check_has(self->scores_read.txn, self->scores->index, ZP_BYTES(*key), &rc) && !rc)
        zp_check_fault(self, "index has no entry %c/%" PRIx64 " for it", key->b[0], zp_be64(key->b + 1));
    return rc;
}

/* The revision that counts is the highest that has a result; every other one is superseded. Of a form that has but its
 * first there is no entry. */
static zp_rc check_standing(zp_check *self, const zp_status *status)
{
    zp_form_key form = form_key_of(status);
    zp_standing standing;
    zp_str bytes;
    zp_rc rc = zp_get_sealed(self->scores_read.txn, self->scores->latest, ZP_BYTES(form), &bytes);
    if (!rc)
        rc = zp_standing_unpack(bytes, &standing);
    if (rc == ZP_NOTFOUND && (status->revision > 1 || status->state == ZP_SUPERSEDED))
        zp_check_fault(self, "latest has no entry for its form");
    if (rc)
        return rc == ZP_NOTFOUND || rc == ZP_CORRUPT ? ZP_OK : rc;
    bool stands = zp_id_cmp(&standing.id, &status->id) == 0;
    if (stands && status->state == ZP_SUPERSEDED)
        zp_check_fault(self, "it is superseded, and latest says that it counts");
    if (!stands && status->state != ZP_SUPERSEDED)
        zp_check_fault(self, "it is not superseded, and latest says that another one counts");
    return ZP_OK;
}

static zp_rc check_successor(zp_check *self, const zp_status *status)
{
    if (status->state == ZP_QUEUED || (status->state == ZP_SUPERSEDED) != status->has_superseded_by ||
        (status->state == ZP_SCORED && !status->has_result)) {
        zp_check_fault(self, "the record contradicts itself about its state, %s", zp_state_name(status->state));
        return ZP_OK;
    }
    if (!status->has_superseded_by)
        return ZP_OK;
    zp_rc rc;
    if (!zp_check_has(self->scores_read.txn, self->scores->results, ZP_BYTES(status->superseded_by), &rc) && !rc)
        zp_check_fault(self, "the result that supersedes it is not there");
    return rc;
}

static zp_rc unpack(zp_check *self, MDB_val value, zp_status *status)
{
    zp_str record;
    if (!zp_check_seal(self, value, &record))
        return ZP_CORRUPT;
    zp_rc rc = record.n < ZP_RESULT_HEAD ? ZP_CORRUPT : ZP_OK;
    if (!rc)
        rc = zp_status_unpack((zp_str){record.p + ZP_RESULT_HEAD, record.n - ZP_RESULT_HEAD}, self->arena, status);
    if (rc == ZP_CORRUPT)
        zp_check_undecoded(self);
    else if (!rc && zp_be64(record.p) != status->seq)
        zp_check_fault(self, "its event is %" PRIu64 " in front of the record and %" PRIu64 " within",
                       zp_be64(record.p), status->seq);
    return rc;
}

zp_rc zp_check_result(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_status status;
    zp_id id;
    if (!zp_check_id(self, key, &id))
        return ZP_OK;
    zp_rc rc = unpack(self, value, &status);
    if (rc == ZP_CORRUPT) {
        self->counts->unread++;
        return ZP_OK;
    }
    if (rc)
        return rc;
    status.id = id;
    zp_check_year(self, status.year);
    rc = check_its_form(self, &status);
    if (!rc)
        rc = check_its_event(self, status.seq);
    if (!rc)
        rc = check_successor(self, &status);
    if (!rc)
        rc = check_standing(self, &status);
    if (!rc)
        rc = zp_index_each(&status, check_entry, self);
    return rc ? rc : zp_tally_add(self, &status);
}

zp_rc zp_check_latest(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_str bytes;
    zp_standing standing;
    zp_status status;
    char id[ZP_ID_TEXT + 1];
    if (!zp_check_seal(self, value, &bytes))
        return ZP_OK;
    if (zp_standing_unpack(bytes, &standing) != ZP_OK) {
        zp_check_undecoded(self);
        return ZP_OK;
    }
    zp_id_format(&standing.id, id);
    zp_rc rc = zp_check_find_result(self, &standing.id, &status);
    if (rc == ZP_NOTFOUND)
        zp_check_fault(self, "the result that it names, %s, is not there", id);
    if (rc)
        return rc == ZP_NOTFOUND || rc == ZP_CORRUPT ? ZP_OK : rc;
    zp_form_key form = form_key_of(&status);
    if (!zp_str_eq(key, ZP_BYTES(form)) || standing.revision != status.revision)
        zp_check_fault(self, "the result that it names, %s, is of another form or revision", id);
    return ZP_OK;
}

/* ---- listings ---- */

typedef struct {
    zp_str wanted;
    bool found;
} search;

static zp_rc compare(void *context, const zp_index_key *key)
{
    search *s = context;
    s->found |= zp_str_eq(s->wanted, ZP_BYTES(*key));
    return ZP_OK;
}

zp_rc zp_check_index(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_status status;
    zp_id id;
    search s = {.wanted = key};
    if (key.n != sizeof(zp_index_key) || value.mv_size != 0) {
        zp_check_fault(self, "the key has %zu bytes, not %zu, or a value", key.n, sizeof(zp_index_key));
        return ZP_OK;
    }
    memcpy(id.b, key.p + ZP_INDEX_PREFIX, sizeof id.b);
    zp_rc rc = zp_check_find_result(self, &id, &status);
    if (rc == ZP_NOTFOUND)
        zp_check_fault(self, "its result is not there");
    if (rc)
        return rc == ZP_NOTFOUND || rc == ZP_CORRUPT ? ZP_OK : rc;
    rc = zp_index_each(&status, compare, &s);
    if (!rc && !s.found)
        zp_check_fault(self, "its result does not belong in this listing");
    return rc;
}

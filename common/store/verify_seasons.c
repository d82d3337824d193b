/*
 * verify_seasons.c - what must hold in an archive, and in stores from which seasons have gone to archives. See
 * verify.h.
 *
 * A season that is being removed leaves two things that would be faults otherwise, and nothing else: results whose form
 * has gone, and events whose result has gone. The latter stay when it is archived, behind events of other seasons.
 */
#include "store/verify_store.h"

#include <inttypes.h>

static zp_rc read_seasons(zp_check *self, zp_seasons *out)
{
    zp_rc rc = zp_read_begin(&self->intake->env, &self->intake_read);
    if (rc)
        return rc;
    rc = zp_seasons_read(self->intake_read.txn, self->intake->meta, out);
    zp_read_end(&self->intake_read);
    return rc;
}

/* Both stores of an archive say so, in the same words but for the number of events. */
static zp_rc read_archive(zp_check *self)
{
    zp_archive_note intake = {0};
    zp_rc rc = zp_read_begin(&self->intake->env, &self->intake_read);
    if (rc)
        return rc;
    zp_rc of_intake = zp_meta_archive_of(self->intake_read.txn, self->intake->meta, &intake);
    zp_read_end(&self->intake_read);
    rc = zp_read_begin(&self->scores->env, &self->scores_read);
    if (rc)
        return rc;
    zp_rc of_scores = zp_meta_archive_of(self->scores_read.txn, self->scores->meta, &self->archive);
    zp_read_end(&self->scores_read);
    self->is_archive = !of_scores;
    bool alike = of_intake == of_scores &&
                 (of_scores ||
                  (intake.year == self->archive.year && !memcmp(intake.name, self->archive.name, sizeof intake.name)));
    self->database = "meta";
    if (!alike)
        zp_check_fault(self, "intake and scores are not of one archive");
    rc = of_intake && of_intake != ZP_NOTFOUND ? of_intake : of_scores;
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

/* Where the events' own scan begins to look for gaps. */
static zp_rc read_log(zp_check *self)
{
    zp_log_bounds log = {0};
    zp_rc rc = zp_read_begin(&self->scores->env, &self->scores_read);
    if (rc)
        return rc;
    rc = zp_log_find_bounds(self->scores, self->scores_read.txn, &log);
    zp_read_end(&self->scores_read);
    self->last_event = rc ? 0 : log.start - 1;
    return rc;
}

zp_rc zp_check_open_seasons(zp_check *self)
{
    zp_rc rc = read_seasons(self, &self->seasons);
    if (!rc)
        rc = read_archive(self);
    if (!rc)
        rc = read_log(self);
    for (size_t i = 0; i < self->seasons.count && !rc; i++)
        if (self->seasons.items[i].state == ZP_SEASON_ARCHIVING)
            self->counts->archiving = self->seasons.items[i].year;
    if (rc != ZP_CORRUPT)
        return rc;
    self->database = "meta";
    zp_check_fault(self, "what it says of seasons, archives or the log's start cannot be read");
    return ZP_OK;
}

zp_rc zp_check_close_seasons(zp_check *self)
{
    zp_seasons now = {0};
    zp_rc rc = read_seasons(self, &now);
    if (rc && rc != ZP_CORRUPT)
        return rc;
    if (!rc && !zp_seasons_same(&now, &self->seasons))
        rc = ZP_AGAIN;
    self->database = "scores.events";
    if (self->is_archive && self->counts->events != self->archive.events)
        zp_check_fault(self, "%" PRIu64 " events, and the archive was made with %" PRIu64, self->counts->events,
                       self->archive.events);
    return rc == ZP_CORRUPT ? ZP_OK : rc;
}

void zp_check_year(zp_check *self, int year)
{
    if (self->is_archive && year != self->archive.year)
        zp_check_fault(self, "it is of %d, in an archive of %d", year, self->archive.year);
    if (zp_seasons_state(&self->seasons, year) == ZP_SEASON_ARCHIVED)
        zp_check_fault(self, "it is of %d, which has been archived", year);
}

zp_rc zp_check_archived(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_id id;
    zp_str payload;
    zp_rc rc;
    if (!zp_check_id(self, key, &id) || !zp_check_seal(self, value, &payload))
        return ZP_OK;
    if (payload.n != 2) {
        zp_check_undecoded(self);
        return ZP_OK;
    }
    int year = (uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
    if (zp_seasons_state(&self->seasons, year) == ZP_SEASON_OPEN)
        zp_check_fault(self, "it says %d, which has not been archived", year);
    if (zp_check_has(self->intake_read.txn, self->intake->forms, ZP_BYTES(id), &rc) && !rc)
        zp_check_fault(self, "its form is still there");
    return rc;
}

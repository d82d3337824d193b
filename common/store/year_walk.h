/*
 * year_walk.h - every record that belongs to one year, in both stores: what an archive is made of.
 */
#ifndef ZP_STORE_YEAR_WALK_H
#define ZP_STORE_YEAR_WALK_H

#include "store/archive.h"
#include "store/intake_store.h"
#include "store/scan.h"
#include "store/scores_store.h"

typedef enum {
    ZP_OF_FORMS,
    ZP_OF_REVISIONS,
    ZP_OF_KEYS,
    ZP_OF_RESULTS,
    ZP_OF_LATEST,
    ZP_OF_INDEX,
    ZP_OF_TOTALS,
    ZP_OF_EVENTS,
} zp_year_database;

/* The same database in the live stores and in the archive's; whether it is one of intake. */
MDB_dbi zp_year_dbi(const zp_intake *intake, const zp_scores *scores, zp_year_database which);
static inline bool zp_year_is_intake(zp_year_database which)
{
    return which <= ZP_OF_KEYS;
}
/* Of one record of a live store, into self->fault. */
void zp_year_complain(zp_archive *self, zp_year_database which, zp_str key, const char *what);

/*
 * Key and value as stored, with the seal. What the visit returns ends the walk unless it is ZP_OK. `slice`: called
 * before the first record and whenever a good number of them has been shown, for transactions of the visitor's.
 */
typedef struct {
    zp_rc (*each)(void *context, zp_year_database which, zp_str key, MDB_val value);
    zp_rc (*slice)(void *context);
    bool (*has_form)(void *context, const zp_id *id, zp_rc *rc); /* whether a form of the year has that id */
    void *context;
} zp_year_visit;

/*
 * Shows all of them: each form with its revision, result and listing entries; then keys, totals and events. Counts into
 * self->counts. Reads within one view of each store. ZP_CORRUPT: something cannot be read or is not there.
 */
zp_rc zp_year_walk(zp_archive *self, const zp_year_visit *visit);

#endif

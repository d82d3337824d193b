/*
 * archive.h - a season moved out of the stores of a service that is stopped, into stores of its own.
 *
 * First everything of the year is copied, byte for byte; when the copy is synced, verified and has its name, the season
 * is closed and what the copy holds is removed, in bounded transactions of which each leaves stores that are sound: the
 * forms from the newest back, with their keys, then the results from the oldest on, then the totals, then the front of
 * the event log. Nothing is removed that does not stand in the copy with the same bytes. Whatever ends the removal, the
 * same again goes on with it.
 *
 * One thread, the writer of all four stores.
 */
#ifndef ZP_STORE_ARCHIVE_H
#define ZP_STORE_ARCHIVE_H

#include "store/intake.h"
#include "store/scores.h"

typedef struct {
    uint64_t forms, pending, failed, keys, events;
    uint64_t forms_removed, results_removed, events_removed;
} zp_archive_counts;

typedef struct {
    int year;
    zp_intake *live_intake;
    zp_scores *live_scores;
    zp_intake *intake; /* of the archive */
    zp_scores *scores;
    bool (*stop)(void *context); /* asked now and then: true ends with ZP_CLOSED */
    void *context;
    zp_archive_counts counts;
    char fault[256]; /* what a person must know about ZP_CORRUPT and ZP_CONFLICT; else empty */
} zp_archive;

/*
 * Counts what there is of the year: forms, and those of them that are pending. ZP_CORRUPT (a record cannot be read, so
 * its year is not known), ZP_NOMEM, ZP_IO, ZP_CLOSED.
 */
zp_rc zp_archive_count(zp_archive *self);

/*
 * Fills the archive's stores, which are new and empty, and notes what they are. Nothing of the year is pending. As
 * above; ZP_FULL.
 */
zp_rc zp_archive_fill(zp_archive *self);

/*
 * Whether the archive's stores hold all of the year, byte for byte: for one that was made before. Not to be asked when
 * the removal has begun. As above; ZP_CONFLICT: they don't, or are no archive of the year.
 */
zp_rc zp_archive_compare(zp_archive *self);

/*
 * Closes the season and removes what the archive holds from the live stores; goes on with what was begun with this
 * archive. ZP_CONFLICT: the season went to another archive, or a record has other bytes there. ZP_FULL and others:
 * do it again.
 */
zp_rc zp_archive_remove(zp_archive *self);

#endif

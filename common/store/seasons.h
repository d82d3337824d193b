/*
 * seasons.h - which seasons have been moved out to an archive, or are on their way. Closed seasons take no submissions.
 */
#ifndef ZP_STORE_SEASONS_H
#define ZP_STORE_SEASONS_H

#include "store/env.h"

/* The numbers are stored: never renumber. */
typedef enum {
    ZP_SEASON_OPEN = 0,
    ZP_SEASON_ARCHIVING = 1, /* closed; what of it is still here is being removed */
    ZP_SEASON_ARCHIVED = 2,  /* nothing of it is here but events behind those of other seasons */
} zp_season_state;
const char *zp_season_state_name(zp_season_state state); /* "open" … */

typedef struct {
    int year;
    zp_season_state state;
    uint8_t archive[16]; /* the name of the archive that it went to */
} zp_season;

enum { ZP_MOST_SEASONS = 100 };
typedef struct {
    size_t count;
    zp_season items[ZP_MOST_SEASONS]; /* by year; open ones are not among them */
} zp_seasons;

zp_season_state zp_seasons_state(const zp_seasons *self, int year);
/* Whether both say the same of every year. */
bool zp_seasons_same(const zp_seasons *a, const zp_seasons *b);
/* NULL: open. */
const zp_season *zp_seasons_find(const zp_seasons *self, int year);

/* For the stores: what meta says; how one season stands from now on. ZP_CORRUPT, ZP_FULL. */
zp_rc zp_seasons_read(MDB_txn *txn, MDB_dbi meta, zp_seasons *out);
zp_rc zp_seasons_write(MDB_txn *txn, MDB_dbi meta, const zp_season *season);

#endif

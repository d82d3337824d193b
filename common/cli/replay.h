/*
 * replay.h - results, events, listings and totals made anew from the forms, in the order in which they came about.
 */
#ifndef ZP_CLI_REPLAY_H
#define ZP_CLI_REPLAY_H

#include "core/profile.h"
#include "store/intake.h"
#include "store/scores.h"

typedef struct {
    zp_intake *intake;
    zp_scores *recorded; /* NULL: there is no order to go by but that of the ids */
    uint64_t last;       /* of the recorded events: later ones may speak of forms that are not in this intake */
    zp_scores *made;     /* empty at first; this thread is its writer */
    const zp_profiles *profiles;
    /* out */
    uint64_t derived;      /* from forms */
    uint64_t still_failed; /* recorded as failed after attempts to score them, with their reason */
    uint64_t taken_over;   /* recorded results whose form cannot be read */
    uint64_t unordered;    /* derived without an event to say when: numbered behind all others */
    uint64_t archived;     /* events of seasons whose forms have gone to archives: as they were */
    uint64_t lost_events;  /* recorded events that cannot be read, or are not there */
} zp_replay;

/* ZP_OK, ZP_CLOSED (interrupted), ZP_FULL, ZP_NOMEM, ZP_IO, ZP_CORRUPT. */
zp_rc zp_replay_run(zp_replay *self);

typedef struct {
    uint64_t same, other_profile, other_engine, different, new; /* results; new: not recorded */
    uint64_t events_same, events_different;                     /* under the same number */
} zp_replay_difference;
/* Compares what was made with what was recorded, byte for byte. */
zp_rc zp_replay_compare(zp_scores *recorded, zp_scores *made, zp_replay_difference *out);

#endif

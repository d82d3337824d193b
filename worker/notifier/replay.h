/*
 * replay.h - answers "what came after number n" from the event log (ROUTER; requests and answers: wire/feed.h).
 *
 * An answer is bounded by what was asked, ZP_REPLAY_MAX_EVENTS and ZP_REPLAY_MAX_BYTES; whoever wants more asks again
 * with the last number. A limit of 0 asks for the newest number only. The notifier's one thread.
 */
#ifndef ZP_NOTIFIER_REPLAY_H
#define ZP_NOTIFIER_REPLAY_H

#include "base/config.h"
#include "store/scores.h"
#include "wire/curve.h"

typedef struct zp_replay zp_replay;

/* Binds. secret: of CURVE, or NULL. reader and secret must outlive it. On failure one line in message. */
zp_rc zp_replay_open(void *context, const zp_config *config, const zp_key *secret, zp_scores_reader *reader,
                     zp_replay **out, char *message, size_t message_size);
void zp_replay_close(zp_replay **self);
/* Has all askers connect again. ZP_IO: they cannot. */
zp_rc zp_replay_renew(zp_replay *self);
/* For polling; another one after renew. */
void *zp_replay_socket(zp_replay *self);

/* Answers what waits, a bounded number of requests; never waits for an asker. */
void zp_replay_serve(zp_replay *self);

typedef struct {
    uint64_t answered;
    uint64_t malformed; /* answered ERROR, or not even that */
    uint64_t dropped;   /* answers that their asker, gone or not reading, could not take */
} zp_replay_counts;
zp_replay_counts zp_replay_tally(const zp_replay *self);

#endif

/*
 * replay.h - answers "what came after number n" from the event log (ROUTER; requests and answers: wire/feed.h).
 *
 * An answer is sent in pieces, one of each answer that is under way a turn, so that neither the live feed nor another
 * asker waits for somebody who wants the whole log. At most ANSWERS are under way; further questions wait in their
 * sockets. The notifier's one thread.
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
/* Has all askers connect again, and forgets what they asked. ZP_IO: they cannot. */
zp_rc zp_replay_renew(zp_replay *self);
/* For polling; another one after renew. */
void *zp_replay_socket(zp_replay *self);

/* Takes questions and sends a piece of each answer; never waits for an asker. True: there is more to send, come back.
 */
bool zp_replay_serve(zp_replay *self);

typedef struct {
    uint64_t answered;
    uint64_t malformed; /* answered ERROR, or not even that */
    uint64_t dropped;   /* answers that their asker, gone or not reading, could not take */
} zp_replay_counts;
zp_replay_counts zp_replay_tally(const zp_replay *self);

#endif

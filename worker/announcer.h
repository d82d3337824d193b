/*
 * announcer.h - makes events of what ziping-webhooks has noted: endpoints that were disabled for their failures.
 *
 * An outbox: ziping-webhooks may not write to the scores, so it leaves notices in its own store, and the active worker,
 * which may, looks there about once a second. The mark of what was told is stored with the event: once each. The
 * worker's one thread; scoring does not depend on any of it.
 */
#ifndef ZP_WORKER_ANNOUNCER_H
#define ZP_WORKER_ANNOUNCER_H

#include "base/config.h"
#include "store/scores.h"

typedef struct zp_announcer zp_announcer;

/* The webhooks store need not be there. ZP_NOMEM. */
zp_rc zp_announcer_new(const zp_config *config, zp_announcer **out);
void zp_announcer_destroy(zp_announcer **self);

/*
 * Tells what is new; *last_seq is the newest event then, 0 when there was nothing to tell. As zp_scores_announce; what
 * the webhooks store cannot give is logged, and waits.
 */
zp_rc zp_announcer_look(zp_announcer *self, zp_scores *scores, int64_t wall_ms, uint64_t *last_seq);

#endif

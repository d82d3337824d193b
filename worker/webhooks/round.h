/*
 * round.h - all endpoints at once: libcurl's multi handle, one request in flight for each endpoint, so that a slow one
 * delays no other; what has been done is stored together.
 *
 * One thread's.
 */
#ifndef ZP_WEBHOOKS_ROUND_H
#define ZP_WEBHOOKS_ROUND_H

#include "base/config.h"
#include "store/scores.h"
#include "store/webhooks.h"

typedef struct zp_round zp_round;

/* config and stores must outlive it. curl_global_init must have been called. ZP_NOMEM. */
zp_rc zp_round_new(const zp_config *config, zp_webhooks *webhooks, zp_scores_reader *scores, zp_round **out);
/* Requests in flight are given up. */
void zp_round_destroy(zp_round **self);

/* Waits for answers, for the descriptor `signals` or for what is due next. ZP_IO when libcurl itself fails. */
zp_rc zp_round_wait(zp_round *self, int signals);
/*
 * Takes what was answered, stores it when its time has come, looks at log and settings, and, with go_on, starts what is
 * due. ZP_IN_DOUBT: stop at once. Anything else goes on by itself.
 */
zp_rc zp_round_turn(zp_round *self, bool go_on);
/* Stores what is not stored yet. As zp_webhooks_advance. */
zp_rc zp_round_store(zp_round *self);

size_t zp_round_endpoints(const zp_round *self);
size_t zp_round_in_flight(const zp_round *self);

#endif

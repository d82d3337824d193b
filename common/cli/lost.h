/*
 * lost.h - results whose `scored` or `failed` event cannot be read: what an event log with holes is mended from.
 */
#ifndef ZP_CLI_LOST_H
#define ZP_CLI_LOST_H

#include "store/scores.h"

typedef struct zp_lost zp_lost;

/* Reads the whole log and all results. ZP_NOMEM, ZP_IO, ZP_CORRUPT. */
zp_rc zp_lost_find(zp_scores *scores, zp_lost **out);
void zp_lost_destroy(zp_lost **self);
/* The next in the order of the times at which they were recorded; false: no more. */
bool zp_lost_next(zp_lost *self, zp_id *id, int64_t *at_ms, zp_state *state);

#endif

/*
 * retry.h - when to come again: Retry-After from the real age of the queue, with jitter.
 */
#ifndef ZP_GATEWAY_RETRY_H
#define ZP_GATEWAY_RETRY_H

#include "request.h"

/*
 * 1..30 seconds: how long the oldest pending submission has waited, plus what the queue's length will take. Up to half
 * as much again is added by `salt` (anything that differs between clients), so that those who were told at the same
 * moment do not all return at the same moment.
 */
unsigned zp_retry_after_s(const zp_gateway *gateway, int64_t now_ms, uint64_t salt);

/* Adds the header: for one submission, or (id NULL) for a refused request. */
void zp_retry_after(const zp_gateway *gateway, zp_request *request, const zp_id *id);

#endif

/*
 * batch.h - jobs on their way to one commit: scored as they come in, outside any transaction, then recorded together.
 *
 * One thread's. Everything of a batch lives in its own arena and goes at once with zp_batch_clear.
 */
#ifndef ZP_WORKER_BATCH_H
#define ZP_WORKER_BATCH_H

#include "core/profile.h"
#include "store/scores.h"
#include "wire/dispatch.h"

typedef struct zp_batch zp_batch;

/* profiles must outlive the batch. max: jobs after which it has no room. ZP_NOMEM. */
zp_rc zp_batch_new(const zp_profiles *profiles, size_t max, zp_batch **out);
void zp_batch_destroy(zp_batch **self);

/* There is room for one more whole message of jobs. */
bool zp_batch_has_room(const zp_batch *self);
size_t zp_batch_count(const zp_batch *self);

/*
 * Scores the job, or makes its status `failed` (asked for, or the submission cannot be read: logged). Copies what it
 * needs. ZP_OK; ZP_NOMEM: the job is not in the batch, and so will not be acknowledged.
 */
zp_rc zp_batch_add(zp_batch *self, const zp_job *job);

/*
 * One commit of all; on ZP_OK everything that zp_batch_done names is on disk. A job that the store cannot record
 * because a record that it touches is damaged is logged and leaves the batch. As zp_scores_commit otherwise, and
 * nothing is lost: the same call may be made again.
 */
zp_rc zp_batch_commit(zp_batch *self, zp_scores *scores, int64_t now_ms, uint64_t *last_seq);
/* zp_batch_count of them, valid until the batch changes. */
const zp_done *zp_batch_done(const zp_batch *self);

/* Which attempt the job of this status, which is in a batch, was. */
uint32_t zp_batch_attempt(const zp_status *status);

void zp_batch_clear(zp_batch *self);

#endif

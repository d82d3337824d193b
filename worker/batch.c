/*
 * batch.c - see batch.h. The worker's one thread.
 *
 * Scoring is done while jobs are taken from the socket, so that the store's transaction holds nothing but writes.
 */
#include "batch.h"

#include "base/log.h"
#include "codec/verdict.h"

#include <stdlib.h>

enum { ARENA_CHUNK = 1024 * 1024, MAX_BYTES = 8 * 1024 * 1024 };

typedef struct {
    zp_status status; /* first: this is what the store is given */
    uint32_t attempt;
} scored;

struct zp_batch {
    const zp_profiles *profiles;
    zp_arena *arena;
    size_t max, count, bytes;
    zp_status **statuses;
    zp_done *done;
};

zp_rc zp_batch_new(const zp_profiles *profiles, size_t max, zp_batch **out)
{
    zp_batch *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    size_t room = max + ZP_DISPATCH_MAX_JOBS; /* messages are taken whole */
    self->profiles = profiles;
    self->max = max;
    self->arena = zp_arena_new(ARENA_CHUNK);
    self->statuses = calloc(room, sizeof *self->statuses);
    self->done = calloc(room, sizeof *self->done);
    if (!self->arena || !self->statuses || !self->done) {
        zp_batch_destroy(&self);
        return ZP_NOMEM;
    }
    *out = self;
    return ZP_OK;
}

void zp_batch_destroy(zp_batch **self)
{
    if (!*self)
        return;
    zp_arena_destroy(&(*self)->arena);
    free((*self)->statuses);
    free((*self)->done);
    free(*self);
    *self = NULL;
}

bool zp_batch_has_room(const zp_batch *self)
{
    return self->count < self->max && self->bytes < MAX_BYTES;
}

size_t zp_batch_count(const zp_batch *self)
{
    return self->count;
}

const zp_done *zp_batch_done(const zp_batch *self)
{
    return self->done;
}

uint32_t zp_batch_attempt(const zp_status *status)
{
    return ((const scored *)status)->attempt;
}

void zp_batch_clear(zp_batch *self)
{
    zp_arena_reset(self->arena);
    self->count = 0;
    self->bytes = 0;
}

/* ---- a job's status ---- */

static zp_rc judge(zp_batch *self, const zp_job *job, zp_str bytes, zp_status *status)
{
    zp_str why = ZP_ABSENT;
    if (job->mode == ZP_JOB_FAIL) {
        why = zp_arena_printf(self->arena, "not scored: %u attempts ended without a result", job->attempt - 1);
        if (!why.p)
            return ZP_NOMEM;
    }
    return zp_verdict(&job->id, bytes, self->profiles, why, self->arena, status);
}

static void log_status(const zp_status *status, uint32_t attempt)
{
    char id[ZP_ID_TEXT + 1];
    zp_id_format(&status->id, id);
    if (status->state == ZP_FAILED)
        zp_log(ZP_WARN, "failed", "id=%s attempt=%u reason=\"%.*s\"", id, attempt, (int)status->failure.n,
               status->failure.p);
    else
        zp_log(ZP_DEBUG, "scored", "id=%s attempt=%u outcome=%s", id, attempt,
               status->result.discrepant ? "discrepant" : "consistent");
}

zp_rc zp_batch_add(zp_batch *self, const zp_job *job)
{
    scored *item = zp_arena_calloc(self->arena, 1, sizeof *item);
    zp_str bytes = zp_arena_copy(self->arena, job->submission); /* the message goes before the commit comes */
    if (!item || !bytes.p)
        return ZP_NOMEM;
    zp_rc rc = judge(self, job, bytes, &item->status);
    if (rc)
        return rc;
    item->attempt = job->attempt;
    log_status(&item->status, job->attempt);
    self->statuses[self->count] = &item->status;
    self->done[self->count++] = (zp_done){job->id, job->attempt};
    self->bytes += bytes.n;
    return ZP_OK;
}

/* ---- commit ---- */

static void remove_at(zp_batch *self, size_t at)
{
    size_t behind = --self->count - at;
    memmove(self->statuses + at, self->statuses + at + 1, behind * sizeof *self->statuses);
    memmove(self->done + at, self->done + at + 1, behind * sizeof *self->done);
}

/* A damaged record somewhere refuses the whole batch: one by one, it refuses only those that touch it. */
static zp_rc commit_each(zp_batch *self, zp_scores *scores, int64_t now_ms, uint64_t *last_seq)
{
    zp_rc rc = ZP_OK;
    for (size_t i = 0; i < self->count && !rc;) {
        rc = zp_scores_commit(scores, now_ms, self->statuses + i, 1, last_seq);
        if (rc == ZP_CORRUPT) {
            char id[ZP_ID_TEXT + 1];
            zp_id_format(&self->statuses[i]->id, id);
            zp_log(ZP_ERROR, "not-recorded", "id=%s reason=\"the store has a damaged record that it touches\"", id);
            remove_at(self, i);
            rc = ZP_OK;
        } else {
            i++;
        }
    }
    return rc;
}

zp_rc zp_batch_commit(zp_batch *self, zp_scores *scores, int64_t now_ms, uint64_t *last_seq)
{
    for (size_t i = 0; i < self->count; i++)
        self->statuses[i]->scored_ms = now_ms;
    zp_rc rc = zp_scores_commit(scores, now_ms, self->statuses, self->count, last_seq);
    return rc == ZP_CORRUPT ? commit_each(self, scores, now_ms, last_seq) : rc;
}

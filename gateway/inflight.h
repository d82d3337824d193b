/*
 * inflight.h - leases: which job is with which worker, as which attempt, until when. All O(1).
 *
 * Every lease lasts equally long, so the order of giving is the order of deadlines and a plain queue replaces a heap.
 * Pure data structure, one thread.
 */
#ifndef ZP_GATEWAY_INFLIGHT_H
#define ZP_GATEWAY_INFLIGHT_H

#include "base/error.h"
#include "base/id.h"

#include <sys/queue.h>

typedef struct zp_lease {
    zp_id id;
    uint32_t attempt;
    int64_t deadline; /* monotonic ms */
    struct zp_holder *holder;
    LIST_ENTRY(zp_lease) same_hash;
    LIST_ENTRY(zp_lease) same_holder;
    TAILQ_ENTRY(zp_lease) due;
} zp_lease;

/* Embedded in a worker's record; zero-initialised. */
typedef struct zp_holder {
    LIST_HEAD(, zp_lease) leases;
    unsigned count;
    bool has_suspect; /* its one job has failed before: nothing may travel with it */
} zp_holder;

typedef struct zp_inflight zp_inflight;

zp_inflight *zp_inflight_new(void); /* NULL when out of memory */
void zp_inflight_destroy(zp_inflight **self);

/* Deadlines must not decrease from one call to the next. ZP_EXISTS, ZP_NOMEM. */
zp_rc zp_inflight_add(zp_inflight *self, zp_holder *holder, const zp_id *id, uint32_t attempt, int64_t deadline);
/* NULL when nobody has it. */
zp_lease *zp_inflight_find(zp_inflight *self, const zp_id *id);
/* The lease that runs out first; NULL when there is none. */
zp_lease *zp_inflight_first_due(zp_inflight *self);
void zp_inflight_remove(zp_inflight *self, zp_lease *lease);
size_t zp_inflight_count(const zp_inflight *self);

#endif

/*
 * park.h - the requests of one loop that wait for a score: found by submission id, ended by deadline. All O(1).
 *
 * Nodes are embedded in their owner's structure; the table allocates nothing after its birth. One thread.
 */
#ifndef ZP_GATEWAY_PARK_H
#define ZP_GATEWAY_PARK_H

#include "base/id.h"

#include <sys/queue.h>

enum { ZP_PARK_MAX_S = 60 };

typedef struct zp_parked {
    zp_id id;
    int64_t deadline; /* monotonic ms */
    unsigned seconds; /* which queue of deadlines it stands in */
    LIST_ENTRY(zp_parked) same_hash;
    TAILQ_ENTRY(zp_parked) due;
} zp_parked;

typedef struct zp_park zp_park;

zp_park *zp_park_new(void); /* NULL when out of memory */
void zp_park_destroy(zp_park **self);

/* Waits for id at most `seconds` (bounded by ZP_PARK_MAX_S) from now_ms. The node stays the caller's. */
void zp_park_add(zp_park *self, zp_parked *node, const zp_id *id, unsigned seconds, int64_t now_ms);
void zp_park_remove(zp_park *self, zp_parked *node);
size_t zp_park_count(const zp_park *self);

/* Calls `each` for every node that waits for id, or for every node there is; it may remove that node. */
typedef void (*zp_park_each)(void *context, zp_parked *node);
void zp_park_each_of(zp_park *self, const zp_id *id, zp_park_each each, void *context);
void zp_park_each_all(zp_park *self, zp_park_each each, void *context);
/* A node whose deadline has passed; NULL when there is none. */
zp_parked *zp_park_overdue(zp_park *self, int64_t now_ms);
/* The earliest deadline; INT64_MAX when none waits. */
int64_t zp_park_next_deadline(const zp_park *self);

#endif

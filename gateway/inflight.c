/*
 * inflight.c - see inflight.h. Leases come from a free list that only grows: as many as were ever out at once. When
 * memory runs out nothing is added and the caller keeps the job back.
 */
#include "inflight.h"

#include <stdlib.h>

enum { BUCKETS = 16384 };

LIST_HEAD(bucket, zp_lease);

struct zp_inflight {
    struct bucket buckets[BUCKETS];
    TAILQ_HEAD(, zp_lease) due;
    LIST_HEAD(, zp_lease) spare; /* linked by same_hash */
    size_t count;
};

zp_inflight *zp_inflight_new(void)
{
    zp_inflight *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        LIST_INIT(&self->buckets[i]);
    TAILQ_INIT(&self->due);
    LIST_INIT(&self->spare);
    return self;
}

void zp_inflight_destroy(zp_inflight **self)
{
    if (!*self)
        return;
    zp_lease *lease;
    while ((lease = TAILQ_FIRST(&(*self)->due)))
        zp_inflight_remove(*self, lease);
    while ((lease = LIST_FIRST(&(*self)->spare))) {
        LIST_REMOVE(lease, same_hash);
        free(lease);
    }
    free(*self);
    *self = NULL;
}

/* The last bytes of a UUIDv7 are random. */
static struct bucket *bucket_of(zp_inflight *self, const zp_id *id)
{
    return &self->buckets[(id->b[14] << 8 | id->b[15]) % BUCKETS];
}

zp_lease *zp_inflight_find(zp_inflight *self, const zp_id *id)
{
    zp_lease *lease;
    LIST_FOREACH(lease, bucket_of(self, id), same_hash)
    if (zp_id_cmp(&lease->id, id) == 0)
        return lease;
    return NULL;
}

zp_rc zp_inflight_add(zp_inflight *self, zp_holder *holder, const zp_id *id, uint32_t attempt, int64_t deadline)
{
    if (zp_inflight_find(self, id))
        return ZP_EXISTS;
    zp_lease *lease = LIST_FIRST(&self->spare);
    if (lease)
        LIST_REMOVE(lease, same_hash);
    else if (!(lease = malloc(sizeof *lease)))
        return ZP_NOMEM;
    lease->id = *id;
    lease->attempt = attempt;
    lease->deadline = deadline;
    lease->holder = holder;
    LIST_INSERT_HEAD(bucket_of(self, id), lease, same_hash);
    LIST_INSERT_HEAD(&holder->leases, lease, same_holder);
    TAILQ_INSERT_TAIL(&self->due, lease, due);
    holder->count++;
    holder->has_suspect = holder->has_suspect || attempt > 1;
    self->count++;
    return ZP_OK;
}

zp_lease *zp_inflight_first_due(zp_inflight *self)
{
    return TAILQ_FIRST(&self->due);
}

void zp_inflight_remove(zp_inflight *self, zp_lease *lease)
{
    zp_holder *holder = lease->holder;
    LIST_REMOVE(lease, same_hash);
    LIST_REMOVE(lease, same_holder);
    TAILQ_REMOVE(&self->due, lease, due);
    LIST_INSERT_HEAD(&self->spare, lease, same_hash);
    if (--holder->count == 0)
        holder->has_suspect = false;
    self->count--;
}

size_t zp_inflight_count(const zp_inflight *self)
{
    return self->count;
}

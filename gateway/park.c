/*
 * park.c - see park.h. Pure data structure: no clock, no I/O; cannot fail once it exists.
 *
 * Waits are whole seconds up to a small bound, so that one queue for each length is ordered by deadline without a
 * heap: a new one always goes to its queue's tail, the earliest is at the head of one of them.
 */
#include "park.h"

#include <stdlib.h>

enum { BUCKETS = 4096 };

LIST_HEAD(bucket, zp_parked);
TAILQ_HEAD(queue, zp_parked);

struct zp_park {
    struct bucket buckets[BUCKETS];
    struct queue queues[ZP_PARK_MAX_S + 1];
    size_t count;
};

zp_park *zp_park_new(void)
{
    zp_park *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        LIST_INIT(&self->buckets[i]);
    for (size_t i = 0; i <= ZP_PARK_MAX_S; i++)
        TAILQ_INIT(&self->queues[i]);
    return self;
}

void zp_park_destroy(zp_park **self)
{
    free(*self);
    *self = NULL;
}

/* The last bytes of a UUIDv7 are random. */
static struct bucket *bucket_of(zp_park *self, const zp_id *id)
{
    return &self->buckets[(id->b[14] << 8 | id->b[15]) % BUCKETS];
}

void zp_park_add(zp_park *self, zp_parked *node, const zp_id *id, unsigned seconds, int64_t now_ms)
{
    node->id = *id;
    node->seconds = seconds < ZP_PARK_MAX_S ? seconds : ZP_PARK_MAX_S;
    node->deadline = now_ms + (int64_t)node->seconds * 1000;
    LIST_INSERT_HEAD(bucket_of(self, id), node, same_hash);
    TAILQ_INSERT_TAIL(&self->queues[node->seconds], node, due);
    self->count++;
}

void zp_park_remove(zp_park *self, zp_parked *node)
{
    LIST_REMOVE(node, same_hash);
    TAILQ_REMOVE(&self->queues[node->seconds], node, due);
    self->count--;
}

size_t zp_park_count(const zp_park *self)
{
    return self->count;
}

void zp_park_each_of(zp_park *self, const zp_id *id, zp_park_each each, void *context)
{
    zp_parked *next;
    for (zp_parked *node = LIST_FIRST(bucket_of(self, id)); node; node = next) {
        next = LIST_NEXT(node, same_hash);
        if (zp_id_cmp(&node->id, id) == 0)
            each(context, node);
    }
}

void zp_park_each_all(zp_park *self, zp_park_each each, void *context)
{
    zp_parked *next;
    for (size_t i = 0; i <= ZP_PARK_MAX_S; i++)
        for (zp_parked *node = TAILQ_FIRST(&self->queues[i]); node; node = next) {
            next = TAILQ_NEXT(node, due);
            each(context, node);
        }
}

static zp_parked *earliest(const zp_park *self)
{
    zp_parked *first = NULL;
    for (size_t i = 0; i <= ZP_PARK_MAX_S && self->count; i++) {
        zp_parked *head = TAILQ_FIRST(&self->queues[i]);
        if (head && (!first || head->deadline < first->deadline))
            first = head;
    }
    return first;
}

zp_parked *zp_park_overdue(zp_park *self, int64_t now_ms)
{
    zp_parked *first = earliest(self);
    return first && first->deadline <= now_ms ? first : NULL;
}

int64_t zp_park_next_deadline(const zp_park *self)
{
    const zp_parked *first = earliest(self);
    return first ? first->deadline : INT64_MAX;
}

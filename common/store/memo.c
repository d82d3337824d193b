/*
 * memo.c - see memo.h.
 *
 * Open addressing with linear probing: the upper 8 bits of the hash choose the table, the next 32 stand in the slot and
 * say, as a fraction of the table, where it would like to be. So a table can have any size and grow by any step, and an
 * entry finds its place anew without its key. What is taken out leaves no mark: those behind it move up.
 */
#include "store/memo.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

enum { TABLES = 256, SMALLEST = 16, FULL = 80, PERCENT = 100 };
static const uint64_t MOST_SLOTS = UINT64_C(1) << 31;

typedef struct {
    uint32_t hash;
    uint32_t high, low; /* of the ref; no id has a low of 0, which is a free slot: its version stands there */
} slot;

typedef struct {
    pthread_mutex_t lock;
    slot *slots;
    uint32_t size, used;
} table;

struct zp_memo {
    zp_memo_hash hash;
    uint64_t seed;
    table tables[TABLES];
};

zp_memo_ref zp_memo_ref_of(const zp_id *id)
{
    zp_memo_ref ref = 0;
    for (size_t i = 0; i < sizeof ref; i++)
        ref = ref << 8 | id->b[i];
    return ref;
}

static uint64_t own_hash(const uint8_t key[ZP_MEMO_KEY], uint64_t seed)
{
    return XXH3_64bits_withSeed(key, ZP_MEMO_KEY, seed);
}

zp_rc zp_memo_new(zp_memo_hash hash, zp_memo **out)
{
    *out = NULL;
    zp_memo *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    self->hash = hash ? hash : own_hash;
    if (getrandom(&self->seed, sizeof self->seed, 0) != (ssize_t)sizeof self->seed) { /* short ones are never cut */
        free(self);
        return ZP_IO;
    }
    for (size_t i = 0; i < TABLES; i++)
        pthread_mutex_init(&self->tables[i].lock, NULL);
    *out = self;
    return ZP_OK;
}

void zp_memo_destroy(zp_memo **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < TABLES; i++) {
        free((*self)->tables[i].slots);
        pthread_mutex_destroy(&(*self)->tables[i].lock);
    }
    free(*self);
    *self = NULL;
}

/* ---- one table, under its lock ---- */

static uint32_t home(const table *t, uint32_t hash)
{
    return (uint32_t)((uint64_t)hash * t->size >> 32);
}

static uint32_t next(const table *t, uint32_t at)
{
    return at + 1 == t->size ? 0 : at + 1;
}

/* How far behind its home the slot lies. */
static uint32_t distance(const table *t, uint32_t at)
{
    uint32_t wanted = home(t, t->slots[at].hash);
    return at >= wanted ? at - wanted : at + t->size - wanted;
}

static void place(table *t, slot entry)
{
    uint32_t at = home(t, entry.hash);
    while (t->slots[at].low)
        at = next(t, at);
    t->slots[at] = entry;
}

static zp_rc resize(table *t, uint64_t size)
{
    table bigger = {.size = (uint32_t)size};
    if (size > MOST_SLOTS)
        return ZP_NOMEM;
    bigger.slots = calloc(size, sizeof *bigger.slots);
    if (!bigger.slots)
        return ZP_NOMEM;
    for (uint32_t i = 0; i < t->size; i++)
        if (t->slots[i].low)
            place(&bigger, t->slots[i]);
    free(t->slots);
    t->slots = bigger.slots;
    t->size = bigger.size;
    return ZP_OK;
}

static zp_rc make_room(table *t)
{
    if ((t->used + UINT64_C(1)) * PERCENT <= (uint64_t)t->size * FULL)
        return ZP_OK;
    return resize(t, t->size ? t->size + UINT64_C(1) * t->size / 4 : SMALLEST);
}

static void take_out(table *t, uint32_t hole)
{
    for (uint32_t at = next(t, hole); t->slots[at].low; at = next(t, at)) {
        uint32_t back = at >= hole ? at - hole : at + t->size - hole;
        if (distance(t, at) < back)
            continue;
        t->slots[hole] = t->slots[at];
        hole = at;
    }
    t->slots[hole] = (slot){0};
    t->used--;
}

/* ---- all of them ---- */

static table *lock(zp_memo *self, const uint8_t key[ZP_MEMO_KEY], uint32_t *hash)
{
    uint64_t whole = self->hash(key, self->seed);
    table *t = &self->tables[whole >> 56];
    *hash = (uint32_t)(whole >> 24);
    pthread_mutex_lock(&t->lock);
    return t;
}

zp_rc zp_memo_reserve(zp_memo *self, uint64_t count)
{
    /* Chance gives some tables a little more than their part; a table that needs more than that grows. */
    uint64_t part = count / TABLES, size = part * PERCENT / FULL + part / 64 + SMALLEST;
    zp_rc rc = ZP_OK;
    for (size_t i = 0; i < TABLES && !rc; i++) {
        table *t = &self->tables[i];
        pthread_mutex_lock(&t->lock);
        if (t->size < size)
            rc = resize(t, size);
        pthread_mutex_unlock(&t->lock);
    }
    return rc;
}

zp_rc zp_memo_add(zp_memo *self, const uint8_t key[ZP_MEMO_KEY], zp_memo_ref ref)
{
    uint32_t hash;
    table *t = lock(self, key, &hash);
    zp_rc rc = make_room(t);
    if (!rc) {
        place(t, (slot){.hash = hash, .high = (uint32_t)(ref >> 32), .low = (uint32_t)ref});
        t->used++;
    }
    pthread_mutex_unlock(&t->lock);
    return rc;
}

void zp_memo_remove(zp_memo *self, const uint8_t key[ZP_MEMO_KEY], zp_memo_ref ref)
{
    uint32_t hash;
    table *t = lock(self, key, &hash);
    for (uint32_t at = t->size ? home(t, hash) : 0; t->size && t->slots[at].low; at = next(t, at))
        if (t->slots[at].hash == hash && t->slots[at].high == (uint32_t)(ref >> 32) &&
            t->slots[at].low == (uint32_t)ref) {
            take_out(t, at);
            break;
        }
    pthread_mutex_unlock(&t->lock);
}

zp_rc zp_memo_find(zp_memo *self, const uint8_t key[ZP_MEMO_KEY], zp_buf *out)
{
    uint32_t hash;
    zp_buf_clear(out);
    table *t = lock(self, key, &hash);
    for (uint32_t at = t->size ? home(t, hash) : 0; t->size && t->slots[at].low; at = next(t, at))
        if (t->slots[at].hash == hash) {
            zp_memo_ref ref = (uint64_t)t->slots[at].high << 32 | t->slots[at].low;
            zp_buf_add(out, &ref, sizeof ref);
        }
    pthread_mutex_unlock(&t->lock);
    return out->failed ? ZP_NOMEM : ZP_OK;
}

zp_memo_ref zp_memo_found(const zp_buf *found, size_t i)
{
    zp_memo_ref ref = 0;
    if (i < found->n / sizeof ref)
        memcpy(&ref, found->p + i * sizeof ref, sizeof ref);
    return ref;
}

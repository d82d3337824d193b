/*
 * warm.c - see warm.h. The threads share nothing but the number of the next part.
 */
#include "store/warm.h"

#include "base/big_endian.h"

#include <pthread.h>
#include <stdatomic.h>

/* Parts are many, since ids are many in some hours and few in others. */
enum { WALKERS = 16, PARTS = 4096, KEY_HEAD = 8 };

typedef struct {
    zp_env *env;
    MDB_dbi dbi;
    uint64_t first, part; /* where the first part begins, and how long each is */
    atomic_uint next;
} walk;

/* To walk over a page is to have it read. */
static void walk_part(MDB_cursor *cursor, uint64_t from, uint64_t end)
{
    uint8_t head[KEY_HEAD];
    zp_be64_put(head, from);
    MDB_val key = {sizeof head, head}, value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (code == 0 && key.mv_size >= KEY_HEAD && zp_be64(key.mv_data) < end)
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
}

static void *run(void *context)
{
    walk *self = context;
    zp_read read = {0};
    MDB_cursor *cursor;
    if (zp_read_begin(self->env, &read) != ZP_OK)
        return NULL;
    if (mdb_cursor_open(read.txn, self->dbi, &cursor) == 0) {
        for (unsigned i; (i = atomic_fetch_add(&self->next, 1)) < PARTS;)
            walk_part(cursor, self->first + i * self->part, self->first + (i + 1) * self->part);
        mdb_cursor_close(cursor);
    }
    zp_read_close(&read);
    return NULL;
}

/* False: empty, or not to be read. */
static bool divide(walk *self)
{
    zp_read read = {0};
    MDB_cursor *cursor;
    MDB_val first, last, value;
    if (zp_read_begin(self->env, &read) != ZP_OK)
        return false;
    bool found = false;
    if (mdb_cursor_open(read.txn, self->dbi, &cursor) == 0) {
        found = mdb_cursor_get(cursor, &first, &value, MDB_FIRST) == 0 && first.mv_size >= KEY_HEAD &&
                mdb_cursor_get(cursor, &last, &value, MDB_LAST) == 0 && last.mv_size >= KEY_HEAD;
        if (found) {
            self->first = zp_be64(first.mv_data);
            self->part = (zp_be64(last.mv_data) - self->first) / PARTS + 1;
        }
        mdb_cursor_close(cursor);
    }
    zp_read_close(&read);
    return found;
}

void zp_warm(zp_env *env, MDB_dbi dbi)
{
    walk self = {.env = env, .dbi = dbi};
    pthread_t walkers[WALKERS];
    unsigned count = 0;
    if (!divide(&self))
        return;
    while (count < WALKERS && pthread_create(&walkers[count], NULL, run, &self) == 0)
        count++;
    while (count)
        pthread_join(walkers[--count], NULL);
}

/*
 * scores_read.c - looking into the scores store: any thread and process, each with its own reader.
 *
 * Each look is one short read transaction; results are copied out before it ends, events are shown in place to a
 * callback that must be quick. A damaged record is reported, never served.
 */
#include "store/scores_store.h"

#include <stdlib.h>

enum { ARENA = 16 * 1024 };

zp_rc zp_scores_reader_new(zp_scores *self, zp_scores_reader **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ZP_NOMEM;
    (*out)->store = self;
    (*out)->arena = zp_arena_new(ARENA);
    if (!(*out)->arena) {
        zp_scores_reader_destroy(out);
        return ZP_NOMEM;
    }
    return ZP_OK;
}

void zp_scores_reader_destroy(zp_scores_reader **self)
{
    if (!*self)
        return;
    zp_read_close(&(*self)->read);
    if ((*self)->arena)
        zp_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

static zp_rc find(zp_scores_reader *self, const zp_id *id, zp_str *record)
{
    zp_rc rc = zp_get_sealed(self->read.txn, self->store->results, ZP_BYTES(*id), record);
    return !rc && record->n < ZP_RESULT_HEAD ? ZP_CORRUPT : rc;
}

zp_rc zp_scores_get(zp_scores_reader *self, const zp_id *id, zp_buf *out)
{
    zp_str record;
    zp_rc rc = zp_read_begin(&self->store->env, &self->read);
    if (rc)
        return rc;
    rc = find(self, id, &record);
    if (!rc)
        zp_buf_add(out, record.p + ZP_RESULT_HEAD, record.n - ZP_RESULT_HEAD);
    zp_read_end(&self->read);
    if (!rc && out->failed)
        rc = ZP_NOMEM;
    return rc;
}

zp_rc zp_scores_seq(zp_scores_reader *self, const zp_id *id, uint64_t *seq)
{
    zp_str record;
    zp_rc rc = zp_read_begin(&self->store->env, &self->read);
    if (rc)
        return rc;
    rc = find(self, id, &record);
    if (!rc)
        *seq = zp_be64(record.p);
    zp_read_end(&self->read);
    return rc;
}

/* ---- events ---- */

static zp_rc find_bounds(zp_scores_reader *self, zp_log_bounds *out)
{
    *out = (zp_log_bounds){0};
    zp_rc rc = zp_read_begin(&self->store->env, &self->read);
    if (rc)
        return rc;
    rc = zp_log_find_bounds(self->store, self->read.txn, out);
    zp_read_end(&self->read);
    return rc;
}

zp_rc zp_scores_last(zp_scores_reader *self, uint64_t *last)
{
    zp_log_bounds log;
    zp_rc rc = find_bounds(self, &log);
    *last = log.last;
    return rc;
}

zp_rc zp_scores_log_start(zp_scores_reader *self, uint64_t *start)
{
    zp_log_bounds log;
    zp_rc rc = find_bounds(self, &log);
    *start = log.start;
    return rc;
}

typedef struct {
    uint64_t after;
    size_t limit, max_bytes;
    zp_event_each each;
    void *context;
} event_page;

static zp_rc show_events(MDB_cursor *cursor, const event_page *page)
{
    zp_seq_key from = zp_seq_key_of(page->after + 1);
    MDB_val key = zp_val(ZP_BYTES(from)), value;
    size_t bytes = 0;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (size_t shown = 0; code == 0 && shown < page->limit && bytes < page->max_bytes; shown++) {
        zp_str frozen;
        if (zp_unseal(value, &frozen) != ZP_OK)
            frozen = ZP_STR("");
        bytes += frozen.n;
        if (!page->each(page->context, zp_be64(key.mv_data), frozen))
            return ZP_OK;
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "events");
}

zp_rc zp_scores_events(zp_scores_reader *self, uint64_t after, size_t limit, size_t max_bytes, zp_event_each each,
                       void *context)
{
    MDB_cursor *cursor;
    if (after == UINT64_MAX)
        return ZP_OK;
    zp_rc rc = zp_read_begin(&self->store->env, &self->read);
    if (rc)
        return rc;
    rc = zp_env_rc(mdb_cursor_open(self->read.txn, self->store->events, &cursor), "events");
    if (!rc) {
        rc = show_events(cursor, &(event_page){after, limit, max_bytes, each, context});
        mdb_cursor_close(cursor);
    }
    zp_read_end(&self->read);
    return rc;
}

/* ---- figures ---- */

static int entries(zp_scores_reader *self, MDB_dbi dbi, uint64_t *out)
{
    MDB_stat stat;
    int code = mdb_stat(self->read.txn, dbi, &stat);
    *out = code == 0 ? stat.ms_entries : 0;
    return code;
}

zp_rc zp_scores_stat(zp_scores_reader *self, zp_scores_stats *out)
{
    *out = (zp_scores_stats){0};
    zp_rc rc = zp_read_begin(&self->store->env, &self->read);
    if (rc)
        return rc;
    int code = entries(self, self->store->results, &out->results);
    if (!code)
        code = entries(self, self->store->events, &out->events);
    if (!code)
        code = entries(self, self->store->index, &out->index_entries);
    zp_log_bounds log = {0};
    rc = zp_env_rc(code, "scores-stat");
    if (!rc)
        rc = zp_log_find_bounds(self->store, self->read.txn, &log);
    zp_read_end(&self->read);
    out->log_start = log.start;
    out->last_seq = log.last;
    return rc;
}

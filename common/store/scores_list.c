/*
 * scores_list.c - listings: the ids that match every filter, newest first. Any thread, its own reader.
 *
 * Each filter is a range of index entries ordered by id, so the filters are intersected by leaping: whichever range is
 * asked next either holds the candidate id or names the next lower one, which becomes the candidate. The narrowest
 * range thus sets the pace, without knowing beforehand which one that is, and no record is read. Every leap is counted,
 * and LOOKS of them end the call with a cursor to go on from: no query can hold its snapshot for long.
 */
#include "base/log.h"
#include "store/scores_store.h"

enum { LOOKS = 2000, MAX_RANGES = 6 };

typedef struct {
    MDB_cursor *cursor;
    uint8_t prefix[ZP_INDEX_PREFIX];
    size_t prefix_n; /* 0: the results themselves, when there is no filter */
} range;

typedef struct {
    range ranges[MAX_RANGES];
    size_t count;
    unsigned looks;
    zp_str unit; /* its range is of a hash: compare the name itself */
} walk;

/* ---- the ranges of a query ---- */

static zp_rc add_range(walk *w, MDB_txn *txn, MDB_dbi dbi, const zp_index_key *key)
{
    range *r = &w->ranges[w->count];
    zp_rc rc = zp_env_rc(mdb_cursor_open(txn, dbi, &r->cursor), "list");
    if (rc)
        return rc;
    r->prefix_n = key ? ZP_INDEX_PREFIX : 0;
    if (key)
        memcpy(r->prefix, key->b, ZP_INDEX_PREFIX);
    w->count++;
    return ZP_OK;
}

static size_t filters_of(const zp_list_query *q, zp_index_key *keys)
{
    size_t n = 0;
    if (q->unit.p)
        keys[n++] = zp_index_by_name(ZP_BY_UNIT, q->unit);
    if (q->has_flag)
        keys[n++] = zp_index_by_name(ZP_BY_FLAG, zp_str_of(zp_flag_name(q->flag)));
    if (q->has_grade)
        keys[n++] = zp_index_by_name(ZP_BY_GRADE, zp_str_of(zp_grade_name(q->grade)));
    if (q->has_outcome)
        keys[n++] = zp_index_by_name(ZP_BY_OUTCOME, zp_outcome_name(q->discrepant));
    if (q->has_state)
        keys[n++] = zp_index_by_name(ZP_BY_STATE, zp_str_of(zp_state_name(q->state)));
    if (q->year)
        keys[n++] = zp_index_by_number(ZP_BY_YEAR, (uint64_t)q->year);
    return n;
}

static zp_rc open_ranges(walk *w, zp_scores_reader *reader, const zp_list_query *query)
{
    zp_index_key keys[MAX_RANGES];
    size_t n = filters_of(query, keys);
    zp_rc rc = n ? ZP_OK : add_range(w, reader->read.txn, reader->store->results, NULL);
    for (size_t i = 0; i < n && !rc; i++)
        rc = add_range(w, reader->read.txn, reader->store->index, &keys[i]);
    return rc;
}

static void close_ranges(walk *w)
{
    for (size_t i = 0; i < w->count; i++)
        mdb_cursor_close(w->ranges[i].cursor);
}

/* ---- leaping ---- */

/* The greatest id of the range that is at most (below: less than) `from`. ZP_NOTFOUND: there is none. */
static zp_rc seek(walk *w, range *r, const zp_id *from, bool below, zp_id *out)
{
    zp_index_key wanted;
    MDB_val key = {r->prefix_n + sizeof from->b, wanted.b}, value;
    memcpy(wanted.b, r->prefix, r->prefix_n);
    memcpy(wanted.b + r->prefix_n, from->b, sizeof from->b);
    w->looks++;
    int code = mdb_cursor_get(r->cursor, &key, &value, MDB_SET_RANGE);
    bool exact = code == 0 && key.mv_size == r->prefix_n + sizeof from->b &&
                 memcmp(key.mv_data, wanted.b, r->prefix_n + sizeof from->b) == 0;
    if (code == MDB_NOTFOUND)
        code = mdb_cursor_get(r->cursor, &key, &value, MDB_LAST);
    else if (code == 0 && (below || !exact))
        code = mdb_cursor_get(r->cursor, &key, &value, MDB_PREV);
    if (code)
        return zp_env_rc(code, "list");
    if (key.mv_size != r->prefix_n + sizeof out->b || memcmp(key.mv_data, r->prefix, r->prefix_n) != 0)
        return ZP_NOTFOUND;
    memcpy(out->b, (const uint8_t *)key.mv_data + r->prefix_n, sizeof out->b);
    return ZP_OK;
}

/* The next id: as a bound that excludes it names `id` itself again. The greatest id has none, and needs none. */
static zp_id just_above(zp_id id)
{
    for (size_t i = sizeof id.b; i-- > 0;)
        if (++id.b[i])
            return id;
    memset(id.b, 0xff, sizeof id.b);
    return id;
}

/*
 * The greatest id below *bound that is in every range. *bound moves down with what has been ruled out.
 * ZP_NOTFOUND: no more; ZP_AGAIN: looked at enough, go on from *bound another time.
 */
static zp_rc next_match(walk *w, zp_id *bound, zp_id *out)
{
    zp_id candidate, found;
    zp_rc rc = seek(w, &w->ranges[0], bound, true, &candidate);
    for (size_t agreed = 1, i = 1; !rc && agreed < w->count; i++) {
        if (w->looks >= LOOKS) {
            *bound = just_above(candidate);
            return ZP_AGAIN;
        }
        rc = seek(w, &w->ranges[i % w->count], &candidate, false, &found);
        if (rc)
            return rc;
        agreed = zp_id_cmp(&found, &candidate) == 0 ? agreed + 1 : 1;
        candidate = found;
    }
    if (!rc)
        *out = *bound = candidate;
    return rc;
}

/* A damaged record can't be asked; it stays in the list, and reading it says what is wrong. */
static bool has_unit(zp_scores_reader *reader, const zp_id *id, zp_str unit)
{
    zp_status status = {0};
    zp_str record;
    zp_rc rc = zp_get_sealed(reader->read.txn, reader->store->results, ZP_BYTES(*id), &record);
    if (rc || record.n < ZP_RESULT_HEAD)
        return true;
    zp_arena_reset(reader->arena);
    record = (zp_str){record.p + ZP_RESULT_HEAD, record.n - ZP_RESULT_HEAD};
    return zp_status_unpack(record, reader->arena, &status) != ZP_OK || zp_str_eq(status.unit, unit);
}

static zp_rc collect(walk *w, zp_scores_reader *reader, zp_id *bound, zp_id *ids, size_t max, size_t *count, bool *more)
{
    zp_id id, next = *bound;
    for (;;) {
        zp_rc rc = w->looks < LOOKS ? next_match(w, &next, &id) : ZP_AGAIN;
        *more = rc == ZP_AGAIN || (!rc && *count == max);
        /* With a full page the bound stays at its last id: this look only told whether there is more. */
        if (rc || *count == max) {
            if (*count < max)
                *bound = next;
            return rc == ZP_NOTFOUND || rc == ZP_AGAIN ? ZP_OK : rc;
        }
        *bound = next;
        if (!w->unit.p || has_unit(reader, &id, w->unit))
            ids[(*count)++] = id;
    }
}

zp_rc zp_scores_list(zp_scores_reader *self, const zp_list_query *query, zp_id *ids, size_t max, size_t *count,
                     bool *more, zp_id *next)
{
    walk w = {.unit = query->unit};
    zp_id bound = query->before;
    if (!query->has_before)
        memset(bound.b, 0xff, sizeof bound.b);
    *count = 0;
    *more = false;
    zp_rc rc = zp_read_begin(&self->store->env, &self->read);
    if (rc)
        return rc;
    rc = open_ranges(&w, self, query);
    if (!rc)
        rc = collect(&w, self, &bound, ids, max, count, more);
    close_ranges(&w);
    zp_read_end(&self->read);
    *next = bound; /* last: it may well be query->before */
    return rc;
}

/*
 * scores_totals.c - the rows that dashboards read: one for each year and department, kept with every result in the same
 * transaction, so that reading them costs a page and they never lag behind.
 *
 * Sums are added modulo 2^64: taking out what was put in gives the same row again, whatever was in between.
 * Counting: the worker's loop; reading: any thread.
 */
#include "base/log.h"
#include "core/typed.h"
#include "store/scores_store.h"

#include <nettle/sha2.h>

enum { YEAR = 2, NAME = ZP_TOTALS_NAME, HASH = 16, COUNTERS = 5, NUMBERS = COUNTERS + ZP_GRADES + ZP_TOTALS_SUMS };
_Static_assert(YEAR + NAME + HASH == ZP_TOTALS_KEY, "the parts of a key");

typedef struct {
    struct sha256_ctx hash;
    uint8_t *first; /* NAME bytes */
    size_t taken;
} spelling;

static void take(void *taker, const char *bytes, size_t n)
{
    spelling *self = taker;
    size_t fit = self->taken < NAME ? NAME - self->taken : 0;
    memcpy(self->first + self->taken, bytes, n < fit ? n : fit);
    self->taken += n < fit ? n : fit;
    sha256_update(&self->hash, n, (const uint8_t *)bytes);
}

zp_totals_key zp_totals_key_of(int year, zp_str department)
{
    zp_totals_key key = {{(uint8_t)(year >> 8), (uint8_t)year}};
    spelling spelt = {.first = key.b + YEAR};
    sha256_init(&spelt.hash);
    zp_name_spell(department, take, &spelt);
    sha256_digest(&spelt.hash, HASH, key.b + YEAR + NAME);
    return key;
}

_Static_assert(sizeof(zp_totals_numbers) == NUMBERS * 8, "stored as NUMBERS big-endian numbers");

typedef struct {
    uint8_t b[NUMBERS * 8];
} number_bytes;

static number_bytes pack(const zp_totals_numbers *row)
{
    number_bytes bytes;
    uint64_t plain[NUMBERS];
    memcpy(plain, row, sizeof plain);
    for (size_t i = 0; i < NUMBERS; i++)
        zp_be64_put(bytes.b + 8 * i, plain[i]);
    return bytes;
}

zp_rc zp_totals_unpack(zp_str bytes, zp_totals_numbers *row, zp_str *department)
{
    uint64_t plain[NUMBERS];
    if (bytes.n < sizeof(number_bytes) || bytes.n > sizeof(number_bytes) + ZP_MAX_CELL)
        return ZP_CORRUPT;
    for (size_t i = 0; i < NUMBERS; i++)
        plain[i] = zp_be64(bytes.p + 8 * i);
    memcpy(row, plain, sizeof *row);
    *department = (zp_str){bytes.p + sizeof(number_bytes), bytes.n - sizeof(number_bytes)};
    return ZP_OK;
}

static void add_cents(uint64_t *sum, int64_t cents, uint64_t one)
{
    if (cents != ZP_NO_CENTS)
        *sum += (uint64_t)cents * one;
}

void zp_totals_add(zp_totals_numbers *row, const zp_status *status, int sign)
{
    uint64_t one = (uint64_t)(int64_t)sign;
    const zp_result *result = &status->result;
    row->superseded += status->state == ZP_SUPERSEDED ? one : 0;
    row->failed += status->state == ZP_FAILED ? one : 0;
    if (status->state != ZP_SCORED)
        return;
    row->scored += one;
    row->discrepant += result->discrepant ? one : 0;
    row->consistent += result->discrepant ? 0 : one;
    if (result->grade < ZP_GRADES)
        row->grades[result->grade] += one;
    add_cents(&row->sums[0], result->declared_total, one);
    add_cents(&row->sums[1], result->computed_total, one);
    add_cents(&row->sums[2], result->confirmed_total, one);
}

zp_rc zp_totals_count(zp_scores *self, MDB_txn *txn, const zp_status *status, int sign)
{
    zp_str department = status->department, stored, bytes;
    if (department.n > ZP_MAX_CELL)
        department.n = ZP_MAX_CELL;
    zp_totals_key key = zp_totals_key_of(status->year, department);
    zp_totals_numbers row = {0};
    zp_rc rc = zp_get_sealed(txn, self->totals, ZP_BYTES(key), &bytes);
    if (!rc)
        rc = zp_totals_unpack(bytes, &row, &stored);
    if (rc == ZP_CORRUPT) {
        zp_log(ZP_ERROR, "totals-damaged", "year=%d department=\"%.*s\" path=%s", status->year, (int)department.n,
               department.p ? department.p : "", self->env.path);
        return ZP_OK;
    }
    if (rc && rc != ZP_NOTFOUND)
        return rc;
    zp_totals_add(&row, status, sign);
    number_bytes packed = pack(&row);
    const zp_str parts[] = {ZP_BYTES(packed), department};
    return zp_put_sealed(txn, self->totals, ZP_BYTES(key), parts, 2, 0);
}

/* ---- reading ---- */

static zp_rc read_row(const MDB_val *key, const MDB_val *value, zp_totals *out)
{
    zp_str bytes, department;
    zp_totals_numbers row;
    zp_rc rc = key->mv_size == sizeof(zp_totals_key) ? zp_unseal(*value, &bytes) : ZP_CORRUPT;
    if (!rc)
        rc = zp_totals_unpack(bytes, &row, &department);
    if (rc)
        return rc;
    const uint8_t *k = key->mv_data;
    *out = (zp_totals){.year = k[0] << 8 | k[1],
                       .scored = row.scored,
                       .failed = row.failed,
                       .superseded = row.superseded,
                       .consistent = row.consistent,
                       .discrepant = row.discrepant,
                       .declared_sum = (int64_t)row.sums[0],
                       .computed_sum = (int64_t)row.sums[1],
                       .confirmed_sum = (int64_t)row.sums[2]};
    memcpy(out->grades, row.grades, sizeof out->grades);
    memcpy(out->department, department.p, department.n);
    return ZP_OK;
}

_Static_assert(sizeof(zp_totals_place) == sizeof(zp_totals_key), "a place is a key");

static int year_of(const MDB_val *key)
{
    const uint8_t *k = key->mv_data;
    return k[0] << 8 | k[1];
}

/* The first row from `place` on, or behind it. */
static int seek(MDB_cursor *cursor, const zp_totals_key *place, bool behind, MDB_val *key, MDB_val *value)
{
    *key = zp_val(ZP_BYTES(*place));
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (code == 0 && behind && key->mv_size == sizeof *place && memcmp(key->mv_data, place->b, sizeof *place) == 0)
        code = mdb_cursor_get(cursor, key, value, MDB_NEXT);
    return code;
}

static int seek_first(MDB_cursor *cursor, const zp_totals_query *q, MDB_val *key, MDB_val *value)
{
    zp_totals_key from = {{(uint8_t)(q->year >> 8), (uint8_t)q->year}};
    if (q->has_after)
        memcpy(from.b, q->after.b, sizeof from);
    return seek(cursor, &from, q->has_after, key, value);
}

/* From a row on: that department's next row. It has at most one a year, at a place that its name tells. */
static int seek_department(MDB_cursor *cursor, zp_str department, MDB_val *key, MDB_val *value)
{
    int code = 0;
    while (code == 0 && key->mv_size == sizeof(zp_totals_key)) {
        int year = year_of(key);
        zp_totals_key wanted = zp_totals_key_of(year, department);
        int order = memcmp(key->mv_data, wanted.b, sizeof wanted);
        if (order == 0)
            return 0;
        if (order > 0) /* none in this year */
            wanted = (zp_totals_key){{(uint8_t)((year + 1) >> 8), (uint8_t)(year + 1)}};
        code = seek(cursor, &wanted, false, key, value);
    }
    return code;
}

/* The first that matches, from the row on that the cursor was just told to go to. A key of another size is a match: who
 * reads it finds that it is damaged. */
static int next_match(MDB_cursor *cursor, const zp_totals_query *q, int code, MDB_val *key, MDB_val *value)
{
    if (code == 0 && q->department.p)
        code = seek_department(cursor, q->department, key, value);
    bool is_past = code == 0 && key->mv_size == sizeof(zp_totals_key) && q->year && year_of(key) != q->year;
    return is_past ? MDB_NOTFOUND : code;
}

static zp_rc walk(MDB_cursor *cursor, const zp_totals_query *q, zp_totals_each each, void *context, bool *more,
                  zp_totals_place *next)
{
    MDB_val key, value;
    zp_totals row;
    int code = next_match(cursor, q, seek_first(cursor, q, &key, &value), &key, &value);
    for (size_t n = 0; code == 0; n++) {
        if (n == q->max) {
            *more = true;
            return ZP_OK;
        }
        zp_rc rc = read_row(&key, &value, &row);
        if (rc)
            return rc;
        memcpy(next->b, key.mv_data, sizeof next->b);
        if (!each(context, &row))
            return ZP_OK;
        code = next_match(cursor, q, mdb_cursor_get(cursor, &key, &value, MDB_NEXT), &key, &value);
    }
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "totals");
}

zp_rc zp_scores_totals(zp_scores_reader *self, const zp_totals_query *query, zp_totals_each each, void *context,
                       bool *more, zp_totals_place *next)
{
    MDB_cursor *cursor;
    *more = false;
    zp_rc rc = zp_read_begin(&self->store->env, &self->read);
    if (rc)
        return rc;
    rc = zp_env_rc(mdb_cursor_open(self->read.txn, self->store->totals, &cursor), "totals");
    if (!rc) {
        rc = walk(cursor, query, each, context, more, next);
        mdb_cursor_close(cursor);
    }
    zp_read_end(&self->read);
    return rc;
}

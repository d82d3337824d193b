/*
 * verify_totals.c - what the totals should be, added up from the results, and brought to one moment.
 *
 * The scan of the results sees each slice at another moment, and the totals are of one. But every change of a result
 * is an event, so a slice that was seen when the newest event was n lacks exactly the later events of its ids. Each
 * slice keeps its n; afterwards the events since the first slice are gone through, and those that their slice has not
 * seen are applied: `scored` counts one in, `superseded` moves it, and `failed` that is scored after all was counted
 * as failed, which only a memory of the failed ones can tell. The last step reads the last events and the stored rows
 * in one view.
 *
 * A result or an event that cannot be read leaves open what the totals should be: then they are not compared.
 */
#include "store/verify_store.h"

#include "base/grow.h"
#include "codec/event_read.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    zp_id upto;    /* ids up to this one, above those of the slice before; the last slice's has no end */
    uint64_t seen; /* the newest event then */
} slice;

typedef struct {
    zp_totals_key key; /* first: what the tree is ordered by */
    zp_totals_numbers numbers;
    bool stored;
} row;

typedef struct {
    zp_id id; /* first, as above */
    row *row;
} failed_one;

struct zp_tally {
    slice *slices;
    size_t count, room;
    void *rows, *failed; /* trees of row and failed_one */
};

zp_rc zp_tally_new(zp_tally **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? ZP_OK : ZP_NOMEM;
}

void zp_tally_destroy(zp_tally **self)
{
    if (!*self)
        return;
    tdestroy((*self)->failed, free);
    tdestroy((*self)->rows, free);
    free((*self)->slices);
    free(*self);
    *self = NULL;
}

/* ---- trees ---- */

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(zp_totals_key));
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(zp_id));
}

/* The node that begins with key, made when it is not there. NULL when out of memory. */
static void *node_of(void **tree, const void *key, size_t key_size, size_t size,
                     int (*compare)(const void *, const void *))
{
    void *const *found = tfind(key, tree, compare);
    if (found)
        return *found;
    void *node = calloc(1, size);
    if (!node)
        return NULL;
    memcpy(node, key, key_size);
    if (tsearch(node, tree, compare))
        return node;
    free(node);
    return NULL;
}

static row *row_of(zp_tally *self, const zp_status *status)
{
    zp_totals_key key = zp_totals_key_of(status->year, status->department);
    return node_of(&self->rows, &key, sizeof key, sizeof(row), by_key);
}

/* ---- counting ---- */

static zp_rc count_in(zp_tally *self, const zp_status *status)
{
    row *r = row_of(self, status);
    if (!r)
        return ZP_NOMEM;
    zp_totals_add(&r->numbers, status, +1);
    if (status->state != ZP_FAILED)
        return ZP_OK;
    failed_one *failed = node_of(&self->failed, &status->id, sizeof status->id, sizeof *failed, by_id);
    if (!failed)
        return ZP_NOMEM;
    failed->row = r;
    return ZP_OK;
}

/* True: it had been counted as failed, and is not any more. */
static bool forget_failed(zp_tally *self, const zp_id *id)
{
    void *const *found = tfind(id, &self->failed, by_id);
    if (!found)
        return false;
    failed_one *failed = *found;
    failed->row->numbers.failed--;
    tdelete(failed, &self->failed, by_id);
    free(failed);
    return true;
}

/* ---- the scan of the results ---- */

zp_rc zp_tally_open_slice(zp_check *check, const zp_scan_place *before)
{
    zp_tally *self = check->tally;
    slice *slices = zp_grow(self->slices, self->count, &self->room, sizeof *slices);
    if (!slices)
        return ZP_NOMEM;
    self->slices = slices;
    if (self->count > 0 && before->n == sizeof(zp_id))
        memcpy(self->slices[self->count - 1].upto.b, before->key, sizeof(zp_id));
    slice *new = &self->slices[self->count++];
    memset(new->upto.b, 0xff, sizeof new->upto.b);
    return zp_check_last_event(check, &new->seen);
}

zp_rc zp_tally_add(zp_check *check, const zp_status *status)
{
    return count_in(check->tally, status);
}

/* ---- the events since ---- */

static uint64_t seen_by_its_slice(const zp_tally *self, const zp_id *id)
{
    size_t low = 0, high = self->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zp_id_cmp(&self->slices[middle].upto, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return self->slices[low].seen;
}

/* What the event changed; the result has the figures, which stay the same through all of its states. */
static zp_rc apply(zp_check *check, const zp_event *event)
{
    zp_tally *self = check->tally;
    zp_status status;
    zp_rc rc = zp_check_find_result(check, &event->status.id, &status);
    if (rc == ZP_NOTFOUND || rc == ZP_CORRUPT) {
        check->counts->unread++;
        return ZP_OK;
    }
    if (rc)
        return rc;
    bool was_failed = event->status.state != ZP_FAILED && forget_failed(self, &status.id);
    row *r = row_of(self, &status);
    if (!r)
        return ZP_NOMEM;
    if (event->status.state == ZP_SUPERSEDED && !was_failed) {
        status.state = ZP_SCORED;
        zp_totals_add(&r->numbers, &status, -1);
    }
    status.state = event->status.state;
    return count_in(self, &status);
}

static zp_rc follow_event(void *context, zp_str key, MDB_val value)
{
    zp_check *check = context;
    zp_str frozen;
    zp_event event;
    zp_notice notice;
    uint64_t number;
    int64_t at_ms;
    if (key.n != sizeof(zp_seq_key))
        return ZP_OK;
    zp_arena_reset(check->arena);
    zp_rc rc = zp_unseal(value, &frozen);
    if (!rc && zp_notice_read(frozen, &notice, &number, &at_ms) == ZP_OK)
        return ZP_OK; /* it counts nothing */
    if (rc || zp_event_read(frozen, &event) != ZP_OK) {
        check->counts->unread++;
        return ZP_OK;
    }
    bool is_news = event.number > seen_by_its_slice(check->tally, &event.status.id);
    return is_news ? apply(check, &event) : ZP_OK;
}

/* ---- the comparison ---- */

static const char *const names[] = {"scored", "failed", "superseded", "consistent",   "discrepant",   "优",
                                    "良",     "中",     "差",         "declared_sum", "computed_sum", "confirmed_sum"};
_Static_assert(sizeof names / sizeof *names == sizeof(zp_totals_numbers) / sizeof(uint64_t), "a name for each");

static void compare(zp_check *check, const zp_totals_numbers *stored, const zp_totals_numbers *counted)
{
    uint64_t have[sizeof names / sizeof *names], want[sizeof names / sizeof *names];
    char text[400];
    size_t n = 0;
    memcpy(have, stored, sizeof have);
    memcpy(want, counted, sizeof want);
    for (size_t i = 0; i < sizeof names / sizeof *names && n < sizeof text; i++)
        if (have[i] != want[i])
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %" PRId64 " for %" PRId64, n ? ", " : "", names[i],
                                  (int64_t)have[i], (int64_t)want[i]);
    if (n)
        zp_check_fault(check, "it does not say what the results add up to: %s", text);
}

static zp_rc check_row(void *context, zp_str key, MDB_val value)
{
    zp_check *check = context;
    zp_str bytes, department;
    zp_totals_numbers numbers, none = {0};
    check->key = key;
    check->counts->totals++;
    if (key.n != sizeof(zp_totals_key)) {
        zp_check_fault(check, "the key has %zu bytes, not %zu", key.n, sizeof(zp_totals_key));
        return ZP_OK;
    }
    void *const *found = tfind(key.p, &check->tally->rows, by_key);
    row *counted = found ? *found : NULL;
    if (counted)
        counted->stored = true;
    if (!zp_check_seal(check, value, &bytes))
        return ZP_OK;
    if (zp_totals_unpack(bytes, &numbers, &department) != ZP_OK) {
        zp_check_undecoded(check);
        return ZP_OK;
    }
    zp_totals_key wanted = zp_totals_key_of((uint8_t)key.p[0] << 8 | (uint8_t)key.p[1], department);
    if (!zp_str_eq(key, ZP_BYTES(wanted)))
        zp_check_fault(check, "it is of another department than its key");
    if (!check->counts->unread)
        compare(check, &numbers, counted ? &counted->numbers : &none);
    return ZP_OK;
}

static void name_missing(const void *node, VISIT which, void *context)
{
    zp_check *check = context;
    const row *r = *(row *const *)node;
    if ((which != postorder && which != leaf) || r->stored)
        return;
    check->key = ZP_BYTES(r->key);
    zp_check_fault(check, "it is not there, though there are results for it");
}

/* Rows are as many as years and departments: all of them in one view. */
static zp_rc compare_all(zp_check *check)
{
    zp_scan_place place = {.begun = false};
    zp_rc rc = ZP_OK;
    check->database = "scores.totals";
    for (bool more = true; more && !rc;)
        rc = zp_scan_slice(check->scores_read.txn, check->scores->totals, &place, check_row, check, &more);
    if (rc == ZP_CORRUPT) {
        check->key = ZP_ABSENT;
        zp_check_fault(check, "the pages are damaged");
        return ZP_OK;
    }
    if (!rc && !check->counts->unread)
        twalk_r(check->tally->rows, name_missing, check);
    check->key = ZP_ABSENT;
    return rc;
}

static zp_rc step(zp_check *check, zp_scan_place *place, bool *done)
{
    bool more = false;
    zp_rc rc = ZP_OK;
    if (!check->counts->unread)
        rc = zp_scan_slice(check->scores_read.txn, check->scores->events, place, follow_event, check, &more);
    if (rc == ZP_CORRUPT) { /* named by the events' own scan */
        check->counts->unread++;
        rc = ZP_OK;
        more = false;
    }
    *done = !more;
    return rc || more ? rc : compare_all(check);
}

zp_rc zp_tally_settle(zp_check *check)
{
    zp_seq_key from = zp_seq_key_of(check->tally->slices[0].seen);
    zp_scan_place place = {.n = sizeof from.b, .begun = true};
    memcpy(place.key, from.b, sizeof from.b);
    zp_rc rc = ZP_OK;
    for (bool done = false; !done && !rc;) {
        if (check->report->stop(check->report->context))
            return ZP_CLOSED;
        rc = zp_read_begin(&check->scores->env, &check->scores_read);
        if (rc)
            return rc;
        rc = step(check, &place, &done);
        zp_read_end(&check->scores_read);
    }
    return rc;
}

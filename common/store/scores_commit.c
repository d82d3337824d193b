/*
 * scores_commit.c - one batch of results, all of its effects in one transaction: results, events, what is superseded,
 * listing entries, totals. The active worker's loop, the only writer.
 *
 *   nothing ──scored──▶ scored ──a later revision──▶ superseded
 *      │                  ▲ scored after all             ▲
 *      └─────failed──▶ failed ──a later revision─────────┘
 *   anything else: nothing happens (delivered twice)
 *
 * A result that arrives after a later revision's goes through `scored` to `superseded` at once, with both events. An
 * error aborts the transaction: no event number is used up, and the same batch may be tried again. A damaged record of
 * an earlier result is logged and left for the operator; the batch goes on.
 */
#include "base/hook.h"
#include "base/log.h"
#include "codec/event.h"
#include "store/scores_store.h"

typedef struct {
    zp_scores *store;
    MDB_txn *txn;
    int64_t now_ms;
    uint64_t seq; /* of the newest event, this transaction's included */
} work;

static void complain(const char *what, const zp_id *id)
{
    char text[ZP_ID_TEXT + 1];
    zp_id_format(id, text);
    zp_log(ZP_ERROR, what, "id=%s remedy=\"score it again from the intake store\"", text);
}

/* ---- events ---- */

zp_rc zp_scores_newest(zp_scores *self, MDB_txn *txn, uint64_t *seq)
{
    zp_log_bounds log;
    zp_rc rc = zp_log_find_bounds(self, txn, &log);
    *seq = rc ? 0 : log.last;
    return rc;
}

/* Numbers and freezes the event that says which state the status is in. */
static zp_rc announce(work *w, zp_status *status)
{
    zp_buf *packed = &w->store->packed;
    status->seq = w->seq + 1;
    zp_buf_clear(packed);
    zp_event_pack(status, w->now_ms, packed);
    if (packed->failed)
        return ZP_NOMEM;
    zp_seq_key key = zp_seq_key_of(status->seq);
    zp_str frozen = zp_buf_view(packed);
    zp_rc rc = zp_put_sealed(w->txn, w->store->events, ZP_BYTES(key), &frozen, 1, MDB_APPEND | MDB_NOOVERWRITE);
    w->seq += !rc;
    return rc;
}

/* ---- results ---- */

static zp_rc write_result(work *w, const zp_status *status, unsigned flags)
{
    zp_buf *packed = &w->store->packed;
    zp_buf_clear(packed);
    zp_status_pack(status, packed);
    if (packed->failed)
        return ZP_NOMEM;
    zp_seq_key head = zp_seq_key_of(status->seq);
    const zp_str parts[] = {ZP_BYTES(head), zp_buf_view(packed)};
    return zp_put_sealed(w->txn, w->store->results, ZP_BYTES(status->id), parts, 2, flags);
}

/*
 * An earlier result, copied out first: the page that it is in may move with the next write. Valid until the next call.
 * ZP_NOTFOUND, ZP_CORRUPT.
 */
static zp_rc read_result(work *w, const zp_id *id, zp_status *out)
{
    zp_scores *store = w->store;
    zp_str record;
    zp_rc rc = zp_get_sealed(w->txn, store->results, ZP_BYTES(*id), &record);
    if (rc)
        return rc;
    if (record.n < ZP_RESULT_HEAD)
        return ZP_CORRUPT;
    zp_buf_clear(&store->earlier);
    zp_buf_str(&store->earlier, record);
    if (store->earlier.failed)
        return ZP_NOMEM;
    zp_arena_reset(store->arena);
    *out = (zp_status){0};
    zp_str status = {store->earlier.p + ZP_RESULT_HEAD, record.n - ZP_RESULT_HEAD};
    rc = zp_status_unpack(status, store->arena, out);
    out->id = *id;
    return rc;
}

/* ---- which revision counts ---- */

typedef struct {
    uint8_t b[20];
} standing_bytes;

zp_rc zp_standing_unpack(zp_str bytes, zp_standing *out)
{
    if (bytes.n != sizeof(standing_bytes))
        return ZP_CORRUPT;
    out->revision = zp_be32(bytes.p);
    memcpy(out->id.b, bytes.p + 4, sizeof out->id.b);
    return ZP_OK;
}

static zp_rc read_standing(work *w, const zp_form_key *form, zp_standing *out)
{
    zp_str bytes;
    zp_rc rc = zp_get_sealed(w->txn, w->store->latest, ZP_BYTES(*form), &bytes);
    return rc ? rc : zp_standing_unpack(bytes, out);
}

static zp_rc write_standing(work *w, const zp_form_key *form, const zp_status *status)
{
    standing_bytes bytes;
    zp_be32_put(bytes.b, status->revision);
    memcpy(bytes.b + 4, status->id.b, sizeof status->id.b);
    zp_str value = ZP_BYTES(bytes);
    return zp_put_sealed(w->txn, w->store->latest, ZP_BYTES(*form), &value, 1, 0);
}

static bool is_later(const zp_standing *s, const zp_status *status)
{
    return s->revision != status->revision ? s->revision > status->revision : zp_id_cmp(&s->id, &status->id) > 0;
}

static zp_rc become_superseded(work *w, zp_status *status, const zp_id *by)
{
    status->state = ZP_SUPERSEDED;
    status->has_superseded_by = true;
    status->superseded_by = *by;
    return announce(w, status);
}

/* The earlier revision leaves the totals; its record and its grade stay readable. ZP_NOTFOUND: it has no result. */
static zp_rc supersede(work *w, const zp_id *id, const zp_id *by)
{
    zp_status earlier;
    zp_rc rc = read_result(w, id, &earlier);
    if (rc == ZP_CORRUPT) {
        complain("result-damaged", id);
        return ZP_OK;
    }
    if (rc || earlier.state == ZP_SUPERSEDED)
        return rc;
    zp_state before = earlier.state;
    rc = zp_totals_count(w->store, w->txn, &earlier, -1);
    if (!rc)
        rc = become_superseded(w, &earlier, by);
    if (!rc)
        rc = write_result(w, &earlier, 0);
    if (!rc)
        rc = zp_index_move_state(w->store, w->txn, id, before, ZP_SUPERSEDED);
    return rc ? rc : zp_totals_count(w->store, w->txn, &earlier, +1);
}

/* Without a standing only revision 1 can have a result; it may also come later, and then finds the standing. */
static zp_rc supersede_first(work *w, const zp_status *status)
{
    zp_rc rc = status->has_first ? supersede(w, &status->first, &status->id) : ZP_OK;
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

static zp_rc supersede_standing(work *w, const zp_standing *standing, const zp_status *status)
{
    if (zp_id_cmp(&standing->id, &status->id) == 0)
        return ZP_OK;
    zp_rc rc = supersede(w, &standing->id, &status->id);
    if (rc == ZP_NOTFOUND)
        complain("result-damaged", &standing->id);
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

/* Settles which of the form's revisions counts, now that this one has a result. */
static zp_rc settle(work *w, zp_status *status)
{
    zp_form_key form;
    zp_standing standing;
    zp_form_key_of(status->year, status->unit, status->project_name, &form);
    zp_rc rc = read_standing(w, &form, &standing);
    if (!rc && is_later(&standing, status))
        return become_superseded(w, status, &standing.id);
    if (rc == ZP_CORRUPT)
        complain("standing-damaged", &status->id);
    if (!rc)
        rc = supersede_standing(w, &standing, status);
    else if (rc == ZP_NOTFOUND || rc == ZP_CORRUPT)
        rc = supersede_first(w, status);
    return rc || status->revision == 1 ? rc : write_standing(w, &form, status);
}

/* ---- the batch ---- */

/* Whether there is something to do for it: nothing known yet, or `failed` and now scored. Forgets what was counted. */
static zp_rc make_way(work *w, const zp_status *status, bool *wanted, unsigned *flags)
{
    zp_status earlier;
    zp_rc rc = read_result(w, &status->id, &earlier);
    *wanted = rc == ZP_NOTFOUND;
    *flags = MDB_APPEND | MDB_NOOVERWRITE;
    if (rc == ZP_CORRUPT)
        complain("result-damaged", &status->id);
    if (rc == ZP_CORRUPT || rc == ZP_NOTFOUND)
        return ZP_OK;
    if (rc || earlier.state != ZP_FAILED || status->state != ZP_SCORED)
        return rc;
    *wanted = true;
    *flags = 0;
    rc = zp_totals_count(w->store, w->txn, &earlier, -1);
    return rc ? rc : zp_index_remove(w->store, w->txn, &earlier);
}

static zp_rc take(work *w, const zp_status *incoming)
{
    bool wanted;
    unsigned flags;
    zp_rc rc = make_way(w, incoming, &wanted, &flags);
    if (rc || !wanted)
        return rc;
    zp_status status = *incoming;
    status.has_superseded_by = false;
    if (status.scored_ms == 0)
        status.scored_ms = w->now_ms;
    rc = announce(w, &status);
    if (!rc)
        rc = settle(w, &status);
    if (!rc)
        rc = write_result(w, &status, flags);
    if (!rc)
        rc = zp_index_add(w->store, w->txn, &status);
    return rc ? rc : zp_totals_count(w->store, w->txn, &status, +1);
}

void zp_scores_watch(zp_scores *self, zp_scores_at *at, void *context)
{
    self->at = at;
    self->at_context = context;
}

static void say_where(const zp_scores *self, const zp_status *status)
{
    if (self->at)
        self->at(self->at_context, status);
}

zp_rc zp_scores_commit(zp_scores *self, int64_t now_ms, zp_status *const *batch, size_t count, uint64_t *last_seq)
{
    work w = {.store = self, .now_ms = now_ms};
    zp_rc rc = zp_env_begin(&self->env, &w.txn);
    if (rc)
        return rc;
    rc = zp_scores_newest(self, w.txn, &w.seq);
    for (size_t i = 0; i < count && !rc; i++) {
        say_where(self, batch[i]);
        ZP_HOOK("write", batch[i]->project_name);
        rc = take(&w, batch[i]);
    }
    say_where(self, NULL);
    ZP_HOOK("scores-written", ZP_STR(""));
    if (!rc)
        rc = zp_env_commit(&self->env, w.txn); /* from here on the results may be acknowledged */
    else
        mdb_txn_abort(w.txn);
    ZP_HOOK("scores-committed", ZP_STR(""));
    if (!rc)
        *last_seq = w.seq;
    return rc;
}

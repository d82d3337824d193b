/*
 * requeue.c - zp_intake_requeue, see copy.h.
 */
#include "store/copy.h"
#include "store/intake_store.h"
#include "store/scan.h"
#include "store/scores_store.h"

typedef struct {
    zp_intake *intake;
    zp_scores *scores;
    zp_read forms, results; /* of the slice */
    zp_pending found[ZP_SLICE];
    size_t count;
} search;

static zp_rc is_there(MDB_txn *txn, MDB_dbi dbi, zp_str key, bool *out)
{
    MDB_val k = zp_val(key), value;
    zp_rc rc = zp_env_rc(mdb_get(txn, dbi, &k, &value), "requeue");
    *out = rc == ZP_OK;
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

static zp_rc look_at(void *context, zp_str key, MDB_val value)
{
    search *s = context;
    bool pending = false, scored = false;
    (void)value;
    if (key.n != sizeof(zp_id))
        return ZP_OK;
    zp_rc rc = is_there(s->results.txn, s->scores->results, key, &scored);
    if (!rc && !scored)
        rc = is_there(s->forms.txn, s->intake->pending, key, &pending);
    if (rc || scored || pending)
        return rc;
    zp_pending *found = &s->found[s->count++];
    *found = (zp_pending){.again = true};
    memcpy(found->id.b, key.p, sizeof found->id.b);
    return ZP_OK;
}

static zp_rc look(search *s, zp_scan_place *place, bool *more)
{
    zp_rc rc = zp_read_begin(&s->intake->env, &s->forms);
    if (rc)
        return rc;
    rc = zp_read_begin(&s->scores->env, &s->results);
    if (!rc) {
        rc = zp_scan_slice(s->forms.txn, s->intake->forms, place, look_at, s, more);
        zp_read_end(&s->results);
    }
    zp_read_end(&s->forms);
    return rc;
}

zp_rc zp_intake_requeue(zp_intake *intake, zp_scores *scores, uint64_t *count)
{
    search s = {.intake = intake, .scores = scores};
    zp_scan_place place = {.begun = false};
    zp_rc rc = ZP_OK;
    *count = 0;
    for (bool more = true; more && !rc;) {
        s.count = 0;
        rc = look(&s, &place, &more);
        if (!rc && s.count)
            rc = zp_intake_commit(intake, 0, NULL, 0, NULL, 0, s.found, s.count);
        if (!rc)
            *count += s.count;
    }
    zp_read_close(&s.forms);
    zp_read_close(&s.results);
    return rc;
}

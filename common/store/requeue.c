/*
 * requeue.c - forms that have neither a result nor a place among the pending, see copy.h.
 */
#include "store/copy.h"
#include "store/intake_store.h"
#include "store/scores_store.h"

typedef struct {
    zp_intake *intake;
    zp_scores *scores;
    zp_read forms, results;
    zp_unscored *page;
} search;

static zp_rc is_there(MDB_txn *txn, MDB_dbi dbi, zp_str key, bool *out)
{
    MDB_val k = zp_val(key), value;
    zp_rc rc = zp_env_rc(mdb_get(txn, dbi, &k, &value), "unscored");
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
    if (!rc && !scored && !pending)
        memcpy(s->page->ids[s->page->count++].b, key.p, sizeof(zp_id));
    return rc;
}

zp_rc zp_intake_unscored(zp_intake *intake, zp_scores *scores, zp_unscored *page)
{
    search s = {.intake = intake, .scores = scores, .page = page};
    page->count = 0;
    zp_rc rc = zp_read_begin(&intake->env, &s.forms);
    if (!rc)
        rc = zp_read_begin(&scores->env, &s.results);
    if (!rc)
        rc = zp_scan_slice(s.forms.txn, intake->forms, &page->place, look_at, &s, &page->more);
    zp_read_close(&s.forms);
    zp_read_close(&s.results);
    return rc;
}

zp_rc zp_intake_requeue(zp_intake *intake, zp_scores *scores, uint64_t *count)
{
    zp_unscored page = {.more = true};
    zp_pending again[ZP_SLICE];
    zp_rc rc = ZP_OK;
    *count = 0;
    while (page.more && !rc) {
        rc = zp_intake_unscored(intake, scores, &page);
        for (size_t i = 0; i < page.count; i++)
            again[i] = (zp_pending){.id = page.ids[i], .again = true};
        if (!rc && page.count)
            rc = zp_intake_commit(intake, 0, NULL, 0, NULL, 0, again, page.count);
        if (!rc)
            *count += page.count;
    }
    return rc;
}

/*
 * scores_index.c - the entries by which results are listed: [kind][8-byte value][id] → nothing. The worker's loop,
 * within a commit's transaction; an error aborts that transaction.
 *
 * Values are year numbers or hashes of stable names, never enum values: a code that gets another number in a
 * later version still finds its old entries.
 */
#include "store/scores_store.h"

#include <xxhash.h>

zp_index_key zp_index_by_number(zp_index_kind kind, uint64_t value)
{
    zp_index_key key = {{(uint8_t)kind}};
    zp_be64_put(key.b + 1, value);
    return key;
}

zp_index_key zp_index_by_name(zp_index_kind kind, zp_str name)
{
    return zp_index_by_number(kind, XXH3_64bits(name.p ? name.p : "", name.n));
}

zp_str zp_outcome_name(bool discrepant)
{
    return discrepant ? ZP_STR("discrepant") : ZP_STR("consistent");
}

static zp_index_key by_state(zp_state state)
{
    return zp_index_by_name(ZP_BY_STATE, zp_str_of(zp_state_name(state)));
}

/* ---- which entries a status has ---- */

typedef struct {
    zp_index_visit visit;
    void *context;
} visitor;

static zp_rc show(const visitor *v, zp_index_key key, const zp_id *id)
{
    memcpy(key.b + ZP_INDEX_PREFIX, id->b, sizeof id->b);
    return v->visit(v->context, &key);
}

/* A code counts once, on however many lines it stands. */
static zp_rc show_flags(const visitor *v, const zp_status *status)
{
    bool seen[ZP_FLAG_CODES] = {false};
    zp_rc rc = ZP_OK;
    for (size_t i = 0; i < status->result.flag_count && !rc; i++) {
        zp_flag_code code = status->result.flags[i].code;
        if (seen[code])
            continue;
        seen[code] = true;
        rc = show(v, zp_index_by_name(ZP_BY_FLAG, zp_str_of(zp_flag_name(code))), &status->id);
    }
    return rc;
}

zp_rc zp_index_each(const zp_status *status, zp_index_visit visit, void *context)
{
    const visitor v = {visit, context};
    const zp_id *id = &status->id;
    zp_rc rc = show(&v, zp_index_by_number(ZP_BY_YEAR, (uint64_t)status->year), id);
    if (!rc)
        rc = show(&v, zp_index_by_name(ZP_BY_UNIT, status->unit), id);
    if (!rc)
        rc = show(&v, by_state(status->state), id);
    if (rc || !status->has_result)
        return rc;
    rc = show(&v, zp_index_by_name(ZP_BY_OUTCOME, zp_outcome_name(status->result.discrepant)), id);
    if (!rc && status->result.grade < ZP_GRADES)
        rc = show(&v, zp_index_by_name(ZP_BY_GRADE, zp_str_of(zp_grade_name(status->result.grade))), id);
    return rc ? rc : show_flags(&v, status);
}

/* ---- writing them ---- */

typedef struct {
    MDB_txn *txn;
    MDB_dbi index;
} change;

static zp_rc add(void *context, const zp_index_key *key)
{
    const change *c = context;
    MDB_val k = zp_val(ZP_BYTES(*key)), nothing = {0, NULL};
    return zp_env_rc(mdb_put(c->txn, c->index, &k, &nothing, 0), "index");
}

static zp_rc take_out(void *context, const zp_index_key *key)
{
    const change *c = context;
    MDB_val k = zp_val(ZP_BYTES(*key));
    zp_rc rc = zp_env_rc(mdb_del(c->txn, c->index, &k, NULL), "index");
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

zp_rc zp_index_add(zp_scores *self, MDB_txn *txn, const zp_status *status)
{
    return zp_index_each(status, add, &(change){txn, self->index});
}

zp_rc zp_index_remove(zp_scores *self, MDB_txn *txn, const zp_status *status)
{
    return zp_index_each(status, take_out, &(change){txn, self->index});
}

zp_rc zp_index_move_state(zp_scores *self, MDB_txn *txn, const zp_id *id, zp_state from, zp_state to)
{
    change c = {txn, self->index};
    zp_rc rc = show(&(visitor){take_out, &c}, by_state(from), id);
    return rc ? rc : show(&(visitor){add, &c}, by_state(to), id);
}

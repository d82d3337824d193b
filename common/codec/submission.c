/*
 * submission.c - see submission.h. Both layouts are arrays of fixed order. A field that earlier releases may ignore is
 * added at the end; any other change takes a new schema number.
 *
 * form: [schema, year, project_name, department, unit, unit_code, money_unit, [4 × [6 cells]], goal_expected,
 * goal_actual, [n × [8 cells]], total_weight, declared_total, declared_grade, profile], every cell a str or nil
 */
#include "codec/submission.h"

#include "codec/mp.h"

enum {
    FORM_SCHEMA = 1,
    FORM_FIELDS = 15,
    FUNDS_CELLS = 6,
    INDICATOR_CELLS = 8,
    SUBMISSION_SCHEMA = 2,
    SUBMISSION_FIELDS = 10
};

void zp_form_pack(const zp_form *form, zp_buf *out)
{
    msgpack_packer p;
    zp_mp_packer(&p, out);
    msgpack_pack_array(&p, FORM_FIELDS);
    msgpack_pack_uint8(&p, FORM_SCHEMA);
    zp_mp_put_str(&p, form->year);
#define X(name, cell) zp_mp_put_str(&p, form->cell);
    ZP_FORM_HEADER(X)
#undef X
    msgpack_pack_array(&p, ZP_FUNDS_ROWS);
    for (size_t i = 0; i < ZP_FUNDS_ROWS; i++) {
        msgpack_pack_array(&p, FUNDS_CELLS);
#define X(name, cell) zp_mp_put_str(&p, form->funds[i].cell);
        ZP_FUNDS_CELLS(X)
#undef X
    }
#define X(name, cell) zp_mp_put_str(&p, form->cell);
    ZP_GOAL_CELLS(X)
#undef X
    msgpack_pack_array(&p, form->indicator_count);
    for (size_t i = 0; i < form->indicator_count; i++) {
        msgpack_pack_array(&p, INDICATOR_CELLS);
#define X(name, cell) zp_mp_put_str(&p, form->indicators[i].cell);
        ZP_INDICATOR_CELLS(X)
#undef X
    }
#define X(name, cell) zp_mp_put_str(&p, form->cell);
    ZP_FORM_TRAILER(X)
#undef X
}

static zp_rc unpack_indicators(zp_mp *m, zp_arena *arena, zp_form *out)
{
    out->indicator_count = zp_mp_array(m);
    if (m->bad || out->indicator_count > ZP_MAX_INDICATORS)
        return ZP_CORRUPT;
    out->indicators = zp_arena_alloc(arena, (out->indicator_count + 1) * sizeof *out->indicators);
    if (!out->indicators)
        return ZP_NOMEM;
    for (size_t i = 0; i < out->indicator_count; i++) {
        m->bad |= zp_mp_array(m) != INDICATOR_CELLS;
#define X(name, cell) out->indicators[i].cell = zp_mp_str(m);
        ZP_INDICATOR_CELLS(X)
#undef X
    }
    return ZP_OK;
}

/* Returns what zp_mp_record does. */
static uint32_t unpack_header(zp_mp *m, zp_form *out)
{
    uint32_t beyond = zp_mp_record(m, FORM_SCHEMA, FORM_FIELDS);
    if (m->bad)
        return beyond;
    out->year = zp_mp_str(m);
#define X(name, cell) out->cell = zp_mp_str(m);
    ZP_FORM_HEADER(X)
#undef X
    return beyond;
}

zp_rc zp_form_unpack_header(zp_str bytes, zp_form *out)
{
    zp_mp m = zp_mp_of(bytes);
    (void)unpack_header(&m, out);
    return m.bad ? ZP_CORRUPT : ZP_OK;
}

zp_rc zp_form_unpack(zp_str bytes, zp_arena *arena, zp_form *out)
{
    zp_mp m = zp_mp_of(bytes);
    uint32_t beyond = unpack_header(&m, out);
    if (m.bad)
        return ZP_CORRUPT;
    out->row_numbers = NULL;
    m.bad |= zp_mp_array(&m) != ZP_FUNDS_ROWS;
    for (size_t i = 0; i < ZP_FUNDS_ROWS; i++) {
        m.bad |= zp_mp_array(&m) != FUNDS_CELLS;
#define X(name, cell) out->funds[i].cell = zp_mp_str(&m);
        ZP_FUNDS_CELLS(X)
#undef X
    }
#define X(name, cell) out->cell = zp_mp_str(&m);
    ZP_GOAL_CELLS(X)
#undef X
    zp_rc rc = unpack_indicators(&m, arena, out);
    if (rc)
        return rc;
#define X(name, cell) out->cell = zp_mp_str(&m);
    ZP_FORM_TRAILER(X)
#undef X
    return zp_mp_record_end(&m, beyond) ? ZP_OK : ZP_CORRUPT;
}

static void put_id(msgpack_packer *p, bool has, const zp_id *id)
{
    if (has)
        zp_mp_put_bin(p, id->b, sizeof id->b);
    else
        msgpack_pack_nil(p);
}

static bool get_id(zp_mp *m, zp_id *id)
{
    if (zp_mp_nil(m))
        return false;
    zp_mp_fixed(m, id->b, sizeof id->b);
    return true;
}

void zp_submission_pack(const zp_submission *submission, zp_buf *out)
{
    msgpack_packer p;
    zp_mp_packer(&p, out);
    msgpack_pack_array(&p, SUBMISSION_FIELDS);
    msgpack_pack_uint8(&p, SUBMISSION_SCHEMA);
    msgpack_pack_int64(&p, submission->received_ms);
    msgpack_pack_uint32(&p, submission->revision);
    put_id(&p, submission->has_replaces, &submission->first);
    put_id(&p, submission->has_replaces, &submission->replaces);
    put_id(&p, submission->has_copied_from, &submission->copied_from);
    zp_mp_put_str(&p, submission->submitter);
    zp_mp_put_str(&p, submission->idempotency_key);
    zp_mp_put_bin(&p, submission->digest.b, sizeof submission->digest.b);
    zp_mp_put_bin(&p, submission->form.p, submission->form.n);
}

zp_rc zp_submission_unpack(zp_str bytes, zp_submission *out)
{
    zp_mp m = zp_mp_of(bytes);
    uint32_t beyond = zp_mp_record(&m, SUBMISSION_SCHEMA, SUBMISSION_FIELDS);
    if (m.bad)
        return ZP_CORRUPT;
    *out = (zp_submission){.received_ms = zp_mp_int(&m)};
    uint64_t revision = zp_mp_uint(&m);
    out->revision = (uint32_t)revision;
    m.bad |= revision < 1 || revision > UINT32_MAX;
    bool has_first = get_id(&m, &out->first);
    out->has_replaces = get_id(&m, &out->replaces);
    m.bad |= has_first != out->has_replaces;
    out->has_copied_from = get_id(&m, &out->copied_from);
    out->submitter = zp_mp_str(&m);
    out->idempotency_key = zp_mp_str(&m);
    zp_mp_fixed(&m, out->digest.b, sizeof out->digest.b);
    out->form = zp_mp_bin(&m);
    return zp_mp_record_end(&m, beyond) && out->submitter.p && out->form.p ? ZP_OK : ZP_CORRUPT;
}

/*
 * status_record.c - the record of a status in the scores store (status.h), MessagePack. Pure; any thread.
 *
 * status: [schema, seq, state, year, project_name, unit, unit_code, department, revision, superseded_by | nil,
 *          received_ms, scored_ms, submitter, idempotency_key, digest, failure, result | nil]
 * result: [profile_name, profile_version, profile_hash, engine, declared_total, computed_total, confirmed_total, grade,
 *          declared_grade, machine_verified, execution, [line…], [flag…], discrepant]
 * execution: [rate, declared, computed, confirmed, formula, why]
 * line:   [name, weight, declared, computed, confirmed, basis, formula, why, figure]
 * flag:   [code, severity, pointer, value, expected]
 *
 * Totals are cents or nil. States, grades, bases, severities and flags are stored by name, which outlives the order of
 * an enum; nil is "no grade". Messages are not stored: they are rendered from the flag when it is read. A field that
 * earlier releases may ignore is added at the end of the status; any other change takes a new schema number.
 */
#include "codec/status.h"

#include "codec/mp.h"

enum {
    SCHEMA = 1,
    STATUS_FIELDS = 17,
    RESULT_FIELDS = 14,
    EXECUTION_FIELDS = 6,
    LINE_FIELDS = 9,
    FLAG_FIELDS = 5,
    MAX_YEAR = 9999
};

/* ---- packing ---- */

static void put_cents(msgpack_packer *p, int64_t cents)
{
    if (cents == ZP_NO_CENTS)
        msgpack_pack_nil(p);
    else
        msgpack_pack_int64(p, cents);
}

static void put_grade(msgpack_packer *p, zp_grade grade)
{
    if (grade == ZP_GRADE_NONE)
        msgpack_pack_nil(p);
    else
        zp_mp_put_c(p, zp_grade_name(grade));
}

static void put_line(msgpack_packer *p, const zp_line *line)
{
    msgpack_pack_array(p, LINE_FIELDS);
    zp_mp_put_str(p, line->name);
    zp_mp_put_str(p, line->weight);
    zp_mp_put_str(p, line->declared);
    put_cents(p, line->computed);
    put_cents(p, line->confirmed);
    zp_mp_put_c(p, zp_basis_name(line->basis));
    zp_mp_put_str(p, line->formula);
    msgpack_pack_uint32(p, line->why);
    zp_mp_put_str(p, line->figure);
}

static void put_flag(msgpack_packer *p, const zp_flag *flag)
{
    msgpack_pack_array(p, FLAG_FIELDS);
    zp_mp_put_c(p, zp_flag_name(flag->code));
    zp_mp_put_c(p, zp_severity_name(flag->severity));
    zp_mp_put_str(p, flag->pointer);
    zp_mp_put_str(p, flag->value);
    zp_mp_put_str(p, flag->expected);
}

static void put_bool(msgpack_packer *p, bool value)
{
    if (value)
        msgpack_pack_true(p);
    else
        msgpack_pack_false(p);
}

static void put_result(msgpack_packer *p, const zp_result *result)
{
    msgpack_pack_array(p, RESULT_FIELDS);
    zp_mp_put_str(p, result->profile_name);
    zp_mp_put_str(p, result->profile_version);
    zp_mp_put_str(p, result->profile_hash);
    zp_mp_put_str(p, result->engine);
    put_cents(p, result->declared_total);
    put_cents(p, result->computed_total);
    put_cents(p, result->confirmed_total);
    put_grade(p, result->grade);
    put_grade(p, result->declared_grade);
    msgpack_pack_int64(p, result->machine_verified);
    msgpack_pack_array(p, EXECUTION_FIELDS);
    zp_mp_put_str(p, result->execution.rate);
    zp_mp_put_str(p, result->execution.declared);
    put_cents(p, result->execution.computed);
    put_cents(p, result->execution.confirmed);
    zp_mp_put_str(p, result->execution.formula);
    msgpack_pack_uint32(p, result->execution.why);
    msgpack_pack_array(p, result->line_count);
    for (size_t i = 0; i < result->line_count; i++)
        put_line(p, &result->lines[i]);
    msgpack_pack_array(p, result->flag_count);
    for (size_t i = 0; i < result->flag_count; i++)
        put_flag(p, &result->flags[i]);
    put_bool(p, result->discrepant);
}

void zp_status_pack(const zp_status *status, zp_buf *out)
{
    msgpack_packer p;
    zp_mp_packer(&p, out);
    msgpack_pack_array(&p, STATUS_FIELDS);
    msgpack_pack_uint8(&p, SCHEMA);
    msgpack_pack_uint64(&p, status->seq);
    zp_mp_put_c(&p, zp_state_name(status->state));
    msgpack_pack_int(&p, status->year);
    zp_mp_put_str(&p, status->project_name);
    zp_mp_put_str(&p, status->unit);
    zp_mp_put_str(&p, status->unit_code);
    zp_mp_put_str(&p, status->department);
    msgpack_pack_uint32(&p, status->revision);
    if (status->has_superseded_by)
        zp_mp_put_bin(&p, status->superseded_by.b, sizeof status->superseded_by.b);
    else
        msgpack_pack_nil(&p);
    msgpack_pack_int64(&p, status->received_ms);
    msgpack_pack_int64(&p, status->scored_ms);
    zp_mp_put_str(&p, status->submitter);
    zp_mp_put_str(&p, status->idempotency_key);
    zp_mp_put_bin(&p, status->digest.b, sizeof status->digest.b);
    zp_mp_put_str(&p, status->failure);
    if (status->has_result)
        put_result(&p, &status->result);
    else
        msgpack_pack_nil(&p);
}

/* ---- unpacking ---- */

static int64_t get_cents(zp_mp *m)
{
    return zp_mp_nil(m) ? ZP_NO_CENTS : zp_mp_int(m);
}

static zp_grade get_grade(zp_mp *m)
{
    zp_str name = zp_mp_str(m);
    zp_grade grade = zp_grade_by_name(name);
    m->bad |= name.p && grade == ZP_GRADE_NONE;
    return grade;
}

static unsigned get_why(zp_mp *m)
{
    uint64_t why = zp_mp_uint(m);
    m->bad |= why >= 1u << ZP_WHY_BITS;
    return (unsigned)why;
}

static void get_line(zp_mp *m, zp_line *line)
{
    m->bad |= zp_mp_array(m) != LINE_FIELDS;
    line->name = zp_mp_str(m);
    line->weight = zp_mp_str(m);
    line->declared = zp_mp_str(m);
    line->computed = get_cents(m);
    line->confirmed = get_cents(m);
    m->bad |= zp_basis_by_name(zp_mp_str(m), &line->basis) != ZP_OK;
    line->formula = zp_mp_str(m);
    line->why = get_why(m);
    line->figure = zp_mp_str(m);
}

static bool severity_by_name(zp_str name, zp_severity *out)
{
    for (zp_severity severity = ZP_SEV_ERROR; severity <= ZP_SEV_INFO; severity++)
        if (zp_str_is(name, zp_severity_name(severity))) {
            *out = severity;
            return true;
        }
    return false;
}

static void get_flag(zp_mp *m, zp_flag *flag)
{
    m->bad |= zp_mp_array(m) != FLAG_FIELDS;
    m->bad |= zp_flag_by_name(zp_mp_str(m), &flag->code) != ZP_OK;
    m->bad |= !severity_by_name(zp_mp_str(m), &flag->severity);
    flag->pointer = zp_mp_str(m);
    flag->value = zp_mp_str(m);
    flag->expected = zp_mp_str(m);
}

/* How many elements the next array has, each of `least` bytes at least: nobody allocates for what cannot be there. */
static size_t get_count(zp_mp *m, size_t least)
{
    size_t n = zp_mp_array(m);
    m->bad |= n > (size_t)(m->end - m->p) / least;
    return m->bad ? 0 : n;
}

static zp_rc get_lines(zp_mp *m, zp_arena *arena, zp_result *out)
{
    out->line_count = get_count(m, LINE_FIELDS + 1);
    out->lines = zp_arena_calloc(arena, out->line_count + 1, sizeof *out->lines);
    if (!out->lines)
        return ZP_NOMEM;
    for (size_t i = 0; i < out->line_count && !m->bad; i++)
        get_line(m, &out->lines[i]);
    return ZP_OK;
}

static zp_rc get_flags(zp_mp *m, zp_arena *arena, zp_result *out)
{
    out->flag_count = get_count(m, FLAG_FIELDS + 1);
    out->flags = zp_arena_calloc(arena, out->flag_count + 1, sizeof *out->flags);
    if (!out->flags)
        return ZP_NOMEM;
    for (size_t i = 0; i < out->flag_count && !m->bad; i++)
        get_flag(m, &out->flags[i]);
    return ZP_OK;
}

static zp_rc get_result(zp_mp *m, zp_arena *arena, zp_result *out)
{
    m->bad |= zp_mp_array(m) != RESULT_FIELDS;
    out->profile_name = zp_mp_str(m);
    out->profile_version = zp_mp_str(m);
    out->profile_hash = zp_mp_str(m);
    out->engine = zp_mp_str(m);
    out->declared_total = get_cents(m);
    out->computed_total = get_cents(m);
    out->confirmed_total = get_cents(m);
    out->grade = get_grade(m);
    out->declared_grade = get_grade(m);
    out->machine_verified = zp_mp_int(m);
    m->bad |= zp_mp_array(m) != EXECUTION_FIELDS;
    out->execution.rate = zp_mp_str(m);
    out->execution.declared = zp_mp_str(m);
    out->execution.computed = get_cents(m);
    out->execution.confirmed = get_cents(m);
    out->execution.formula = zp_mp_str(m);
    out->execution.why = get_why(m);
    zp_rc rc = get_lines(m, arena, out);
    if (rc == ZP_OK)
        rc = get_flags(m, arena, out);
    out->discrepant = zp_mp_bool(m);
    return rc;
}

zp_rc zp_status_unpack(zp_str bytes, zp_arena *arena, zp_status *out)
{
    zp_mp m = zp_mp_of(bytes);
    zp_rc rc = ZP_OK;
    *out = (zp_status){0};
    uint32_t beyond = zp_mp_record(&m, SCHEMA, STATUS_FIELDS);
    out->seq = zp_mp_uint(&m);
    m.bad |= zp_state_by_name(zp_mp_str(&m), &out->state) != ZP_OK;
    uint64_t year = zp_mp_uint(&m);
    out->project_name = zp_mp_str(&m);
    out->unit = zp_mp_str(&m);
    out->unit_code = zp_mp_str(&m);
    out->department = zp_mp_str(&m);
    uint64_t revision = zp_mp_uint(&m);
    out->has_superseded_by = !zp_mp_nil(&m);
    if (out->has_superseded_by)
        zp_mp_fixed(&m, out->superseded_by.b, sizeof out->superseded_by.b);
    out->received_ms = zp_mp_int(&m);
    out->scored_ms = zp_mp_int(&m);
    out->submitter = zp_mp_str(&m);
    out->idempotency_key = zp_mp_str(&m);
    zp_mp_fixed(&m, out->digest.b, sizeof out->digest.b);
    out->failure = zp_mp_str(&m);
    m.bad |= year > MAX_YEAR || revision < 1 || revision > UINT32_MAX;
    out->year = (int)year;
    out->revision = (uint32_t)revision;
    out->has_result = !zp_mp_nil(&m);
    if (out->has_result && !m.bad)
        rc = get_result(&m, arena, &out->result);
    if (rc)
        return rc;
    return zp_mp_record_end(&m, beyond) ? ZP_OK : ZP_CORRUPT;
}

/*
 * status_kit.h - statuses for the codec's tests: a real form, scored, and one that holds every case a record can.
 */
#ifndef ZP_TESTS_STATUS_KIT_H
#define ZP_TESTS_STATUS_KIT_H

#include "codec/status.h"
#include "codec_kit.h"
#include "core/score.h"
#include "profile_kit.h"

static const int64_t kit_received_ms = 1646122530123; /* 2022-03-01T08:15:30.123Z */

static inline zp_id kit_id(uint8_t last)
{
    zp_id id = {{0x01, 0x95, 0xf2, 0xd4, 0x7c, 0x1a, 0x7b, 0x3e, 0x8f, 0, 0x12, 0x34, 0x56, 0x78, 0x90, last}};
    return id;
}

static inline zp_status kit_queued(const zp_form *form)
{
    zp_status s = {.id = kit_id(1),
                   .state = ZP_QUEUED,
                   .year = zp_form_year(form),
                   .project_name = form->project_name,
                   .unit = form->unit,
                   .unit_code = form->unit_code,
                   .department = form->department,
                   .revision = 1,
                   .received_ms = kit_received_ms,
                   .submitter = ZP_STR("unit-1"),
                   .idempotency_key = ZP_STR("k-1")};
    zp_digest_of(ZP_STR("form"), &s.digest);
    return s;
}

/* Views are in the reading. */
static inline zp_status kit_scored(reading *r)
{
    zp_status s = kit_queued(&r->form);
    s.state = ZP_SCORED;
    s.seq = 42;
    s.scored_ms = kit_received_ms + 12;
    s.has_result = true;
    assert_int_equal(zp_score(&r->form, &kit_profile, r->arena, &s.result), ZP_OK);
    return s;
}

/* Every flag, basis and explanation; what may be absent or unknown is so at least once. */
static inline zp_status kit_everything(reading *r)
{
    zp_status s = kit_scored(r);
    zp_result *result = &s.result;
    s.state = ZP_SUPERSEDED;
    s.unit_code = ZP_STR("310000");
    s.has_superseded_by = true;
    s.superseded_by = kit_id(2);
    s.revision = UINT32_MAX;
    s.seq = UINT64_MAX;
    result->declared_total = ZP_NO_CENTS;
    result->computed_total = -5;
    result->grade = ZP_GRADE_NONE;
    result->execution.why = ZP_WHY_ROUND0;
    result->flags = zp_arena_calloc(r->arena, ZP_FLAG_CODES, sizeof *result->flags);
    assert_non_null(result->flags);
    result->flag_count = ZP_FLAG_CODES;
    for (zp_flag_code code = 0; code < ZP_FLAG_CODES; code++)
        result->flags[code] = (zp_flag){.code = code,
                                        .severity = (zp_severity)(code % 3),
                                        .pointer = ZP_STR("/indicators/0/score"),
                                        .value = code % 2 ? ZP_STR("“7\"6”\n") : ZP_ABSENT,
                                        .expected = code % 4 ? ZP_STR("9.61") : ZP_ABSENT};
    for (size_t i = 0; i < result->line_count; i++) {
        result->lines[i].basis = (zp_basis)(i % ZP_BASES);
        result->lines[i].why = 1u << i % ZP_WHY_BITS;
        result->lines[i].figure = i % ZP_WHY_BITS ? ZP_ABSENT : ZP_STR("76.89%");
    }
    result->lines[0].computed = ZP_NO_CENTS;
    result->lines[0].name = ZP_ABSENT;
    return s;
}

#endif

/*
 * profile_kit.h - the ministry's rules of 2020 for tests that read no profile file.
 */
#ifndef ZP_TESTS_PROFILE_KIT_H
#define ZP_TESTS_PROFILE_KIT_H

#include "core/decimal.h"
#include "core/profile.h"

static const zp_profile kit_profile = {
    .name = "mof-2020",
    .version = "1",
    .hash = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    .year_first = 2000,
    .year_last = 2099,
    .grade_floor_cents = {9000, 8000, 6000, 0},
    .execution_weight = 10 * ZP_POINT,
    .band_floor = {800000, 600000, 0},
    .over_threshold = 1300000,
    .over_reason_severity = ZP_SEV_WARNING,
    .deviation_severity = ZP_SEV_WARNING,
};

#endif

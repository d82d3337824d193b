/*
 * profile.h - a rule profile: the scoring rules of a jurisdiction, as data.
 *
 * There is no single official formula, so what differs between ministries,
 * provinces and platforms is a setting here and never an `if` in the scorer.
 * Loaded from YAML by codec/profile_yaml; the struct itself is plain values, immutable
 * after loading, shared by all threads. Fractions are exact: millionths of one.
 */
#ifndef ZP_CORE_PROFILE_H
#define ZP_CORE_PROFILE_H

#include "base/str.h"
#include "core/flag.h"

typedef enum {
    ZP_GRADE_EXCELLENT,
    ZP_GRADE_GOOD,
    ZP_GRADE_FAIR,
    ZP_GRADE_POOR,
    ZP_GRADES,
    ZP_GRADE_NONE = ZP_GRADES
} zp_grade;

/* "优" "良" "中" "差"; "" for none. */
const char *zp_grade_name(zp_grade grade);
/* By its Chinese name; ZP_GRADE_NONE when it is none of the four. */
zp_grade zp_grade_by_name(zp_str name);

typedef enum { ZP_REVERSE_RATIO, ZP_REVERSE_LINEAR } zp_reverse_rule;

typedef struct {
    int64_t below_rate; /* execution rate below this, in millionths ... */
    int64_t cap_cents;  /* ... caps the total at this */
} zp_rate_cap;

enum { ZP_MAX_RATE_CAPS = 8, ZP_MAX_LEVEL1 = 8, ZP_MAX_PROFILES = 16 };

typedef struct {
    char name[64];    /* "mof-2020" */
    char version[16]; /* "1" */
    char hash[65];    /* SHA-256 of the file's bytes, lower-case hex */
    int year_first, year_last;
    int64_t grade_floor_cents[ZP_GRADES]; /* closed lower ends: 90.00, 80.00, 60.00, 0 */
    int64_t execution_weight;             /* points × 10^6 */
    zp_reverse_rule reverse;
    int64_t band_floor[3];  /* qualitative: lower end of bands 1..3, millionths of the weight: 0.8, 0.6, 0; band 1's top
                               is 1 */
    int64_t over_threshold; /* actual ÷ target from which over-achievement is flagged, millionths: 1.30 */
    int64_t over_deduction_cents; /* taken off an over-achieved line; 0 = none */
    zp_severity over_reason_severity;
    zp_severity deviation_severity; /* DEVIATION_MISSING */
    size_t rate_cap_count;
    zp_rate_cap rate_caps[ZP_MAX_RATE_CAPS]; /* in rising order of below_rate */
    size_t level1_count;
    struct {
        char name[64];  /* begins a level-1 name: "产出" */
        int64_t weight; /* standard points × 10^6 */
    } level1[ZP_MAX_LEVEL1];
} zp_profile;

/* The profiles that a service scores by, in the order of its settings; at least one. */
typedef struct {
    size_t count;
    zp_profile items[ZP_MAX_PROFILES];
} zp_profiles;

/*
 * The one of that name, blanks around it left aside; where no name is given (an empty cell), the first whose years
 * cover `year`. NULL when there is none, or when the named one does not cover the year.
 */
const zp_profile *zp_profiles_choose(const zp_profiles *self, zp_str name, int year);

#endif

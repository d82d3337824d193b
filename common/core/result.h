/*
 * result.h - what scoring gives: plain values, all views in the caller's arena or the form's buffer.
 *
 * Three scores side by side, each in cents (hundredths of a point): declared (what the
 * unit wrote), computed (what the rules give), confirmed (the lower of the two; it stands).
 */
#ifndef ZP_CORE_RESULT_H
#define ZP_CORE_RESULT_H

#include "core/flag.h"
#include "core/profile.h"

#define ZP_ENGINE_VERSION "1"       /* raised whenever the same form and profile would give another result */
#define ZP_NO_CENTS       INT64_MIN /* a score that cannot be known: null in JSON, nil in MessagePack */

typedef enum { ZP_BASIS_FORMULA, ZP_BASIS_QUALITATIVE, ZP_BASIS_UNVERIFIABLE, ZP_BASIS_UNWEIGHTED, ZP_BASES } zp_basis;
const char *zp_basis_name(zp_basis basis); /* "formula" … */
zp_rc zp_basis_by_name(zp_str name, zp_basis *out);

/* Why a declared score may differ; bits, in the order in which they are listed. */
typedef enum {
    ZP_WHY_ACTUAL_X_WEIGHT = 1 << 0,
    ZP_WHY_ROUND1 = 1 << 1,
    ZP_WHY_ROUND0 = 1 << 2,
    ZP_WHY_TRUNC1 = 1 << 3,
    ZP_WHY_TRUNC0 = 1 << 4,
} zp_why;
enum { ZP_WHY_BITS = 5 };
const char *zp_why_name(zp_why bit); /* "ACTUAL_X_WEIGHT" … */

typedef struct {
    zp_str name;                 /* level 3 */
    zp_str weight;               /* as declared */
    zp_str declared;             /* score as declared */
    int64_t computed, confirmed; /* cents or ZP_NO_CENTS */
    zp_basis basis;
    zp_str formula; /* "76.89 ÷ 80 × 10"; "99.92 ≥ 98 → 10"; absent unless basis is formula */
    unsigned why;   /* zp_why bits */
    zp_str percent; /* the actual value, "76.89%", where the declared score looks like it × the weight; else absent */
} zp_line;

typedef struct {
    zp_str profile_name, profile_version, profile_hash, engine;
    int64_t declared_total, computed_total, confirmed_total;
    zp_grade grade;           /* from confirmed_total */
    zp_grade declared_grade;  /* as declared; from declared_total when not written; ZP_GRADE_NONE when neither */
    int64_t machine_verified; /* points × 10^6 that rest on arithmetic; execution counts when it could be computed */
    struct {
        zp_str rate;     /* "100.00%", computed, half-up; absent when the budget is zero or unreadable */
        zp_str declared; /* score as declared */
        int64_t computed, confirmed;
        zp_str formula;
        unsigned why;
    } execution;
    zp_line *lines; /* one an indicator, in order */
    size_t line_count;
    zp_flag *flags;
    size_t flag_count;
    bool discrepant; /* a SCORE warning stands */
} zp_result;

#endif

/*
 * result.h - what scoring gives: plain values, all views in the caller's arena or the form's buffer.
 *
 * Three scores side by side, each in cents (hundredths of a point): declared (what the
 * unit wrote), computed (what the rules give), confirmed (the lower of the two; it stands). The confirmed total is the
 * sum of what is confirmed, and never above the declared total.
 *
 * Cents are what is shown. What is added up is exact: a weight or a declared score may have up to six decimals, and
 * they count in full. So a line that is met earns its weight to the last decimal; one that is not is rounded once,
 * half-up to hundredths, though never above its weight; and the confirmed score is exactly what was declared where
 * that is the lower one. Whatever has more than two decimals is cut where it is shown: a line, and the total, once,
 * behind the sum. Rounding half-up there would show 16 met lines of 5.625 as 5.63 each and 100.08 in all, and lift 18
 * declared scores of 4.445 over the limit of a grade. Cut, nothing is shown above its weight, its claim or 100, and a
 * grade is given only where its limit is reached.
 */
#ifndef ZP_CORE_RESULT_H
#define ZP_CORE_RESULT_H

#include "core/flag.h"
#include "core/profile.h"

#define ZP_ENGINE_VERSION "3"       /* raised whenever the same form and profile would give another result */
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
    /*
     * What the sentence about the line names besides: the actual value, "76.89%", where the declared score looks like
     * it × the weight; the unrounded score, "9.996", where the declared one is that shortened; a qualitative line's
     * band, "8.00–10.00", where the declared score was kept in it. Absent otherwise.
     */
    zp_str figure;
} zp_line;

typedef struct {
    zp_str profile_name, profile_version, profile_hash, engine;
    int64_t declared_total, computed_total, confirmed_total;
    zp_grade grade;           /* from confirmed_total */
    zp_grade declared_grade;  /* as declared; from declared_total when not written; ZP_GRADE_NONE when neither */
    int64_t machine_verified; /* points × 10^6 that rest on arithmetic; execution counts when it could be computed,
                               and when there was nothing to spend */
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

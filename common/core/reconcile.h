/*
 * reconcile.h - the declared score against the computed one: agrees, rounded, too high, too low, and why.
 */
#ifndef ZP_CORE_RECONCILE_H
#define ZP_CORE_RECONCILE_H

#include "core/line.h"

/* How a declared score and the computed one stand to each other. */
typedef enum { ZP_AGREES, ZP_ROUNDED, ZP_TOO_HIGH, ZP_TOO_LOW } zp_verdict;

/* What the declared score is held against. */
typedef struct {
    zp_str text; /* as declared */
    const zp_number *score;
    int64_t weight; /* points × 10^6 */
    const zp_line_score *computed;
} zp_claim;

typedef struct {
    zp_verdict verdict;
    unsigned why;      /* the zp_why bits of the explanation that fits, 0 when none does or none is needed */
    int64_t unrounded; /* in thousandths of a point, cut: what was shortened, where `why` says so; else 0 */
} zp_finding;

/*
 * |d| ≤ 0.01 agrees; |d| ≤ 0.05 and the declared score is the computed one rounded to the decimals shown: rounded.
 */
zp_finding zp_reconcile(const zp_claim *claim);

#endif

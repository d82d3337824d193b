/*
 * funds.h - the budget execution part: its score, and the checks over the money rows.
 */
#ifndef ZP_CORE_FUNDS_H
#define ZP_CORE_FUNDS_H

#include "core/line.h"

typedef struct {
    zp_line_score score;
    bool has_rate;
    zp_share rate;    /* executed ÷ annual budget, uncapped */
    zp_str rate_text; /* "91.66%", half-up */
} zp_execution;

/* The rate in percent, for one that lies below the limit (in millionths of one): half-up to two decimals; where that
 * would not lie below it, cut to four, which always does. */
zp_str zp_rate_below(zp_share rate, int64_t limit, zp_arena *arena);

/* Scores the total row, adds the funds flags. ZP_NOMEM. */
zp_rc zp_execution_compute(const zp_form *form, const zp_declared *declared, zp_arena *arena, zp_flags *flags,
                           zp_execution *out);

#endif

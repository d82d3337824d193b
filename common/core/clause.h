/*
 * clause.h - one clause of a target held against one of the actual value: the share of the weight that it earns, and
 * the sum that says so.
 */
#ifndef ZP_CORE_CLAUSE_H
#define ZP_CORE_CLAUSE_H

#include "core/line.h"

typedef struct {
    zp_share share;
    zp_op op;
    zp_quantity target, actual;
    int order;     /* of the actual value: -1 below the target, 1 above it; of a range likewise, 0 inside */
    bool inverted; /* the share is target ÷ actual */
    bool lent;     /* the actual value took the target's 万, 亿 or ‰ */
    bool over;
} zp_scored_clause;

/* UNITS_DIFFER: nothing to compare. LEFT_OPEN: the actual value is only a bound, and not one that settles it, or nobody
 * knows whether more of it is better; the flags say which. */
typedef enum { ZP_COMPARED, ZP_UNITS_DIFFER, ZP_LEFT_OPEN } zp_clause_outcome;

/* Adds the flags that arise on the way; *out counts when they were compared. */
zp_clause_outcome zp_clause_score(const zp_line_context *line, const zp_clause *target, const zp_clause *actual,
                                  zp_scored_clause *out);
/* "76.89 ÷ 80 × 10" when it falls short, "99.92 ≥ 98 → 10" when it is met, "0 < 5 → 0" when nothing is earned; in the
 * arena. */
zp_str zp_clause_formula(const zp_line_context *line, const zp_scored_clause *score);

/* A flag at a cell of the line, once: several clauses may give the same reason. */
void zp_line_flag(const zp_line_context *line, zp_flag_code code, const char *cell, zp_str value, zp_str expected);
/* The same with another severity than the table's. */
void zp_line_flag_as(const zp_line_context *line, zp_flag_code code, zp_severity severity, const char *cell,
                     zp_str value, zp_str expected);

#endif

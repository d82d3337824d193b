/*
 * line.h - what the rules give for one indicator line: the share of its weight, exactly.
 */
#ifndef ZP_CORE_LINE_H
#define ZP_CORE_LINE_H

#include "core/declared.h"
#include "core/result.h"
#include "core/target.h"

/* An exact share of the weight: num ÷ den, 0 ≤ num, 0 < den; num·weight < 2^126 (decimal.h). */
typedef struct {
    zp_int128 num, den;
} zp_share;

typedef struct {
    zp_basis basis;
    bool known;       /* computed is */
    int64_t computed; /* cents */
    bool has_share;   /* formula with a single clause: `share` explains roundings */
    zp_share share;
    bool has_percent; /* the actual value in percent, for "actual × weight" */
    zp_dec percent;
    zp_str formula;
} zp_line_score;

/* Everything a line's rules look at. */
typedef struct {
    const zp_form *form;
    const zp_profile *profile;
    const zp_indicator *indicator;
    const zp_declared_line *declared;
    size_t index;
    int year;
    zp_arena *arena;
    zp_flags *flags;
} zp_line_context;

/* Scores the line and adds the judgement and explanation flags that arise on the way. ZP_NOMEM. */
zp_rc zp_line_compute(const zp_line_context *line, zp_line_score *out);

/* qualitative.c: a line whose target or actual value is words. `band` of 0..2, or -1: unverifiable. */
int zp_band_of_words(zp_str actual, zp_str target, zp_flag_code *why_not);
void zp_line_qualitative(const zp_line_context *line, int band, zp_line_score *out);
/* Keeps the declared score, clipped to the weight. */
void zp_line_unverifiable(const zp_line_context *line, zp_line_score *out);
/* Whether the target merely names the indicator (及时性) instead of giving a value. */
bool zp_is_a_name(const zp_indicator *indicator, zp_str target);

#endif

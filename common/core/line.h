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
    int64_t computed; /* points × 10^6; see zp_points_of */
    bool has_share;   /* formula with a single clause: `share` explains roundings */
    zp_share share;
    bool has_percent; /* the actual value in percent, for "actual × weight" */
    zp_dec percent;
    zp_str formula;
    zp_str band; /* the bounds of the qualitative band that the declared score was kept in; else absent */
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
    size_t first_flag; /* how many flags there were before this line */
} zp_line_context;

/*
 * What a share of the weight earns: the whole weight, to its last decimal, where the share is full; else the product,
 * half-up to hundredths of a point, though never more than the weight.
 */
int64_t zp_points_of(zp_share share, int64_t weight);
/* The same of the mean of n shares. */
int64_t zp_points_of_sum(const zp_share *shares, size_t n, int64_t weight);

/* Scores the line and adds the judgement and explanation flags that arise on the way. ZP_NOMEM. */
zp_rc zp_line_compute(const zp_line_context *line, zp_line_score *out);

/* qualitative.c: a line whose target is words. A band of 0..2, or -1: unverifiable. Words count where all of them are
 * known; a number in either cell is for a person to read. */
int zp_band_of_words(zp_str actual, zp_str target, zp_flag_code *why_not);
/* Whether words say that something was not achieved, or was late. */
bool zp_words_deny(zp_str actual);
void zp_line_qualitative(const zp_line_context *line, int band, zp_line_score *out);
/* Keeps the declared score, clipped to the weight. */
void zp_line_unverifiable(const zp_line_context *line, zp_line_score *out);
/* Whether the target merely names the indicator (及时性) instead of giving a value. */
bool zp_is_a_name(const zp_indicator *indicator, zp_str target);

#endif

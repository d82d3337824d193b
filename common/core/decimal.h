/*
 * decimal.h - exact decimal numbers: a 128-bit mantissa and a small power of ten.
 *
 * Bounds (DOMAIN: 15 digits before the point, 6 behind): a parsed number has |mantissa| < 10^21 and exponent
 * -6..0. 万 and 亿 add 4 and 8 to the exponent, ‰ and 百分之/千分之/万分之 take away up to 4, so exponents lie in
 * -10..8 and two numbers of one line differ by at most 18 after alignment; zp_dec_align refuses what would not fit.
 *
 * One scored line is w·a/t. Weights are at most 100 with 6 decimals: w < 2^27. Alignment is limited so that a, t <
 * 10^29, so w·a < 10^37 < 2^127 ≈ 1.7·10^38, and the divisor t·10^4 < 10^33: the one rounding division is exact.
 */
#ifndef ZP_CORE_DECIMAL_H
#define ZP_CORE_DECIMAL_H

#include "base/arena.h"
#include "base/error.h"

typedef __int128 zp_int128;

typedef struct {
    zp_int128 m; /* value = m × 10^e */
    int e;
} zp_dec;

#define ZP_POINT 1000000 /* millionths: weights, scores and profile fractions are int64 in this unit */
#define ZP_CENT  10000   /* a hundredth of a point in it */

/*
 * A plain number: optional sign, digits with optional thousands commas in groups of three, optional point and
 * digits. Blanks at both ends are skipped and full-width figures read as those of ASCII (core/typed.h), of which there
 * may be 63 in all; blanks inside are not. ZP_INVALID for anything else or beyond the bounds.
 */
zp_rc zp_dec_parse(zp_str text, zp_dec *out);
/* Brings both to one exponent; false when that exceeds 10^29. */
bool zp_dec_align(zp_dec *a, zp_dec *b);
/* sum + value into sum; false, and a sum that is only aligned, where zp_dec_align refuses. */
bool zp_dec_add(zp_dec *sum, zp_dec value);
/* -1, 0, 1. Numbers too far apart to be aligned are compared by magnitude. */
int zp_dec_cmp(zp_dec a, zp_dec b);
/* Millionths, if it is a whole number of them and fits ±10^15; false otherwise. */
bool zp_dec_millionths(zp_dec a, int64_t *out);
/* Half-up (away from zero at the tie) to hundredths; false when it does not fit an int64. */
bool zp_dec_cents(zp_dec a, int64_t *out);
/* How many decimals the text shows: "97.60" is 2. */
unsigned zp_decimals_shown(zp_str text);

/*
 * round-half-up(n·k / d) for n ≥ 0, k ≥ 0, d > 0. The caller keeps n·k below 2^126 and d below 2^125.
 */
zp_int128 zp_round_div(zp_int128 n, zp_int128 k, zp_int128 d);

/* The shortest plain text of millionths: 85000000 is "85", 8500000 "8.5". */
zp_str zp_millionths_text(int64_t millionths, zp_arena *arena);
/* Hundredths with two decimals: 961 is "9.61". */
zp_str zp_cents_text(int64_t cents, zp_arena *arena);
/* Millionths that are no less than 0, cut to two decimals: 5625000 is "5.62". */
zp_str zp_points_text(int64_t millionths, zp_arena *arena);
/* The number as plain text without trailing zeros behind the point. */
zp_str zp_dec_text(zp_dec a, zp_arena *arena);

#endif

/*
 * reconcile.c - see reconcile.h. Tries what people do by hand: cut or round to fewer decimals, or multiply the actual
 * percentage with the weight and forget the target.
 */
#include "core/reconcile.h"

/* A value in thousandths of a point, cut: three decimals are enough to cut or round to two, one and none. */
typedef struct {
    bool known;
    int64_t thousandths;
} cut_value;

/* n·w ÷ d, w in millionths of a point; one digit at a time, since n·w·1000 may exceed 128 bits. */
static cut_value cut_of(zp_int128 n, int64_t weight, zp_int128 d)
{
    zp_int128 whole = n * weight / ZP_POINT / d, rest = n * weight % (d * ZP_POINT);
    if (whole > INT64_MAX / 10000) /* no declared score is as large */
        return (cut_value){0};
    int64_t value = (int64_t)whole;
    for (int i = 0; i < 3; i++) {
        rest *= 10;
        value = value * 10 + (int64_t)(rest / (d * ZP_POINT));
        rest %= d * ZP_POINT;
    }
    return (cut_value){true, value};
}

static int64_t rounded(int64_t thousandths, int64_t unit)
{
    return (thousandths + unit / 2) / unit * unit;
}

static int64_t truncated(int64_t thousandths, int64_t unit)
{
    return thousandths / unit * unit;
}

/* The first way of shortening that gives the declared score; cutting comes first, it is what tables do unasked. */
static unsigned shortening(cut_value value, int64_t declared)
{
    if (!value.known)
        return 0;
    if (truncated(value.thousandths, 100) == declared)
        return ZP_WHY_TRUNC1;
    if (truncated(value.thousandths, 1000) == declared)
        return ZP_WHY_TRUNC0;
    if (rounded(value.thousandths, 100) == declared)
        return ZP_WHY_ROUND1;
    if (rounded(value.thousandths, 1000) == declared)
        return ZP_WHY_ROUND0;
    return 0;
}

static cut_value actual_times_weight(const zp_claim *claim)
{
    zp_dec percent = claim->computed->percent;
    zp_int128 den = 100;
    if (!claim->computed->has_percent || percent.e > 2 || percent.e < -12)
        return (cut_value){0};
    for (; percent.e > 0; percent.e--) /* a ratio that was read as a percentage */
        percent.m *= 10;
    for (int e = percent.e; e < 0; e++)
        den *= 10;
    return cut_of(percent.m, claim->weight, den);
}

static unsigned explain(const zp_claim *claim)
{
    int64_t declared = claim->score->cents * 10;
    if ((zp_int128)claim->score->cents * 10000 == claim->weight)
        return 0;
    const zp_line_score *computed = claim->computed;
    unsigned why = 0;
    if (computed->has_share)
        why = shortening(cut_of(computed->share.num, claim->weight, computed->share.den), declared);
    if (why)
        return why;
    cut_value plain = actual_times_weight(claim);
    if (plain.known && rounded(plain.thousandths, 10) == declared)
        return ZP_WHY_ACTUAL_X_WEIGHT;
    why = shortening(plain, declared);
    return why ? why | ZP_WHY_ACTUAL_X_WEIGHT : 0;
}

static bool is_rounding(const zp_claim *claim)
{
    static const int64_t units[] = {100, 10};
    unsigned shown = zp_decimals_shown(claim->text);
    return shown < 2 && rounded(claim->computed->computed, units[shown]) == claim->score->cents;
}

/* The score exactly as declared, so many cents or less from the computed one. */
static bool is_within(const zp_claim *claim, int64_t cents)
{
    int64_t computed = claim->computed->computed;
    if (claim->score->value.e >= -2) /* then its cents are all of it */
        return claim->score->cents >= computed - cents && claim->score->cents <= computed + cents;
    return zp_dec_cmp(claim->score->value, (zp_dec){computed - cents, -2}) >= 0 &&
           zp_dec_cmp(claim->score->value, (zp_dec){computed + cents, -2}) <= 0;
}

zp_verdict zp_reconcile(const zp_claim *claim, unsigned *why)
{
    *why = 0;
    if (!claim->score->present || !claim->computed->known)
        return ZP_AGREES;
    if (is_within(claim, 1))
        return ZP_AGREES;
    if (is_within(claim, 5) && is_rounding(claim))
        return ZP_ROUNDED;
    *why = explain(claim);
    return zp_dec_cmp(claim->score->value, (zp_dec){claim->computed->computed, -2}) > 0 ? ZP_TOO_HIGH : ZP_TOO_LOW;
}

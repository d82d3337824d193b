/*
 * reconcile.c - see reconcile.h. Tries what people do by hand: cut or round to fewer decimals, or multiply the actual
 * percentage with the weight and forget the target.
 */
#include "core/reconcile.h"

enum { THOUSANDTH = ZP_POINT / 1000, MOST_POINTS = 1000000 /* no declared score that is accepted is as large */ };

/* A value in thousandths of a point, cut: three decimals are enough to cut or round to two, one and none. */
typedef struct {
    bool known;
    int64_t thousandths;
} cut_value;

/* n·w ÷ d, w in millionths of a point; one digit at a time, since n·w·1000 may exceed 128 bits. */
static cut_value cut_of(zp_int128 n, int64_t weight, zp_int128 d)
{
    zp_int128 whole = n * weight / ZP_POINT / d, rest = n * weight % (d * ZP_POINT);
    if (whole > MOST_POINTS)
        return (cut_value){0};
    int64_t value = (int64_t)whole;
    for (int i = 0; i < 3; i++) {
        rest *= 10;
        value = value * 10 + (int64_t)(rest / (d * ZP_POINT));
        rest %= d * ZP_POINT;
    }
    return (cut_value){true, value};
}

/* Points × 10^6 to a multiple of `unit`. */
static int64_t rounded(int64_t points, int64_t unit)
{
    return (points + unit / 2) / unit * unit;
}

static int64_t truncated(int64_t points, int64_t unit)
{
    return points / unit * unit;
}

/* The first way of shortening that gives the declared score; cutting comes first, it is what tables do unasked. */
static unsigned shortening(cut_value value, int64_t declared)
{
    int64_t points = value.thousandths * THOUSANDTH;
    if (!value.known)
        return 0;
    if (truncated(points, ZP_POINT / 10) == declared)
        return ZP_WHY_TRUNC1;
    if (truncated(points, ZP_POINT) == declared)
        return ZP_WHY_TRUNC0;
    if (rounded(points, ZP_POINT / 10) == declared)
        return ZP_WHY_ROUND1;
    if (rounded(points, ZP_POINT) == declared)
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

static void explain(const zp_claim *claim, zp_finding *out)
{
    int64_t declared = claim->score->points;
    if (declared == claim->weight)
        return;
    const zp_line_score *computed = claim->computed;
    if (computed->has_share) {
        cut_value exact = cut_of(computed->share.num, claim->weight, computed->share.den);
        out->why = shortening(exact, declared);
        out->unrounded = out->why ? exact.thousandths : 0;
        if (out->why)
            return;
    }
    cut_value plain = actual_times_weight(claim);
    if (plain.known && rounded(plain.thousandths * THOUSANDTH, ZP_CENT) == declared) {
        out->why = ZP_WHY_ACTUAL_X_WEIGHT;
        return;
    }
    unsigned how = shortening(plain, declared);
    out->why = how ? how | ZP_WHY_ACTUAL_X_WEIGHT : 0;
}

static bool is_rounding(const zp_claim *claim)
{
    static const int64_t units[] = {ZP_POINT, ZP_POINT / 10};
    unsigned decimals = zp_decimals_shown(claim->text);
    return decimals < 2 && rounded(claim->computed->computed, units[decimals]) == claim->score->points;
}

zp_finding zp_reconcile(const zp_claim *claim)
{
    zp_finding found = {.verdict = ZP_AGREES};
    if (!claim->score->present || !claim->computed->known)
        return found;
    int64_t above = claim->score->points - claim->computed->computed;
    if (above >= -ZP_CENT && above <= ZP_CENT)
        return found;
    if (above >= -5 * ZP_CENT && above <= 5 * ZP_CENT && is_rounding(claim)) {
        found.verdict = ZP_ROUNDED;
        return found;
    }
    explain(claim, &found);
    found.verdict = above > 0 ? ZP_TOO_HIGH : ZP_TOO_LOW;
    return found;
}

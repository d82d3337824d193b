/*
 * points.c - shares of a weight in points: where the one rounding of a line happens. See line.h.
 */
#include "core/line.h"

#include <gmp.h>

static int64_t at_most_weight(int64_t cents, int64_t weight)
{
    return cents * ZP_CENT < weight ? cents * ZP_CENT : weight;
}

int64_t zp_points_of(zp_share share, int64_t weight)
{
    if (share.num >= share.den)
        return weight;
    return at_most_weight((int64_t)zp_round_div(share.num, weight, share.den * ZP_CENT), weight);
}

static void set_int128(mpz_t out, zp_int128 n)
{
    mpz_set_ui(out, (unsigned long)(n >> 64));
    mpz_mul_2exp(out, out, 64);
    mpz_add_ui(out, out, (unsigned long)n);
}

static bool all_full(const zp_share *shares, size_t n)
{
    while (n && shares[n - 1].num >= shares[n - 1].den)
        n--;
    return n == 0;
}

/* Σ shares ÷ n × weight, rounded once: the common denominator of n clauses needs more than 128 bits. */
int64_t zp_points_of_sum(const zp_share *shares, size_t n, int64_t weight)
{
    if (all_full(shares, n))
        return weight;
    mpq_t sum, one;
    mpz_t cents;
    mpq_inits(sum, one, NULL);
    mpz_init(cents);
    for (size_t i = 0; i < n; i++) {
        set_int128(mpq_numref(one), shares[i].num);
        set_int128(mpq_denref(one), shares[i].den);
        mpq_canonicalize(one);
        mpq_add(sum, sum, one);
    }
    mpq_set_si(one, weight, ZP_CENT * (unsigned long)n);
    mpq_canonicalize(one);
    mpq_mul(sum, sum, one);
    mpq_set_ui(one, 1, 2);
    mpq_add(sum, sum, one);
    mpz_fdiv_q(cents, mpq_numref(sum), mpq_denref(sum));
    int64_t result = mpz_get_si(cents);
    mpz_clear(cents);
    mpq_clears(sum, one, NULL);
    return at_most_weight(result, weight);
}

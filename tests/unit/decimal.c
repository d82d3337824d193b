/*
 * decimal.c - exact decimals against GMP's rationals: many random numbers of every size that a form may hold, and the
 * edges. The seed is fixed and printed; SEED=n in the environment takes another.
 */
#include "core/decimal.h"

#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 20000, LEAST_EXPONENT = -10, MOST_EXPONENT = 14, MOST_DIGITS = 21, ALIGNED_DIGITS = 29 };

typedef struct {
    zp_arena *arena;
    uint64_t dice;
    mpq_t x, y, z;
    mpz_t n;
} world;

/* xorshift64*: the same numbers everywhere. */
static uint64_t roll(world *w, uint64_t below)
{
    w->dice ^= w->dice >> 12;
    w->dice ^= w->dice << 25;
    w->dice ^= w->dice >> 27;
    return (w->dice * UINT64_C(2685821657736338717) >> 16) % below;
}

static int make_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    const char *seed = getenv("SEED");
    if (!w || !(w->arena = zp_arena_new(64 * 1024)))
        return -1;
    w->dice = seed ? strtoull(seed, NULL, 10) | 1 : 20220101;
    print_message("SEED=%llu\n", (unsigned long long)w->dice);
    mpq_inits(w->x, w->y, w->z, NULL);
    mpz_init(w->n);
    *state = w;
    return 0;
}

static int end_world(void **state)
{
    world *w = *state;
    mpq_clears(w->x, w->y, w->z, NULL);
    mpz_clear(w->n);
    zp_arena_destroy(&w->arena);
    free(w);
    return 0;
}

/* ---- towards GMP ---- */

static void set_int128(mpz_t out, zp_int128 n)
{
    unsigned __int128 size = n < 0 ? -(unsigned __int128)n : (unsigned __int128)n;
    uint64_t words[2] = {(uint64_t)size, (uint64_t)(size >> 64)};
    mpz_import(out, 2, -1, sizeof *words, 0, 0, words);
    if (n < 0)
        mpz_neg(out, out);
}

/* q × 10^e */
static void shift(mpq_ptr q, int e)
{
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, 10, (unsigned long)abs(e));
    if (e < 0)
        mpz_mul(mpq_denref(q), mpq_denref(q), power);
    else
        mpz_mul(mpq_numref(q), mpq_numref(q), power);
    mpq_canonicalize(q);
    mpz_clear(power);
}

static void set_dec(mpq_t out, zp_dec a)
{
    mpq_set_ui(out, 0, 1);
    set_int128(mpq_numref(out), a.m);
    shift(out, a.e);
}

/* Half-up, away from zero at the tie, at 10^-decimals. */
static void round_half_up(mpz_ptr out, mpq_ptr q, int decimals)
{
    mpq_t half;
    mpq_init(half);
    int sign = mpq_sgn(q);
    mpq_abs(q, q);
    shift(q, decimals);
    mpq_set_ui(half, 1, 2);
    mpq_add(q, q, half);
    mpz_fdiv_q(out, mpq_numref(q), mpq_denref(q));
    if (sign < 0)
        mpz_neg(out, out);
    mpq_clear(half);
}

/* ---- numbers ---- */

static zp_int128 random_digits(world *w, unsigned most)
{
    zp_int128 n = 0;
    for (unsigned i = (unsigned)roll(w, most + 1); i > 0; i--)
        n = n * 10 + (roll(w, 3) ? (int)roll(w, 10) : 0); /* many zeros: what is trailing is treated apart */
    return n;
}

static zp_dec random_dec(world *w)
{
    zp_int128 m = random_digits(w, MOST_DIGITS);
    return (zp_dec){roll(w, 2) ? m : -m, LEAST_EXPONENT + (int)roll(w, MOST_EXPONENT - LEAST_EXPONENT + 1)};
}

static const char *show(world *w, zp_dec a)
{
    set_int128(w->n, a.m);
    char *digits = mpz_get_str(NULL, 10, w->n);
    zp_str text = zp_arena_printf(w->arena, "%se%d", digits, a.e);
    free(digits);
    return text.p;
}

/* A figure as it is, or from a keyboard that makes them as wide as Chinese characters. Returns the new length. */
static size_t put_figure(char *out, size_t n, char figure, bool wide)
{
    if (!wide) {
        out[n] = figure;
        return n + 1;
    }
    uint32_t c = (uint32_t)(unsigned char)figure - '!' + 0xff01;
    out[n] = (char)(0xe0 | c >> 12);
    out[n + 1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[n + 2] = (char)(0x80 | (c & 0x3f));
    return n + 3;
}

/* A number as a unit may write it; the same without commas and blanks goes to `plain`, digits only, and to `decimals`.
 */
static zp_str write_number(world *w, char *out, char *plain, int *decimals)
{
    size_t n = 0, p = 0;
    unsigned whole = 1 + (unsigned)roll(w, 15), fraction = (unsigned)roll(w, 7);
    bool commas = roll(w, 2), negative = roll(w, 4) == 0, wide = roll(w, 4) == 0;
    for (unsigned i = (unsigned)roll(w, 3); i > 0; i--)
        out[n++] = " \t\n"[roll(w, 3)];
    if (negative)
        n = put_figure(out, n, plain[p++] = '-', wide);
    else if (roll(w, 8) == 0)
        n = put_figure(out, n, '+', wide);
    for (unsigned left = whole; left > 0; left--) {
        n = put_figure(out, n, plain[p++] = (char)('0' + roll(w, 10)), wide && roll(w, 8)); /* or both mixed */
        if (commas && left > 1 && (left - 1) % 3 == 0)
            n = put_figure(out, n, ',', wide);
    }
    if (fraction)
        n = put_figure(out, n, '.', wide);
    for (unsigned i = 0; i < fraction; i++)
        n = put_figure(out, n, plain[p++] = (char)('0' + roll(w, 10)), wide);
    for (unsigned i = (unsigned)roll(w, 3); i > 0; i--)
        out[n++] = ' ';
    plain[p] = '\0';
    *decimals = (int)fraction;
    return (zp_str){out, n};
}

/* ---- tests ---- */

static void what_is_written_is_what_is_read(void **state)
{
    world *w = *state;
    for (int i = 0; i < MANY; i++) {
        char text[128], plain[32];
        int decimals;
        zp_dec read, again;
        zp_str written = write_number(w, text, plain, &decimals);
        if (zp_dec_parse(written, &read))
            fail_msg("\"%.*s\" was not read", (int)written.n, written.p);
        assert_int_equal(mpq_set_str(w->x, plain, 10), 0);
        shift(w->x, -decimals);
        set_dec(w->y, read);
        if (!mpq_equal(w->x, w->y))
            fail_msg("\"%.*s\" was read as %s", (int)written.n, written.p, show(w, read));
        assert_int_equal(zp_decimals_shown(written), decimals);
        /* as text again: the same number, without a zero too many */
        zp_str out = zp_dec_text(read, w->arena);
        if (zp_dec_parse(out, &again) || zp_dec_cmp(read, again) != 0)
            fail_msg("\"%.*s\" was written as \"%.*s\"", (int)written.n, written.p, (int)out.n, out.p);
        assert_true(out.n && out.p[out.n - 1] != '.');
        if (memchr(out.p, '.', out.n))
            assert_true(out.p[out.n - 1] != '0');
        zp_arena_reset(w->arena);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "-",
        "+",
        ".",
        "-.5",
        ".5",
        "5.",
        "1.2.3",
        "1,23",
        "12,34",
        ",123",
        "1,2345",
        "1,,234",
        "1.5,",
        "1,",
        "1e3",
        "0x10",
        "--1",
        "+-1",
        "1 2",
        "12%",
        "一",
        "inf",
        "nan",
        "①２",
        "１ ２",
        "1/2",
        "0.0000001",
        "1234567890123456",
        "1,234,567,890,123,456",
        "999999999999999.1234567",
        "1.000,5",
        "1234,567",
    };
    zp_dec out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (zp_dec_parse(zp_str_of(bad[i]), &out) != ZP_INVALID)
            fail_msg("\"%s\" was read as a number", bad[i]);
    assert_int_equal(zp_dec_parse(ZP_ABSENT, &out), ZP_INVALID);
}

static void numbers_at_the_bounds_are_taken(void **state)
{
    world *w = *state;
    static const struct {
        const char *text, *plain;
    } rows[] = {
        {"999999999999999.999999", "999999999999999.999999"},
        {"-999999999999999.999999", "-999999999999999.999999"},
        {"999,999,999,999,999", "999999999999999"},
        {"000000000000000000000007", "7"}, /* zeros in front are no digits too many */
        {"-0", "0"},
        {"-0.000000", "0"},
        {"0.000001", "0.000001"},
        {"100000000000000", "100000000000000"},
        {"1.50", "1.5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        zp_dec read;
        assert_int_equal(zp_dec_parse(zp_str_of(rows[i].text), &read), ZP_OK);
        zp_str out = zp_dec_text(read, w->arena);
        if (!zp_str_is(out, rows[i].plain))
            fail_msg("\"%s\" became \"%.*s\"", rows[i].text, (int)out.n, out.p);
    }
}

static void hundredths_are_rounded_half_up(void **state)
{
    world *w = *state;
    for (int i = 0; i < MANY; i++) {
        zp_dec a = random_dec(w);
        int64_t cents = -1;
        bool fits = zp_dec_cents(a, &cents);
        set_dec(w->x, a);
        round_half_up(w->n, w->x, 2);
        bool should = mpz_fits_slong_p(w->n);
        if (fits != should || (fits && mpz_cmp_si(w->n, cents) != 0))
            fail_msg("%s: %lld, %s", show(w, a), (long long)cents, fits ? "fits" : "does not fit");
        zp_arena_reset(w->arena);
    }
}

static void every_amount_that_can_be_written_has_its_hundredths(void **state)
{
    world *w = *state;
    for (int i = 0; i < MANY; i++) {
        char text[128], plain[32];
        int decimals;
        int64_t cents;
        zp_dec read;
        zp_str written = write_number(w, text, plain, &decimals);
        if (zp_dec_parse(written, &read) || !zp_dec_cents(read, &cents))
            fail_msg("\"%.*s\" has none", (int)written.n, written.p);
    }
    static const struct {
        const char *text;
        int64_t cents;
    } rows[] = {
        {"10000000000", INT64_C(1000000000000)},
        {"20000000000.00", INT64_C(2000000000000)},
        {"100000000000000", INT64_C(10000000000000000)},
        {"999999999999999.99", INT64_C(99999999999999999)},
        {"999999999999999.995", INT64_C(100000000000000000)},
        {"0.005", 1},
        {"0.004999", 0},
        {"-0.005", -1}, /* away from zero */
        {"89.995", 9000},
        {"89.994999", 8999},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        zp_dec read;
        int64_t cents = -1;
        assert_int_equal(zp_dec_parse(zp_str_of(rows[i].text), &read), ZP_OK);
        if (!zp_dec_cents(read, &cents) || cents != rows[i].cents)
            fail_msg("\"%s\": %lld", rows[i].text, (long long)cents);
    }
}

static void millionths_are_whole_or_refused(void **state)
{
    world *w = *state;
    for (int i = 0; i < MANY; i++) {
        zp_dec a = random_dec(w);
        int64_t millionths = -1;
        bool fits = zp_dec_millionths(a, &millionths);
        set_dec(w->x, a);
        shift(w->x, 6);
        bool should =
            mpz_cmp_ui(mpq_denref(w->x), 1) == 0 && mpz_cmpabs_ui(mpq_numref(w->x), UINT64_C(1000000000000000)) <= 0;
        if (fits != should || (fits && mpz_cmp_si(mpq_numref(w->x), millionths) != 0))
            fail_msg("%s: %lld, %s", show(w, a), (long long)millionths, fits ? "fits" : "does not fit");
        zp_arena_reset(w->arena);
    }
}

static void order_is_that_of_the_values(void **state)
{
    world *w = *state;
    for (int i = 0; i < MANY; i++) {
        zp_dec a = random_dec(w), b = roll(w, 4) ? random_dec(w) : (zp_dec){a.m * 1000, a.e - 3};
        set_dec(w->x, a);
        set_dec(w->y, b);
        int right = mpq_cmp(w->x, w->y);
        right = (right > 0) - (right < 0);
        if (zp_dec_cmp(a, b) != right || zp_dec_cmp(b, a) != -right)
            fail_msg("%s against %s", show(w, a), show(w, b));
        zp_arena_reset(w->arena);
    }
}

/* Whether |a| and |b| fit into 29 digits each when both are counted in the smallest place that either has. */
static bool can_be_aligned(world *w, zp_dec a, zp_dec b)
{
    while (a.m && a.m % 10 == 0)
        a = (zp_dec){a.m / 10, a.e + 1};
    while (b.m && b.m % 10 == 0)
        b = (zp_dec){b.m / 10, b.e + 1};
    int least = !a.m ? b.e : !b.m ? a.e : a.e < b.e ? a.e : b.e;
    set_dec(w->x, a);
    set_dec(w->y, b);
    mpq_abs(w->x, w->x);
    mpq_abs(w->y, w->y);
    mpq_t *larger = mpq_cmp(w->x, w->y) > 0 ? &w->x : &w->y;
    shift(*larger, -least);
    mpz_ui_pow_ui(w->n, 10, ALIGNED_DIGITS);
    return mpz_cmp(mpq_numref(*larger), w->n) <= 0;
}

static zp_int128 size(zp_int128 n)
{
    return n < 0 ? -n : n;
}

static void alignment_changes_no_value_and_refuses_only_what_would_not_fit(void **state)
{
    world *w = *state;
    const zp_int128 bound = (zp_int128)100000000000000 * 1000000000000000; /* 10^29 */
    int refused = 0;
    for (int i = 0; i < MANY; i++) {
        zp_dec a = random_dec(w), b = random_dec(w), c = a, d = b, sum = a;
        bool aligned = zp_dec_align(&c, &d);
        if (!aligned && can_be_aligned(w, a, b))
            fail_msg("%s and %s were not aligned", show(w, a), show(w, b));
        set_dec(w->x, a);
        set_dec(w->z, b);
        mpq_add(w->z, w->z, w->x);
        bool added = zp_dec_add(&sum, b);
        refused += !aligned;
        if (aligned) {
            assert_int_equal(c.e, d.e);
            assert_true(a.e == b.e || (size(c.m) <= bound && size(d.m) <= bound));
            set_dec(w->y, c);
            assert_true(mpq_equal(w->x, w->y));
            set_dec(w->x, b);
            set_dec(w->y, d);
            assert_true(mpq_equal(w->x, w->y));
            set_dec(w->y, sum);
            if (!added || !mpq_equal(w->y, w->z))
                fail_msg("%s + %s is not %s", show(w, a), show(w, b), show(w, sum));
        } else {
            assert_false(added);
        }
        zp_arena_reset(w->arena);
    }
    assert_true(refused > 0 && refused < MANY / 2); /* both kinds were met */
}

static void one_division_rounds_half_up(void **state)
{
    world *w = *state;
    for (int i = 0; i < MANY; i++) {
        /* as a line is scored: share of the weight; a third of them exactly at the tie */
        zp_int128 d = random_digits(w, 29) + 1, k = (zp_int128)roll(w, 100 * ZP_POINT) + 1, n = random_digits(w, 29);
        if (roll(w, 3) == 0) {
            d = 2 * (zp_int128)(1 + roll(w, 1000000));
            k = 1;
            n = d / 2 * (zp_int128)(2 * roll(w, 1000000) + 1);
        }
        set_int128(mpq_numref(w->x), n);
        set_int128(mpq_denref(w->x), d);
        mpq_canonicalize(w->x);
        mpq_set_ui(w->y, 1, 1);
        set_int128(mpq_numref(w->y), k);
        mpq_mul(w->x, w->x, w->y);
        round_half_up(w->n, w->x, 0);
        set_int128(mpq_numref(w->y), zp_round_div(n, k, d));
        if (mpz_cmp(w->n, mpq_numref(w->y)) != 0)
            fail_msg("%s · %s / %s", show(w, (zp_dec){n, 0}), show(w, (zp_dec){k, 0}), show(w, (zp_dec){d, 0}));
        zp_arena_reset(w->arena);
    }
}

static void the_largest_line_fits_into_128_bits(void **state)
{
    (void)state;
    zp_int128 most = 1;
    for (int i = 0; i < ALIGNED_DIGITS; i++)
        most *= 10;
    const zp_int128 weight = 100 * (zp_int128)ZP_POINT;
    assert_true(zp_round_div(most, weight, most * 10000) == 10000);
    assert_true(zp_round_div(most - 1, weight, most * 10000) == 10000);
    assert_true(zp_round_div(1, weight, most * 10000) == 0);
    assert_true(zp_round_div(0, weight, 1) == 0);
}

static void hundredths_and_millionths_as_text(void **state)
{
    world *w = *state;
    assert_true(zp_str_is(zp_cents_text(961, w->arena), "9.61"));
    assert_true(zp_str_is(zp_cents_text(0, w->arena), "0.00"));
    assert_true(zp_str_is(zp_cents_text(5, w->arena), "0.05"));
    assert_true(zp_str_is(zp_cents_text(-5, w->arena), "-0.05"));
    assert_true(zp_str_is(zp_cents_text(10000, w->arena), "100.00"));
    assert_true(zp_str_is(zp_cents_text(INT64_MAX, w->arena), "92233720368547758.07"));
    assert_true(zp_str_is(zp_millionths_text(85000000, w->arena), "85"));
    assert_true(zp_str_is(zp_millionths_text(8500000, w->arena), "8.5"));
    assert_true(zp_str_is(zp_millionths_text(1, w->arena), "0.000001"));
    assert_true(zp_str_is(zp_millionths_text(0, w->arena), "0"));
    assert_true(zp_str_is(zp_dec_text((zp_dec){5, 8}, w->arena), "500000000"));
    assert_true(zp_str_is(zp_dec_text((zp_dec){-5, -10}, w->arena), "-0.0000000005"));
}

static void decimals_are_counted_as_shown(void **state)
{
    (void)state;
    assert_int_equal(zp_decimals_shown(ZP_STR("97.60")), 2);
    assert_int_equal(zp_decimals_shown(ZP_STR("97.")), 0);
    assert_int_equal(zp_decimals_shown(ZP_STR("97")), 0);
    assert_int_equal(zp_decimals_shown(ZP_STR("91.7%")), 1);
    assert_int_equal(zp_decimals_shown(ZP_STR("")), 0);
    assert_int_equal(zp_decimals_shown(ZP_ABSENT), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_what_is_read),
        TEST(what_is_no_number_is_refused),
        TEST(numbers_at_the_bounds_are_taken),
        TEST(hundredths_are_rounded_half_up),
        TEST(every_amount_that_can_be_written_has_its_hundredths),
        TEST(millionths_are_whole_or_refused),
        TEST(order_is_that_of_the_values),
        TEST(alignment_changes_no_value_and_refuses_only_what_would_not_fit),
        TEST(one_division_rounds_half_up),
        TEST(the_largest_line_fits_into_128_bits),
        TEST(hundredths_and_millionths_as_text),
        TEST(decimals_are_counted_as_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

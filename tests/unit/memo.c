/*
 * memo.c - what the stores rely on when they ask their memory: nothing that was put in is missing, whatever collides,
 * grows, or was taken out beside it.
 */
#include "store/memo.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct {
    uint8_t b[ZP_MEMO_KEY];
} key;

static key key_of(uint32_t n)
{
    key k = {{0}};
    memcpy(k.b, &n, sizeof n);
    return k;
}

/* As the ids of one generator begin: a counter, and the version where it stands. */
static zp_memo_ref ref_of(uint64_t n)
{
    return (n + 1) << 16 | 0x7000;
}

static uint64_t all_alike(const uint8_t b[ZP_MEMO_KEY], uint64_t seed)
{
    (void)b;
    (void)seed;
    return UINT64_MAX;
}

/* Some dozens of values, at the end of one table so that the search goes around it, and in others. */
static uint64_t few(const uint8_t b[ZP_MEMO_KEY], uint64_t seed)
{
    uint32_t n;
    (void)seed;
    memcpy(&n, b, sizeof n);
    return n % 3 ? UINT64_MAX - ((uint64_t)(n % 32) << 24) : (uint64_t)(n % 64) << 50;
}

static size_t count_of(zp_memo *memo, uint32_t n, zp_memo_ref ref, zp_buf *found)
{
    key k = key_of(n);
    size_t count = 0;
    zp_memo_ref one;
    assert_int_equal(zp_memo_find(memo, k.b, found), ZP_OK);
    for (size_t i = 0; (one = zp_memo_found(found, i)); i++)
        count += one == ref;
    return count;
}

static void add(zp_memo *memo, uint32_t n)
{
    key k = key_of(n);
    assert_int_equal(zp_memo_add(memo, k.b, ref_of(n)), ZP_OK);
}

static void take(zp_memo *memo, uint32_t n)
{
    key k = key_of(n);
    zp_memo_remove(memo, k.b, ref_of(n));
}

static void a_ref_is_how_the_id_begins(void **state)
{
    const zp_id id = {{1, 2, 3, 4, 5, 6, 0x70, 8, 9}};
    (void)state;
    assert_true(zp_memo_ref_of(&id) == UINT64_C(0x0102030405067008));
}

static void an_empty_one_finds_nothing(void **state)
{
    zp_memo *memo;
    zp_buf found = ZP_BUF_INIT;
    (void)state;
    assert_int_equal(zp_memo_new(NULL, &memo), ZP_OK);
    take(memo, 1);
    assert_int_equal(count_of(memo, 1, ref_of(1), &found), 0);
    assert_true(zp_memo_found(&found, 0) == 0);
    zp_buf_free(&found);
    zp_memo_destroy(&memo);
}

static void all_are_found_while_it_grows(void **state)
{
    enum { MANY = 200000 };
    zp_memo *memo;
    zp_buf found = ZP_BUF_INIT;
    (void)state;
    assert_int_equal(zp_memo_new(NULL, &memo), ZP_OK);
    for (uint32_t n = 0; n < MANY; n++) {
        add(memo, n);
        assert_int_equal(count_of(memo, n / 2, ref_of(n / 2), &found), 1);
    }
    assert_int_equal(zp_memo_reserve(memo, 2 * MANY), ZP_OK);
    for (uint32_t n = 0; n < MANY; n++) {
        assert_int_equal(count_of(memo, n, ref_of(n), &found), 1);
        assert_int_equal(count_of(memo, n + MANY, ref_of(n), &found), 0);
    }
    zp_buf_free(&found);
    zp_memo_destroy(&memo);
}

/* Against a plain array of what is in. */
static void compare_with_oracle(zp_memo_hash hash, uint32_t keys, unsigned steps)
{
    zp_memo *memo;
    zp_buf found = ZP_BUF_INIT;
    uint64_t random = 7;
    uint8_t *in = calloc(keys, 1);
    assert_non_null(in);
    assert_int_equal(zp_memo_new(hash, &memo), ZP_OK);
    for (unsigned i = 0; i < steps; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint32_t n = (uint32_t)(random >> 33) % keys;
        if (i < steps / 2 ? (random >> 20) % 4 : (random >> 20) % 4 == 0) {
            add(memo, n);
            in[n]++;
        } else {
            take(memo, n);
            in[n] -= in[n] > 0;
        }
        assert_int_equal(count_of(memo, n, ref_of(n), &found), in[n]);
    }
    for (uint32_t n = 0; n < keys; n++)
        assert_int_equal(count_of(memo, n, ref_of(n), &found), in[n]);
    free(in);
    zp_buf_free(&found);
    zp_memo_destroy(&memo);
}

static void it_says_what_a_plain_array_says(void **state)
{
    (void)state;
    compare_with_oracle(NULL, 20000, 200000);
}

static void it_does_so_when_hashes_collide(void **state)
{
    (void)state;
    compare_with_oracle(few, 300, 20000);
    compare_with_oracle(all_alike, 100, 5000);
}

/* ---- one that writes, and others that ask ---- */

enum { SHARED = 50000, ASKING = 3 };

typedef struct {
    zp_memo *memo;
    bool missed;
} asker;

static void *ask(void *context)
{
    asker *a = context;
    zp_buf found = ZP_BUF_INIT;
    for (uint32_t i = 0; i < SHARED; i++) {
        key k = key_of(i % 1000);
        bool there = false;
        zp_memo_ref ref;
        a->missed |= zp_memo_find(a->memo, k.b, &found) != ZP_OK;
        for (size_t at = 0; (ref = zp_memo_found(&found, at)); at++)
            there |= ref == ref_of(i % 1000);
        a->missed |= !there;
    }
    zp_buf_free(&found);
    return NULL;
}

static void what_is_in_is_found_by_others_while_it_grows(void **state)
{
    zp_memo *memo;
    asker askers[ASKING];
    pthread_t threads[ASKING];
    (void)state;
    assert_int_equal(zp_memo_new(NULL, &memo), ZP_OK);
    for (uint32_t n = 0; n < 1000; n++)
        add(memo, n);
    for (size_t i = 0; i < ASKING; i++) {
        askers[i] = (asker){memo, false};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (uint32_t n = 1000; n < SHARED; n++) {
        add(memo, n);
        if (n % 3 == 0)
            take(memo, n);
    }
    for (size_t i = 0; i < ASKING; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(askers[i].missed);
    }
    zp_memo_destroy(&memo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ref_is_how_the_id_begins),
        cmocka_unit_test(an_empty_one_finds_nothing),
        cmocka_unit_test(all_are_found_while_it_grows),
        cmocka_unit_test(it_says_what_a_plain_array_says),
        cmocka_unit_test(it_does_so_when_hashes_collide),
        cmocka_unit_test(what_is_in_is_found_by_others_while_it_grows),
    };
    return !!cmocka_run_group_tests_name("memo", tests, NULL, NULL);
}

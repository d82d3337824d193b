/*
 * park.c - requests that wait for a score: found by id, ended by deadline.
 */
#include "park.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MANY = 500 };

static zp_id id_of(unsigned n)
{
    zp_id id = {{0}};
    id.b[13] = (uint8_t)(n >> 16);
    id.b[14] = (uint8_t)(n >> 8);
    id.b[15] = (uint8_t)n;
    return id;
}

typedef struct {
    zp_park *park;
    unsigned seen;
    zp_id id;
} walk;

static void leave(void *context, zp_parked *node)
{
    walk *self = context;
    self->seen++;
    self->id = node->id;
    zp_park_remove(self->park, node);
}

static void all_that_wait_for_an_id_are_found_and_no_others(void **state)
{
    (void)state;
    zp_park *park = zp_park_new();
    zp_parked nodes[4];
    zp_id one = id_of(1), two = id_of(2), same_bucket = id_of(1 | 1 << 16);
    zp_park_add(park, &nodes[0], &one, 5, 0);
    zp_park_add(park, &nodes[1], &two, 5, 0);
    zp_park_add(park, &nodes[2], &one, 9, 0);
    zp_park_add(park, &nodes[3], &same_bucket, 9, 0);
    walk found = {.park = park};
    zp_park_each_of(park, &one, leave, &found);
    assert_int_equal(found.seen, 2);
    assert_int_equal(zp_id_cmp(&found.id, &one), 0);
    assert_int_equal(zp_park_count(park), 2);
    zp_park_each_of(park, &one, leave, &found);
    assert_int_equal(found.seen, 2);
    zp_park_each_all(park, leave, &found);
    assert_int_equal(found.seen, 4);
    assert_int_equal(zp_park_count(park), 0);
    zp_park_destroy(&park);
}

static void waits_of_every_length_end_in_order_of_their_deadline(void **state)
{
    (void)state;
    static zp_parked nodes[MANY];
    zp_park *park = zp_park_new();
    for (unsigned n = 0; n < MANY; n++) {
        zp_id id = id_of(n);
        zp_park_add(park, &nodes[n], &id, (n * 7) % 26, (int64_t)n * 13);
    }
    int64_t last = 0;
    for (unsigned n = 0; n < MANY; n++) {
        int64_t next = zp_park_next_deadline(park);
        assert_true(next >= last);
        assert_null(zp_park_overdue(park, next - 1));
        zp_parked *node = zp_park_overdue(park, next);
        assert_non_null(node);
        assert_int_equal(node->deadline, next);
        last = next;
        zp_park_remove(park, node);
    }
    assert_int_equal(zp_park_next_deadline(park), INT64_MAX);
    assert_null(zp_park_overdue(park, INT64_MAX));
    zp_park_destroy(&park);
}

static void wait_beyond_the_bound_is_cut_to_it(void **state)
{
    (void)state;
    zp_park *park = zp_park_new();
    zp_parked node;
    zp_id id = id_of(1);
    zp_park_add(park, &node, &id, 100000, 1000);
    assert_int_equal(zp_park_next_deadline(park), 1000 + ZP_PARK_MAX_S * 1000);
    zp_park_destroy(&park);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_wait_for_an_id_are_found_and_no_others),
        cmocka_unit_test(waits_of_every_length_end_in_order_of_their_deadline),
        cmocka_unit_test(wait_beyond_the_bound_is_cut_to_it),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * inflight.c - leases: what is out, with whom, until when.
 */
#include "inflight.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static zp_id id_of(unsigned n)
{
    zp_id id = {{0}};
    id.b[12] = (uint8_t)(n >> 24);
    id.b[13] = (uint8_t)(n >> 16);
    id.b[14] = (uint8_t)(n >> 8);
    id.b[15] = (uint8_t)n;
    return id;
}

static zp_rc lend(zp_inflight *self, zp_holder *holder, unsigned n, uint32_t attempt, int64_t deadline)
{
    zp_id id = id_of(n);
    return zp_inflight_add(self, holder, &id, attempt, deadline);
}

static zp_lease *find(zp_inflight *self, unsigned n)
{
    zp_id id = id_of(n);
    return zp_inflight_find(self, &id);
}

static void job_is_out_once_only(void **state)
{
    (void)state;
    zp_inflight *out = zp_inflight_new();
    zp_holder a = {0}, b = {0};
    assert_int_equal(lend(out, &a, 1, 1, 100), ZP_OK);
    assert_int_equal(lend(out, &b, 1, 2, 200), ZP_EXISTS);
    assert_ptr_equal(find(out, 1)->holder, &a);
    assert_int_equal(find(out, 1)->attempt, 1);
    assert_int_equal(b.count, 0);
    zp_inflight_destroy(&out);
    assert_null(out);
}

static void leases_run_out_in_the_order_they_were_given(void **state)
{
    (void)state;
    zp_inflight *out = zp_inflight_new();
    zp_holder a = {0}, b = {0};
    for (unsigned n = 0; n < 100; n++)
        assert_int_equal(lend(out, n % 2 ? &a : &b, n, 1, 100 + n), ZP_OK);
    for (unsigned n = 0; n < 100; n += 3)
        zp_inflight_remove(out, find(out, n));
    int64_t last = 0;
    for (zp_lease *lease; (lease = zp_inflight_first_due(out));) {
        assert_true(lease->deadline > last);
        last = lease->deadline;
        zp_inflight_remove(out, lease);
    }
    assert_int_equal(zp_inflight_count(out), 0);
    assert_int_equal(a.count + b.count, 0);
    zp_inflight_destroy(&out);
}

static void holder_knows_its_own_and_whether_one_is_a_suspect(void **state)
{
    (void)state;
    zp_inflight *out = zp_inflight_new();
    zp_holder a = {0}, b = {0};
    assert_int_equal(lend(out, &a, 1, 2, 100), ZP_OK);
    assert_int_equal(lend(out, &b, 2, 1, 100), ZP_OK);
    assert_true(a.has_suspect);
    assert_false(b.has_suspect);
    assert_ptr_equal(LIST_FIRST(&a.leases), find(out, 1));
    assert_null(LIST_NEXT(find(out, 1), same_holder));
    zp_inflight_remove(out, find(out, 1));
    assert_false(a.has_suspect);
    assert_null(LIST_FIRST(&a.leases));
    assert_int_equal(b.count, 1);
    zp_inflight_destroy(&out);
}

static void ids_that_share_a_bucket_are_told_apart(void **state)
{
    (void)state;
    zp_inflight *out = zp_inflight_new();
    zp_holder a = {0};
    for (unsigned n = 0; n < 50; n++)
        assert_int_equal(lend(out, &a, n << 16, n + 1, 100), ZP_OK);
    for (unsigned n = 0; n < 50; n++)
        assert_int_equal(find(out, n << 16)->attempt, n + 1);
    assert_null(find(out, 50 << 16));
    zp_inflight_destroy(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_is_out_once_only),
        cmocka_unit_test(leases_run_out_in_the_order_they_were_given),
        cmocka_unit_test(holder_knows_its_own_and_whether_one_is_a_suspect),
        cmocka_unit_test(ids_that_share_a_bucket_are_told_apart),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

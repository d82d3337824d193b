/*
 * prefer.c - Prefer: wait=N as clients write it (RFC 7240), and all that must not be taken for it.
 */
#include "prefer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static unsigned wait_of(const char *header)
{
    return zp_prefer_wait(zp_str_of(header), 25);
}

static void the_plain_form_is_understood(void **state)
{
    (void)state;
    assert_int_equal(wait_of("wait=10"), 10);
    assert_int_equal(wait_of("WAIT=10"), 10);
    assert_int_equal(wait_of("  wait = 7 "), 7);
    assert_int_equal(wait_of("wait=\"9\""), 9);
    assert_int_equal(wait_of("wait=5; foo=bar"), 5);
}

static void it_is_found_among_other_preferences(void **state)
{
    (void)state;
    assert_int_equal(wait_of("respond-async, wait=10"), 10);
    assert_int_equal(wait_of("foo; wait=3, wait=10"), 10); /* a parameter of another preference is not ours */
    assert_int_equal(wait_of("note=\"a, wait=3\", wait=4"), 4);
    assert_int_equal(wait_of(",, wait=4"), 4);
}

static void the_first_one_counts(void **state)
{
    (void)state;
    assert_int_equal(wait_of("wait=3, wait=10"), 3);
    assert_int_equal(wait_of("wait=soon, wait=10"), 0);
}

static void it_is_capped_whatever_its_length(void **state)
{
    (void)state;
    assert_int_equal(wait_of("wait=26"), 25);
    assert_int_equal(wait_of("wait=99999999999999999999999999999999"), 25);
    assert_int_equal(wait_of("wait=4294967297"), 25);
}

static void what_is_not_understood_is_ignored(void **state)
{
    static const char *const nothing[] = {
        "",        "wait",    "wait=",    "wait=-1",           "wait=1.5",   "wait=10s", "wait=0",
        "waits=3", "awaited", "x=wait=3", "note=\"wait=3, a=", "\"wait=3\"", "wait=\"3", "wait=99999999999x"};
    (void)state;
    assert_int_equal(zp_prefer_wait(ZP_ABSENT, 25), 0);
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (wait_of(nothing[i]) != 0)
            fail_msg("\"%s\" was taken for a wait of %u s", nothing[i], wait_of(nothing[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plain_form_is_understood),
        cmocka_unit_test(it_is_found_among_other_preferences),
        cmocka_unit_test(the_first_one_counts),
        cmocka_unit_test(it_is_capped_whatever_its_length),
        cmocka_unit_test(what_is_not_understood_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

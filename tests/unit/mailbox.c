/*
 * mailbox.c - a loop that ends and another one that hands it a connection at the same time: one of them has it.
 */
#include "mailbox.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROUNDS = 2000, FD = 7 }; /* a number: nobody opens or closes it */

static int new_box(void **state)
{
    *state = zp_mailbox_new();
    return !*state;
}

static int end_box(void **state)
{
    zp_mailbox *box = *state;
    zp_mailbox_destroy(&box);
    return 0;
}

static void a_box_with_a_connection_inside_stays_open(void **state)
{
    zp_mailbox *box = *state;
    assert_int_equal(zp_mailbox_put_fd(box, FD), ZP_OK);
    assert_false(zp_mailbox_shut(box));
    assert_int_equal(zp_mailbox_put_fd(box, FD + 1), ZP_OK);
    zp_mail mail = zp_mailbox_take(box);
    assert_int_equal(mail.fd_count, 2);
    assert_int_equal(mail.fds[0], FD);
    assert_int_equal(mail.fds[1], FD + 1);
    assert_true(zp_mailbox_shut(box));
}

static void a_shut_box_leaves_the_connection_to_who_brings_it(void **state)
{
    zp_mailbox *box = *state;
    assert_true(zp_mailbox_shut(box));
    assert_int_equal(zp_mailbox_put_fd(box, FD), ZP_CLOSED);
    assert_int_equal(zp_mailbox_take(box).fd_count, 0);
}

static void *bring(void *context)
{
    return zp_mailbox_put_fd(context, FD) == ZP_OK ? context : NULL;
}

static void of_two_at_the_same_time_one_has_it(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        zp_mailbox *box = zp_mailbox_new();
        pthread_t thread;
        void *taken;
        size_t found = 0;
        assert_non_null(box);
        assert_int_equal(pthread_create(&thread, NULL, bring, box), 0);
        if (i % 2)
            sched_yield();
        while (!zp_mailbox_shut(box))
            found += zp_mailbox_take(box).fd_count;
        assert_int_equal(pthread_join(thread, &taken), 0);
        found += zp_mailbox_take(box).fd_count;
        assert_int_equal(found, taken ? 1 : 0);
        zp_mailbox_destroy(&box);
    }
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, new_box, end_box)
    const struct CMUnitTest tests[] = {
        PROMISE(a_box_with_a_connection_inside_stays_open),
        PROMISE(a_shut_box_leaves_the_connection_to_who_brings_it),
        cmocka_unit_test(of_two_at_the_same_time_one_has_it),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

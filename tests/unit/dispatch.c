/*
 * dispatch.c - the messages between gateway and worker: what is encoded comes back, and nothing else is accepted.
 *
 * The expected bytes are written by hand from the MessagePack specification, so a mistake shared by encoder and decoder
 * shows. Inputs that are to be refused stand in memory of exactly their size: a sanitizer sees every read beyond it.
 */
#include "wire/dispatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct {
    zp_dispatch_msg msg;
    zp_job jobs[ZP_DISPATCH_MAX_JOBS];
    zp_done done[ZP_DISPATCH_MAX_JOBS];
} room;

static zp_rc decode(zp_str bytes, room *to)
{
    to->msg = (zp_dispatch_msg){.jobs = to->jobs, .done = to->done};
    return zp_dispatch_decode(bytes, &to->msg);
}

/* From a copy with nothing behind it. */
static zp_rc decode_exact(zp_str bytes, room *to)
{
    char *copy = malloc(bytes.n ? bytes.n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.n);
    zp_rc rc = decode((zp_str){copy, bytes.n}, to);
    free(copy);
    return rc;
}

static zp_id id_of(uint8_t fill)
{
    zp_id id;
    memset(id.b, fill, sizeof id.b);
    return id;
}

static room *new_room(void)
{
    room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    return r;
}

static zp_buf encoded(const zp_dispatch_msg *msg)
{
    zp_buf out = ZP_BUF_INIT;
    zp_dispatch_encode(msg, &out);
    assert_false(out.failed);
    return out;
}

static zp_buf some_jobs(void)
{
    zp_job jobs[] = {{id_of(1), 1, ZP_JOB_SCORE, ZP_STR("first")},
                     {id_of(2), 300, ZP_JOB_FAIL, ZP_STR("")},
                     {id_of(3), UINT32_MAX, ZP_JOB_SCORE, ZP_STR("a third one")}};
    return encoded(&(zp_dispatch_msg){.kind = ZP_MSG_JOBS, .count = 3, .jobs = jobs});
}

static zp_buf some_done(void)
{
    zp_done done[] = {{id_of(7), 1}, {id_of(8), 70000}};
    return encoded(&(zp_dispatch_msg){.kind = ZP_MSG_DONE, .count = 2, .done = done});
}

/* ---- what both sides rely on ---- */

static void messages_are_the_documented_bytes(void **state)
{
    (void)state;
    zp_buf ready = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_READY, .credit = 256});
    zp_buf bye = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_BYE});
    zp_buf beat = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_BEAT});
    zp_done one = {id_of(7), 2};
    zp_buf done = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_DONE, .count = 1, .done = &one});
    zp_job job = {id_of(1), 1, ZP_JOB_FAIL, ZP_STR("abc")};
    zp_buf jobs = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_JOBS, .count = 1, .jobs = &job});
    zp_buf fell = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_FELL, .count = 1, .done = &one});
    const uint8_t done_bytes[] = {0x93, 1, 2, 0x91, 0x92, 0xc4, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 2};
    const uint8_t jobs_bytes[] = {0x93, 1, 4, 0x91, 0x94, 0xc4, 16, 1, 1, 1, 1,    1, 1,   1,   1,
                                  1,    1, 1, 1,    1,    1,    1,  1, 1, 1, 0xc4, 3, 'a', 'b', 'c'};
    assert_int_equal(ready.n, 6);
    assert_memory_equal(ready.p, "\x93\x01\x01\xcd\x01\x00", 6);
    assert_int_equal(bye.n, 3);
    assert_memory_equal(bye.p, "\x92\x01\x03", 3);
    assert_int_equal(beat.n, 3);
    assert_memory_equal(beat.p, "\x92\x01\x05", 3);
    assert_int_equal(done.n, sizeof done_bytes);
    assert_memory_equal(done.p, done_bytes, sizeof done_bytes);
    assert_int_equal(jobs.n, sizeof jobs_bytes);
    assert_memory_equal(jobs.p, jobs_bytes, sizeof jobs_bytes);
    assert_int_equal(fell.n, sizeof done_bytes);
    assert_memory_equal(fell.p, "\x93\x01\x06", 3);
    assert_memory_equal(fell.p + 3, done_bytes + 3, sizeof done_bytes - 3);
    zp_buf_free(&fell);
    fell = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_FELL});
    assert_int_equal(fell.n, 4);
    assert_memory_equal(fell.p, "\x93\x01\x06\x90", 4);
    zp_buf_free(&fell);
    zp_buf_free(&ready);
    zp_buf_free(&bye);
    zp_buf_free(&beat);
    zp_buf_free(&done);
    zp_buf_free(&jobs);
}

static void jobs_come_back_as_they_were_sent(void **state)
{
    (void)state;
    room *r = new_room();
    zp_buf bytes = some_jobs();
    assert_int_equal(decode(zp_buf_view(&bytes), r), ZP_OK);
    assert_int_equal(r->msg.kind, ZP_MSG_JOBS);
    assert_int_equal(r->msg.count, 3);
    for (uint8_t i = 0; i < 3; i++) {
        zp_id id = id_of((uint8_t)(i + 1));
        assert_int_equal(zp_id_cmp(&r->jobs[i].id, &id), 0);
    }
    assert_int_equal(r->jobs[1].attempt, 300);
    assert_int_equal(r->jobs[2].attempt, UINT32_MAX);
    assert_int_equal(r->jobs[0].mode, ZP_JOB_SCORE);
    assert_int_equal(r->jobs[1].mode, ZP_JOB_FAIL);
    assert_true(zp_str_is(r->jobs[0].submission, "first"));
    assert_true(zp_str_present(r->jobs[1].submission) && r->jobs[1].submission.n == 0);
    assert_true(zp_str_is(r->jobs[2].submission, "a third one"));
    zp_buf_free(&bytes);
    free(r);
}

static void acknowledgements_come_back_as_they_were_sent(void **state)
{
    (void)state;
    room *r = new_room();
    zp_buf bytes = some_done();
    zp_id second = id_of(8);
    assert_int_equal(decode(zp_buf_view(&bytes), r), ZP_OK);
    assert_int_equal(r->msg.kind, ZP_MSG_DONE);
    assert_int_equal(r->msg.count, 2);
    assert_int_equal(r->done[0].attempt, 1);
    assert_int_equal(r->done[1].attempt, 70000);
    assert_int_equal(zp_id_cmp(&r->done[1].id, &second), 0);
    zp_buf_free(&bytes);
    free(r);
}

static void credit_comes_back_over_its_whole_range(void **state)
{
    (void)state;
    static const uint32_t credits[] = {0, 1, 127, 128, 65535, 65536, UINT32_MAX};
    room *r = new_room();
    for (size_t i = 0; i < sizeof credits / sizeof *credits; i++) {
        zp_buf bytes = encoded(&(zp_dispatch_msg){.kind = ZP_MSG_READY, .credit = credits[i]});
        assert_int_equal(decode(zp_buf_view(&bytes), r), ZP_OK);
        assert_int_equal(r->msg.credit, credits[i]);
        zp_buf_free(&bytes);
    }
    free(r);
}

static void the_largest_message_fits_and_one_more_job_does_not(void **state)
{
    (void)state;
    room *r = new_room();
    zp_done *done = calloc(ZP_DISPATCH_MAX_JOBS + 1, sizeof *done);
    assert_non_null(done);
    for (size_t i = 0; i <= ZP_DISPATCH_MAX_JOBS; i++)
        done[i] = (zp_done){id_of((uint8_t)i), 1};
    zp_dispatch_msg msg = {.kind = ZP_MSG_DONE, .count = ZP_DISPATCH_MAX_JOBS, .done = done};
    zp_buf largest = encoded(&msg);
    assert_int_equal(decode(zp_buf_view(&largest), r), ZP_OK);
    assert_int_equal(r->msg.count, ZP_DISPATCH_MAX_JOBS);
    msg.count++;
    zp_buf beyond = encoded(&msg);
    assert_int_equal(decode(zp_buf_view(&beyond), r), ZP_INVALID);
    zp_buf_free(&largest);
    zp_buf_free(&beyond);
    free(done);
    free(r);
}

/* ---- what is refused ---- */

static void every_truncation_is_refused(void **state)
{
    (void)state;
    room *r = new_room();
    zp_buf all[] = {some_jobs(), some_done(), encoded(&(zp_dispatch_msg){.kind = ZP_MSG_READY, .credit = 70000})};
    for (size_t m = 0; m < sizeof all / sizeof *all; m++) {
        for (size_t n = 0; n < all[m].n; n++)
            assert_int_equal(decode_exact((zp_str){all[m].p, n}, r), ZP_INVALID);
        zp_buf_free(&all[m]);
    }
    free(r);
}

static void every_changed_byte_is_refused_or_stays_within_bounds(void **state)
{
    (void)state;
    room *r = new_room();
    zp_buf all[] = {some_jobs(), some_done(), encoded(&(zp_dispatch_msg){.kind = ZP_MSG_READY, .credit = 70000}),
                    encoded(&(zp_dispatch_msg){.kind = ZP_MSG_BEAT})};
    for (size_t m = 0; m < sizeof all / sizeof *all; m++) {
        for (size_t at = 0; at < all[m].n; at++)
            for (int change = 1; change < 256; change++) {
                all[m].p[at] ^= (char)change;
                zp_rc rc = decode_exact(zp_buf_view(&all[m]), r);
                all[m].p[at] ^= (char)change;
                assert_true(rc == ZP_OK || rc == ZP_INVALID);
                assert_true(r->msg.count <= ZP_DISPATCH_MAX_JOBS);
                assert_true(rc == ZP_OK || r->msg.count == 0);
            }
        zp_buf_free(&all[m]);
    }
    free(r);
}

static void leftovers_are_refused(void **state)
{
    (void)state;
    room *r = new_room();
    zp_buf all[] = {some_jobs(), some_done(), encoded(&(zp_dispatch_msg){.kind = ZP_MSG_READY, .credit = 1}),
                    encoded(&(zp_dispatch_msg){.kind = ZP_MSG_BYE}), encoded(&(zp_dispatch_msg){.kind = ZP_MSG_BEAT})};
    for (size_t m = 0; m < sizeof all / sizeof *all; m++) {
        assert_int_equal(decode(zp_buf_view(&all[m]), r), ZP_OK);
        zp_buf_char(&all[m], '\0');
        assert_int_equal(decode(zp_buf_view(&all[m]), r), ZP_INVALID);
        zp_buf_free(&all[m]);
    }
    free(r);
}

static void what_is_not_in_the_table_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t n;
    } rows[] = {
#define ROW(why, bytes) {why, bytes, sizeof(bytes) - 1}
        ROW("nothing", ""),
        ROW("no array", "\x01"),
        ROW("version 0", "\x92\x00\x05"),
        ROW("version 2", "\x92\x02\x05"),
        ROW("kind 0", "\x92\x01\x00"),
        ROW("kind 7", "\x92\x01\x07"),
        ROW("kind 257, cut to 1 by a careless cast", "\x93\x01\xcd\x01\x01\x05"),
        ROW("a beat with a body", "\x93\x01\x05\x01"),
        ROW("a READY without credit", "\x92\x01\x01"),
        ROW("a negative credit", "\x93\x01\x01\xff"),
        ROW("a credit of 2^32", "\x93\x01\x01\xcf\x00\x00\x00\x01\x00\x00\x00\x00"),
        ROW("a credit that is a float", "\x93\x01\x01\xca\x3f\x80\x00\x00"),
        ROW("four thousand million jobs in nine bytes", "\x93\x01\x04\xdd\xff\xff\xff\xff\x90"),
        ROW("a short id", "\x93\x01\x02\x91\x92\xc4\x01\x07\x01"),
        ROW("attempt 0", "\x93\x01\x02\x91\x92\xc4\x10QRSTUVWXYZQRSTUV\x00"),
        ROW("mode 2", "\x93\x01\x04\x91\x94\xc4\x10QRSTUVWXYZQRSTUV\x01\x02\xc4\x01x"),
        ROW("no submission", "\x93\x01\x04\x91\x94\xc4\x10QRSTUVWXYZQRSTUV\x01\x00\xc0"),
        ROW("a submission that is text", "\x93\x01\x04\x91\x94\xc4\x10QRSTUVWXYZQRSTUV\x01\x00\xa1x"),
#undef ROW
    };
    room *r = new_room();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        zp_rc rc = decode_exact((zp_str){rows[i].bytes, rows[i].n}, r);
        if (rc != ZP_INVALID)
            fail_msg("%s: %s", rows[i].why, zp_rc_name(rc));
    }
    free(r);
}

static void a_kind_that_the_receiver_has_no_room_for_is_refused(void **state)
{
    (void)state;
    zp_buf jobs = some_jobs(), done = some_done();
    zp_dispatch_msg msg = {0};
    assert_int_equal(zp_dispatch_decode(zp_buf_view(&jobs), &msg), ZP_INVALID);
    assert_int_equal(zp_dispatch_decode(zp_buf_view(&done), &msg), ZP_INVALID);
    zp_buf_free(&jobs);
    zp_buf_free(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_the_documented_bytes),
        cmocka_unit_test(jobs_come_back_as_they_were_sent),
        cmocka_unit_test(acknowledgements_come_back_as_they_were_sent),
        cmocka_unit_test(credit_comes_back_over_its_whole_range),
        cmocka_unit_test(the_largest_message_fits_and_one_more_job_does_not),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_changed_byte_is_refused_or_stays_within_bounds),
        cmocka_unit_test(leftovers_are_refused),
        cmocka_unit_test(what_is_not_in_the_table_is_refused),
        cmocka_unit_test(a_kind_that_the_receiver_has_no_room_for_is_refused),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

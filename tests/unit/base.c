/*
 * base.c - ids that order, times and digests against independent oracles, memory that keeps its promises, log lines
 * that nobody can forge.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- ids ---- */

enum { NOW = 1700000000 };

static zp_id next_id(zp_id_gen *gen, int64_t now_ms)
{
    zp_id id;
    assert_int_equal(zp_id_next(gen, now_ms, &id), ZP_OK);
    return id;
}

static void assert_rising(const zp_id *before, const zp_id *after)
{
    assert_true(zp_id_cmp(before, after) < 0);
}

static void an_id_has_the_layout_of_rfc_9562(void **state)
{
    (void)state;
    zp_id_gen gen = {0};
    const int64_t now = INT64_C(0x017f22e279b0); /* the example in its appendix A.6 */
    zp_id id = next_id(&gen, now);
    char text[ZP_ID_TEXT + 1];
    zp_id_format(&id, text);
    assert_memory_equal(text, "017f22e2-79b0-7", 15);
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(zp_id_ms(&id), now);
    assert_int_equal(strlen(text), ZP_ID_TEXT);
}

static void ids_rise_within_one_millisecond(void **state)
{
    (void)state;
    zp_id_gen gen = {0};
    zp_id before = next_id(&gen, NOW);
    for (int i = 0; i < 5000; i++) { /* more than the 4096 that a millisecond's counter holds */
        zp_id id = next_id(&gen, NOW);
        assert_rising(&before, &id);
        assert_int_equal(id.b[6] >> 4, 7);
        assert_int_equal(id.b[8] >> 6, 2);
        before = id;
    }
    assert_int_equal(zp_id_ms(&before), NOW + 1);
}

static void ids_rise_when_the_clock_steps_back(void **state)
{
    (void)state;
    zp_id_gen gen = {0};
    zp_id first = next_id(&gen, NOW), second = next_id(&gen, NOW - 3600000), third = next_id(&gen, NOW + 1);
    assert_rising(&first, &second);
    assert_rising(&second, &third);
    assert_int_equal(zp_id_ms(&third), NOW + 1);
}

static void ids_rise_after_the_newest_stored_one(void **state)
{
    (void)state;
    zp_id_gen gen = {0}, successor = {0};
    zp_id stored = next_id(&gen, NOW);
    successor.last = stored;
    zp_id id = next_id(&successor, NOW - 1000);
    assert_rising(&stored, &id);
}

static void two_generators_do_not_agree(void **state)
{
    (void)state;
    zp_id_gen a = {0}, b = {0};
    for (int i = 0; i < 100; i++) { /* past the first block of random bytes */
        zp_id from_a = next_id(&a, NOW + i), from_b = next_id(&b, NOW + i);
        assert_memory_equal(from_a.b, from_b.b, 8);
        assert_memory_not_equal(from_a.b + 8, from_b.b + 8, 8);
    }
}

static void an_id_reads_back_as_written(void **state)
{
    (void)state;
    zp_id id, again;
    char text[ZP_ID_TEXT + 1];
    assert_int_equal(zp_id_parse(ZP_STR("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &id), ZP_OK);
    zp_id_format(&id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(zp_id_parse(zp_str_of(text), &again), ZP_OK);
    assert_int_equal(zp_id_cmp(&id, &again), 0);
}

static void what_is_not_an_id_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
                                        "017f22e279b07cc398c4dc0c0c07398f",
                                        "017f22e2-79b0-7cc3-98c4+dc0c0c07398f",
                                        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07 98f"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        zp_id id;
        memset(&id, 7, sizeof id);
        zp_id before = id;
        assert_int_equal(zp_id_parse(zp_str_of(wrong[i]), &id), ZP_INVALID);
        assert_int_equal(zp_id_cmp(&id, &before), 0);
    }
}

/* ---- time ---- */

static void assert_time(int64_t wall_ms)
{
    char ours[ZP_TIME_TEXT + 1], seconds[32], theirs[48];
    struct tm tm;
    time_t t = (time_t)(wall_ms / 1000);
    assert_non_null(gmtime_r(&t, &tm));
    assert_int_not_equal(strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm), 0);
    snprintf(theirs, sizeof theirs, "%s.%03dZ", seconds, (int)(wall_ms % 1000));
    zp_time_format(wall_ms, ours);
    assert_string_equal(ours, theirs);
}

static void a_time_reads_as_the_c_library_writes_it(void **state)
{
    (void)state;
    const int64_t day = 86400000;
    for (int64_t ms = 0; ms < 140 * 366 * day; ms += day) { /* every day until 2110, which passes 2000 and 2100 */
        assert_time(ms);
        assert_time(ms + day - 1);
    }
    assert_time(INT64_C(253402300799999));
}

static void a_time_out_of_range_still_has_its_form(void **state)
{
    (void)state;
    char text[ZP_TIME_TEXT + 1];
    zp_time_format(-1, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    zp_time_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

/* ---- digest ---- */

static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    zp_digest digest;
    char text[ZP_DIGEST_TEXT + 1];
    zp_digest_of(ZP_STR("abc"), &digest); /* FIPS 180-4's example */
    zp_digest_format(&digest, text);
    assert_string_equal(text, "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:");
    assert_int_equal(strlen(text), ZP_DIGEST_TEXT);
    zp_digest_of(ZP_STR(""), &digest);
    zp_digest_format(&digest, text);
    assert_string_equal(text, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    zp_digest_of(ZP_STR("{\"hello\": \"world\"}"), &digest); /* RFC 9530's example */
    zp_digest_format(&digest, text);
    assert_string_equal(text, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
}

/* ---- memory ---- */

static void what_an_arena_gives_is_aligned_and_disjoint(void **state)
{
    (void)state;
    enum { BLOCKS = 500 };
    zp_arena *arena = zp_arena_new(256);
    unsigned char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = zp_arena_alloc(arena, i);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        memset(blocks[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(blocks[i][k], i % 251);
    zp_arena_destroy(&arena);
    assert_null(arena);
}

static void a_reset_arena_starts_over_in_its_first_chunk(void **state)
{
    (void)state;
    zp_arena *arena = zp_arena_new(1024);
    char *first = zp_arena_alloc(arena, 100);
    for (int i = 0; i < 50; i++)
        assert_non_null(zp_arena_alloc(arena, 1000));
    memset(first, 'x', 100);
    zp_arena_reset(arena);
    assert_ptr_equal(zp_arena_alloc(arena, 100), first);
    zp_arena_reset(arena);
    const char *cleared = zp_arena_calloc(arena, 10, 10);
    assert_ptr_equal(cleared, first);
    for (int i = 0; i < 100; i++)
        assert_int_equal(cleared[i], 0);
    zp_arena_destroy(&arena);
}

static void an_arena_says_no_to_what_cannot_be(void **state)
{
    (void)state;
    zp_arena *arena = zp_arena_new(64);
    assert_null(zp_arena_alloc(arena, SIZE_MAX));
    assert_null(zp_arena_alloc(arena, SIZE_MAX - 20));
    assert_null(zp_arena_calloc(arena, SIZE_MAX / 2, 3));
    assert_non_null(zp_arena_alloc(arena, 64));
    zp_arena_destroy(&arena);
    zp_arena_destroy(&arena);
}

static void an_arena_copies_and_formats(void **state)
{
    (void)state;
    zp_arena *arena = zp_arena_new(16);
    assert_false(zp_str_present(zp_arena_copy(arena, ZP_ABSENT)));
    zp_str empty = zp_arena_copy(arena, ZP_STR(""));
    assert_true(zp_str_present(empty) && !zp_str_filled(empty));
    char original[] = "效益";
    zp_str copy = zp_arena_copy(arena, zp_str_of(original));
    original[0] = 'x';
    assert_true(zp_str_is(copy, "效益"));
    zp_str text = zp_arena_printf(arena, "%s %0*d", "row", 40, 7);
    assert_true(zp_str_is(text, "row 0000000000000000000000000000000000000007"));
    assert_int_equal(text.p[text.n], '\0');
    zp_arena_destroy(&arena);
}

static void a_buffer_keeps_all_that_was_added(void **state)
{
    (void)state;
    zp_buf buf = ZP_BUF_INIT;
    assert_non_null(zp_buf_view(&buf).p);
    for (int i = 0; i < 10000; i++) {
        zp_buf_printf(&buf, "%04d", i);
        zp_buf_char(&buf, ',');
    }
    zp_buf_lit(&buf, "end");
    assert_false(buf.failed);
    assert_int_equal(buf.n, 50003);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(atoi(buf.p + (size_t)i * 5), i);
    assert_memory_equal(buf.p + 50000, "end", 3);
    const char *memory = buf.p;
    zp_buf_clear(&buf);
    zp_buf_str(&buf, ZP_STR("again"));
    assert_ptr_equal(buf.p, memory);
    assert_true(zp_str_is(zp_buf_view(&buf), "again"));
    zp_buf_free(&buf);
    assert_null(buf.p);
}

static void a_buffer_that_could_not_grow_stays_failed(void **state)
{
    (void)state;
    zp_buf buf = ZP_BUF_INIT;
    zp_buf_lit(&buf, "kept");
    assert_false(zp_buf_reserve(&buf, SIZE_MAX));
    zp_buf_lit(&buf, "lost");
    zp_buf_printf(&buf, "%s", "lost");
    assert_true(buf.failed);
    assert_true(zp_str_is(zp_buf_view(&buf), "kept"));
    zp_buf_clear(&buf);
    zp_buf_lit(&buf, "new");
    assert_false(buf.failed);
    assert_true(zp_str_is(zp_buf_view(&buf), "new"));
    zp_buf_free(&buf);
}

/* ---- log ---- */

typedef struct {
    int seen, before; /* our end of a datagram pair, so each write arrives alone; the real standard error */
} log_catch;

static int catch_log(void **state)
{
    static log_catch caught;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
        return -1;
    caught = (log_catch){.seen = pair[0], .before = dup(STDERR_FILENO)};
    *state = &caught;
    int replaced = dup2(pair[1], STDERR_FILENO);
    close(pair[1]);
    zp_log_open("gateway", ZP_INFO);
    return replaced < 0 ? -1 : 0;
}

static int release_log(void **state)
{
    log_catch *caught = *state;
    int restored = dup2(caught->before, STDERR_FILENO);
    close(caught->before);
    close(caught->seen);
    return restored < 0 ? -1 : 0;
}

/* One write's bytes, as a string; NULL when there was none. */
static const char *written(const log_catch *caught)
{
    static char line[8192];
    ssize_t n = recv(caught->seen, line, sizeof line - 1, MSG_DONTWAIT);
    if (n < 0)
        return NULL;
    line[n] = '\0';
    return line;
}

static void a_log_line_is_one_write(void **state)
{
    zp_log(ZP_WARN, "accepted", "id=%s revision=%d", "0195", 1);
    const char *line = written(*state);
    assert_non_null(line);
    assert_string_equal(line + ZP_TIME_TEXT, " WARN gateway accepted id=0195 revision=1\n");
    assert_int_equal(line[10], 'T');
    assert_null(written(*state));
}

static void a_value_cannot_forge_a_log_line(void **state)
{
    zp_log(ZP_INFO, "refused", "key=\"%s\"", "a\nb\r\x1b[2J\t\x7f\xc2\x9b-\xc3\xa9-优");
    const char *line = written(*state);
    assert_non_null(line);
    assert_string_equal(line + ZP_TIME_TEXT,
                        " INFO gateway refused key=\"a\\x0ab\\x0d\\x1b[2J\\x09\\x7f\\xc2\\x9b-\xc3\xa9-优\"\n");
    assert_null(written(*state));
}

static void a_long_log_line_is_cut_at_a_character_and_ends(void **state)
{
    char text[9000] = "";
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "优", 4);
        zp_log(ZP_INFO, "long", "text=%s", text);
        const char *line = written(*state);
        assert_non_null(line);
        size_t n = strlen(line);
        assert_in_range(n, 2000, 4096);
        assert_memory_equal(line + n - 4, "优\n", 4);
    }
    memset(text, '\n', sizeof text - 1);
    zp_log(ZP_INFO, "long", "text=%s", text);
    const char *line = written(*state);
    assert_non_null(line);
    assert_in_range(strlen(line), 2000, 4096);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void lines_below_the_level_are_dropped(void **state)
{
    zp_log(ZP_DEBUG, "detail", "n=%d", 1);
    assert_null(written(*state));
    zp_log_open("worker", ZP_ERROR);
    zp_log(ZP_WARN, "detail", "n=%d", 2);
    assert_null(written(*state));
    zp_log(ZP_ERROR, "full", "n=%d", 3);
    assert_non_null(strstr(written(*state), " ERROR worker full n=3\n"));
}

static void a_line_that_cannot_be_written_leaves_errno_alone(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    assert_int_equal(dup2(full, STDERR_FILENO), STDERR_FILENO);
    close(full);
    errno = EXDEV;
    zp_log(ZP_ERROR, "lost", "n=%d", 1);
    assert_int_equal(errno, EXDEV);
}

static void levels_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++) {
        zp_level level = ZP_ERROR;
        assert_int_equal(zp_level_parse(names[i], &level), ZP_OK);
        assert_int_equal(level, i);
    }
    zp_level level;
    assert_int_equal(zp_level_parse("", &level), ZP_INVALID);
    assert_int_equal(zp_level_parse("warning", &level), ZP_INVALID);
}

static void every_outcome_has_a_name(void **state)
{
    (void)state;
    for (int rc = ZP_OK; rc <= ZP_CLOSED; rc++) {
        assert_non_null(zp_rc_name((zp_rc)rc));
        assert_string_not_equal(zp_rc_name((zp_rc)rc), "unknown");
    }
    assert_string_equal(zp_rc_name((zp_rc)999), "unknown");
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, catch_log, release_log)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_has_the_layout_of_rfc_9562),
        cmocka_unit_test(ids_rise_within_one_millisecond),
        cmocka_unit_test(ids_rise_when_the_clock_steps_back),
        cmocka_unit_test(ids_rise_after_the_newest_stored_one),
        cmocka_unit_test(two_generators_do_not_agree),
        cmocka_unit_test(an_id_reads_back_as_written),
        cmocka_unit_test(what_is_not_an_id_is_refused),
        cmocka_unit_test(a_time_reads_as_the_c_library_writes_it),
        cmocka_unit_test(a_time_out_of_range_still_has_its_form),
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(what_an_arena_gives_is_aligned_and_disjoint),
        cmocka_unit_test(a_reset_arena_starts_over_in_its_first_chunk),
        cmocka_unit_test(an_arena_says_no_to_what_cannot_be),
        cmocka_unit_test(an_arena_copies_and_formats),
        cmocka_unit_test(a_buffer_keeps_all_that_was_added),
        cmocka_unit_test(a_buffer_that_could_not_grow_stays_failed),
        LOG_TEST(a_log_line_is_one_write),
        LOG_TEST(a_value_cannot_forge_a_log_line),
        LOG_TEST(a_long_log_line_is_cut_at_a_character_and_ends),
        LOG_TEST(lines_below_the_level_are_dropped),
        LOG_TEST(a_line_that_cannot_be_written_leaves_errno_alone),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(every_outcome_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * text.c - one spelling for all cells, held against utf8proc's NFKC: what is passed by without asking it must be what
 * it would have said.
 */
#include "core/text.h"
#include "arena_kit.h"

#include <utf8proc.h>

enum { FIRST = 0x80, LAST = 0xffff, SURROGATES = 0xd800, BEHIND_SURROGATES = 0xe000 };

/* Whether NFKC would make one number of the character and the 7 behind it, or of the 7 in front. */
static bool is_odd_digit(utf8proc_int32_t point)
{
    static const utf8proc_int32_t first_full_width = U'０', last_full_width = U'９';
    if (point >= first_full_width && point <= last_full_width)
        return false;
    utf8proc_uint8_t text[8] = {0}, *nfkc = NULL;
    (void)utf8proc_encode_char(point, text);
    utf8proc_ssize_t n = utf8proc_map(text, 0, &nfkc, UTF8PROC_NULLTERM | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    assert_true(n > 0);
    bool found = false;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        found |= nfkc[i] >= '0' && nfkc[i] <= '9';
    free(nfkc);
    return found;
}

static zp_str after_nfkc(const char *text)
{
    utf8proc_uint8_t *nfkc = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text, 0, &nfkc,
                                      UTF8PROC_NULLTERM | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE);
    assert_true(n >= 0);
    zp_str plain = zp_text_normalise((zp_str){(const char *)nfkc, (size_t)n}, arena);
    zp_str out = zp_arena_copy(arena, plain);
    free(nfkc);
    return out;
}

static void expect_as_nfkc(const char *text)
{
    zp_str got = zp_text_normalise(zp_str_of(text), arena), wanted = after_nfkc(text);
    if (!zp_str_eq(got, wanted))
        fail_msg("\"%s\" became \"%.*s\", not \"%.*s\"", text, (int)got.n, got.p, (int)wanted.n, wanted.p);
    zp_arena_reset(arena);
}

/* Behind a digit and a Chinese character, so that what composes with its neighbour has one. */
static void test_every_character_is_spelled_as_by_nfkc(void **state)
{
    (void)state;
    for (utf8proc_int32_t point = FIRST; point <= LAST; point++) {
        if (point >= SURROGATES && point < BEHIND_SURROGATES)
            continue;
        char text[16] = "4达";
        utf8proc_ssize_t n = utf8proc_encode_char(point, (utf8proc_uint8_t *)text + 4);
        text[4 + n] = is_odd_digit(point) ? '\0' : '7';
        expect_as_nfkc(text);
    }
}

static void test_respelled(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {{"１２，３４５．６％", "12345.6%"},
                {"１，２３４，５６７", "1234567"},
                {"1,234,567", "1234567"},
                {"99.5,200", "99.5,200"},
                {"90分钟，180分钟；24小时", "90分钟,180分钟;24小时"},
                {" ＞＝ 98 %\n", ">=98%"},
                {"≧98–100", "≥98-100"},
                {"⩽5　万元", "≤5万元"},
                {"５㎡", "5m2"},
                {"〇", "〇"},
                {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        zp_str got = zp_text_normalise(zp_str_of(rows[i].text), arena);
        if (!zp_str_eq(got, zp_str_of(rows[i].wanted)))
            fail_msg("\"%s\" became \"%.*s\", not \"%s\"", rows[i].text, (int)got.n, got.p, rows[i].wanted);
    }
}

static void test_a_digit_that_is_part_of_no_number_is_kept_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {{"10⁴次", "10^4次"}, {"1０⁴", "10^4"}, {"10 ⁴", "10^4"},   {"①5次", "1^5次"},
                {"⒈5次", "1.^5次"},  {"5½", "5^1⁄2"},  {"①②", "1^2"},      {"5.②次", "5.^2次"},
                {"5㎡", "5m2"},      {"90m³", "90m3"}, {"第①项", "第1项"}, {"H₂O", "H2O"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        zp_str got = zp_text_normalise(zp_str_of(rows[i].text), arena);
        if (!zp_str_eq(got, zp_str_of(rows[i].wanted)))
            fail_msg("\"%s\" became \"%.*s\", not \"%s\"", rows[i].text, (int)got.n, got.p, rows[i].wanted);
    }
}

static void test_absent_and_what_is_no_utf8_stay(void **state)
{
    (void)state;
    assert_null(zp_text_normalise(ZP_ABSENT, arena).p);
    assert_true(zp_str_eq(zp_text_normalise(ZP_STR("5\xff"), arena), ZP_STR("5\xff")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_character_is_spelled_as_by_nfkc, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_respelled, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_a_digit_that_is_part_of_no_number_is_kept_apart, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_absent_and_what_is_no_utf8_stay, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

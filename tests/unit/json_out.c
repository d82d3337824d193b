/*
 * json_out.c - what is written as JSON reads back as it was, by jansson, wherever in a text a character stands.
 */
#include "codec/json_out.h"

#include "core/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static void assert_reads_back(zp_str text)
{
    zp_buf out = ZP_BUF_INIT;
    json_error_t error;
    zp_json_str(&out, text);
    assert_false(out.failed);
    json_t *read = json_loadb(out.p, out.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!read)
        fail_msg("%s in %.*s", error.text, (int)out.n, out.p);
    assert_int_equal(json_string_length(read), text.n);
    assert_memory_equal(json_string_value(read), text.p, text.n);
    json_decref(read);
    zp_buf_free(&out);
}

/* In memory of exactly its size, so that a sanitizer sees a read beyond. */
static void any_character_reads_back_at_any_place(void **state)
{
    (void)state;
    enum { LONGEST = 20 };
    for (size_t n = 0; n <= LONGEST; n++) {
        char *text = malloc(n ? n : 1);
        assert_non_null(text);
        memset(text, 'x', n);
        assert_reads_back((zp_str){text, n});
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 0x80; c++) {
                text[at] = (char)c;
                assert_reads_back((zp_str){text, n});
            }
            text[at] = 'x';
        }
        free(text);
    }
    assert_reads_back(ZP_STR("执行率“100%”，\"优\"\\\n\t\x01\x7f😀"));
}

static void assert_written(zp_buf *out, const char *expected)
{
    zp_buf_char(out, '\0');
    assert_string_equal(out->p, expected);
    zp_buf_clear(out);
}

static void figures_are_exact_and_the_unknown_is_null(void **state)
{
    (void)state;
    static const struct {
        int64_t cents;
        const char *text;
    } cases[] = {{0, "\"0.00\""},         {5, "\"0.05\""},
                 {9760, "\"97.60\""},     {-5, "\"-0.05\""},
                 {-12345, "\"-123.45\""}, {INT64_MAX, "\"92233720368547758.07\""},
                 {ZP_NO_CENTS, "null"},   {INT64_MIN + 1, "\"-92233720368547758.07\""}};
    zp_buf out = ZP_BUF_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zp_json_cents(&out, cases[i].cents);
        assert_written(&out, cases[i].text);
    }
    zp_json_uint(&out, 0);
    assert_written(&out, "0");
    zp_json_uint(&out, UINT64_MAX);
    assert_written(&out, "18446744073709551615");
    zp_json_str(&out, ZP_ABSENT);
    assert_written(&out, "null");
    zp_json_str(&out, ZP_STR(""));
    assert_written(&out, "\"\"");
    zp_json_time(&out, 1646122530123);
    assert_written(&out, "\"2022-03-01T08:15:30.123Z\"");
    zp_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_character_reads_back_at_any_place),
        cmocka_unit_test(figures_are_exact_and_the_unknown_is_null),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

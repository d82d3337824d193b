/*
 * query.c - query strings: decoded as browsers encode them, and nothing in them passed over in silence.
 */
#include "query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { YEAR, UNIT, PARAMS };

typedef struct {
    zp_arena *arena;
    zp_param params[PARAMS];
    zp_query_fault fault;
} reading;

static reading *new_reading(void)
{
    reading *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->arena = zp_arena_new(4096);
    assert_non_null(r->arena);
    r->params[YEAR].name = "year";
    r->params[UNIT].name = "unit";
    return r;
}

static void end(reading *r)
{
    zp_arena_destroy(&r->arena);
    free(r);
}

static zp_rc read_query(reading *r, const char *raw)
{
    return zp_query_read(zp_str_of(raw), r->arena, r->params, PARAMS, &r->fault);
}

static void assert_text(zp_str is, const char *expected)
{
    if (!zp_str_present(is) || !zp_str_is(is, expected))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)is.n, is.p ? is.p : "", expected);
}

static void values_are_decoded(void **state)
{
    (void)state;
    reading *r = new_reading();
    assert_int_equal(read_query(r, "unit=%E5%8D%95%e4%bd%8d+A%2bB%26C&year=2022"), ZP_OK);
    assert_text(r->params[UNIT].value, "单位 A+B&C");
    assert_text(r->params[YEAR].value, "2022");
    assert_int_equal(read_query(r, "%75nit=x=y"), ZP_OK);
    assert_text(r->params[UNIT].value, "x=y");
    assert_false(zp_str_present(r->params[YEAR].value));
    end(r);
}

static void an_empty_field_of_a_search_form_is_no_filter(void **state)
{
    (void)state;
    reading *r = new_reading();
    assert_int_equal(read_query(r, "&&year=&unit&"), ZP_OK);
    assert_false(zp_str_present(r->params[YEAR].value));
    assert_false(zp_str_present(r->params[UNIT].value));
    assert_int_equal(read_query(r, ""), ZP_OK);
    end(r);
}

static void a_stray_percent_sign_stands_for_itself(void **state)
{
    (void)state;
    reading *r = new_reading();
    assert_int_equal(read_query(r, "unit=100%"), ZP_OK);
    assert_text(r->params[UNIT].value, "100%");
    assert_int_equal(read_query(r, "unit=%zz%4"), ZP_OK);
    assert_text(r->params[UNIT].value, "%zz%4");
    end(r);
}

static void every_unknown_parameter_is_named(void **state)
{
    (void)state;
    reading *r = new_reading();
    assert_int_equal(read_query(r, "yaer=2022&unit=a&%E5%B9%B4=1"), ZP_INVALID);
    assert_non_null(strstr(r->fault.en.p, "\"yaer\", \"年\""));
    assert_non_null(strstr(r->fault.en.p, "year, unit"));
    assert_non_null(strstr(r->fault.zh.p, "\"yaer\", \"年\""));
    end(r);
}

static void where_none_is_known_any_is_refused(void **state)
{
    (void)state;
    reading *r = new_reading();
    assert_int_equal(zp_query_read(ZP_STR("a=1"), r->arena, NULL, 0, &r->fault), ZP_INVALID);
    assert_non_null(strstr(r->fault.en.p, "\"a\""));
    assert_int_equal(zp_query_read(ZP_STR("&"), r->arena, NULL, 0, &r->fault), ZP_OK);
    end(r);
}

static void twice_is_refused(void **state)
{
    (void)state;
    reading *r = new_reading();
    assert_int_equal(read_query(r, "year=2022&year=2023"), ZP_INVALID);
    assert_non_null(strstr(r->fault.en.p, "year"));
    end(r);
}

static void text_that_is_not_clean_is_refused(void **state)
{
    static const char *const unclean[] = {"unit=%ff",       "unit=%e5%8d", "unit=a%0d%0aSet-Cookie:x",
                                          "unit=%00",       "%ff=1",       "unit=%c2%85",
                                          "unit=%ed%a0%80", "unit=\x80",   "unit=%7f"};
    (void)state;
    reading *r = new_reading();
    for (size_t i = 0; i < sizeof unclean / sizeof *unclean; i++)
        if (read_query(r, unclean[i]) != ZP_INVALID)
            fail_msg("\"%s\" was accepted", unclean[i]);
    end(r);
}

static void a_long_unknown_name_is_cut_at_a_character(void **state)
{
    (void)state;
    reading *r = new_reading();
    char raw[700] = "";
    for (int i = 0; i < 70; i++)
        strcat(raw, "%E5%B9%B4");
    assert_int_equal(read_query(r, raw), ZP_INVALID);
    assert_null(strstr(r->fault.en.p, "\xe5\""));
    assert_null(strstr(r->fault.en.p, "\xe5\xb9\""));
    assert_true(r->fault.en.n < 200);
    end(r);
}

static void many_unknown_names_stay_short(void **state)
{
    (void)state;
    reading *r = new_reading();
    char raw[4000] = "";
    for (int i = 0; i < 1000; i++)
        strcat(raw, "a=&");
    assert_int_equal(read_query(r, raw), ZP_INVALID);
    assert_true(r->fault.en.n < 300);
    end(r);
}

static void numbers_are_within_their_bounds(void **state)
{
    static const char *const wrong[] = {"year=1999",  "year=2100",  "year=+2022",   "year=-1",
                                        "year=2022a", "year=0x7e6", "year=%202022", "year=18446744073709553638"};
    (void)state;
    reading *r = new_reading();
    uint64_t n = 7;
    assert_int_equal(read_query(r, "unit=a"), ZP_OK);
    assert_int_equal(zp_query_uint(&r->params[YEAR], 2000, 2099, r->arena, &n, &r->fault), ZP_OK);
    assert_int_equal(n, 7);
    assert_int_equal(read_query(r, "year=2099"), ZP_OK);
    assert_int_equal(zp_query_uint(&r->params[YEAR], 2000, 2099, r->arena, &n, &r->fault), ZP_OK);
    assert_int_equal(n, 2099);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        (void)read_query(r, wrong[i]);
        if (zp_query_uint(&r->params[YEAR], 2000, 2099, r->arena, &n, &r->fault) != ZP_INVALID)
            fail_msg("\"%s\" was accepted", wrong[i]);
        assert_non_null(strstr(r->fault.en.p, "2000-2099"));
    }
    end(r);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    reading *r = new_reading();
    zp_buf out = ZP_BUF_INIT;
    bool first = true;
    zp_query_write(&out, &first, "year", ZP_ABSENT);
    zp_query_write(&out, &first, "unit", ZP_STR("单位 A+B&C=\"<\r\n>\""));
    zp_query_write(&out, &first, "year", ZP_STR("2022"));
    assert_text(zp_buf_view(&out), "?unit=%E5%8D%95%E4%BD%8D%20A%2BB%26C%3D%22%3C%0D%0A%3E%22&year=2022");
    zp_buf_free(&out);
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_decoded),
        cmocka_unit_test(an_empty_field_of_a_search_form_is_no_filter),
        cmocka_unit_test(a_stray_percent_sign_stands_for_itself),
        cmocka_unit_test(every_unknown_parameter_is_named),
        cmocka_unit_test(where_none_is_known_any_is_refused),
        cmocka_unit_test(twice_is_refused),
        cmocka_unit_test(text_that_is_not_clean_is_refused),
        cmocka_unit_test(a_long_unknown_name_is_cut_at_a_character),
        cmocka_unit_test(many_unknown_names_stay_short),
        cmocka_unit_test(numbers_are_within_their_bounds),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

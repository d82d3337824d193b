/*
 * urlencoded.c - a form as a browser sends it: the same form as its JSON, or refused with the field that is wrong.
 */
#include "codec_kit.h"

#include <jansson.h>

/* ---- encoding, as WHATWG's URL standard says ---- */

static void encode(zp_buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == ' ')
            zp_buf_char(out, '+');
        else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("*-._", c))
            zp_buf_char(out, (char)c);
        else
            zp_buf_printf(out, "%%%02X", c);
    }
}

static void flatten(zp_buf *out, const char *path, const json_t *value)
{
    const char *name;
    json_t *inner;
    size_t i;
    char deeper[256];
    json_object_foreach((json_t *)value, name, inner)
    {
        snprintf(deeper, sizeof deeper, "%s%s%s", path, *path ? "." : "", name);
        flatten(out, deeper, inner);
    }
    json_array_foreach(value, i, inner)
    {
        snprintf(deeper, sizeof deeper, "%s.%zu", path, i);
        flatten(out, deeper, inner);
    }
    if (json_is_object(value) || json_is_array(value))
        return;
    if (out->n)
        zp_buf_char(out, '&');
    encode(out, path);
    zp_buf_char(out, '=');
    if (json_is_integer(value))
        zp_buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value))
        encode(out, json_string_value(value));
}

/* ---- what is accepted ---- */

static void a_browser_sends_the_same_form_as_json(void **state)
{
    (void)state;
    for (int number = 1; number <= SEEDS; number++) {
        char *text = seed_text(number);
        json_t *json = json_loads(text, 0, NULL);
        zp_buf body = ZP_BUF_INIT;
        assert_non_null(json);
        flatten(&body, "", json);
        reading *expected = read_json(zp_str_of(text)), *sent = read_urlencoded(zp_buf_view(&body));
        assert_int_equal(sent->rc, ZP_OK);
        assert_int_equal(sent->faults.count, 0);
        char *one = canonical(&expected->form), *other = canonical(&sent->form);
        assert_string_equal(one, other);
        free(one);
        free(other);
        forget(expected);
        forget(sent);
        zp_buf_free(&body);
        json_decref(json);
        free(text);
    }
}

static void blanks_escapes_and_line_ends_are_decoded(void **state)
{
    (void)state;
    reading *r = read_urlencoded(ZP_STR("unit=a+b%20c%2Bd&goals.expected=one%0D%0Atwo%0athree%09&&"
                                        "%70roject_name=%e5%8D%95=x&department=&declared_grade"));
    assert_int_equal(r->rc, ZP_OK);
    assert_text(r->form.unit, "a b c+d");
    assert_text(r->form.goal_expected, "one\ntwo\nthree\t");
    assert_text(r->form.project_name, "单=x");
    assert_false(zp_str_present(r->form.department));
    assert_false(zp_str_present(r->form.declared_grade));
    assert_int_equal(r->form.indicator_count, 0);
    forget(r);
}

static void rows_keep_their_order_and_empty_ones_are_skipped(void **state)
{
    (void)state;
    reading *r = read_urlencoded(ZP_STR("indicators.10.level3=third&indicators.2.level3=&indicators.3.level3=second&"
                                        "indicators.0.level3=first&indicators.0.score=7.6&indicators.999.score=9"));
    assert_int_equal(r->rc, ZP_OK);
    assert_int_equal(r->form.indicator_count, 4);
    assert_text(r->form.indicators[0].level3, "first");
    assert_text(r->form.indicators[0].score, "7.6");
    assert_text(r->form.indicators[1].level3, "second");
    assert_text(r->form.indicators[2].level3, "third");
    assert_text(r->form.indicators[3].score, "9");
    forget(r);
}

/* ---- what is refused ---- */

static void faults_have_code_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        zp_rc rc;
        zp_flag_code code;
        const char *pointer, *value;
    } cases[] = {
        {"", ZP_INVALID, ZP_FLAG_BODY_EMPTY, "", NULL},
        {"unit=%", ZP_INVALID, ZP_FLAG_FORM_SYNTAX, "", "position 6"},
        {"unit=%4", ZP_INVALID, ZP_FLAG_FORM_SYNTAX, "", "position 6"},
        {"year=2022&unit=a%4Gb", ZP_INVALID, ZP_FLAG_FORM_SYNTAX, "", "position 17"},
        {"year=2022&un%it=a", ZP_INVALID, ZP_FLAG_FORM_SYNTAX, "", "position 13"},
        {"unit=%B5%A5", ZP_INVALID, ZP_FLAG_UTF8_INVALID, "", "position 6"},
        {"unit=\xff", ZP_INVALID, ZP_FLAG_UTF8_INVALID, "", "position 6"},
        {"unit=%ED%A0%80", ZP_INVALID, ZP_FLAG_UTF8_INVALID, "", "position 6"},
        {"unit=a&unit=b", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY, "/unit", "unit"},
        {"unit=&%75nit=b", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY, "/unit", "unit"},
        {"indicators.3.score=&indicators.3.score=", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY, "/indicators/3/score",
         "indicators.3.score"},
        {"funds.other.executed=1&funds.other.executed=1", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY,
         "/funds/other/executed", NULL},
        {"goals.actual=1&goals.actual=", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY, "/goals/actual", NULL},
        {"units=a", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/units", "units"},
        {"=a", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/", ""},
        {"a%2Fb~=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/a~1b~0", "a/b~"},
        {"unit.x=a", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/unit.x", "unit.x"},
        {"unit.=a", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/unit.", "unit."},
        {"funds=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/funds", NULL},
        {"funds.total=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/funds.total", NULL},
        {"funds.sum.score=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/funds.sum.score", NULL},
        {"funds.total.score.x=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/funds.total.score.x", NULL},
        {"goals=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/goals", NULL},
        {"goals.funds=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/goals.funds", NULL},
        {"indicators=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/indicators", NULL},
        {"indicators.=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/indicators.", NULL},
        {"indicators.1=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/indicators.1", NULL},
        {"indicators.01.score=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/indicators.01.score", NULL},
        {"indicators.-1.score=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/indicators.-1.score", NULL},
        {"indicators.1.sum=1", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/indicators.1.sum", NULL},
        {"indicators.1000.score=1", ZP_CONFLICT, ZP_FLAG_TOO_MANY_INDICATORS, "/indicators", NULL},
        {"indicators.18446744073709551616.score=1", ZP_CONFLICT, ZP_FLAG_TOO_MANY_INDICATORS, "/indicators", NULL},
        {"unit=a%00b", ZP_CONFLICT, ZP_FLAG_CONTROL_CHARACTER, "/unit", "U+0000"},
        {"indicators.4.deviation=a%0Db", ZP_CONFLICT, ZP_FLAG_CONTROL_CHARACTER, "/indicators/4/deviation", "U+000D"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading *r = read_urlencoded(zp_str_of(cases[i].body));
        assert_fault(r, cases[i].rc, 1, cases[i].code, cases[i].pointer, cases[i].value, cases[i].body);
        forget(r);
    }
}

static void everything_wrong_is_told_at_once(void **state)
{
    (void)state;
    reading *r = read_urlencoded(ZP_STR("x=1&unit=%zz&year=2022&year=2023&goals.actual=%01"));
    assert_fault(r, ZP_INVALID, 4, ZP_FLAG_FIELD_UNKNOWN, "/x", "x", "all");
    assert_non_null(find_fault(r, ZP_FLAG_FORM_SYNTAX, ""));
    assert_non_null(find_fault(r, ZP_FLAG_JSON_DUPLICATE_KEY, "/year"));
    assert_non_null(find_fault(r, ZP_FLAG_CONTROL_CHARACTER, "/goals/actual"));
    forget(r);
}

static void bounds_are_kept(void **state)
{
    (void)state;
    zp_buf body = ZP_BUF_INIT;
    for (int i = 0; i < ZP_MAX_INDICATORS; i++)
        zp_buf_printf(&body, "indicators.%d.level3=x&", i);
    reading *r = read_urlencoded(zp_buf_view(&body));
    assert_int_equal(r->rc, ZP_OK);
    assert_int_equal(r->form.indicator_count, ZP_MAX_INDICATORS);
    forget(r);
    zp_buf_printf(&body, "indicators.%d.level3=x", ZP_MAX_INDICATORS);
    r = read_urlencoded(zp_buf_view(&body));
    assert_fault(r, ZP_CONFLICT, 1, ZP_FLAG_TOO_MANY_INDICATORS, "/indicators", NULL, "201 rows");
    forget(r);

    zp_buf_clear(&body);
    zp_buf_printf(&body, "unit=%0*d", ZP_MAX_CELL + 1, 7);
    r = read_urlencoded(zp_buf_view(&body));
    assert_fault(r, ZP_CONFLICT, 1, ZP_FLAG_TEXT_TOO_LONG, "/unit", NULL, "4097 bytes");
    forget(r);

    static const char *const fields[] = {"x=1&", "year=1&", "unit=%&", "unit=%ff&", "indicators.5000.score=1&"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        zp_buf_clear(&body);
        for (int n = 0; n < 20000; n++)
            zp_buf_str(&body, zp_str_of(fields[i]));
        r = read_urlencoded(zp_buf_view(&body));
        assert_int_not_equal(r->rc, ZP_OK);
        assert_int_equal(r->faults.count, ZP_MAX_FAULTS);
        forget(r);
    }
    zp_buf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_browser_sends_the_same_form_as_json),
        cmocka_unit_test(blanks_escapes_and_line_ends_are_decoded),
        cmocka_unit_test(rows_keep_their_order_and_empty_ones_are_skipped),
        cmocka_unit_test(faults_have_code_and_place),
        cmocka_unit_test(everything_wrong_is_told_at_once),
        cmocka_unit_test(bounds_are_kept),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

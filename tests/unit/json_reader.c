/*
 * json_reader.c - JSON to a form: what is declared comes through byte for byte, and everything that is wrong is told
 * with its place. Jansson is the oracle of what is JSON at all.
 */
#include "codec_kit.h"

#include <jansson.h>

/* ---- what is accepted ---- */

static void seed_forms_come_through_whole(void **state)
{
    (void)state;
    for (int number = 1; number <= SEEDS; number++) {
        char *text = seed_text(number);
        reading *r = read_json(zp_str_of(text));
        assert_int_equal(r->rc, ZP_OK);
        assert_int_equal(r->faults.count, 0);
        char *written = canonical(&r->form);
        json_t *declared = json_loads(text, 0, NULL), *kept = json_loads(written, JSON_REJECT_DUPLICATES, NULL);
        assert_true(declared && kept);
        if (!json_equal(declared, kept))
            fail_msg("seed-%d.json is not the same form as\n%s", number, written);
        json_decref(declared);
        json_decref(kept);
        free(written);
        forget(r);
        free(text);
    }
}

static void canonical_json_reads_as_itself(void **state)
{
    (void)state;
    for (int number = 1; number <= SEEDS; number++) {
        reading *first = read_seed(number);
        char *once = canonical(&first->form);
        reading *second = read_json(zp_str_of(once));
        assert_int_equal(second->rc, ZP_OK);
        char *twice = canonical(&second->form);
        assert_string_equal(once, twice);
        free(once);
        free(twice);
        forget(first);
        forget(second);
    }
}

static void numbers_keep_their_text(void **state)
{
    (void)state;
    static const char *const numbers[] = {"0",     "-0",   "10",    "97.60",  "12345678901234567890.123456",
                                          "1e400", "1E-9", "0.0e0", "-1.5e+2"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char body[200];
        snprintf(body, sizeof body, "{\"year\":2022 ,\"declared_total\": %s\n,\"indicators\":[{\"weight\":%s}]}",
                 numbers[i], numbers[i]);
        reading *r = read_json(zp_str_of(body));
        assert_int_equal(r->rc, ZP_OK);
        assert_text(r->form.year, "2022");
        assert_text(r->form.declared_total, numbers[i]);
        assert_text(r->form.indicators[0].weight, numbers[i]);
        forget(r);
    }
}

static void null_and_missing_are_absent_and_empty_is_not(void **state)
{
    (void)state;
    reading *r = read_json(ZP_STR("{\"unit\":null,\"department\":\"\",\"funds\":null,\"goals\":{},\"indicators\":[{}],"
                                  "\"declared_grade\":null}"));
    assert_int_equal(r->rc, ZP_OK);
    assert_false(zp_str_present(r->form.unit));
    assert_true(zp_str_present(r->form.department));
    assert_int_equal(r->form.department.n, 0);
    assert_false(zp_str_present(r->form.project_name));
    assert_false(zp_str_present(r->form.funds[ZP_FUNDS_TOTAL].executed));
    assert_int_equal(r->form.indicator_count, 1);
    assert_false(zp_str_present(r->form.indicators[0].level3));
    forget(r);
}

static void a_reader_forgets_the_form_before(void **state)
{
    (void)state;
    static const char next_form[] = "{\"indicators\":[{\"score\":\"1\"}]}";
    reading *r = read_seed(1);
    char body[sizeof next_form + ZP_JSON_PADDING] = "";
    memcpy(body, next_form, sizeof next_form);
    zp_str next = {body, sizeof next_form - 1};
    assert_int_equal(zp_form_read_json(r->reader, next, r->arena, &r->form, &r->faults), ZP_OK);
    assert_false(zp_str_present(r->form.unit));
    assert_int_equal(r->form.indicator_count, 1);
    assert_false(zp_str_present(r->form.indicators[0].level3));
    assert_text(r->form.indicators[0].score, "1");
    forget(r);
}

static void escapes_are_resolved(void **state)
{
    (void)state;
    reading *r = read_json(ZP_STR("{\"unit\":\"a\\\"\\\\\\/\\n\\t\\u5355\\uD83D\\ude00z\",\"\\u0079ear\":\"2022\","
                                  "\"department\":\"\\u007e·\"}"));
    assert_int_equal(r->rc, ZP_OK);
    assert_text(r->form.unit, "a\"\\/\n\t单😀z");
    assert_text(r->form.year, "2022");
    assert_text(r->form.department, "~·");
    forget(r);
}

static void any_order_and_any_blanks_will_do(void **state)
{
    (void)state;
    reading *r = read_json(ZP_STR(" \r\n\t{ \"indicators\" : [ { \"score\" : \"1\" , \"level1\" : \"x\" } ] ,\n"
                                  "\"goals\":{\"actual\":\"b\",\"expected\":\"a\"},\"year\" : 2022 }\n "));
    assert_int_equal(r->rc, ZP_OK);
    assert_text(r->form.indicators[0].level1, "x");
    assert_text(r->form.indicators[0].score, "1");
    assert_text(r->form.goal_expected, "a");
    assert_text(r->form.year, "2022");
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
        {"{\"units\":\"x\"}", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/units", "units"},
        {"{\"funds\":{\"all\":{\"unit\":{}}}}", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/funds/all", "all"},
        {"{\"funds\":{\"total\":{\"rate\":1}}}", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/funds/total/rate", "rate"},
        {"{\"indicators\":[{},{\"a/b~c\":1}]}", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/indicators/1/a~1b~0c", "a/b~c"},
        {"{\"\":1}", ZP_CONFLICT, ZP_FLAG_FIELD_UNKNOWN, "/", ""},
        {"[]", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "", "array"},
        {" 1 ", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "", "number"},
        {"null", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "", "null"},
        {"{\"unit\":true}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/unit", "boolean"},
        {"{\"unit\":[\"x\"]}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/unit", "array"},
        {"{\"unit\":{\"x\":[1,{}]}}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/unit", "object"},
        {"{\"funds\":[]}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/funds", "array"},
        {"{\"funds\":{\"total\":\"10\"}}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/funds/total", "string"},
        {"{\"indicators\":{}}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/indicators", "object"},
        {"{\"indicators\":[{},3]}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/indicators/1", "number"},
        {"{\"indicators\":[null]}", ZP_CONFLICT, ZP_FLAG_TYPE_WRONG, "/indicators/0", "null"},
        {"{\"unit\":\"a\\u0000b\"}", ZP_CONFLICT, ZP_FLAG_CONTROL_CHARACTER, "/unit", "U+0000"},
        {"{\"unit\":\"a\\rb\"}", ZP_CONFLICT, ZP_FLAG_CONTROL_CHARACTER, "/unit", "U+000D"},
        {"{\"unit\":\"a\x7f\"}", ZP_CONFLICT, ZP_FLAG_CONTROL_CHARACTER, "/unit", "U+007F"},
        {"{\"unit\":\"a\xc2\x85\"}", ZP_CONFLICT, ZP_FLAG_CONTROL_CHARACTER, "/unit", "U+0085"},
        {"{\"goals\":{\"actual\":\"\\u009f\"}}", ZP_CONFLICT, ZP_FLAG_CONTROL_CHARACTER, "/goals/actual", "U+009F"},
        {"{\"year\":1,\"year\":2}", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY, "/year", "year"},
        {"{\"year\":1,\"\\u0079ear\":2}", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY, "/year", "year"},
        {"{\"indicators\":[{\"score\":null,\"score\":1}]}", ZP_INVALID, ZP_FLAG_JSON_DUPLICATE_KEY,
         "/indicators/0/score", "score"},
        {"", ZP_INVALID, ZP_FLAG_BODY_EMPTY, "", NULL},
        {" \n\t\r", ZP_INVALID, ZP_FLAG_BODY_EMPTY, "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading *r = read_json(zp_str_of(cases[i].body));
        assert_fault(r, cases[i].rc, 1, cases[i].code, cases[i].pointer, cases[i].value, cases[i].body);
        forget(r);
    }
}

static void everything_wrong_is_told_at_once(void **state)
{
    (void)state;
    reading *r =
        read_json(ZP_STR("{\"year\":{},\"unit\":\"\\u0001\",\"x\":0,\"x\":1,\"indicators\":[{\"level1\":[]},7],"
                         "\"unit\":\"\",\"goals\":{\"expected\":false}}"));
    assert_fault(r, ZP_INVALID, 8, ZP_FLAG_TYPE_WRONG, "/year", "object", "all");
    assert_non_null(find_fault(r, ZP_FLAG_CONTROL_CHARACTER, "/unit"));
    assert_non_null(find_fault(r, ZP_FLAG_FIELD_UNKNOWN, "/x"));
    assert_non_null(find_fault(r, ZP_FLAG_JSON_DUPLICATE_KEY, "/x"));
    assert_non_null(find_fault(r, ZP_FLAG_TYPE_WRONG, "/indicators/0/level1"));
    assert_non_null(find_fault(r, ZP_FLAG_TYPE_WRONG, "/indicators/1"));
    assert_non_null(find_fault(r, ZP_FLAG_JSON_DUPLICATE_KEY, "/unit"));
    assert_non_null(find_fault(r, ZP_FLAG_TYPE_WRONG, "/goals/expected"));
    forget(r);
}

static void malformed_json_is_told_with_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *body, *place;
        zp_flag_code code;
    } cases[] = {
        {"{", "line 1, column 2", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":2022", "line 1, column 13", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"单位\" \"x\":1}", "line 1, column 14", ZP_FLAG_JSON_SYNTAX},
        {"{\n \"unit\": \"单位\",\n}", "line 3, column 1", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"abc", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"ab\ncd\"}", "line 1, column 12", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"a\tb\"}", "line 1, column 11", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"单\xb5\xa5\"}", "line 1, column 11", ZP_FLAG_UTF8_INVALID},
        {"{\"unit\":\"\xed\xa0\x80\"}", "line 1, column 10", ZP_FLAG_UTF8_INVALID},
        {"{\"a\":1}\n\xff", "line 2, column 1", ZP_FLAG_UTF8_INVALID},
        {"\xef\xbb\xbf{}", "line 1, column 1", ZP_FLAG_JSON_SYNTAX},
        {"{}x", "line 1, column 3", ZP_FLAG_JSON_SYNTAX},
        {"{}{}", "line 1, column 3", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":01}", "line 1, column 10", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":1.}", "line 1, column 10", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":+1}", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":.5}", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":-}", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":1e}", "line 1, column 10", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":NaN}", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":nul}", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\":truely}", "line 1, column 13", ZP_FLAG_JSON_SYNTAX},
        {"{'year':1}", "line 1, column 2", ZP_FLAG_JSON_SYNTAX},
        {"{\"year\"：1}", "line 1, column 8", ZP_FLAG_JSON_SYNTAX},
        {"{\"a\":\"b\":1}", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"x\":[1,]}", "line 1, column 9", ZP_FLAG_JSON_SYNTAX},
        {"{\"x\":[1}", "line 1, column 8", ZP_FLAG_JSON_SYNTAX},
        {"{\"x\":{\"y\":tru}}", "line 1, column 11", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"\\x\"}", "line 1, column 10", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"\\ud800\"}", "line 1, column 10", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"\\udc00\"}", "line 1, column 10", ZP_FLAG_JSON_SYNTAX},
        {"{\"unit\":\"\\ud800\\u0041\"}", "line 1, column 10", ZP_FLAG_JSON_SYNTAX},
        {"{\"x\":\"\\u12g4\"}", "line 1, column 7", ZP_FLAG_JSON_SYNTAX},
        {"{\"a\":1}\f", "line 1, column 8", ZP_FLAG_JSON_SYNTAX},
        {"{\"a\":1\v}", "line 1, column 7", ZP_FLAG_JSON_SYNTAX},
        {"{\"bad\":[], \"year\":1,\n\"unit\"}", "line 2, column 7", ZP_FLAG_JSON_SYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading *r = read_json(zp_str_of(cases[i].body));
        assert_fault(r, ZP_INVALID, 1, cases[i].code, "", cases[i].place, cases[i].body);
        assert_true(r->faults.items[0].expected.n > 10);
        forget(r);
    }
}

static void a_nul_byte_is_malformed_anywhere(void **state)
{
    (void)state;
    static const char body[] = "{\"unit\":\"ab\",\"year\":2022}";
    for (size_t at = 0; at < sizeof body; at++) {
        char with_nul[sizeof body];
        memcpy(with_nul, body, at);
        with_nul[at] = '\0';
        memcpy(with_nul + at + 1, body + at, sizeof body - 1 - at);
        reading *r = read_json((zp_str){with_nul, sizeof body});
        assert_fault(r, ZP_INVALID, 1, ZP_FLAG_JSON_SYNTAX, "", NULL, "NUL");
        forget(r);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    reading *r = read_json(ZP_STR("{\"x\":[[[[[[[1]]]]]]],\"unit\":\"u\"}"));
    assert_fault(r, ZP_CONFLICT, 1, ZP_FLAG_FIELD_UNKNOWN, "/x", "x", "eight levels");
    forget(r);
    r = read_json(ZP_STR("{\"x\":[[[[[[[{\"a\":[]}]]]]]]],\"y\":1}"));
    assert_fault(r, ZP_INVALID, 3, ZP_FLAG_JSON_TOO_DEEP, "/x/0/0/0/0/0/0/0", NULL, "nine levels");
    assert_non_null(find_fault(r, ZP_FLAG_FIELD_UNKNOWN, "/y"));
    forget(r);
    enum { MANY = 500000 };
    char *deep = malloc(MANY);
    assert_non_null(deep);
    memset(deep, '[', MANY);
    r = read_json((zp_str){deep, MANY});
    assert_int_equal(r->rc, ZP_INVALID);
    forget(r);
    free(deep);
}

/* A body of one member repeated: "{" + n times `member` with a comma between + "}". */
static zp_buf repeated(const char *before, const char *member, size_t n, const char *after)
{
    zp_buf body = ZP_BUF_INIT;
    zp_buf_str(&body, zp_str_of(before));
    for (size_t i = 0; i < n; i++) {
        zp_buf_str(&body, zp_str_of(i ? "," : ""));
        zp_buf_str(&body, zp_str_of(member));
    }
    zp_buf_str(&body, zp_str_of(after));
    assert_false(body.failed);
    return body;
}

static void bounds_are_kept(void **state)
{
    (void)state;
    zp_buf body = repeated("{\"indicators\":[", "{\"level3\":\"x\"}", ZP_MAX_INDICATORS, "]}");
    reading *r = read_json(zp_buf_view(&body));
    assert_int_equal(r->rc, ZP_OK);
    assert_int_equal(r->form.indicator_count, ZP_MAX_INDICATORS);
    forget(r);
    zp_buf_free(&body);

    body = repeated("{\"indicators\":[", "{\"level3\":\"x\"}", ZP_MAX_INDICATORS + 2, "],\"z\":1}");
    r = read_json(zp_buf_view(&body));
    assert_fault(r, ZP_CONFLICT, 2, ZP_FLAG_TOO_MANY_INDICATORS, "/indicators", NULL, "202 indicators");
    forget(r);
    zp_buf_free(&body);

    char text[ZP_MAX_CELL + 32];
    for (int over = 0; over < 2; over++) {
        int n = snprintf(text, sizeof text, "{\"unit\":\"%0*d\"}", ZP_MAX_CELL + over, 7);
        r = read_json((zp_str){text, (size_t)n});
        if (over)
            assert_fault(r, ZP_CONFLICT, 1, ZP_FLAG_TEXT_TOO_LONG, "/unit", NULL, "4097 bytes");
        else
            assert_int_equal(r->rc, ZP_OK);
        forget(r);
    }
}

static void a_body_full_of_faults_is_refused_with_a_bounded_list(void **state)
{
    (void)state;
    static const char *const members[] = {"\"x\":1", "\"year\":1", "\"unit\":[[[[[[[[[]]]]]]]]]"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        zp_buf body = repeated("{", members[i], 30000, "}");
        reading *r = read_json(zp_buf_view(&body));
        assert_int_equal(r->rc, ZP_INVALID);
        assert_int_equal(r->faults.count, ZP_MAX_FAULTS);
        forget(r);
        zp_buf_free(&body);
    }
    zp_buf body = repeated("{\"x\":[", "1", ZP_MAX_BODY / 2, "]}");
    reading *r = read_json(zp_buf_view(&body));
    assert_fault(r, ZP_TOO_LARGE, 1, ZP_FLAG_BODY_TOO_LARGE, "", NULL, "over 1 MiB");
    forget(r);
    zp_buf_free(&body);
}

static void names_shown_are_cut_at_a_character(void **state)
{
    (void)state;
    zp_buf name = ZP_BUF_INIT;
    zp_buf_lit(&name, "{\"x");
    for (int i = 0; i < 300; i++)
        zp_buf_lit(&name, "单");
    zp_buf_lit(&name, "\":1}");
    reading *r = read_json(zp_buf_view(&name));
    assert_int_equal(r->rc, ZP_CONFLICT);
    assert_int_equal(r->faults.count, 1);
    json_t *shown = json_stringn(r->faults.items[0].value.p, r->faults.items[0].value.n); /* NULL when not UTF-8 */
    assert_non_null(shown);
    assert_true(json_string_length(shown) < 140);
    json_decref(shown);
    forget(r);
    zp_buf_free(&name);
}

/* ---- against another's idea of JSON ---- */

static bool is_malformed(const reading *r)
{
    return r->rc == ZP_INVALID &&
           (r->faults.items[0].code == ZP_FLAG_JSON_SYNTAX || r->faults.items[0].code == ZP_FLAG_UTF8_INVALID ||
            r->faults.items[0].code == ZP_FLAG_BODY_EMPTY);
}

static void agree(zp_str body)
{
    reading *r = read_json(body);
    json_error_t error;
    json_t *theirs = json_loadb(body.p, body.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (is_malformed(r) == (theirs != NULL)) {
        print_faults(r);
        fail_msg("we say %s, jansson says %s of:\n%.*s", zp_rc_name(r->rc), theirs ? "JSON" : error.text, (int)body.n,
                 body.p);
    }
    if (is_malformed(r) && zp_str_is(r->faults.items[0].expected, "it cannot be read"))
        fail_msg("refused without a place:\n%.*s", (int)body.n, body.p);
    json_decref(theirs);
    forget(r);
}

static void every_changed_byte_is_judged_as_jansson_does(void **state)
{
    (void)state;
    static const char form[] =
        "{\"year\":2022,\"unit\":\"单\\n\\u5355\\ud83d\\ude00\",\"funds\":{\"total\":{\"weight\":"
        "-1.5}},\"x\":[true,null ,[{\"a\":\"\"}]],\n\"indicators\":[{\"level1\":\"a\"},{}]}";
    static const char bytes[] = "\"\\{}[]:,0-.eE+ntfu \n\t\r\f\v/'xa\x01\x1a\x7f\x80\xc0\xc2\xe5\xed\xf4\xff";
    char body[sizeof form + 1];
    enum { N = sizeof form - 1 };
    for (size_t at = 0; at < N; at++) {
        agree((zp_str){form, at});
        memcpy(body, form, at);
        memcpy(body + at, form + at + 1, N - at - 1);
        agree((zp_str){body, N - 1});
        for (size_t i = 0; i < sizeof bytes - 1; i++) { /* not the NUL: jansson skips it between tokens */
            memcpy(body, form, N);
            body[at] = bytes[i];
            agree((zp_str){body, N});
            memcpy(body + at + 1, form + at, N - at);
            agree((zp_str){body, N + 1});
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seed_forms_come_through_whole),
        cmocka_unit_test(canonical_json_reads_as_itself),
        cmocka_unit_test(numbers_keep_their_text),
        cmocka_unit_test(null_and_missing_are_absent_and_empty_is_not),
        cmocka_unit_test(a_reader_forgets_the_form_before),
        cmocka_unit_test(escapes_are_resolved),
        cmocka_unit_test(any_order_and_any_blanks_will_do),
        cmocka_unit_test(faults_have_code_and_place),
        cmocka_unit_test(everything_wrong_is_told_at_once),
        cmocka_unit_test(malformed_json_is_told_with_line_and_column),
        cmocka_unit_test(a_nul_byte_is_malformed_anywhere),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(a_body_full_of_faults_is_refused_with_a_bounded_list),
        cmocka_unit_test(names_shown_are_cut_at_a_character),
        cmocka_unit_test(every_changed_byte_is_judged_as_jansson_does),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

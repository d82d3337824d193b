/*
 * fields.c - header fields as clients send them: media types, Accept, entity tags, idempotency keys.
 */
#include "fields.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "0195f2d4-7c1a-7b3e-8f00-1234567890ab"

static void media_types(void **state)
{
    static const struct {
        const char *header;
        zp_media media;
    } cases[] = {
        {"application/json", ZP_MEDIA_JSON},
        {"Application/JSON; charset=UTF-8", ZP_MEDIA_JSON},
        {"application/json;charset=\"utf-8\" ; version=1", ZP_MEDIA_JSON},
        {"application/x-www-form-urlencoded", ZP_MEDIA_URLENCODED},
        {"application/x-www-form-urlencoded; charset=utf-8", ZP_MEDIA_URLENCODED},
        {"application/json; charset=gbk", ZP_MEDIA_OTHER},
        {"application/json; charset=", ZP_MEDIA_OTHER},
        {"application/json; charset=utf-8; charset=gbk", ZP_MEDIA_OTHER},
        {"application/jsonp", ZP_MEDIA_OTHER},
        {"application/json, text/plain", ZP_MEDIA_OTHER},
        {"application", ZP_MEDIA_OTHER},
        {"text/plain", ZP_MEDIA_OTHER},
        {"multipart/form-data; boundary=x", ZP_MEDIA_OTHER},
        {"", ZP_MEDIA_OTHER},
    };
    (void)state;
    assert_int_equal(zp_media_of(ZP_ABSENT), ZP_MEDIA_OTHER);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (zp_media_of(zp_str_of(cases[i].header)) != cases[i].media)
            fail_msg("\"%s\" is %d", cases[i].header, zp_media_of(zp_str_of(cases[i].header)));
}

static void only_browsers_get_pages(void **state)
{
    static const struct {
        const char *accept;
        bool html;
    } cases[] = {
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true},
        {"text/html", true},
        {"TEXT/HTML;level=1", true},
        {"text/html;q=0.5", true},
        {"*/*", false},
        {"application/json", false},
        {"application/json, text/html", false},
        {"application/json;q=0.8, text/html;q=0.9", true},
        {"text/html;q=0.9, application/json", false},
        {"text/html, application/*;q=0.1, */*", true},
        {"text/html;q=0", false},
        {"text/html;q=0.000, */*;q=0.001", false},
        {"text/html;q=x", false},
        {"application/xhtml+xml", false},
        {"application/json;q=0.2, */*", true},
        {"text/*;q=0.5, */*;q=0.1", true},
        {"text/*;q=0.5, */*;q=0.5", false},
        {"", false},
    };
    (void)state;
    assert_false(zp_accept_is_html(ZP_ABSENT));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (zp_accept_is_html(zp_str_of(cases[i].accept)) != cases[i].html)
            fail_msg("\"%s\" should %s a page", cases[i].accept, cases[i].html ? "get" : "not get");
}

static void the_most_exact_range_decides(void **state)
{
    static const struct {
        const char *accept;
        int quality;
        bool named;
    } cases[] = {
        {"text/event-stream", 1000, true},
        {"text/event-stream;q=0.25", 250, true},
        {"text/*;q=0.4, */*;q=0.9", 400, false},
        {"*/*;q=0.9, text/*;q=0.4, text/event-stream;q=0.1", 100, true},
        {"text/event-stream;q=0.1, text/*;q=0.4", 100, true},
        {"text/*, text/event-stream;q=0", 0, false},
        {"application/json", 0, false},
        {"*/*", 1000, false},
        {"text/event-stream;charset=utf-8;q=0.5", 500, true},
        {"text/event-stream;q=1.5", 1000, true},
        {"text/event-stream;q=, */*", 0, false},
        {"\"text/event-stream\"", 0, false},
        {"*/event-stream", 0, false},
        {"", 1000, false},
    };
    (void)state;
    assert_int_equal(zp_accept_of(ZP_ABSENT, "text", "event-stream").quality, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zp_liking found = zp_accept_of(zp_str_of(cases[i].accept), "text", "event-stream");
        if (found.quality != cases[i].quality || found.named != cases[i].named)
            fail_msg("\"%s\": %d, %s", cases[i].accept, found.quality, found.named ? "named" : "not named");
    }
}

static void if_none_match_lists_tags(void **state)
{
    static const struct {
        const char *header;
        zp_tag_match match;
    } cases[] = {
        {"\"a.1\"", ZP_TAG_LISTED},
        {"W/\"a.1\"", ZP_TAG_LISTED},
        {"\"x\", \"a.1\"", ZP_TAG_LISTED},
        {"\"x,\",W/\"y\" , \"a.1\"", ZP_TAG_LISTED},
        {"*", ZP_TAG_ANY},
        {" * ", ZP_TAG_ANY},
        {"*, \"a.1\"", ZP_TAG_NONE},
        {"\"a.2\"", ZP_TAG_NONE},
        {"\"a.10\"", ZP_TAG_NONE},
        {"a.1", ZP_TAG_NONE},
        {"\"a.1", ZP_TAG_NONE},
        {"w/\"a.1\"", ZP_TAG_NONE},
        {"\"x\" \"a.1\"", ZP_TAG_NONE},
        {"", ZP_TAG_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (zp_tag_find(zp_str_of(cases[i].header), ZP_STR("\"a.1\"")) != cases[i].match)
            fail_msg("%s", cases[i].header);
}

static void if_match_names_one_revision(void **state)
{
    static const char *const good[] = {"\"" ID "\"", "\"" ID ".q\"", "\"" ID ".17\"", "  \"" ID ".q\" "};
    static const char *const bad[] = {"",
                                      "*",
                                      ID,
                                      "W/\"" ID ".q\"",
                                      "\"" ID "q\"",
                                      "\"" ID,
                                      "\"0195f2d4\"",
                                      "\"" ID ".q\", \"" ID ".q\"",
                                      "\"0195f2d4-7c1a-7b3e-8f00-1234567890ag\""};
    zp_id id, expected;
    (void)state;
    assert_int_equal(zp_id_parse(ZP_STR(ID), &expected), ZP_OK);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (zp_tag_id(zp_str_of(good[i]), &id) != ZP_OK || zp_id_cmp(&id, &expected) != 0)
            fail_msg("%s was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (zp_tag_id(zp_str_of(bad[i]), &id) != ZP_INVALID)
            fail_msg("%s was accepted", bad[i]);
}

static void idempotency_keys(void **state)
{
    char longest[255 + 3];
    zp_str key;
    (void)state;
    assert_int_equal(zp_key_of(ZP_STR("k-1"), &key), ZP_OK);
    assert_true(zp_str_is(key, "k-1"));
    assert_int_equal(zp_key_of(ZP_STR("\"k-1\""), &key), ZP_OK);
    assert_true(zp_str_is(key, "k-1"));
    memset(longest, 'k', sizeof longest);
    assert_int_equal(zp_key_of((zp_str){longest, 255}, &key), ZP_OK);
    assert_int_equal(zp_key_of((zp_str){longest, 256}, &key), ZP_INVALID);
    longest[0] = longest[256] = '"';
    assert_int_equal(zp_key_of((zp_str){longest, 257}, &key), ZP_OK);
    assert_int_equal(key.n, 255);
    static const char *const bad[] = {"", "\"\"", "\"", "\"k", "a b", "a\tb", "键", "\x7f", "\"a\"b\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (zp_key_of(zp_str_of(bad[i]), &key) != ZP_INVALID)
            fail_msg("\"%s\" was accepted", bad[i]);
}

static void a_form_of_another_site_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *site, *origin, *host;
        bool cross;
    } cases[] = {
        {NULL, NULL, "a.cn", false},
        {"same-origin", "https://a.cn", "a.cn", false},
        {"same-site", "https://b.a.cn", "a.cn", false},
        {"none", NULL, "a.cn", false},
        {"cross-site", "https://a.cn", "a.cn", true},
        {NULL, "https://a.cn", "a.cn", false},
        {NULL, "http://127.0.0.1:8080", "127.0.0.1:8080", false},
        {NULL, "https://b.cn", "a.cn", true},
        {NULL, "null", "a.cn", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(zp_is_cross_site(cases[i].site ? zp_str_of(cases[i].site) : ZP_ABSENT,
                                          cases[i].origin ? zp_str_of(cases[i].origin) : ZP_ABSENT,
                                          zp_str_of(cases[i].host)),
                         cases[i].cross);
}

static void empty_elements_of_a_list_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(zp_tag_find(ZP_STR(", \"a\",, \"b\" ,"), ZP_STR("\"b\"")), ZP_TAG_LISTED);
    assert_int_equal(zp_tag_find(ZP_STR(", ,"), ZP_STR("\"b\"")), ZP_TAG_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_types),
        cmocka_unit_test(only_browsers_get_pages),
        cmocka_unit_test(the_most_exact_range_decides),
        cmocka_unit_test(if_none_match_lists_tags),
        cmocka_unit_test(if_match_names_one_revision),
        cmocka_unit_test(idempotency_keys),
        cmocka_unit_test(a_form_of_another_site_is_known),
        cmocka_unit_test(empty_elements_of_a_list_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

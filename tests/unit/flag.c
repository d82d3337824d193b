/*
 * flag.c - sentences and names of flags: every row of the table, against a substitution done another way.
 */
#include "core/flag.h"
#include "arena_kit.h"

#include <stdio.h>

#define X(code, severity, kind, zh, en) {#code, {zh, en}},
static const struct {
    const char *name, *text[2];
} table[] = {ZP_FLAG_TABLE(X)};
#undef X

/* The first occurrence only: no row has a placeholder twice, which `no_sentence_has_a_placeholder_twice` proves. */
static void substitute(char *text, size_t size, const char *placeholder, const char *by)
{
    char *at = strstr(text, placeholder);
    if (!at)
        return;
    char rest[1024];
    snprintf(rest, sizeof rest, "%s", at + strlen(placeholder));
    snprintf(at, size - (size_t)(at - text), "%s%s", by, rest);
}

/* `expected` is filled in first, so that a value that looks like a placeholder must stay as it is. */
static void assert_sentences(zp_str value, zp_str expected)
{
    for (size_t code = 0; code < ZP_FLAG_CODES; code++)
        for (int lang = ZP_LANG_ZH; lang <= ZP_LANG_EN; lang++) {
            char want[2048];
            snprintf(want, sizeof want, "%s", table[code].text[lang]);
            substitute(want, sizeof want, "{expected}", expected.p ? expected.p : "");
            substitute(want, sizeof want, "{value}", value.p ? value.p : "");
            zp_flag flag = {.code = (zp_flag_code)code, .value = value, .expected = expected};
            zp_str got = zp_flag_message(&flag, (zp_lang)lang, arena);
            assert_non_null(got.p);
            assert_string_equal(got.p, want);
            assert_int_equal(got.n, strlen(want));
            zp_arena_reset(arena);
        }
}

static void a_sentence_says_what_was_declared_and_what_is_right(void **state)
{
    (void)state;
    assert_sentences(ZP_STR("7.6"), ZP_STR("9.61"));
    assert_sentences(ZP_STR("一级故障"), ZP_STR("{"));
    assert_sentences(ZP_STR("{{value}}"), ZP_STR("}"));
}

static void a_sentence_without_values_is_whole(void **state)
{
    (void)state;
    assert_sentences(ZP_ABSENT, ZP_ABSENT);
    assert_sentences(ZP_STR(""), ZP_STR("100"));
}

static void no_sentence_has_a_placeholder_twice(void **state)
{
    (void)state;
    static const char *const placeholders[] = {"{value}", "{expected}"};
    for (size_t code = 0; code < ZP_FLAG_CODES; code++)
        for (int i = 0; i < 4; i++) {
            const char *first = strstr(table[code].text[i / 2], placeholders[i % 2]);
            if (first && strstr(first + 1, placeholders[i % 2]))
                fail_msg("%s: %s twice", table[code].name, placeholders[i % 2]);
        }
}

static void every_flag_is_found_by_its_name_and_no_other(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "SCORE_TOO_LO", "SCORE_TOO_LOWE", "score_too_low", "SCORE_TOO_FAR"};
    zp_flag_code found;
    for (size_t code = 0; code < ZP_FLAG_CODES; code++) {
        assert_int_equal(zp_flag_by_name(zp_str_of(table[code].name), &found), ZP_OK);
        assert_int_equal(found, code);
        assert_string_equal(zp_flag_name(found), table[code].name);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(zp_flag_by_name(zp_str_of(unknown[i]), &found), ZP_NOTFOUND);
    assert_int_equal(zp_flag_by_name(ZP_ABSENT, &found), ZP_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_says_what_was_declared_and_what_is_right),
        cmocka_unit_test(a_sentence_without_values_is_whole),
        cmocka_unit_test(no_sentence_has_a_placeholder_twice),
        cmocka_unit_test(every_flag_is_found_by_its_name_and_no_other),
    };
    return cmocka_run_group_tests_name("flag", tests, open_arena, close_arena);
}

/*
 * typed.c - cells and names as keyboards leave them: what is nothing, what is a number all the same, which names are
 * one.
 */
#include "core/typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const blanks[] = {" ",      "\t",     "\n",     "\u00a0", "\u1680", "\u2000", "\u2009", "\u200b",
                                     "\u200d", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff"};
enum { BLANKS = sizeof blanks / sizeof *blanks };

static void a_cell_of_blanks_is_empty(void **state)
{
    (void)state;
    assert_true(zp_cell_is_empty(ZP_ABSENT));
    assert_true(zp_cell_is_empty(ZP_STR("")));
    for (size_t i = 0; i < BLANKS; i++)
        for (size_t j = 0; j < BLANKS; j++) {
            char text[16];
            snprintf(text, sizeof text, "%s%s", blanks[i], blanks[j]);
            assert_true(zp_cell_is_empty(zp_str_of(text)));
            snprintf(text, sizeof text, "%s中%s", blanks[i], blanks[j]);
            assert_false(zp_cell_is_empty(zp_str_of(text)));
            assert_true(zp_str_is(zp_cell_trimmed(zp_str_of(text)), "中"));
            snprintf(text, sizeof text, "%sé x%s", blanks[i], blanks[j]);
            assert_true(zp_str_is(zp_cell_trimmed(zp_str_of(text)), "é x"));
        }
}

static void a_blank_at_one_end_is_found(void **state)
{
    (void)state;
    static const char *const cells[] = {"1", "10", "中", "中心", "é", "1é", "é1", "𠀀", "1中"};
    for (size_t i = 0; i < BLANKS; i++)
        for (size_t j = 0; j < sizeof cells / sizeof *cells; j++) {
            char text[32];
            snprintf(text, sizeof text, "%s%s", cells[j], blanks[i]);
            assert_true(zp_str_is(zp_cell_trimmed(zp_str_of(text)), cells[j]));
            snprintf(text, sizeof text, "%s%s", blanks[i], cells[j]);
            assert_true(zp_str_is(zp_cell_trimmed(zp_str_of(text)), cells[j]));
            assert_false(zp_cell_is_empty(zp_str_of(text)));
        }
}

static void what_shows_is_no_blank(void **state)
{
    (void)state;
    static const char *const cells[] = {"0",      "无",     "-",      "—",  "。",       "\u2010",
                                        "\u2027", "\u2061", "\ufefe", "𠀀", "\xe2\x80", "\xff"};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        assert_false(zp_cell_is_empty(zp_str_of(cells[i])));
        assert_true(zp_str_is(zp_cell_trimmed(zp_str_of(cells[i])), cells[i]));
    }
}

typedef struct {
    char text[256];
    size_t n;
} spelt;

static void take(void *taker, const char *bytes, size_t n)
{
    spelt *self = taker;
    assert_true(self->n + n < sizeof self->text);
    memcpy(self->text + self->n, bytes, n);
    self->n += n;
}

static void is_spelt(const char *name, const char *wanted)
{
    spelt got = {.n = 0};
    zp_name_spell(zp_str_of(name), take, &got);
    if (!zp_str_eq((zp_str){got.text, got.n}, zp_str_of(wanted)))
        fail_msg("\"%s\" is spelt \"%.*s\", not \"%s\"", name, (int)got.n, got.text, wanted);
}

static void names_that_differ_by_the_keyboard_are_one(void **state)
{
    (void)state;
    static const char *const names[] = {"12333热线A区(二期)",          " 12333热线A区(二期)",
                                        "12333热线A区(二期)\u3000",    "12333 热线 A 区（二期）",
                                        "１２３３３热线Ａ区（二期）",  "12333热\u200b线A区(二期)\ufeff",
                                        "\u00a012333热线\tA区(二期)\n"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        is_spelt(names[i], "12333热线A区(二期)");
    is_spelt("caf\u00e9", "cafe\u0301");
    is_spelt("cafe\u0301", "cafe\u0301");
    is_spelt("New York", "NewYork");
    is_spelt("", "");
    is_spelt(" \u3000", "");
    is_spelt("中\xff心", "中\xff心");
}

static void names_that_may_be_two_stay_two(void **state)
{
    (void)state;
    is_spelt("a区", "a区");
    is_spelt("1,000人", "1,000人");
    is_spelt("1 2标", "1 2标");
    is_spelt("１\u3000\u3000２标", "1 2标");
    is_spelt("1 2 标", "1 2标");
    is_spelt("①1标", "①1标");
    is_spelt("10⁴", "10⁴");
}

static void full_width_figures_become_ascii(void **state)
{
    (void)state;
    char room[8];
    static const struct {
        const char *cell, *figures;
    } rows[] = {{"９．５", "9.5"}, {" －１，０ ", "-1,0"}, {"9", "9"}, {"９分", "9分"},
                {"②", "②"},        {"％", "％"},           {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(zp_str_is(zp_cell_figures(zp_str_of(rows[i].cell), room, sizeof room), rows[i].figures));
    assert_int_equal(zp_cell_figures(ZP_STR("１２３４５６７８９"), room, sizeof room).n, sizeof room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_of_blanks_is_empty),      cmocka_unit_test(a_blank_at_one_end_is_found),
        cmocka_unit_test(what_shows_is_no_blank),         cmocka_unit_test(names_that_differ_by_the_keyboard_are_one),
        cmocka_unit_test(names_that_may_be_two_stay_two), cmocka_unit_test(full_width_figures_become_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

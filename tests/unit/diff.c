/*
 * diff.c - two forms against each other: every cell of the form is compared, and told by its own pointer.
 */
#include "core/diff.h"
#include "codec_kit.h"

typedef struct {
    size_t count;
    char pointers[512][64];
} changes;

static void note(void *context, zp_str pointer, zp_str before, zp_str after)
{
    changes *c = context;
    assert_false(zp_str_eq(before, after));
    assert_true(c->count < 512 && pointer.n < sizeof c->pointers[0]);
    memcpy(c->pointers[c->count], pointer.p, pointer.n);
    c->pointers[c->count++][pointer.n] = '\0';
}

static changes *between(const zp_form *before, const zp_form *after, zp_arena *arena)
{
    changes *c = calloc(1, sizeof *c);
    assert_non_null(c);
    assert_true(zp_form_diff(before, after, arena, note, c));
    return c;
}

/* Its rows are in `rows`: either one may then be changed without the other. */
static zp_form copy_of(const zp_form *form, zp_indicator rows[ZP_MAX_INDICATORS])
{
    zp_form copy = *form;
    memcpy(rows, form->indicators, form->indicator_count * sizeof *rows);
    copy.indicators = rows;
    return copy;
}

static void a_form_does_not_differ_from_itself(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    changes *c = between(&r->form, &r->form, r->arena);
    assert_int_equal(c->count, 0);
    free(c);
    forget(r);
}

/* Each cell of the form is changed in turn: exactly that one must be told. */
static void every_cell_is_compared(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_indicator rows[ZP_MAX_INDICATORS];
    zp_form *form = &r->form, before = copy_of(form, rows);
#define CHANGE(cell, text)                                                                                             \
    do {                                                                                                               \
        zp_str kept = form->cell;                                                                                      \
        form->cell = ZP_STR("another");                                                                                \
        changes *c = between(&before, form, r->arena);                                                                 \
        assert_int_equal(c->count, 1);                                                                                 \
        assert_string_equal(c->pointers[0], text);                                                                     \
        free(c);                                                                                                       \
        form->cell = kept;                                                                                             \
    } while (0);
    CHANGE(year, "/year")
#define X(name, cell) CHANGE(cell, "/" name)
    ZP_FORM_HEADER(X)
    ZP_FORM_TRAILER(X)
#undef X
#define X(name, cell) CHANGE(cell, "/goals/" name)
    ZP_GOAL_CELLS(X)
#undef X
#define X(name, cell) CHANGE(funds[ZP_FUNDS_CARRYOVER].cell, "/funds/carryover/" name)
    ZP_FUNDS_CELLS(X)
#undef X
#define X(name, cell) CHANGE(indicators[3].cell, "/indicators/3/" name)
    ZP_INDICATOR_CELLS(X)
#undef X
    forget(r);
}

static void a_row_that_came_or_went_is_told_cell_by_cell(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_form shorter = r->form;
    shorter.indicator_count--;
    changes *gone = between(&r->form, &shorter, r->arena), *new = between(&shorter, &r->form, r->arena);
    assert_true(gone->count >= 6);
    assert_int_equal(gone->count, new->count);
    assert_string_equal(gone->pointers[0], "/indicators/9/level1");
    free(gone);
    free(new);
    forget(r);
}

/* What was written about the year, and something that no two years share. */
static void a_form_repeats_another_when_nobody_wrote_anything_new(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_indicator rows[ZP_MAX_INDICATORS];
    zp_form *form = &r->form, before = copy_of(form, rows);
    before.year = ZP_STR("2021");
    assert_true(zp_form_repeats(form, &before));
    rows[0].target = ZP_STR("=391"); /* the plan is another matter */
    rows[0].score = ZP_STR("9");
    assert_true(zp_form_repeats(form, &before));

    before.funds[ZP_FUNDS_TOTAL].executed = ZP_STR("70000000");
    assert_false(zp_form_repeats(form, &before)); /* the goals say nothing in either */
    form->goal_actual = before.goal_actual = ZP_STR("全年接听来电二百万次。");
    assert_true(zp_form_repeats(form, &before));

    rows[5].deviation = ZP_ABSENT;
    assert_false(zp_form_repeats(form, &before));
    rows[5].deviation = form->indicators[5].deviation;
    rows[9].actual = ZP_STR("99.17%");
    assert_false(zp_form_repeats(form, &before));
    rows[9].actual = form->indicators[9].actual;
    assert_true(zp_form_repeats(form, &before));
    before.goal_actual = ZP_STR(" 全年接听来电二百万次。\u3000"); /* a blank is nothing new */
    assert_true(zp_form_repeats(form, &before));
    before.indicator_count--;
    assert_false(zp_form_repeats(form, &before));
    before.indicator_count = form->indicator_count = 0;
    assert_false(zp_form_repeats(form, &before));
    forget(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_does_not_differ_from_itself),
        cmocka_unit_test(every_cell_is_compared),
        cmocka_unit_test(a_row_that_came_or_went_is_told_cell_by_cell),
        cmocka_unit_test(a_form_repeats_another_when_nobody_wrote_anything_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

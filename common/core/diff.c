/*
 * diff.c - see diff.h.
 */
#include "core/diff.h"

#include "core/typed.h"

typedef struct {
    zp_arena *arena;
    zp_diff_each each;
    void *context;
    bool failed;
} diff;

static void compare(diff *d, zp_str before, zp_str after, zp_str pointer)
{
    if (zp_str_present(pointer))
        d->each(d->context, pointer, before, after);
    else
        d->failed = true;
}

/* The pointer is made only for what differs. */
#define COMPARE(d, a, b, ...)                                                                                          \
    do {                                                                                                               \
        if (!zp_str_eq(a, b))                                                                                          \
            compare(d, a, b, zp_arena_printf((d)->arena, __VA_ARGS__));                                                \
    } while (0)

static void compare_funds(diff *d, const zp_form *before, const zp_form *after)
{
    static const char *const rows[] = {
#define X(name, row) [row] = (name),
        ZP_FUNDS_ROW_NAMES(X)
#undef X
    };
    for (size_t i = 0; i < ZP_FUNDS_ROWS; i++) {
#define X(name, cell) COMPARE(d, before->funds[i].cell, after->funds[i].cell, "/funds/%s/%s", rows[i], name);
        ZP_FUNDS_CELLS(X)
#undef X
    }
}

static void compare_indicators(diff *d, const zp_form *before, const zp_form *after)
{
    static const zp_indicator none;
    size_t count = before->indicator_count > after->indicator_count ? before->indicator_count : after->indicator_count;
    for (size_t i = 0; i < count; i++) {
        const zp_indicator *a = i < before->indicator_count ? &before->indicators[i] : &none;
        const zp_indicator *b = i < after->indicator_count ? &after->indicators[i] : &none;
#define X(name, cell) COMPARE(d, a->cell, b->cell, "/indicators/%zu/%s", i, name);
        ZP_INDICATOR_CELLS(X)
#undef X
    }
}

bool zp_form_diff(const zp_form *before, const zp_form *after, zp_arena *arena, zp_diff_each each, void *context)
{
    diff d = {arena, each, context, false};
    COMPARE(&d, before->year, after->year, "/year");
#define X(name, cell) COMPARE(&d, before->cell, after->cell, "/" name);
    ZP_FORM_HEADER(X)
#undef X
    compare_funds(&d, before, after);
#define X(name, cell) COMPARE(&d, before->cell, after->cell, "/goals/" name);
    ZP_GOAL_CELLS(X)
#undef X
    compare_indicators(&d, before, after);
#define X(name, cell) COMPARE(&d, before->cell, after->cell, "/" name);
    ZP_FORM_TRAILER(X)
#undef X
    return !d.failed;
}

/* A blank in front or behind makes nothing new. */
static bool is_same(zp_str a, zp_str b)
{
    return zp_str_eq(zp_cell_trimmed(a), zp_cell_trimmed(b));
}

static bool same_and_filled(zp_str a, zp_str b)
{
    return !zp_cell_is_empty(a) && is_same(a, b);
}

bool zp_form_repeats(const zp_form *form, const zp_form *other)
{
    if (form->indicator_count == 0 || form->indicator_count != other->indicator_count)
        return false;
    for (size_t i = 0; i < form->indicator_count; i++) {
        const zp_indicator *a = &form->indicators[i], *b = &other->indicators[i];
        if (!is_same(a->level3, b->level3) || !is_same(a->actual, b->actual) || !is_same(a->deviation, b->deviation))
            return false;
    }
    return same_and_filled(form->goal_actual, other->goal_actual) ||
           same_and_filled(form->funds[ZP_FUNDS_TOTAL].executed, other->funds[ZP_FUNDS_TOTAL].executed);
}

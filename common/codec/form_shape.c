/*
 * form_shape.c - see form_shape.h. Constant tables; any thread.
 */
#include "codec/form_shape.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define X(name, cell) {name, sizeof(name) - 1, offsetof(zp_funds_row, cell), ZP_MEMBER_CELL, NULL},
static const zp_member funds_cells[] = {ZP_FUNDS_CELLS(X)};
#undef X
static const zp_shape funds_row = {funds_cells, COUNT(funds_cells)};

#define X(name, row)                                                                                                   \
    {name, sizeof(name) - 1, offsetof(zp_form, funds) + (row) * sizeof(zp_funds_row), ZP_MEMBER_OBJECT, &funds_row},
static const zp_member funds_rows[] = {ZP_FUNDS_ROW_NAMES(X)};
#undef X
static const zp_shape funds = {funds_rows, COUNT(funds_rows)};

#define X(name, cell) {name, sizeof(name) - 1, offsetof(zp_form, cell), ZP_MEMBER_CELL, NULL},
static const zp_member goal_cells[] = {ZP_GOAL_CELLS(X)};
#undef X
static const zp_shape goals = {goal_cells, COUNT(goal_cells)};

#define X(name, cell) {name, sizeof(name) - 1, offsetof(zp_indicator, cell), ZP_MEMBER_CELL, NULL},
static const zp_member indicator_cells[] = {ZP_INDICATOR_CELLS(X)};
#undef X
static const zp_shape indicator = {indicator_cells, COUNT(indicator_cells)};

/* Funds and goals count their offsets from the form itself. */
#define X(name, cell) {name, sizeof(name) - 1, offsetof(zp_form, cell), ZP_MEMBER_CELL, NULL},
static const zp_member form_members[] = {X("year", year) ZP_FORM_HEADER(X){"funds", 5, 0, ZP_MEMBER_OBJECT, &funds},
                                         {"goals", 5, 0, ZP_MEMBER_OBJECT, &goals},
                                         {"indicators", 10, 0, ZP_MEMBER_INDICATORS, &indicator},
                                         ZP_FORM_TRAILER(X)};
#undef X
_Static_assert(COUNT(form_members) <= ZP_MAX_MEMBERS && COUNT(indicator_cells) <= ZP_MAX_MEMBERS,
               "readers keep a bit for each member");

const zp_shape zp_form_shape = {form_members, COUNT(form_members)};

static bool is_named(const zp_member *member, zp_str name)
{
    return member->n == name.n && memcmp(member->name, name.p, name.n) == 0;
}

size_t zp_shape_find(const zp_shape *shape, zp_str name)
{
    size_t i = 0;
    while (i < shape->count && !is_named(&shape->members[i], name))
        i++;
    return i;
}

/*
 * diff.h - what differs between two forms, cell by cell, and what merely repeats. Pure.
 */
#ifndef ZP_CORE_DIFF_H
#define ZP_CORE_DIFF_H

#include "base/arena.h"
#include "core/form.h"

/* One cell: its JSON pointer and both texts (absent = empty). The pointer lives in the arena. */
typedef void (*zp_diff_each)(void *context, zp_str pointer, zp_str before, zp_str after);

/*
 * Calls `each` for every cell that differs, in the order of the form. Empty and absent are the same. Indicators are
 * compared by their place; those that only one form has differ in every cell that they fill. False: out of memory.
 */
bool zp_form_diff(const zp_form *before, const zp_form *after, zp_arena *arena, zp_diff_each each, void *context);

/*
 * Whether a form repeats another one of the same project: each indicator has the other's actual value and reason, and
 * so has what was achieved of the goals or, to the cent, what was spent. Actual values alone are no sign: 100% may well
 * be reached every year. Blanks around a text make it no other.
 */
bool zp_form_repeats(const zp_form *form, const zp_form *other);

#endif

/*
 * diff.h - what differs between two forms, cell by cell. Pure.
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

#endif

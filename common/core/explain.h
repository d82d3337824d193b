/*
 * explain.h - a line's score in one sentence, for the person who filled it in: the operator, numbers and formula that
 * were used, and what a declared score that differs looks like.
 */
#ifndef ZP_CORE_EXPLAIN_H
#define ZP_CORE_EXPLAIN_H

#include "base/arena.h"
#include "core/result.h"

/*
 * "76.89 ÷ 80 × 10 = 9.61; declared 7.6 looks like 76.89% × 10, cut to one decimal", in the arena. Absent when out of
 * memory.
 */
zp_str zp_line_message(const zp_line *line, zp_lang lang, zp_arena *arena);

/* The budget execution as a line like the others, without name and weight. Views of the result. */
zp_line zp_execution_line(const zp_result *result);

#endif

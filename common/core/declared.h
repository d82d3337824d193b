/*
 * declared.h - the numbers of a form, parsed once, with a flag for each that cannot be one.
 */
#ifndef ZP_CORE_DECLARED_H
#define ZP_CORE_DECLARED_H

#include "core/decimal.h"
#include "core/flag.h"
#include "core/form.h"

typedef struct {
    bool present; /* and valid */
    zp_dec value;
    int64_t points; /* × 10^6, exactly; 10^15 for whatever is larger, which no score is */
} zp_number;

typedef struct {
    bool weighted;  /* a weight above zero */
    int64_t weight; /* points × 10^6 */
    zp_number score;
} zp_declared_line;

typedef struct {
    zp_number budget[ZP_FUNDS_ROWS][3]; /* initial, annual, executed */
    bool has_execution_weight;
    int64_t execution_weight; /* points × 10^6 */
    zp_number execution_score;
    zp_declared_line *lines; /* one an indicator */
    zp_number total_weight, total;
    bool any_score; /* some score is declared: then all must be */
} zp_declared;

enum { ZP_INITIAL, ZP_ANNUAL, ZP_EXECUTED };

/* NUMBER_INVALID (with what is allowed there), NEGATIVE, SCORE_OVER_WEIGHT come out here. default_execution_weight
 * where none is written. ZP_NOMEM.
 */
zp_rc zp_declared_read(const zp_form *form, int64_t default_execution_weight, zp_arena *arena, zp_flags *flags,
                       zp_declared *out);

/* "/indicators/<index>/<cell>" in the arena. */
zp_str zp_indicator_pointer(zp_arena *arena, size_t index, const char *cell);
/* "/funds/<row>/<cell>" in the arena. */
zp_str zp_funds_pointer(zp_arena *arena, zp_funds_row_name row, const char *cell);

#endif

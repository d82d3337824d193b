/*
 * form.c - see form.h.
 */
#include "core/form.h"

#include "core/text.h"
#include "core/typed.h"

enum { DIGITS = 4 };

int zp_form_year(const zp_form *form)
{
    char room[DIGITS + 1];
    zp_str text = form->year.n == DIGITS ? form->year : zp_cell_figures(form->year, room, sizeof room);
    int year = 0;
    if (text.n != DIGITS)
        return 0;
    for (size_t i = 0; i < DIGITS; i++) {
        if (!zp_is_digit(text.p[i]))
            return 0;
        year = year * 10 + (text.p[i] - '0');
    }
    return year >= ZP_YEAR_FIRST && year <= ZP_YEAR_LAST ? year : 0;
}

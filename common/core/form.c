/*
 * form.c - see form.h.
 */
#include "core/form.h"

int zp_form_year(const zp_form *form)
{
    int year = 0;
    if (form->year.n != 4)
        return 0;
    for (size_t i = 0; i < 4; i++) {
        if (form->year.p[i] < '0' || form->year.p[i] > '9')
            return 0;
        year = year * 10 + (form->year.p[i] - '0');
    }
    return year >= ZP_YEAR_FIRST && year <= ZP_YEAR_LAST ? year : 0;
}

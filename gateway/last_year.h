/*
 * last_year.h - whether a form merely repeats what the same project was given the year before.
 */
#ifndef ZP_GATEWAY_LAST_YEAR_H
#define ZP_GATEWAY_LAST_YEAR_H

#include "core/form.h"
#include "request.h"

/* What the form of the same project is filed under that was due the year before. */
zp_form_key zp_last_years_key(const zp_form *form);
/*
 * True, and *of is last year's submission (its current revision), when the form repeats it (zp_form_repeats). A look
 * that fails is no reason to say anything: it is logged and counts as no. Request threads; memory of the request.
 */
bool zp_repeats_last_year(zp_desk *desk, const zp_request *request, const zp_form_key *last_years, const zp_form *form,
                          zp_id *of);

#endif

/*
 * check.h - the checks that refuse a form, over its parsed numbers. zp_check and zp_score both run them.
 */
#ifndef ZP_CORE_CHECK_H
#define ZP_CORE_CHECK_H

#include "core/declared.h"

/* FIELD_MISSING, WEIGHT_SUM, TOTAL_SUM_MISMATCH, SCORE_MISSING, EXEC_SCORE_MISSING, ACTUAL_MISSING and malformed header
 * cells. */
void zp_check_declared(const zp_form *form, const zp_declared *declared, zp_flags *flags);

#endif

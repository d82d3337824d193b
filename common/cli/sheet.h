/*
 * sheet.h - a scored form in the layout of the official one (项目支出绩效自评表), for a terminal.
 */
#ifndef ZP_CLI_SHEET_H
#define ZP_CLI_SHEET_H

#include "base/arena.h"
#include "core/form.h"
#include "core/result.h"

#include <stdio.h>

/*
 * Header, 项目资金, 年度总体目标 and 绩效指标, each with the declared score, the computed and the confirmed one beside
 * it and how it came about. ZP_NOMEM.
 */
zp_rc zp_sheet_print(const zp_form *form, const zp_result *result, zp_arena *arena, FILE *to);

#endif

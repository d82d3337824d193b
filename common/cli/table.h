/*
 * table.h - columns that stay straight in a terminal that mixes Chinese and Latin text.
 *
 * Widths are counted in terminal cells (utf8proc: East Asian wide characters take two). A cell may hold several lines.
 */
#ifndef ZP_CLI_TABLE_H
#define ZP_CLI_TABLE_H

#include "base/str.h"

#include <stdio.h>

typedef struct zp_table zp_table;

/* headings: `columns` texts. right: a character for each column, 'r' aligns to the right. NULL when out of memory. */
zp_table *zp_table_new(size_t columns, const char *const *headings, const char *right);
/* Keeps a column that narrow from the next row on: longer lines are broken, at a blank where there is one. */
void zp_table_wrap(zp_table *self, size_t column, size_t cells);
void zp_table_destroy(zp_table **self);
/* Copies `columns` cells; NULL is an empty cell. False when out of memory. */
bool zp_table_row(zp_table *self, const char *const *cells);
void zp_table_print(const zp_table *self, FILE *to);

/* Terminal cells that the UTF-8 text takes; control characters count nothing. */
size_t zp_text_width(zp_str text);

#endif

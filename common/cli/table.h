/*
 * table.h - columns that stay straight in a terminal that mixes Chinese and Latin text.
 *
 * Widths are counted in terminal cells (utf8proc: East Asian wide characters take two). A cell may hold several lines.
 * What is printed is what shows: a tab becomes a blank, controls and characters that do not show are left out.
 */
#ifndef ZP_CLI_TABLE_H
#define ZP_CLI_TABLE_H

#include "base/arena.h"

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

/*
 * A text that somebody typed, for one line of a terminal: line feeds and tabs become blanks, with none at its ends;
 * controls and characters that do not show are left out. In place; returns the new length.
 */
size_t zp_text_flatten(char *text, size_t n);
/* The same of a copy in the arena. Absent when absent or out of memory. */
zp_str zp_text_flat(zp_str text, zp_arena *arena);

/* Terminal cells that the UTF-8 text takes; control characters count nothing. */
size_t zp_text_width(zp_str text);

#endif

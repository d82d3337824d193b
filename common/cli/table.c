/*
 * table.c - see table.h. Keeps copies of all cells, broken into lines where a column is bounded; measures at print
 * time.
 */
#include "cli/table.h"

#include <stdlib.h>
#include <utf8proc.h>

struct zp_table {
    size_t columns, rows, cap;
    char *right;
    size_t *bounds; /* of each column, in terminal cells; 0: none */
    char **cells;   /* rows × columns, the headings are row 0 */
};

/* Takes a character off the text; its cells. */
static size_t take_character(zp_str *text)
{
    utf8proc_int32_t point;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text->p, (utf8proc_ssize_t)text->n, &point);
    int cells = used <= 0 ? 1 : point < 0x20 ? 0 : utf8proc_charwidth(point);
    size_t n = used <= 0 ? 1 : (size_t)used;
    text->p += n;
    text->n -= n;
    return cells > 0 ? (size_t)cells : 0;
}

size_t zp_text_width(zp_str text)
{
    size_t width = 0;
    while (text.n)
        width += take_character(&text);
    return width;
}

/* What is printed of a character: itself, a blank, or nothing ('\0'). */
static char shown_as(utf8proc_int32_t point, char itself, bool keeps_lines)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
        return point == '\n' && keeps_lines ? itself : point == '\n' || point == '\t' ? ' ' : '\0';
    case UTF8PROC_CATEGORY_CF:
        return '\0';
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return ' ';
    default:
        return itself;
    }
}

/* In place; returns the new length. What is no UTF-8 stays as it is. */
static size_t show(char *text, size_t n, bool keeps_lines)
{
    size_t out = 0;
    for (size_t at = 0; at < n;) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(n - at), &point);
        size_t length = used > 0 ? (size_t)used : 1;
        char first = text[at], as = used > 0 ? shown_as(point, first, keeps_lines) : first;
        if (as == first)
            memmove(text + out, text + at, length);
        else
            text[out] = as;
        out += as == first ? length : as != '\0';
        at += length;
    }
    return out;
}

size_t zp_text_flatten(char *text, size_t n)
{
    n = show(text, n, false);
    size_t first = 0;
    while (n > 0 && text[n - 1] == ' ')
        n--;
    while (first < n && text[first] == ' ')
        first++;
    memmove(text, text + first, n - first);
    return n - first;
}

zp_str zp_text_flat(zp_str text, zp_arena *arena)
{
    char *copy = text.p ? zp_arena_alloc(arena, text.n + 1) : NULL;
    if (!copy)
        return ZP_ABSENT;
    memcpy(copy, text.p, text.n);
    size_t n = zp_text_flatten(copy, text.n);
    copy[n] = '\0';
    return (zp_str){copy, n};
}

/* How much of the text goes on one line of so many cells: up to the last blank that fits, or up to the last character,
 * and always one. */
static size_t fitting(zp_str text, size_t bound)
{
    zp_str rest = text;
    size_t width = 0, blank = 0, fits = 0;
    while (rest.n && *rest.p != '\n') {
        width += take_character(&rest);
        if (width > bound && fits)
            return blank ? blank : fits;
        fits = text.n - rest.n;
        if (rest.n && *rest.p == ' ')
            blank = fits;
    }
    return fits;
}

/* A copy with line feeds where a line gets too long; NULL when out of memory. */
static char *broken_into_lines(const char *text, size_t bound)
{
    size_t length = strlen(text);
    char *plain = strdup(text), *out = malloc(2 * length + 1), *end = out;
    if (!plain || !out) {
        free(plain);
        free(out);
        return NULL;
    }
    zp_str rest = {plain, show(plain, length, true)};
    if (!bound) {
        end = mempcpy(end, rest.p, rest.n);
        rest.n = 0;
    }
    while (rest.n) {
        size_t n = fitting(rest, bound);
        end = mempcpy(end, rest.p, n);
        rest.p += n;
        rest.n -= n;
        if (rest.n)
            *end++ = '\n';
        if (rest.n && (*rest.p == ' ' || *rest.p == '\n')) {
            rest.p++;
            rest.n--;
        }
    }
    *end = '\0';
    free(plain);
    return out;
}

zp_table *zp_table_new(size_t columns, const char *const *headings, const char *right)
{
    zp_table *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->columns = columns;
    self->right = strdup(right);
    self->bounds = calloc(columns, sizeof *self->bounds);
    if (!self->right || !self->bounds || !zp_table_row(self, headings))
        zp_table_destroy(&self);
    return self;
}

void zp_table_destroy(zp_table **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->rows * (*self)->columns; i++)
        free((*self)->cells[i]);
    free((*self)->cells);
    free((*self)->right);
    free((*self)->bounds);
    free(*self);
    *self = NULL;
}

void zp_table_wrap(zp_table *self, size_t column, size_t cells)
{
    self->bounds[column] = cells;
}

static bool make_room(zp_table *self)
{
    if (self->rows < self->cap)
        return true;
    size_t cap = self->cap ? self->cap * 2 : 16;
    char **cells = reallocarray(self->cells, cap * self->columns, sizeof *cells);
    if (!cells)
        return false;
    self->cells = cells;
    self->cap = cap;
    return true;
}

bool zp_table_row(zp_table *self, const char *const *cells)
{
    if (!make_room(self))
        return false;
    char **row = self->cells + self->rows * self->columns;
    for (size_t i = 0; i < self->columns; i++) {
        row[i] = broken_into_lines(cells[i] ? cells[i] : "", self->bounds[i]);
        if (!row[i]) {
            while (i-- > 0)
                free(row[i]);
            return false;
        }
    }
    self->rows++;
    return true;
}

/* The text of line `line` of a cell; absent below its last. */
static zp_str line_of(const char *cell, size_t line)
{
    const char *p = cell;
    for (; line > 0; line--) {
        p = strchr(p, '\n');
        if (!p)
            return ZP_ABSENT;
        p++;
    }
    return (zp_str){p, strcspn(p, "\n")};
}

static size_t column_width(const zp_table *self, size_t column)
{
    size_t widest = 0;
    for (size_t row = 0; row < self->rows; row++) {
        const char *cell = self->cells[row * self->columns + column];
        zp_str text;
        for (size_t line = 0; zp_str_present(text = line_of(cell, line)); line++) {
            size_t width = zp_text_width(text);
            widest = width > widest ? width : widest;
        }
    }
    return widest;
}

static void pad(FILE *to, size_t cells, char with)
{
    while (cells-- > 0)
        fputc(with, to);
}

/* One terminal line of a row; false when no cell has text on it. */
static bool print_line(const zp_table *self, size_t row, size_t line, const size_t *widths, FILE *to)
{
    char *const *cells = self->cells + row * self->columns;
    bool any = false;
    for (size_t i = 0; i < self->columns; i++)
        any |= zp_str_present(line_of(cells[i], line));
    if (!any)
        return false;
    for (size_t i = 0; i < self->columns; i++) {
        zp_str text = line_of(cells[i], line);
        size_t blank = widths[i] - zp_text_width(text);
        if (self->right[i] == 'r')
            pad(to, blank, ' ');
        fwrite(text.p ? text.p : "", 1, text.n, to);
        if (i + 1 < self->columns) {
            if (self->right[i] != 'r')
                pad(to, blank, ' ');
            fputs("  ", to);
        }
    }
    fputc('\n', to);
    return true;
}

void zp_table_print(const zp_table *self, FILE *to)
{
    size_t *widths = calloc(self->columns, sizeof *widths);
    if (!widths) {
        fprintf(stderr, "ziping: out of memory\n");
        return;
    }
    for (size_t i = 0; i < self->columns; i++)
        widths[i] = column_width(self, i);
    for (size_t row = 0; row < self->rows; row++) {
        for (size_t line = 0; print_line(self, row, line, widths, to); line++)
            ;
        for (size_t i = 0; row == 0 && i < self->columns; i++) {
            pad(to, widths[i], '-');
            fputs(i + 1 < self->columns ? "  " : "\n", to);
        }
    }
    free(widths);
}

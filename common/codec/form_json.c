/*
 * form_json.c - see form_json.h. Pure; any thread. Running out of memory shows in the buffer.
 *
 * Each member is written with a comma before it; the first one of an object then gets its brace in the comma's place.
 */
#include "codec/form_json.h"

#include "codec/json_out.h"

/* name: a literal, to which its quotes and colon are joined when this is compiled. */
#define MEMBER(name, value)                                                                                            \
    do {                                                                                                               \
        zp_buf_lit(out, ",\"" name "\":");                                                                             \
        zp_json_str(out, value);                                                                                       \
    } while (0)

/* Left out when absent. */
static bool is_optional(const char *name)
{
    return !strcmp(name, "unit_code") || !strcmp(name, "declared_grade") || !strcmp(name, "profile");
}

/* Turns what was written since `from`, ",member,member", into an object. */
static void close_object(zp_buf *out, size_t from)
{
    zp_buf_char(out, '}');
    if (!out->failed)
        out->p[from] = '{';
}

static void write_year(zp_buf *out, const zp_form *form)
{
    zp_buf_lit(out, ",\"year\":");
    if (zp_form_year(form))
        zp_buf_str(out, form->year);
    else
        zp_json_str(out, form->year);
}

static void write_funds_row(zp_buf *out, const zp_funds_row *row)
{
    size_t from = out->n;
#define X(name, cell) MEMBER(name, row->cell);
    ZP_FUNDS_CELLS(X)
#undef X
    close_object(out, from);
}

static void write_funds(zp_buf *out, const zp_form *form)
{
    zp_buf_lit(out, ",\"funds\":");
    size_t from = out->n;
#define X(name, row)                                                                                                   \
    zp_buf_lit(out, ",\"" name "\":");                                                                                 \
    write_funds_row(out, &form->funds[row]);
    ZP_FUNDS_ROW_NAMES(X)
#undef X
    close_object(out, from);
}

static void write_goals(zp_buf *out, const zp_form *form)
{
    zp_buf_lit(out, ",\"goals\":");
    size_t from = out->n;
#define X(name, cell) MEMBER(name, form->cell);
    ZP_GOAL_CELLS(X)
#undef X
    close_object(out, from);
}

static void write_indicator(zp_buf *out, const zp_indicator *indicator)
{
    size_t from = out->n;
#define X(name, cell) MEMBER(name, indicator->cell);
    ZP_INDICATOR_CELLS(X)
#undef X
    close_object(out, from);
}

void zp_form_write_json(const zp_form *form, zp_buf *out)
{
    size_t from = out->n;
    write_year(out, form);
#define X(name, cell)                                                                                                  \
    if (zp_str_present(form->cell) || !is_optional(name))                                                              \
        MEMBER(name, form->cell);
    ZP_FORM_HEADER(X)
    write_funds(out, form);
    write_goals(out, form);
    zp_buf_lit(out, ",\"indicators\":[");
    for (size_t i = 0; i < form->indicator_count; i++) {
        if (i)
            zp_buf_char(out, ',');
        write_indicator(out, &form->indicators[i]);
    }
    zp_buf_char(out, ']');
    ZP_FORM_TRAILER(X)
#undef X
    close_object(out, from);
}

/*
 * form_json.c - see form_json.h.
 */
#include "codec/form_json.h"

#include "codec/json_out.h"

static void member(zp_buf *out, const char *name, size_t n, zp_str value)
{
    zp_buf_char(out, '"');
    zp_buf_add(out, name, n);
    zp_buf_lit(out, "\":");
    zp_json_str(out, value);
}

#define MEMBER(name, value) member(out, name, sizeof(name) - 1, value)

static void write_year(zp_buf *out, const zp_form *form)
{
    zp_buf_lit(out, "{\"year\":");
    if (zp_form_year(form))
        zp_buf_str(out, form->year);
    else
        zp_json_str(out, form->year);
}

static bool is_optional(const char *name)
{
    return !strcmp(name, "unit_code") || !strcmp(name, "declared_grade");
}

static void header_member(zp_buf *out, const char *name, zp_str value)
{
    if (!zp_str_present(value) && is_optional(name))
        return;
    zp_buf_char(out, ',');
    member(out, name, strlen(name), value);
}

static void write_funds(zp_buf *out, const zp_form *form)
{
    static const char *const names[] = {
#define X(name, row) [row] = name,
        ZP_FUNDS_ROW_NAMES(X)
#undef X
    };
    zp_buf_lit(out, ",\"funds\":{");
    for (size_t i = 0; i < ZP_FUNDS_ROWS; i++) {
        const zp_funds_row *row = &form->funds[i];
        zp_buf_str(out, i ? ZP_STR(",\"") : ZP_STR("\""));
        zp_buf_str(out, zp_str_of(names[i]));
        zp_buf_lit(out, "\":");
        char separator = '{';
#define X(name, cell)                                                                                                  \
    zp_buf_char(out, separator);                                                                                       \
    MEMBER(name, row->cell);                                                                                           \
    separator = ',';
        ZP_FUNDS_CELLS(X)
#undef X
        zp_buf_char(out, '}');
    }
    zp_buf_char(out, '}');
}

static void write_indicator(zp_buf *out, const zp_indicator *indicator)
{
    char separator = '{';
#define X(name, cell)                                                                                                  \
    zp_buf_char(out, separator);                                                                                       \
    MEMBER(name, indicator->cell);                                                                                     \
    separator = ',';
    ZP_INDICATOR_CELLS(X)
#undef X
    zp_buf_char(out, '}');
}

void zp_form_write_json(const zp_form *form, zp_buf *out)
{
    write_year(out, form);
#define X(name, cell) header_member(out, name, form->cell);
    ZP_FORM_HEADER(X)
#undef X
    write_funds(out, form);
    zp_buf_lit(out, ",\"goals\":{");
    MEMBER("expected", form->goal_expected);
    zp_buf_char(out, ',');
    MEMBER("actual", form->goal_actual);
    zp_buf_lit(out, "},\"indicators\":[");
    for (size_t i = 0; i < form->indicator_count; i++) {
        if (i)
            zp_buf_char(out, ',');
        write_indicator(out, &form->indicators[i]);
    }
    zp_buf_char(out, ']');
#define X(name, cell) header_member(out, name, form->cell);
    ZP_FORM_TRAILER(X)
#undef X
    zp_buf_char(out, '}');
}

/*
 * form_urlencoded.c - application/x-www-form-urlencoded to a zp_form (form_reader.h). Any thread; pure but for the
 * arena.
 *
 * Names and values are decoded into one arena block of the body's size, which they cannot outgrow. A name is a path
 * through the shape of a form; what is wrong with a field does not stop the reading of the others.
 */
#include "codec/chars.h"
#include "codec/fault_list.h"
#include "codec/form_reader.h"
#include "codec/form_shape.h"

enum { MAX_ROW = 999, FIRST_ROWS = 16, MAX_PATH = 3 };

typedef struct {
    zp_indicator cells;
    uint32_t seen;
} row;

typedef struct {
    zp_str body;
    char *to; /* the rest of the decoding block */
    zp_arena *arena;
    zp_form *form;
    row *rows;
    size_t rows_cap;
    uint32_t seen[2 + ZP_FUNDS_ROWS]; /* root, goals, each row of funds */
    zp_fault_list faults;
} reading;

/* A field's way through the form. */
typedef struct {
    zp_place places[MAX_PATH + 1]; /* the root first */
    size_t depth;
    zp_str *cell;
    uint32_t *seen;
    uint32_t bit;
} field;

/* ---- decoding ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* 1-based, for people. */
static zp_str position(reading *r, const char *p)
{
    if (!zp_faults_room(&r->faults))
        return ZP_ABSENT;
    zp_str text = zp_arena_printf(r->arena, "position %zu", (size_t)(p - r->body.p) + 1);
    r->faults.flags->failed |= !text.p;
    return text;
}

/* Decodes raw into the block. False when it cannot be; that has been told. */
static bool decode(reading *r, zp_str raw, zp_str *out)
{
    static const zp_place root = {NULL, {NULL, 0}, 0};
    *out = (zp_str){r->to, 0};
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        if (c == '%') {
            int high = i + 2 < raw.n ? hex(raw.p[i + 1]) : -1, low = i + 2 < raw.n ? hex(raw.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                zp_fault_add_malformed(&r->faults, ZP_FLAG_FORM_SYNTAX, &root, position(r, raw.p + i), ZP_ABSENT);
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == '\n' && out->n && r->to[-1] == '\r') {
            r->to[-1] = '\n';
            continue;
        }
        *r->to++ = c;
        out->n++;
    }
    if (zp_utf8_valid(*out))
        return true;
    zp_fault_add_malformed(&r->faults, ZP_FLAG_UTF8_INVALID, &root, position(r, raw.p), ZP_ABSENT);
    return false;
}

/* ---- names ---- */

/* The next step of a dotted path, taken off it. */
static zp_str step(zp_str *path)
{
    const char *dot = path->n ? memchr(path->p, '.', path->n) : NULL;
    zp_str taken = {path->p, dot ? (size_t)(dot - path->p) : path->n};
    *path = dot ? (zp_str){dot + 1, path->n - taken.n - 1} : ZP_ABSENT;
    return taken;
}

static zp_place *descend(field *f)
{
    zp_place *place = &f->places[f->depth + 1];
    *place = (zp_place){.up = &f->places[f->depth]};
    f->depth++;
    return place;
}

/* A row's number as it is counted: no sign, no leading zero. SIZE_MAX for anything else, MAX_ROW + 1 beyond. */
static size_t row_number(zp_str text)
{
    size_t n = 0;
    if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
        return SIZE_MAX;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return SIZE_MAX;
        n = n <= MAX_ROW ? n * 10 + (size_t)(text.p[i] - '0') : n;
    }
    return n <= MAX_ROW ? n : MAX_ROW + 1;
}

static row *row_at(reading *r, size_t number)
{
    size_t cap = r->rows_cap ? r->rows_cap : FIRST_ROWS;
    while (cap <= number)
        cap *= 2;
    if (cap > r->rows_cap) {
        row *rows = zp_arena_calloc(r->arena, cap, sizeof *rows);
        if (!rows)
            return NULL;
        if (r->rows_cap)
            memcpy(rows, r->rows, r->rows_cap * sizeof *rows);
        r->rows = rows;
        r->rows_cap = cap;
    }
    return &r->rows[number];
}

typedef enum { FOUND, UNKNOWN, TOLD } search;

/* The path's last step: a cell of the object at base. */
static search find_cell(field *f, const zp_shape *shape, void *base, zp_str path)
{
    zp_str name = step(&path);
    size_t i = zp_shape_find(shape, name);
    if (path.p || i == shape->count || shape->members[i].kind != ZP_MEMBER_CELL)
        return UNKNOWN;
    descend(f)->name = name;
    f->cell = zp_cell_at(base, shape->members[i].offset);
    f->bit = 1u << i;
    return FOUND;
}

static search find_in_row(reading *r, field *f, const zp_shape *shape, zp_str path)
{
    size_t number = row_number(step(&path));
    if (number == SIZE_MAX || !path.p)
        return UNKNOWN;
    if (number > MAX_ROW) {
        zp_fault_add(&r->faults, ZP_FLAG_TOO_MANY_INDICATORS, &f->places[f->depth], ZP_ABSENT,
                     zp_fault_number(&r->faults, ZP_MAX_INDICATORS));
        return TOLD;
    }
    row *at = row_at(r, number);
    if (!at) {
        r->faults.flags->failed = true;
        return TOLD;
    }
    descend(f)->index = number;
    f->seen = &at->seen;
    return find_cell(f, shape, &at->cells, path);
}

static search find_field(reading *r, zp_str path, field *f)
{
    zp_str whole = path, name = step(&path);
    size_t i = zp_shape_find(&zp_form_shape, name);
    f->seen = &r->seen[0];
    if (i == zp_form_shape.count)
        return UNKNOWN;
    const zp_member *member = &zp_form_shape.members[i];
    if (member->kind == ZP_MEMBER_CELL)
        return find_cell(f, &zp_form_shape, r->form, whole);
    descend(f)->name = name;
    if (!path.p)
        return UNKNOWN;
    if (member->kind == ZP_MEMBER_INDICATORS)
        return find_in_row(r, f, member->inner, path);
    if (member->inner->members[0].kind == ZP_MEMBER_CELL) {
        f->seen = &r->seen[1];
        return find_cell(f, member->inner, (char *)r->form + member->offset, path);
    }
    name = step(&path);
    i = zp_shape_find(member->inner, name);
    if (i == member->inner->count || !path.p)
        return UNKNOWN;
    descend(f)->name = name;
    f->seen = &r->seen[2 + i];
    const zp_member *inner = &member->inner->members[i];
    return find_cell(f, inner->inner, (char *)r->form + inner->offset, path);
}

/* ---- fields ---- */

static void read_field(reading *r, zp_str raw_name, zp_str raw_value)
{
    zp_str name, value;
    field f = {.depth = 0};
    if (!decode(r, raw_name, &name) || !decode(r, raw_value, &value))
        return;
    search found = find_field(r, name, &f);
    if (found == UNKNOWN) {
        zp_place unknown = {&f.places[0], name, 0};
        zp_fault_add(&r->faults, ZP_FLAG_FIELD_UNKNOWN, &unknown, zp_fault_name(&r->faults, name), ZP_ABSENT);
    }
    if (found != FOUND)
        return;
    const zp_place *here = &f.places[f.depth];
    if (*f.seen & f.bit) {
        zp_fault_add_malformed(&r->faults, ZP_FLAG_JSON_DUPLICATE_KEY, here, zp_fault_name(&r->faults, name),
                               ZP_ABSENT);
        return;
    }
    *f.seen |= f.bit;
    zp_fault_check_text(&r->faults, here, value);
    if (value.n)
        *f.cell = value;
}

static void read_fields(reading *r)
{
    const char *p = r->body.p, *end = p + r->body.n;
    while (p < end) {
        const char *ampersand = memchr(p, '&', (size_t)(end - p));
        const char *stop = ampersand ? ampersand : end;
        const char *equals = memchr(p, '=', (size_t)(stop - p));
        const char *name_end = equals ? equals : stop, *value = equals ? equals + 1 : stop;
        if (p < stop)
            read_field(r, (zp_str){p, (size_t)(name_end - p)}, (zp_str){value, (size_t)(stop - value)});
        p = stop + 1;
    }
}

static bool is_filled(const zp_indicator *indicator)
{
    bool filled = false;
#define X(name, cell) filled |= zp_str_present(indicator->cell);
    ZP_INDICATOR_CELLS(X)
#undef X
    return filled;
}

/* The rows that have something in them, close together. */
static void gather_rows(reading *r)
{
    static const zp_place root = {NULL, {NULL, 0}, 0};
    zp_form *form = r->form;
    size_t count = 0;
    for (size_t i = 0; i < r->rows_cap; i++)
        count += is_filled(&r->rows[i].cells);
    if (count > ZP_MAX_INDICATORS) {
        zp_place here = {&root, ZP_STR("indicators"), 0};
        zp_fault_add(&r->faults, ZP_FLAG_TOO_MANY_INDICATORS, &here, ZP_ABSENT,
                     zp_fault_number(&r->faults, ZP_MAX_INDICATORS));
        return;
    }
    uint16_t *numbers = zp_arena_alloc(r->arena, (count + 1) * sizeof *numbers);
    form->indicators = zp_arena_alloc(r->arena, (count + 1) * sizeof *form->indicators);
    if (!form->indicators || !numbers) {
        r->faults.flags->failed = true;
        return;
    }
    for (size_t i = 0; i < r->rows_cap; i++)
        if (is_filled(&r->rows[i].cells)) {
            numbers[form->indicator_count] = (uint16_t)i;
            form->indicators[form->indicator_count++] = r->rows[i].cells;
        }
    form->row_numbers = numbers;
}

zp_rc zp_form_read_urlencoded(zp_str body, zp_arena *arena, zp_form *form, zp_flags *faults)
{
    reading r = {.body = body, .arena = arena, .form = form, .faults = zp_faults_in(faults)};
    zp_rc rc = zp_fault_check_body(&r.faults, body);
    if (rc)
        return rc;
    *form = (zp_form){0};
    r.to = zp_arena_alloc(arena, body.n);
    if (!r.to)
        return ZP_NOMEM;
    read_fields(&r);
    gather_rows(&r);
    return zp_faults_rc(&r.faults);
}

void zp_form_point_at_rows(const zp_form *form, zp_flags *flags)
{
    static const char head[] = "/indicators/";
    if (!form->row_numbers)
        return;
    for (size_t i = 0; i < flags->count; i++) {
        zp_str *pointer = &flags->items[i].pointer;
        size_t at = sizeof head - 1, index = 0;
        if (pointer->n <= at || memcmp(pointer->p, head, at) != 0)
            continue;
        for (; at < pointer->n && pointer->p[at] != '/'; at++)
            index = index * 10 + (size_t)(pointer->p[at] - '0');
        if (index >= form->indicator_count)
            continue;
        zp_str renamed = zp_arena_printf(flags->arena, "%s%u%.*s", head, form->row_numbers[index],
                                         (int)(pointer->n - at), pointer->p + at);
        if (renamed.p)
            *pointer = renamed;
    }
}

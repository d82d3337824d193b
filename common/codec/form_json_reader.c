/*
 * form_json_reader.c - JSON to a zp_form (form_reader.h). Request threads, one reader each; pure but for the arena.
 *
 * simdjson finds the tokens, this walks over them by the shape of a form and checks that they follow each other as JSON
 * does. Texts without escapes and numbers are views into the body; a text with escapes is decoded into the arena. What
 * is malformed is looked at again by json_syntax.c, which can say where. Everything else that is wrong is collected.
 */
#include "codec/chars.h"
#include "codec/fault_list.h"
#include "codec/form_reader.h"
#include "codec/form_shape.h"
#include "codec/json_index.h"
#include "codec/json_syntax.h"

#include <stdlib.h>

enum { MAX_NESTING = 8 };

struct zp_json_reader {
    zp_json_index *index;
    zp_indicator indicators[ZP_MAX_INDICATORS];
};

zp_json_reader *zp_json_reader_new(void)
{
    zp_json_reader *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->index = zp_json_index_new();
    if (!self->index)
        zp_json_reader_destroy(&self);
    return self;
}

void zp_json_reader_destroy(zp_json_reader **self)
{
    if (!*self)
        return;
    zp_json_index_destroy(&(*self)->index);
    free(*self);
    *self = NULL;
}

/* ---- tokens ---- */

typedef struct {
    const char *bytes;
    const uint32_t *at; /* count offsets, and the end of the text behind them */
    uint32_t i, count;
    zp_arena *arena;
    zp_form *form;
    zp_indicator *room; /* ZP_MAX_INDICATORS of them */
    zp_fault_list faults;
} walk;

/* Every function below that returns bool: false = malformed, the walk ends. */

static char next(const walk *w)
{
    return w->i < w->count ? w->bytes[w->at[w->i]] : '\0';
}

static bool take(walk *w, char c)
{
    if (next(w) != c)
        return false;
    w->i++;
    return true;
}

/* A scalar without the blanks behind it; empty at the end of the text. */
static zp_str take_scalar(walk *w)
{
    if (w->i == w->count)
        return ZP_STR("");
    const char *from = w->bytes + w->at[w->i], *end = w->bytes + w->at[w->i + 1];
    w->i++;
    while (end > from + 1 && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return (zp_str){from, (size_t)(end - from)};
}

/*
 * Whether a text holds what needs a closer look: a backslash, DEL, or the lead byte of U+0080..BF. Sixteen bytes at a
 * time, up to fifteen of them behind the text: then it may say yes for nothing.
 */
static bool is_odd(zp_str s)
{
    typedef uint8_t sixteen __attribute__((vector_size(16)));
    sixteen odd = {0}, bytes;
    uint64_t halves[2];
    for (size_t i = 0; i < s.n; i += sizeof bytes) {
        memcpy(&bytes, s.p + i, sizeof bytes);
        odd |= (sixteen)(bytes == '\\') | (sixteen)(bytes == 0x7f) | (sixteen)(bytes == 0xc2);
    }
    memcpy(halves, &odd, sizeof halves);
    return halves[0] | halves[1];
}

static bool unescape(walk *w, zp_str raw, zp_str *out)
{
    const char *p = raw.p, *end = raw.p + raw.n;
    char *text = zp_arena_alloc(w->arena, raw.n + 1); /* no escape is shorter than its character */
    if (!text) {
        w->faults.flags->failed = true;
        *out = ZP_ABSENT;
        return true;
    }
    *out = (zp_str){text, 0};
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((slash ? slash : end) - p);
        memcpy(text + out->n, p, plain);
        out->n += plain;
        if (!slash)
            break;
        uint32_t code;
        size_t n = zp_json_escape(slash, end, &code);
        if (!n)
            return false;
        out->n += zp_utf8_put(code, text + out->n);
        p = slash + n;
    }
    return true;
}

/* A string's text; *odd: it may hold control characters. */
static bool take_text(walk *w, zp_str *out, bool *odd)
{
    zp_str token = take_scalar(w);
    if (token.n < 2 || token.p[token.n - 1] != '"')
        return false;
    *out = (zp_str){token.p + 1, token.n - 2};
    *odd = is_odd(*out);
    if (*odd && memchr(out->p, '\\', out->n))
        return unescape(w, *out, out);
    return true;
}

static bool take_number(walk *w, zp_str *out)
{
    *out = take_scalar(w);
    return out->n > 0 && zp_json_number(out->p, out->p + out->n) == out->n;
}

static bool take_word(walk *w, const char *word)
{
    return zp_str_is(take_scalar(w), word);
}

/* ---- values that are only checked ---- */

static bool skip_value(walk *w, const zp_place *here, unsigned depth);

/* Over a container of which only the brackets are counted: the body is refused whatever is in it. */
static bool skip_brackets(walk *w)
{
    size_t open = 0;
    do {
        char c = next(w);
        if (w->i == w->count)
            return false;
        open += c == '{' || c == '[';
        open -= c == '}' || c == ']';
        w->i++;
    } while (open > 0);
    return true;
}

static bool skip_members(walk *w, const zp_place *here, unsigned depth)
{
    zp_str name;
    bool odd;
    do {
        if (next(w) != '"' || !take_text(w, &name, &odd) || !take(w, ':'))
            return false;
        if (!skip_value(w, &(zp_place){here, name, 0}, depth))
            return false;
    } while (take(w, ','));
    return take(w, '}');
}

static bool skip_elements(walk *w, const zp_place *here, unsigned depth)
{
    zp_place element = {here, ZP_ABSENT, 0};
    do {
        if (!skip_value(w, &element, depth))
            return false;
        element.index++;
    } while (take(w, ','));
    return take(w, ']');
}

/* depth: how many containers are open around the value. */
static bool skip_value(walk *w, const zp_place *here, unsigned depth)
{
    zp_str text;
    bool odd;
    switch (next(w)) {
    case '{':
    case '[':
        if (depth == MAX_NESTING) {
            zp_fault_add_malformed(&w->faults, ZP_FLAG_JSON_TOO_DEEP, here, ZP_ABSENT,
                                   zp_fault_number(&w->faults, MAX_NESTING));
            return skip_brackets(w);
        }
        if (take(w, '{'))
            return take(w, '}') || skip_members(w, here, depth + 1);
        w->i++;
        return take(w, ']') || skip_elements(w, here, depth + 1);
    case '"':
        return take_text(w, &text, &odd);
    case 'n':
        return take_word(w, "null");
    case 't':
        return take_word(w, "true");
    case 'f':
        return take_word(w, "false");
    default:
        return take_number(w, &text);
    }
}

static bool refuse_type(walk *w, const zp_place *here, unsigned depth, zp_str expected)
{
    zp_str found;
    switch (next(w)) {
    case '{':
        found = ZP_STR("object");
        break;
    case '[':
        found = ZP_STR("array");
        break;
    case '"':
        found = ZP_STR("string");
        break;
    case 'n':
        found = ZP_STR("null");
        break;
    case 't':
    case 'f':
        found = ZP_STR("boolean");
        break;
    default:
        found = ZP_STR("number");
    }
    zp_fault_add(&w->faults, ZP_FLAG_TYPE_WRONG, here, found, expected);
    return skip_value(w, here, depth);
}

/* ---- the form ---- */

static bool read_object(walk *w, const zp_shape *shape, void *base, const zp_place *here, unsigned depth);

static bool read_cell(walk *w, zp_str *cell, const zp_place *here, unsigned depth)
{
    bool odd = false;
    switch (next(w)) {
    case '"':
        if (!take_text(w, cell, &odd))
            return false;
        break;
    case 'n':
        return take_word(w, "null");
    case '{':
    case '[':
    case 't':
    case 'f':
        return refuse_type(w, here, depth, ZP_STR("string or number"));
    default:
        if (!take_number(w, cell))
            return false;
    }
    if (odd || cell->n > ZP_MAX_CELL)
        zp_fault_check_text(&w->faults, here, *cell);
    return true;
}

static bool read_indicators(walk *w, const zp_shape *shape, const zp_place *here, unsigned depth)
{
    zp_place element = {here, ZP_ABSENT, 0};
    zp_form *form = w->form;
    w->i++;
    if (take(w, ']'))
        return true;
    do {
        zp_indicator beyond, *row = element.index < ZP_MAX_INDICATORS ? &w->room[element.index] : &beyond;
        *row = (zp_indicator){0};
        if (element.index == ZP_MAX_INDICATORS)
            zp_fault_add(&w->faults, ZP_FLAG_TOO_MANY_INDICATORS, here, ZP_ABSENT,
                         zp_fault_number(&w->faults, ZP_MAX_INDICATORS));
        bool ok = next(w) == '{' ? read_object(w, shape, row, &element, depth + 1)
                                 : refuse_type(w, &element, depth + 1, ZP_STR("object"));
        if (!ok)
            return false;
        element.index++;
    } while (take(w, ','));
    form->indicators = w->room;
    form->indicator_count = element.index < ZP_MAX_INDICATORS ? element.index : ZP_MAX_INDICATORS;
    return take(w, ']');
}

static bool read_member(walk *w, const zp_member *member, void *base, const zp_place *here, unsigned depth)
{
    if (member->kind == ZP_MEMBER_CELL)
        return read_cell(w, zp_cell_at(base, member->offset), here, depth);
    if (next(w) == 'n')
        return take_word(w, "null");
    if (member->kind == ZP_MEMBER_INDICATORS)
        return next(w) == '[' ? read_indicators(w, member->inner, here, depth)
                              : refuse_type(w, here, depth, ZP_STR("array"));
    return next(w) == '{' ? read_object(w, member->inner, (char *)base + member->offset, here, depth)
                          : refuse_type(w, here, depth, ZP_STR("object"));
}

/* Names that a form does not have, of one object: they too stand at most once. */
typedef struct stranger {
    const struct stranger *before;
    zp_str name;
} stranger;

static bool refuse_name(walk *w, const stranger **strangers, const zp_place *here)
{
    zp_fault_list *faults = &w->faults;
    if (!zp_faults_room(faults))
        return true;
    zp_str shown = zp_fault_name(faults, here->name);
    for (const stranger *s = *strangers; s; s = s->before)
        if (zp_str_eq(s->name, here->name)) {
            zp_fault_add_malformed(faults, ZP_FLAG_JSON_DUPLICATE_KEY, here, shown, ZP_ABSENT);
            return true;
        }
    stranger *s = zp_arena_alloc(w->arena, sizeof *s);
    if (s) {
        *s = (stranger){*strangers, here->name};
        *strangers = s;
    }
    faults->flags->failed |= !s;
    zp_fault_add(faults, ZP_FLAG_FIELD_UNKNOWN, here, shown, ZP_ABSENT);
    return true;
}

/*
 * Takes a member's name and finds it in the shape; *found is shape->count for a stranger. A name that comes where it is
 * likely, without escapes, is recognised in place (what memcmp may read beyond the body is padding).
 */
static bool take_name(walk *w, const zp_shape *shape, size_t likely, zp_str *name, size_t *found)
{
    bool odd;
    if (next(w) != '"')
        return false;
    const char *text = w->bytes + w->at[w->i] + 1;
    const zp_member *member = likely < shape->count ? &shape->members[likely] : NULL;
    if (member && memcmp(text, member->name, member->n) == 0 && text[member->n] == '"') {
        *name = (zp_str){text, member->n};
        *found = likely;
        w->i++;
        return true;
    }
    if (!take_text(w, name, &odd))
        return false;
    *found = zp_shape_find(shape, *name);
    return true;
}

/* depth: how many containers are open around the object. */
static bool read_object(walk *w, const zp_shape *shape, void *base, const zp_place *here, unsigned depth)
{
    const stranger *strangers = NULL;
    uint32_t seen = 0;
    size_t likely = 0, found; /* in the shape: behind the member before */
    w->i++;
    if (take(w, '}'))
        return true;
    do {
        zp_place inner = {here, ZP_ABSENT, 0};
        bool ok;
        if (!take_name(w, shape, likely, &inner.name, &found) || !take(w, ':'))
            return false;
        if (found == shape->count) {
            ok = refuse_name(w, &strangers, &inner) && skip_value(w, &inner, depth + 1);
        } else if (seen & 1u << found) {
            zp_fault_add_malformed(&w->faults, ZP_FLAG_JSON_DUPLICATE_KEY, &inner,
                                   zp_fault_name(&w->faults, inner.name), ZP_ABSENT);
            ok = skip_value(w, &inner, depth + 1);
        } else {
            seen |= 1u << found;
            likely = found + 1;
            ok = read_member(w, &shape->members[found], base, &inner, depth + 1);
        }
        if (!ok)
            return false;
    } while (take(w, ','));
    return take(w, '}');
}

static bool read_root(walk *w)
{
    const zp_place root = {NULL, ZP_ABSENT, 0};
    bool ok =
        next(w) == '{' ? read_object(w, &zp_form_shape, w->form, &root, 0) : refuse_type(w, &root, 0, ZP_STR("object"));
    return ok && w->i == w->count;
}

/* ---- the whole ---- */

/* Says where the text is malformed, and only that: nothing else that was found in it counts. */
static zp_rc refuse_syntax(zp_str body, zp_flags *faults, size_t before, size_t errors_before)
{
    zp_json_fault fault = {.code = ZP_FLAG_JSON_SYNTAX, .line = 1, .column = 1, .cause = "it cannot be read"};
    zp_json_syntax(body, &fault);
    faults->count = before;
    faults->errors = errors_before;
    zp_str place = zp_arena_printf(faults->arena, "line %zu, column %zu", fault.line, fault.column);
    zp_flags_add(faults, fault.code, ZP_STR(""), place, zp_str_of(fault.cause));
    return faults->failed || !place.p ? ZP_NOMEM : ZP_INVALID;
}

zp_rc zp_form_read_json(zp_json_reader *self, zp_str body, zp_arena *arena, zp_form *form, zp_flags *faults)
{
    size_t errors_before = faults->errors;
    walk w = {.bytes = body.p, .arena = arena, .form = form, .room = self->indicators, .faults = zp_faults_in(faults)};
    zp_rc rc = zp_fault_check_body(&w.faults, body);
    if (rc)
        return rc;
    *form = (zp_form){0};
    rc = zp_json_index_read(self->index, body, &w.at, &w.count);
    if (rc == ZP_NOMEM || rc == ZP_TOO_LARGE)
        return rc;
    if (rc || !read_root(&w))
        return refuse_syntax(body, faults, w.faults.before, errors_before);
    return zp_faults_rc(&w.faults);
}

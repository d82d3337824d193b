/*
 * yaml_places.c - see yaml_places.h. The only file that knows libyaml's parser. Runs at start, in the main thread.
 *
 * One pass over the parser's events with a small stack of open collections. What libcyaml would take in silence is
 * refused here: a second document, a NUL inside a text. What it refuses with the line of something else (syntax
 * errors, keys that stand twice, aliases) is refused here with the right one.
 */
#include "base/yaml_places.h"

#include "base/yaml.h"

#include <yaml.h>

typedef struct {
    bool is_mapping, key_is_next;
    const char *path;  /* of the collection; "" at the top */
    const char *child; /* path of the value that comes next in a mapping */
    unsigned entries;  /* of a sequence */
} frame;

typedef struct {
    zp_arena *arena;
    zp_yaml_places *places;
    zp_yaml_fault *fault;
    frame stack[ZP_YAML_MAX_DEPTH];
    size_t depth;
    unsigned documents;
} walk;

static zp_rc refuse(const walk *self, const yaml_event_t *event, const char *what)
{
    *self->fault = (zp_yaml_fault){.what = what, .line = event->start_mark.line + 1};
    return ZP_INVALID;
}

static zp_rc add_place(walk *self, const yaml_event_t *event, const char *path, bool is_key)
{
    if (self->places->count == ZP_YAML_MAX_KEYS)
        return refuse(self, event, "too many keys for a settings file; remove what does not belong here");
    self->places->items[self->places->count++] =
        (zp_yaml_place){.path = path, .line = event->start_mark.line + 1, .is_key = is_key};
    return ZP_OK;
}

static zp_rc add_key(walk *self, frame *in, const yaml_event_t *event)
{
    const char *key = (const char *)event->data.scalar.value;
    zp_str path = zp_arena_printf(self->arena, "%s%s%s", in->path, in->path[0] ? "." : "", key);
    if (!path.p)
        return ZP_NOMEM;
    const zp_yaml_place *before = zp_yaml_places_of(self->places, path);
    if (before) {
        zp_str what = zp_arena_printf(self->arena, "%s stands here and in line %zu; keep one", path.p, before->line);
        return what.p ? refuse(self, event, what.p) : ZP_NOMEM;
    }
    zp_rc rc = add_place(self, event, path.p, true);
    in->child = path.p;
    in->key_is_next = false;
    return rc;
}

/* A value begins: *path is where it stands. */
static zp_rc begin_value(walk *self, const yaml_event_t *event, const char **path)
{
    *path = "";
    if (self->depth == 0)
        return ZP_OK;
    frame *in = &self->stack[self->depth - 1];
    if (in->is_mapping) {
        *path = in->child;
        in->key_is_next = true;
        return ZP_OK;
    }
    *path = zp_arena_printf(self->arena, "%s[%u]", in->path, in->entries++).p;
    return *path ? add_place(self, event, *path, false) : ZP_NOMEM;
}

static zp_rc on_scalar(walk *self, const yaml_event_t *event)
{
    if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
        return refuse(self, event, "a text with a NUL character in it; remove it");
    frame *in = self->depth ? &self->stack[self->depth - 1] : NULL;
    if (!in) /* an empty document is one empty scalar */
        return event->data.scalar.length ? refuse(self, event, "not settings; write lines of the form \"key: value\"")
                                         : ZP_OK;
    if (in->is_mapping && in->key_is_next)
        return add_key(self, in, event);
    const char *path;
    return begin_value(self, event, &path);
}

static zp_rc on_collection(walk *self, const yaml_event_t *event, bool is_mapping)
{
    if (self->depth == 0 && !is_mapping)
        return refuse(self, event, "a list instead of settings; write lines of the form \"key: value\"");
    if (self->depth && self->stack[self->depth - 1].is_mapping && self->stack[self->depth - 1].key_is_next)
        return refuse(self, event, "a key that is not a plain word; write lines of the form \"key: value\"");
    if (self->depth == ZP_YAML_MAX_DEPTH)
        return refuse(self, event, "nested too deeply; no setting lies this deep");
    const char *path;
    zp_rc rc = begin_value(self, event, &path);
    if (!rc)
        self->stack[self->depth++] = (frame){.is_mapping = is_mapping, .key_is_next = is_mapping, .path = path};
    return rc;
}

static zp_rc on_event(walk *self, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return self->documents++ ? refuse(self, event, "a second document; remove it and its \"---\"") : ZP_OK;
    case YAML_ALIAS_EVENT:
        return refuse(self, event, "an alias (*); write the value itself");
    case YAML_SCALAR_EVENT:
        return on_scalar(self, event);
    case YAML_MAPPING_START_EVENT:
        return on_collection(self, event, true);
    case YAML_SEQUENCE_START_EVENT:
        return on_collection(self, event, false);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        self->depth--;
        return ZP_OK;
    default:
        return ZP_OK;
    }
}

/* Bad UTF-8 has no mark but an offset. */
static size_t line_of_offset(zp_str text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < text.n && i < offset; i++)
        line += text.p[i] == '\n';
    return line;
}

static zp_rc explain_syntax(const walk *self, const yaml_parser_t *parser, zp_str text)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return ZP_NOMEM;
    bool unreadable = parser->error == YAML_READER_ERROR;
    zp_str what = zp_arena_printf(self->arena, "%s; %s", parser->problem ? parser->problem : "not YAML",
                                  unreadable ? "save the file as UTF-8"
                                             : "indent with blanks, and put quotes around text with : # - or * in it");
    if (!what.p)
        return ZP_NOMEM;
    *self->fault = (zp_yaml_fault){.what = what.p,
                                   .line = unreadable ? line_of_offset(text, parser->problem_offset)
                                                      : parser->problem_mark.line + 1};
    return ZP_INVALID;
}

static zp_rc walk_events(walk *self, yaml_parser_t *parser, zp_str text)
{
    zp_rc rc = ZP_OK;
    for (bool at_end = false; !rc && !at_end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return explain_syntax(self, parser, text);
        at_end = event.type == YAML_STREAM_END_EVENT;
        rc = on_event(self, &event);
        yaml_event_delete(&event);
    }
    return rc;
}

zp_rc zp_yaml_places_find(zp_str text, zp_arena *arena, zp_yaml_places *out, zp_yaml_fault *fault)
{
    *out = (zp_yaml_places){.items = zp_arena_calloc(arena, ZP_YAML_MAX_KEYS, sizeof *out->items)};
    *fault = (zp_yaml_fault){.what = "not YAML"};
    walk self = {.arena = arena, .places = out, .fault = fault};
    yaml_parser_t parser;
    if (!out->items || !yaml_parser_initialize(&parser))
        return ZP_NOMEM;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
    zp_rc rc = walk_events(&self, &parser, text);
    yaml_parser_delete(&parser);
    if (!rc && out->count == 0) {
        fault->what = "holds no setting; write at least one, or copy the sample that comes with the program";
        rc = ZP_INVALID;
    }
    return rc;
}

const zp_yaml_place *zp_yaml_places_of(const zp_yaml_places *self, zp_str path)
{
    for (size_t i = 0; i < self->count; i++)
        if (zp_str_is(path, self->items[i].path))
            return &self->items[i];
    return NULL;
}

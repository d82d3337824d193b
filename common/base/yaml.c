/*
 * yaml.c - see yaml.h. Runs at start, in the main thread; the first thing that is wrong ends it with one line.
 *
 * libcyaml says what is wrong through its log. At level INFO it also logs each key that it comes to, so counting
 * those tells which of the keys that yaml_places found is meant, with its full path and its own line.
 */
#include "base/yaml.h"

#include "base/buf.h"
#include "base/yaml_places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct zp_yaml {
    const char *path;
    char *message;
    size_t message_size;
    zp_buf text;
    zp_arena *arena;
    zp_yaml_places places;
};

/* ---- the one line ---- */

/* A text from the file, escapes decoded, must not make two lines of one. */
static void blank_controls(char *p)
{
    for (; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

static void say(const zp_yaml *self, size_t line, const char *key, const char *format, va_list arguments)
{
    zp_buf out = ZP_BUF_INIT;
    zp_buf_printf(&out, "%s", self->path);
    if (line)
        zp_buf_printf(&out, ":%zu", line);
    zp_buf_printf(&out, ": %s%s", key, key[0] ? " " : "");
    char what[512] = "";
    int n = vsnprintf(what, sizeof what, format, arguments);
    zp_buf_str(&out, n < 0 ? ZP_STR("wrong") : zp_str_of(what));
    zp_str text = out.failed ? ZP_STR("out of memory; free some and start again") : zp_buf_view(&out);
    snprintf(self->message, self->message_size, "%.*s", (int)text.n, text.p);
    blank_controls(self->message);
    zp_buf_free(&out);
}

/* For what concerns the file, or a line of it, and no key. */
__attribute__((format(printf, 3, 4))) static void say_of_file(const zp_yaml *self, size_t line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(self, line, "", format, arguments);
    va_end(arguments);
}

/* A key that is missing has no line; the block where it belongs has one, and all of them begin with the first key. */
static size_t nearest_line(const zp_yaml *self, const char *key)
{
    for (zp_str path = zp_str_of(key); path.n; path.n--) {
        bool at_end = path.p[path.n] == '\0' || path.p[path.n] == '.' || path.p[path.n] == '[';
        const zp_yaml_place *place = at_end ? zp_yaml_places_of(&self->places, path) : NULL;
        if (place)
            return place->line;
    }
    return self->places.count ? self->places.items[0].line : 0;
}

zp_rc zp_yaml_refuse(const zp_yaml *self, const char *key, const char *what, ...)
{
    va_list arguments;
    va_start(arguments, what);
    say(self, nearest_line(self, key), key, what, arguments);
    va_end(arguments);
    return ZP_INVALID;
}

zp_rc zp_yaml_no_memory(const zp_yaml *self)
{
    say_of_file(self, 0, "out of memory; free some and start again");
    return ZP_NOMEM;
}

/* ---- reading ---- */

static zp_rc explain_errno(const zp_yaml *self, int code, const char *missing)
{
    const char *remedy = code == ENOENT || code == ENOTDIR ? missing
                         : code == EACCES                  ? "let this user read it"
                         : code == EISDIR                  ? "name a file inside it"
                                                           : "check the file and its disk";
    say_of_file(self, 0, "%s; %s", strerror(code), remedy);
    return code == ENOENT || code == ENOTDIR ? ZP_NOTFOUND : ZP_IO;
}

static zp_rc read_all(zp_yaml *self, int fd)
{
    while (self->text.n <= ZP_YAML_MAX_BYTES) {
        if (!zp_buf_reserve(&self->text, 65536))
            return zp_yaml_no_memory(self);
        ssize_t got = read(fd, self->text.p + self->text.n, 65536);
        if (got == 0)
            return ZP_OK;
        if (got < 0 && errno != EINTR)
            return explain_errno(self, errno, "");
        self->text.n += got > 0 ? (size_t)got : 0;
    }
    say_of_file(self, 0, "larger than %d bytes; this is no settings file, name another", ZP_YAML_MAX_BYTES);
    return ZP_INVALID;
}

static zp_rc find_places(zp_yaml *self)
{
    zp_yaml_fault fault;
    if (self->text.n == 0) {
        say_of_file(self, 0, "empty; write the settings, or copy the sample that comes with the program");
        return ZP_INVALID;
    }
    zp_rc rc = zp_yaml_places_find(zp_buf_view(&self->text), self->arena, &self->places, &fault);
    if (rc == ZP_NOMEM)
        return zp_yaml_no_memory(self);
    if (rc)
        say_of_file(self, fault.line, "%s", fault.what);
    return rc;
}

zp_rc zp_yaml_open(const char *path, const char *missing, zp_yaml **out, char *message, size_t message_size)
{
    zp_yaml *self = calloc(1, sizeof *self);
    *out = NULL;
    if (!self) {
        snprintf(message, message_size, "%s: out of memory; free some and start again", path);
        return ZP_NOMEM;
    }
    *self = (zp_yaml){.path = path, .message = message, .message_size = message_size, .arena = zp_arena_new(16384)};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    zp_rc rc = !self->arena ? zp_yaml_no_memory(self) : fd < 0 ? explain_errno(self, errno, missing) : ZP_OK;
    if (!rc)
        rc = read_all(self, fd);
    if (fd >= 0)
        close(fd);
    if (!rc)
        rc = find_places(self);
    if (rc)
        zp_yaml_close(&self);
    *out = self;
    return rc;
}

void zp_yaml_close(zp_yaml **self)
{
    if (!*self)
        return;
    zp_buf_free(&(*self)->text);
    zp_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

zp_str zp_yaml_bytes(const zp_yaml *self)
{
    return zp_buf_view(&self->text);
}

/* ---- the schema ---- */

/* What libcyaml's log has said so far. */
typedef struct {
    size_t keys;    /* how many it has come to */
    bool of_entry;  /* about an entry of that key's list */
    char what[256]; /* its first complaint */
} account;

static void note(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    account *self = context;
    if (level == CYAML_LOG_INFO)
        self->keys += strcmp(format, "Load: [%s]\n") == 0;
    else if (level < CYAML_LOG_WARNING)
        return;
    else if (!self->what[0])
        vsnprintf(self->what, sizeof self->what, format, arguments);
    else
        self->of_entry |= strncmp(format, "  in sequence entry", 19) == 0;
}

/* libcyaml's names of schema types and of YAML events. */
static const char *plainly(const char *name)
{
    return strncmp(name, "MAPPING", 7) == 0                             ? "settings of its own, indented below it"
           : strncmp(name, "SEQUENCE", 8) == 0                          ? "a list"
           : strcmp(name, "SCALAR") == 0 || strcmp(name, "STRING") == 0 ? "a single value"
                                                                        : "something else";
}

/* The key that libcyaml came to last; "" before the first. */
static const char *last_key(const zp_yaml *self, size_t keys)
{
    for (size_t i = 0; i < self->places.count; i++)
        if (self->places.items[i].is_key && --keys == 0)
            return self->places.items[i].path;
    return "";
}

/* libyaml has read the whole text once before, so that it stumbles now has no other reason. */
static bool is_out_of_memory(cyaml_err_t code)
{
    return code == CYAML_ERR_OOM || code == CYAML_ERR_LIBYAML_PARSER_INIT || code == CYAML_ERR_LIBYAML_EVENT_INIT ||
           code == CYAML_ERR_LIBYAML_PARSER;
}

static zp_rc explain_schema(const zp_yaml *self, cyaml_err_t code, const account *said)
{
    const char *key = said->keys ? last_key(self, said->keys) : "";
    char wanted[32], got[32];
    unsigned most;
    if (is_out_of_memory(code))
        return zp_yaml_no_memory(self);
    if (code == CYAML_ERR_INVALID_KEY)
        return zp_yaml_refuse(self, key, "is not a setting; correct its spelling and indentation, or remove it");
    if (sscanf(said->what, "Load: Expecting %31[^,], got event: %31s", wanted, got) == 2)
        return zp_yaml_refuse(self, key, "%s %s; write %s%s", said->of_entry ? "has an entry that is" : "is",
                              plainly(got), plainly(wanted), said->of_entry ? " for each" : "");
    if (sscanf(said->what, "Load: Excessive entries (%u max)", &most) == 1)
        return zp_yaml_refuse(self, key, "has too many entries; at most %u fit", most);
    if (strncmp(said->what, "Load: STRING length ", 20) == 0)
        return zp_yaml_refuse(self, key, "is too long or too short; see the sample");
    int n = (int)strcspn(said->what, "\n");
    return zp_yaml_refuse(self, key, "is not accepted (%.*s); see the sample", n,
                          n ? said->what : cyaml_strerror(code));
}

static cyaml_config_t reader(account *said)
{
    return (cyaml_config_t){
        .log_fn = note, .log_ctx = said, .log_level = CYAML_LOG_INFO, .mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};
}

zp_rc zp_yaml_load(zp_yaml *self, const cyaml_schema_value_t *schema, void **data)
{
    account said = {0};
    cyaml_config_t config = reader(&said);
    *data = NULL;
    cyaml_err_t code =
        cyaml_load_data((const uint8_t *)self->text.p, self->text.n, &config, schema, (cyaml_data_t **)data, NULL);
    if (code == CYAML_OK && *data)
        return ZP_OK;
    return explain_schema(self, code, &said);
}

void zp_yaml_unload(const cyaml_schema_value_t *schema, void *data)
{
    account said = {0};
    cyaml_config_t config = reader(&said);
    (void)cyaml_free(&config, schema, data, 0); /* fails only for a missing configuration */
}

bool zp_yaml_has(const zp_yaml *self, const char *key)
{
    return zp_yaml_places_of(&self->places, zp_str_of(key)) != NULL;
}

bool zp_yaml_number(const char *text, uint64_t *out)
{
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (unsigned)(*p - '0'), &n))
            return false;
    if (p == text || *p)
        return false;
    *out = n;
    return true;
}

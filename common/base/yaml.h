/*
 * yaml.h - a settings file: read whole, every key's line known, loaded by a libcyaml schema.
 *
 * Whatever is wrong becomes one line "<file>[:line]: what is wrong; what to do" in the caller's buffer. libcyaml
 * reports where it stopped, which is a line early for an unknown key and anywhere for a syntax error; so libyaml
 * walks the file first and notes the line of each key.
 */
#ifndef ZP_BASE_YAML_H
#define ZP_BASE_YAML_H

#include "base/error.h"
#include "base/str.h"

#include <cyaml/cyaml.h>

enum { ZP_YAML_MAX_BYTES = 1024 * 1024, ZP_YAML_MAX_DEPTH = 8, ZP_YAML_MAX_KEYS = 1000 };

typedef struct zp_yaml zp_yaml;

/*
 * Reads the file and checks that it is YAML that a schema can take: one mapping, no key twice, no alias, no NUL.
 * missing: what to do when there is no file, such as "name it with --config". path and message must outlive
 * *out. ZP_NOTFOUND, ZP_IO (not readable), ZP_INVALID, ZP_NOMEM, each with the line in message; *out is then NULL.
 */
zp_rc zp_yaml_open(const char *path, const char *missing, zp_yaml **out, char *message, size_t message_size);
void zp_yaml_close(zp_yaml **self);

/* The file's bytes, valid until close. */
zp_str zp_yaml_bytes(const zp_yaml *self);

/*
 * Loads by a schema whose top is a mapping with CYAML_FLAG_POINTER. Numbers are better loaded as strings and read
 * with zp_yaml_number: libcyaml takes "12abc" as 12 and "010" as 8. ZP_OK (free *data with zp_yaml_unload),
 * ZP_INVALID or ZP_NOMEM with the line in message.
 */
zp_rc zp_yaml_load(zp_yaml *self, const cyaml_schema_value_t *schema, void **data);
void zp_yaml_unload(const cyaml_schema_value_t *schema, void *data);

/* Whether the key ("level1") stands in the file: an empty list loads like none. */
bool zp_yaml_has(const zp_yaml *self, const char *key);

/* Digits and nothing else; false also beyond 2^64. */
bool zp_yaml_number(const char *text, uint64_t *out);

/*
 * Writes "<file>:<line>: <key> <what>" into message; what also names the remedy. The line is that of the key
 * ("gateway.batch", "level1[0].weight"), or of the nearest key around it, or of the first one. Always ZP_INVALID.
 */
zp_rc zp_yaml_refuse(const zp_yaml *self, const char *key, const char *what, ...) __attribute__((format(printf, 3, 4)));
/* Out of memory, as a line. Always ZP_NOMEM. */
zp_rc zp_yaml_no_memory(const zp_yaml *self);

#endif

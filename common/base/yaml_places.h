/*
 * yaml_places.h - where each key and list entry of a YAML text stands. Part of yaml.c.
 */
#ifndef ZP_BASE_YAML_PLACES_H
#define ZP_BASE_YAML_PLACES_H

#include "base/arena.h"
#include "base/error.h"

typedef struct {
    const char *path; /* "gateway.batch", "level1[0]", "level1[0].weight" */
    size_t line;      /* from 1 */
    bool is_key;      /* or an entry of a list */
} zp_yaml_place;

typedef struct {
    zp_yaml_place *items; /* in the order of the text; ZP_YAML_MAX_KEYS of them fit */
    size_t count;
} zp_yaml_places;

typedef struct {
    const char *what; /* with the remedy; in the arena or a literal */
    size_t line;      /* 0 = the whole file */
} zp_yaml_fault;

/* Walks the text. Paths live in arena. ZP_INVALID with *fault, or ZP_NOMEM. */
zp_rc zp_yaml_places_find(zp_str text, zp_arena *arena, zp_yaml_places *out, zp_yaml_fault *fault);

/* The place of path; NULL when it is not in the text. */
const zp_yaml_place *zp_yaml_places_of(const zp_yaml_places *self, zp_str path);

#endif

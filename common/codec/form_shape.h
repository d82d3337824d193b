/*
 * form_shape.h - the members of a form as a tree, made from the tables of core/form.h: what every reader walks.
 */
#ifndef ZP_CODEC_FORM_SHAPE_H
#define ZP_CODEC_FORM_SHAPE_H

#include "core/form.h"

typedef enum { ZP_MEMBER_CELL, ZP_MEMBER_OBJECT, ZP_MEMBER_INDICATORS } zp_member_kind;

typedef struct zp_shape zp_shape;

typedef struct {
    const char *name;
    size_t n;      /* bytes of the name */
    size_t offset; /* of the cell or the inner object, from what the enclosing object's cells count from */
    zp_member_kind kind;
    const zp_shape *inner; /* of an object, and of each indicator */
} zp_member;

enum { ZP_MAX_MEMBERS = 32 }; /* of one object: a bit for each in a uint32_t */

struct zp_shape {
    const zp_member *members;
    size_t count; /* at most ZP_MAX_MEMBERS */
};

/* The root object; offsets are into zp_form, and within an indicator into zp_indicator. */
extern const zp_shape zp_form_shape;

/* The index of the member of that name, `count` when there is none. */
size_t zp_shape_find(const zp_shape *shape, zp_str name);

static inline zp_str *zp_cell_at(void *base, size_t offset)
{
    return (zp_str *)((char *)base + offset);
}

#endif

/*
 * fault_list.h - what the readers of forms share: faults with JSON pointers, bounded in number; checks of a cell's
 * text.
 */
#ifndef ZP_CODEC_FAULT_LIST_H
#define ZP_CODEC_FAULT_LIST_H

#include "core/flag.h"

/* Where a value stands: a chain on the stack, made into a JSON pointer only when there is something to say. */
typedef struct zp_place {
    const struct zp_place *up; /* NULL: the root */
    zp_str name;               /* a member's; absent: an element of an array */
    size_t index;
} zp_place;

typedef struct {
    zp_flags *flags;
    size_t before;  /* faults of others in the list */
    bool malformed; /* one of them says that the bytes are not the format */
} zp_fault_list;

zp_fault_list zp_faults_in(zp_flags *flags);
/* What no format takes: nothing but blanks (ZP_INVALID), more than ZP_MAX_BODY (ZP_TOO_LARGE). */
zp_rc zp_fault_check_body(zp_fault_list *self, zp_str body);
/* False once ZP_MAX_FAULTS are listed: what is found then is refused without being told. */
bool zp_faults_room(const zp_fault_list *self);
/* value and expected must outlive the arena or live in it. */
void zp_fault_add(zp_fault_list *self, zp_flag_code code, const zp_place *at, zp_str value, zp_str expected);
/* The same; the fault makes the whole body ZP_INVALID. */
void zp_fault_add_malformed(zp_fault_list *self, zp_flag_code code, const zp_place *at, zp_str value, zp_str expected);
/* A number as a text in the arena; absent when there is no room for a fault. */
zp_str zp_fault_number(zp_fault_list *self, size_t n);
/* A name that was sent, copied, and cut when it is long; absent likewise. */
zp_str zp_fault_name(zp_fault_list *self, zp_str name);
/* ZP_MAX_CELL and control characters; the text is valid UTF-8. */
void zp_fault_check_text(zp_fault_list *self, const zp_place *at, zp_str text);
/* What a reader returns: ZP_OK, ZP_INVALID, ZP_CONFLICT or ZP_NOMEM. */
zp_rc zp_faults_rc(const zp_fault_list *self);

#endif

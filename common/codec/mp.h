/*
 * mp.h - a strict cursor over MessagePack, and the packer's glue to zp_buf.
 *
 * Packing is msgpack-c's (msgpack_packer writing into a zp_buf). Reading walks the bytes in
 * place: our records are arrays of known arity and types, and msgpack-c's object
 * tree allocates for each of them and up to 24 times the input for hostile ones. The cursor has a
 * sticky error: after the first mismatch every read gives zero values and `bad` stays set,
 * so a decoder reads all its fields and asks once. Strings are views into the input.
 */
#ifndef ZP_CODEC_MP_H
#define ZP_CODEC_MP_H

#include "base/buf.h"
#include "base/id.h"

#include <msgpack/pack.h>

/* A packer that appends to buf (its failures show in buf->failed). */
void zp_mp_packer(msgpack_packer *packer, zp_buf *buf);
void zp_mp_put_str(msgpack_packer *packer, zp_str s); /* nil when absent */
void zp_mp_put_bin(msgpack_packer *packer, const void *p, size_t n);
void zp_mp_put_c(msgpack_packer *packer, const char *c_string);

typedef struct {
    const uint8_t *p, *end;
    bool bad;
} zp_mp;

static inline zp_mp zp_mp_of(zp_str bytes)
{
    return (zp_mp){(const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n, bytes.p == NULL};
}
uint32_t zp_mp_array(zp_mp *self); /* element count; checked against the bytes that are left */
uint32_t zp_mp_map(zp_mp *self);
uint64_t zp_mp_uint(zp_mp *self);
int64_t zp_mp_int(zp_mp *self);
bool zp_mp_bool(zp_mp *self);
zp_str zp_mp_str(zp_mp *self);                      /* str, or absent for nil */
zp_str zp_mp_bin(zp_mp *self);                      /* bin, or absent for nil */
bool zp_mp_fixed(zp_mp *self, void *out, size_t n); /* bin of exactly n bytes */
bool zp_mp_nil(zp_mp *self);                        /* true and consumed when the next is nil */
void zp_mp_skip(zp_mp *self);                       /* any one value, bounded depth */
/*
 * The head of a record, [schema, fields…]: refuses another schema and fewer than `known` elements (the schema counts as
 * one). Returns how many there are beyond those: fields that a later release has added and an earlier one may ignore.
 */
uint32_t zp_mp_record(zp_mp *self, uint64_t schema, uint32_t known);
/* The record's end: skips `beyond` elements; true when nothing went wrong and nothing is left over. */
bool zp_mp_record_end(zp_mp *self, uint32_t beyond);
/* No error so far and nothing left over. */
static inline bool zp_mp_done(const zp_mp *self)
{
    return !self->bad && self->p == self->end;
}

#endif

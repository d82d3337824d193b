/*
 * keys.h - the keys of both stores, all of fixed size, and big-endian numbers in keys and values.
 *
 * Texts of any length become digests, so no text can be too long for a key. For the stores only.
 */
#ifndef ZP_STORE_KEYS_H
#define ZP_STORE_KEYS_H

#include "store/intake.h"

static inline void zp_be32_put(uint8_t *p, uint32_t n)
{
    for (int i = 3; i >= 0; i--, n >>= 8)
        p[i] = (uint8_t)n;
}
static inline void zp_be64_put(uint8_t *p, uint64_t n)
{
    for (int i = 7; i >= 0; i--, n >>= 8)
        p[i] = (uint8_t)n;
}
static inline uint32_t zp_be32(const void *from)
{
    const uint8_t *p = from;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t zp_be64(const void *from)
{
    return (uint64_t)zp_be32(from) << 32 | zp_be32((const uint8_t *)from + 4);
}

typedef struct {
    uint8_t b[16];
} zp_idempotency_key;
void zp_idempotency_key_of(zp_str submitter, zp_str key, zp_idempotency_key *out);

typedef struct {
    uint8_t b[20]; /* form key, u32 */
} zp_revision_key;
zp_revision_key zp_revision_key_of(const zp_form_key *form, uint32_t revision);

typedef struct {
    uint8_t b[8];
} zp_seq_key;
zp_seq_key zp_seq_key_of(uint64_t seq);

#endif

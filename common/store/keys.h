/*
 * keys.h - the keys of both stores, all of fixed size, and big-endian numbers in keys and values.
 *
 * Texts of any length become digests, so no text can be too long for a key. For the stores only.
 */
#ifndef ZP_STORE_KEYS_H
#define ZP_STORE_KEYS_H

#include "base/big_endian.h"
#include "store/intake.h"

typedef struct {
    uint8_t b[16];
} zp_idempotency_key;
static inline bool zp_idempotency_key_eq(const zp_idempotency_key *a, const zp_idempotency_key *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
void zp_idempotency_key_of(zp_str submitter, zp_str key, zp_idempotency_key *out);

typedef struct {
    uint8_t b[8];
} zp_seq_key;
zp_seq_key zp_seq_key_of(uint64_t seq);

#endif

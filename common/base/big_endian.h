/*
 * big_endian.h - numbers as bytes that sort like them: keys of the stores, frames on the wire.
 */
#ifndef ZP_BASE_BIG_ENDIAN_H
#define ZP_BASE_BIG_ENDIAN_H

#include <stdint.h>

static inline void zp_be32_put(uint8_t out[4], uint32_t n)
{
    for (int i = 3; i >= 0; i--, n >>= 8)
        out[i] = (uint8_t)n;
}

static inline void zp_be64_put(uint8_t out[8], uint64_t n)
{
    for (int i = 7; i >= 0; i--, n >>= 8)
        out[i] = (uint8_t)n;
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

#endif

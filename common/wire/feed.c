/*
 * feed.c - events in a message of the replay, see feed.h. Pure.
 */
#include "wire/feed.h"

#include "codec/mp.h"

/* Lead bytes of MessagePack, of fixed width: an event's place is known before it is there. */
enum { ARRAY_OF_2 = 0x92, UINT_64 = 0xcf, BIN_32 = 0xc6 };

size_t zp_batch_put(char *to, uint64_t number, zp_str frozen)
{
    uint8_t *p = (uint8_t *)to;
    p[0] = ARRAY_OF_2;
    p[1] = UINT_64;
    zp_be64_put(p + 2, number);
    p[10] = BIN_32;
    zp_be32_put(p + 11, (uint32_t)frozen.n);
    if (frozen.n > 0)
        memcpy(p + ZP_BATCH_HEAD, frozen.p, frozen.n);
    return ZP_BATCH_HEAD + frozen.n;
}

bool zp_batch_take(zp_str *events, uint64_t *number, zp_str *frozen)
{
    if (events->n == 0)
        return false;
    zp_mp m = zp_mp_of(*events);
    bool pair = zp_mp_array(&m) == 2;
    *number = zp_mp_uint(&m);
    *frozen = zp_mp_bin(&m);
    if (!pair || m.bad || !frozen->p)
        return false;
    *events = (zp_str){(const char *)m.p, (size_t)(m.end - m.p)};
    return true;
}

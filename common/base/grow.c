/*
 * grow.c - see grow.h.
 */
#include "base/grow.h"

#include <stdlib.h>

enum { FIRST = 64 };

void *zp_grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t wanted = *room ? 2 * *room : FIRST;
    void *grown = reallocarray(items, wanted, size);
    if (grown)
        *room = wanted;
    return grown;
}

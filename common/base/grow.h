/*
 * grow.h - arrays that double when they are full.
 */
#ifndef ZP_BASE_GROW_H
#define ZP_BASE_GROW_H

#include <stddef.h>

/*
 * Room for one more item behind `count` of them, of `size` bytes each. The items, which may move; NULL when out of
 * memory: then `items` is as it was. The caller frees.
 */
void *zp_grow(void *items, size_t count, size_t *room, size_t size);

#endif

/*
 * arena.h - memory that lives as long as one request or one job.
 *
 * A bump allocator over chunks: allocate many, free all at once. Reset keeps
 * the first chunk, so that a warmed-up arena serves request after request
 * without a system call. Not thread-safe: an arena belongs to one thread.
 */
#ifndef ZP_BASE_ARENA_H
#define ZP_BASE_ARENA_H

#include "base/str.h"

typedef struct zp_arena zp_arena;

/* first_chunk: bytes of the chunk that reset keeps. NULL when out of memory. */
zp_arena *zp_arena_new(size_t first_chunk);
void zp_arena_destroy(zp_arena **self);

/* Forgets everything that was allocated; pointers into the arena dangle. */
void zp_arena_reset(zp_arena *self);

/* n bytes aligned for any type, not cleared; NULL when out of memory. */
void *zp_arena_alloc(zp_arena *self, size_t n);
/* The same, cleared to zero. count * size must not overflow, else NULL. */
void *zp_arena_calloc(zp_arena *self, size_t count, size_t size);
/* A copy of s that lives in the arena; absent stays absent. On out of memory the result is absent. */
zp_str zp_arena_copy(zp_arena *self, zp_str s);
/* The parts one after the other, in one allocation; absent ones add nothing. Absent when out of memory. */
zp_str zp_arena_join(zp_arena *self, const zp_str *parts, size_t count);
/* zp_arena_join of the views that are listed. */
#define ZP_ARENA_JOIN(arena, ...)                                                                                      \
    zp_arena_join((arena), (const zp_str[]){__VA_ARGS__}, sizeof((const zp_str[]){__VA_ARGS__}) / sizeof(zp_str))
/* Formats into the arena, printf-style. Absent when out of memory. */
zp_str zp_arena_printf(zp_arena *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

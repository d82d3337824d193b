/*
 * arena.c - see arena.h. A list of chunks, newest first; the oldest is the one that reset keeps.
 *
 * Runs in whichever thread owns the arena. A chunk is taken only when the newest has no room: what is left of that one
 * is given up, which costs less than looking through all of them. When malloc fails, the caller gets NULL and all
 * earlier allocations stand.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALIGN = 16 };

typedef struct chunk {
    struct chunk *older;
    size_t size, used;
    _Alignas(ALIGN) char bytes[];
} chunk;

struct zp_arena {
    chunk *newest;
    size_t first_chunk;
};

static chunk *chunk_new(size_t size, chunk *older)
{
    if (size > SIZE_MAX - sizeof(chunk))
        return NULL;
    chunk *c = malloc(sizeof *c + size);
    if (c)
        *c = (chunk){.older = older, .size = size};
    return c;
}

zp_arena *zp_arena_new(size_t first_chunk)
{
    zp_arena *self = malloc(sizeof *self);
    if (!self)
        return NULL;
    *self = (zp_arena){.newest = chunk_new(first_chunk, NULL), .first_chunk = first_chunk};
    if (!self->newest)
        zp_arena_destroy(&self);
    return self;
}

static void free_chunks_above(zp_arena *self, const chunk *keep)
{
    while (self->newest != keep) {
        chunk *older = self->newest->older;
        free(self->newest);
        self->newest = older;
    }
}

void zp_arena_destroy(zp_arena **self)
{
    if (!*self)
        return;
    free_chunks_above(*self, NULL);
    free(*self);
    *self = NULL;
}

void zp_arena_reset(zp_arena *self)
{
    chunk *first = self->newest;
    while (first->older)
        first = first->older;
    free_chunks_above(self, first);
    first->used = 0;
}

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

void *zp_arena_alloc(zp_arena *self, size_t n)
{
    if (n > SIZE_MAX - ALIGN)
        return NULL;
    n = aligned(n);
    chunk *c = self->newest;
    if (c->size - c->used < n) {
        c = chunk_new(n > self->first_chunk ? n : self->first_chunk, self->newest);
        if (!c)
            return NULL;
        self->newest = c;
    }
    void *p = c->bytes + c->used;
    c->used += n;
    return p;
}

void *zp_arena_calloc(zp_arena *self, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    void *p = zp_arena_alloc(self, n);
    return p ? memset(p, 0, n) : NULL;
}

zp_str zp_arena_copy(zp_arena *self, zp_str s)
{
    if (!s.p)
        return ZP_ABSENT;
    char *p = zp_arena_alloc(self, s.n + 1);
    if (!p)
        return ZP_ABSENT;
    memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (zp_str){p, s.n};
}

zp_str zp_arena_join(zp_arena *self, const zp_str *parts, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    char *joined = zp_arena_alloc(self, n + 1), *end = joined;
    if (!joined)
        return ZP_ABSENT;
    for (size_t i = 0; i < count; i++)
        if (parts[i].n)
            end = mempcpy(end, parts[i].p, parts[i].n);
    *end = '\0';
    return (zp_str){joined, n};
}

/* Straight into what is left of the newest chunk, which nearly always is enough: formatting twice, once for the length
 * alone, is only for what does not fit. */
zp_str zp_arena_printf(zp_arena *self, const char *format, ...)
{
    va_list arguments, again;
    chunk *c = self->newest;
    size_t room = c->size - c->used;
    char *p = c->bytes + c->used;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(p, room, format, arguments);
    va_end(arguments);
    if (n < 0) {
        p = NULL;
    } else if ((size_t)n >= room) {
        p = zp_arena_alloc(self, (size_t)n + 1);
        if (p)
            vsnprintf(p, (size_t)n + 1, format, again);
    } else {
        size_t taken = aligned((size_t)n + 1);
        c->used += taken < room ? taken : room;
    }
    va_end(again);
    return p ? (zp_str){p, (size_t)n} : ZP_ABSENT;
}

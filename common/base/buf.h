/*
 * buf.h - a growing byte buffer with a sticky out-of-memory flag.
 *
 * Writers append without checking each call and ask `failed` once at the end:
 * after a failed growth every further append is a no-op. Reused between
 * requests (clear keeps the memory). Not thread-safe: one owner.
 */
#ifndef ZP_BASE_BUF_H
#define ZP_BASE_BUF_H

#include "base/str.h"

typedef struct {
    char *p;
    size_t n;   /* bytes in use */
    size_t cap; /* bytes allocated */
    bool failed;
} zp_buf;

#define ZP_BUF_INIT ((zp_buf){NULL, 0, 0, false})

void zp_buf_free(zp_buf *self);
static inline void zp_buf_clear(zp_buf *self)
{
    self->n = 0;
    self->failed = false;
}
/* Makes room for `more` bytes beyond n; false (and failed set) when out of memory. */
bool zp_buf_reserve(zp_buf *self, size_t more);
static inline void zp_buf_add(zp_buf *self, const void *p, size_t n)
{
    if (n && (self->cap - self->n >= n || zp_buf_reserve(self, n)) && !self->failed) {
        memcpy(self->p + self->n, p, n);
        self->n += n;
    }
}
static inline void zp_buf_str(zp_buf *self, zp_str s)
{
    zp_buf_add(self, s.p, s.n);
}
static inline void zp_buf_char(zp_buf *self, char c)
{
    zp_buf_add(self, &c, 1);
}
#define zp_buf_lit(self, literal) zp_buf_add((self), (literal), sizeof(literal) - 1)
void zp_buf_printf(zp_buf *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline zp_str zp_buf_view(const zp_buf *self)
{
    return (zp_str){self->p ? self->p : "", self->n};
}

#endif

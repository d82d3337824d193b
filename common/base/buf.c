/*
 * buf.c - see buf.h. Grows by doubling, so that appending byte by byte stays linear.
 *
 * Runs in whichever thread owns the buffer. A failed growth leaves what is there untouched and sets the sticky flag:
 * writers of whole documents look at it once, at their end.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 256 };

void zp_buf_free(zp_buf *self)
{
    free(self->p);
    *self = ZP_BUF_INIT;
}

bool zp_buf_reserve(zp_buf *self, size_t more)
{
    if (self->failed)
        return false;
    if (self->cap - self->n >= more)
        return true;
    size_t need, cap = self->cap < SMALLEST ? SMALLEST : self->cap;
    bool overflow = __builtin_add_overflow(self->n, more, &need) || need > SIZE_MAX / 2;
    while (!overflow && cap < need)
        cap *= 2;
    char *p = overflow ? NULL : realloc(self->p, cap);
    if (!p) {
        self->failed = true;
        return false;
    }
    self->p = p;
    self->cap = cap;
    return true;
}

/* Straight into the room that there is; once more where that was too little. */
void zp_buf_printf(zp_buf *self, const char *format, ...)
{
    va_list arguments, again;
    size_t room = self->failed ? 0 : self->cap - self->n;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(room ? self->p + self->n : NULL, room, format, arguments);
    va_end(arguments);
    if (n < 0)
        self->failed = true;
    else if ((size_t)n < room)
        self->n += (size_t)n;
    else if (zp_buf_reserve(self, (size_t)n + 1)) {
        vsnprintf(self->p + self->n, (size_t)n + 1, format, again);
        self->n += (size_t)n;
    }
    va_end(again);
}

/*
 * str.h - a borrowed view of bytes: pointer and length, never owning.
 *
 * A view with p == NULL is "absent" (JSON null, an empty cell); a view with
 * p != NULL and n == 0 is the empty string. The two are different on the wire.
 */
#ifndef ZP_BASE_STR_H
#define ZP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *p;
    size_t n;
} zp_str;

#define ZP_STR(literal) ((zp_str){(literal), sizeof(literal) - 1})
#define ZP_ABSENT       ((zp_str){NULL, 0})
/* For tables: an element of a static array of views. */
#define ZP_STR_ROW(literal)                                                                                            \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

static inline zp_str zp_str_of(const char *c_string)
{
    return (zp_str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool zp_str_present(zp_str s)
{
    return s.p != NULL;
}

/* Present and at least one byte long. */
static inline bool zp_str_filled(zp_str s)
{
    return s.n > 0;
}

/* The last bytes first: words of Chinese mostly begin with the same byte, and the call is what costs. */
static inline bool zp_str_eq(zp_str a, zp_str b)
{
    return a.n == b.n && (a.n == 0 || (a.p[a.n - 1] == b.p[a.n - 1] && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool zp_str_is(zp_str a, const char *c_string)
{
    return zp_str_eq(a, zp_str_of(c_string));
}

static inline bool zp_str_begins(zp_str a, const char *c_string)
{
    size_t n = strlen(c_string);
    return a.n >= n && memcmp(a.p, c_string, n) == 0;
}

#endif

/*
 * digits.h - a whole number in decimal, written backwards from its end: numbers are all over results and documents, and
 * printf costs more than they do.
 */
#ifndef ZP_BASE_DIGITS_H
#define ZP_BASE_DIGITS_H

#include <stdint.h>

enum { ZP_UINT_DIGITS = 20 };

/* The digits of n right in front of end, without a zero in front of them; at most ZP_UINT_DIGITS. Where they begin. */
static inline char *zp_put_digits(char *end, uint64_t n)
{
    do
        *--end = (char)('0' + n % 10);
    while (n /= 10);
    return end;
}

#endif

/*
 * prefer.c - see prefer.h. Pure.
 */
#include "prefer.h"

#include "lex.h"

static unsigned seconds_of(zp_str digits, unsigned cap)
{
    unsigned seconds = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return 0;
        /* Held at the cap while reading on, so that no length overflows; a letter further on still spoils it. */
        seconds = seconds * 10 + (unsigned)(digits.p[i] - '0');
        if (seconds > cap)
            seconds = cap;
    }
    return seconds;
}

unsigned zp_prefer_wait(zp_str header, unsigned cap)
{
    zp_lex lex = zp_lex_of(header);
    if (!zp_str_filled(header))
        return 0;
    do {
        zp_str name = zp_lex_token(&lex);
        zp_str value = zp_lex_take(&lex, '=') ? zp_lex_value(&lex) : ZP_ABSENT;
        if (zp_lex_is(name, "wait"))
            return seconds_of(value, cap);
    } while (zp_lex_next_element(&lex));
    return 0;
}

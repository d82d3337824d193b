/*
 * lex.h - the words of HTTP header fields (RFC 9110, section 5.6): tokens, quoted strings, optional white space.
 *
 * A cursor over borrowed bytes; nothing is copied, nothing fails: what is not there is absent.
 */
#ifndef ZP_GATEWAY_LEX_H
#define ZP_GATEWAY_LEX_H

#include "base/str.h"

typedef struct {
    const char *p, *end;
} zp_lex;

static inline zp_lex zp_lex_of(zp_str text)
{
    return (zp_lex){text.p, text.p + text.n};
}
/* Skips blanks and tabs; true when anything is left. */
bool zp_lex_more(zp_lex *self);
/* Skips white space, then takes c if it is next. */
bool zp_lex_take(zp_lex *self, char c);
/* Skips white space; a token, absent when there is none. */
zp_str zp_lex_token(zp_lex *self);
/* Skips white space; a token, or a quoted string without its quotes and with its escapes as they are. */
zp_str zp_lex_value(zp_lex *self);
/* Goes behind the next comma outside a quoted string; false when there is none. */
bool zp_lex_next_element(zp_lex *self);
/* ASCII letters compare without case. */
bool zp_lex_is(zp_str word, const char *lower_case);

#endif

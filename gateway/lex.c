/*
 * lex.c - see lex.h. Pure; the request threads call it on bytes that a client chose.
 */
#include "lex.h"

static bool is_token_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool zp_lex_more(zp_lex *self)
{
    while (self->p < self->end && (*self->p == ' ' || *self->p == '\t'))
        self->p++;
    return self->p < self->end;
}

bool zp_lex_take(zp_lex *self, char c)
{
    if (!zp_lex_more(self) || *self->p != c)
        return false;
    self->p++;
    return true;
}

zp_str zp_lex_token(zp_lex *self)
{
    (void)zp_lex_more(self);
    const char *from = self->p;
    while (self->p < self->end && is_token_char(*self->p))
        self->p++;
    return self->p > from ? (zp_str){from, (size_t)(self->p - from)} : ZP_ABSENT;
}

/* Behind the closing quote, or at the end when it never closes. The cursor stands behind the opening one. */
static bool skip_quoted(zp_lex *self)
{
    while (self->p < self->end) {
        char c = *self->p++;
        if (c == '"')
            return true;
        if (c == '\\' && self->p < self->end)
            self->p++;
    }
    return false;
}

zp_str zp_lex_value(zp_lex *self)
{
    if (!zp_lex_take(self, '"'))
        return zp_lex_token(self);
    const char *from = self->p;
    if (!skip_quoted(self))
        return ZP_ABSENT;
    return (zp_str){from, (size_t)(self->p - 1 - from)};
}

bool zp_lex_next_element(zp_lex *self)
{
    while (self->p < self->end) {
        char c = *self->p++;
        if (c == ',')
            return true;
        if (c == '"')
            (void)skip_quoted(self);
    }
    return false;
}

bool zp_lex_is(zp_str word, const char *lower_case)
{
    if (word.n != strlen(lower_case))
        return false;
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (c != lower_case[i])
            return false;
    }
    return true;
}

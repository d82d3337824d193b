/*
 * grammar.h - the rules of target.h's grammar that its files share. A rule that does not fit leaves the cursor where it
 * was.
 */
#ifndef ZP_CORE_GRAMMAR_H
#define ZP_CORE_GRAMMAR_H

#include "core/target.h"
#include "core/text.h"

enum { ZP_MAX_UNIT_CHARACTERS = 8 };

typedef struct {
    const char *p, *end;
} zp_cursor;

static inline zp_str zp_rest(const zp_cursor *c)
{
    return (zp_str){c->p, (size_t)(c->end - c->p)};
}

static inline bool zp_take_str(zp_cursor *c, zp_str word)
{
    if (!zp_text_begins(zp_rest(c), word))
        return false;
    c->p += word.n;
    return true;
}

#define ZP_TAKE(c, literal) zp_take_str((c), ZP_STR(literal))

/* operator.c: ≥, 不少于 …; `demands` where it says what must not be, 不得少于, which is no account of what is. */
bool zp_take_operator(zp_cursor *c, zp_op *op, bool *demands);

/* unit.c: what stands behind a number, all of it; scales the quantity's value. False when it is no unit. */
bool zp_read_unit(zp_str text, zp_quantity *q);

/* date.c */
typedef enum { ZP_NO_DATE, ZP_PERHAPS_DATE, ZP_SURE_DATE } zp_date_reading;
zp_date_reading zp_read_date(zp_cursor c, zp_date *out);
/* Whether a range may be one of years, 2022-2023; then *out is the end of the last. */
bool zp_may_be_years(const zp_clause *range, zp_date *out);
/* Whether the number is a year: what is behind it begins with 年, whatever else it says. */
bool zp_is_year_of_something(const zp_cursor *behind, const zp_quantity *q);

#endif

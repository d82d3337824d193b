/*
 * query.h - the query string: decoded (WHATWG URL, section 5.1), checked, and nothing in it ignored.
 *
 * A parameter that is unknown, given twice or not valid UTF-8 is refused with its name: a filter that is silently
 * dropped would show other rows than were asked for.
 */
#ifndef ZP_GATEWAY_QUERY_H
#define ZP_GATEWAY_QUERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

typedef struct {
    const char *name;
    zp_str value; /* out: absent when not given or empty; in the query itself or in the arena */
} zp_param;

/* What is wrong, as two sentences in the arena, each with a NUL behind it. */
typedef struct {
    zp_str en, zh;
} zp_query_fault;

/*
 * Fills in the values of the `count` known parameters. ZP_INVALID with *fault (every unknown name is in it), or
 * ZP_NOMEM.
 */
zp_rc zp_query_read(zp_str raw, zp_arena *arena, zp_param *params, size_t count, zp_query_fault *fault);

/* Says that the value of `param` is not accepted, and which ones are. Returns ZP_INVALID, or ZP_NOMEM. */
zp_rc zp_query_refuse(const zp_param *param, zp_arena *arena, const char *accepted, zp_query_fault *fault);

/* Digits, within least..most; an absent value leaves *out alone. ZP_INVALID with *fault, ZP_NOMEM. */
zp_rc zp_query_uint(const zp_param *param, uint64_t least, uint64_t most, zp_arena *arena, uint64_t *out,
                    zp_query_fault *fault);

/* Appends text percent-encoded (RFC 3986): all but unreserved characters and those in `also`. */
void zp_percent_encode(zp_str text, const char *also, zp_buf *out);
/* Appends ?name=value or &name=value, the value encoded; *first says which, and is false after. Nothing when absent. */
void zp_query_write(zp_buf *out, bool *first, const char *name, zp_str value);

#endif

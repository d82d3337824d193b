/*
 * flag.h - what can be said about a form: stable code, severity, place, two languages.
 *
 * The rows are in flag_table.h, one X(code, severity, kind, zh, en) for each fact,
 * and nowhere else. In a text, {value} stands for what was declared and
 * {expected} for what was computed or required.
 */
#ifndef ZP_CORE_FLAG_H
#define ZP_CORE_FLAG_H

#include "base/arena.h"
#include "base/error.h"
#include "core/flag_table.h"

typedef enum { ZP_SEV_ERROR, ZP_SEV_WARNING, ZP_SEV_INFO } zp_severity;

/* Only a SCORE warning makes a form discrepant. FORMAT = reading faults (JSON, urlencoded). */
typedef enum {
    ZP_KIND_FORMAT,
    ZP_KIND_FORM,
    ZP_KIND_SCORE,
    ZP_KIND_JUDGEMENT,
    ZP_KIND_EXPLANATION,
    ZP_KIND_FUNDS,
    ZP_KIND_SHAPE
} zp_flag_kind;

typedef enum {
#define X(code, severity, kind, zh, en) ZP_FLAG_##code,
    ZP_FLAG_TABLE(X)
#undef X
        ZP_FLAG_CODES
} zp_flag_code;

typedef struct {
    zp_flag_code code;
    zp_severity severity; /* as the profile has it: may be stricter than the table's */
    zp_str pointer;       /* RFC 6901, from the form's root: "/indicators/5/score" */
    zp_str value;         /* what was declared; may be absent */
    zp_str expected;      /* what was computed or is allowed; may be absent */
} zp_flag;

/* A list that grows in an arena. Zero-initialise, then set arena. */
typedef struct {
    zp_arena *arena;
    zp_flag *items;
    size_t count, cap;
    size_t errors; /* how many have severity error */
    bool failed;   /* out of memory: the list is incomplete */
} zp_flags;

void zp_flags_add(zp_flags *self, zp_flag_code code, zp_str pointer, zp_str value, zp_str expected);
/* The same with another severity than the table's (a profile's choice). */
void zp_flags_add_as(zp_flags *self, zp_flag_code code, zp_severity severity, zp_str pointer, zp_str value,
                     zp_str expected);

const char *zp_flag_name(zp_flag_code code);     /* "SCORE_TOO_LOW" */
zp_severity zp_flag_severity(zp_flag_code code); /* the table's */
zp_flag_kind zp_flag_kind_of(zp_flag_code code);
const char *zp_severity_name(zp_severity severity); /* "error" | "warning" | "info" */
/* By stable name; ZP_NOTFOUND for an unknown one. */
zp_rc zp_flag_by_name(zp_str name, zp_flag_code *out);

typedef enum { ZP_LANG_ZH, ZP_LANG_EN } zp_lang;
/* The sentence with {value} and {expected} filled in, in the arena. */
zp_str zp_flag_message(const zp_flag *flag, zp_lang lang, zp_arena *arena);

#endif

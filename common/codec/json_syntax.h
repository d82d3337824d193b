/*
 * json_syntax.h - where a text stops being JSON, and what would help there: for people, after a reader has refused it.
 */
#ifndef ZP_CODEC_JSON_SYNTAX_H
#define ZP_CODEC_JSON_SYNTAX_H

#include "core/flag.h"

typedef struct {
    zp_flag_code code;   /* ZP_FLAG_JSON_SYNTAX, or ZP_FLAG_UTF8_INVALID */
    size_t line, column; /* from 1; the column counts characters */
    const char *cause;   /* English, ends without a full stop */
} zp_json_fault;

/* The first violation of RFC 8259 in the text; false when there is none. Reads nothing behind the text. */
bool zp_json_syntax(zp_str text, zp_json_fault *out);

#endif

/*
 * chars.h - characters of texts that come from outside: UTF-8, control characters, JSON escapes.
 */
#ifndef ZP_CODEC_CHARS_H
#define ZP_CODEC_CHARS_H

#include "base/str.h"

/* Bytes of the valid UTF-8 character at p (RFC 3629: shortest form, no surrogates); 0 when there is none. p < end. */
size_t zp_utf8_length(const char *p, const char *end);
/* Whether all of it is. */
bool zp_utf8_valid(zp_str s);
/* Writes the character, which must not be a surrogate nor above U+10FFFF; its bytes, at most 4. */
size_t zp_utf8_put(uint32_t code, char *out);
/* Of the first n bytes, as many as end with a whole character; s is valid UTF-8. */
size_t zp_utf8_cut(zp_str s, size_t n);

#define ZP_NO_CONTROL UINT32_MAX
/* The first control character (U+0000..1F but tab and newline, U+007F..9F) of valid UTF-8; ZP_NO_CONTROL if none. */
uint32_t zp_control_in(zp_str s);

/*
 * The escape at p, which is a backslash: how many bytes it takes (12 for a surrogate pair), and its character. 0 when
 * it is not one of RFC 8259's, or is half of a surrogate pair.
 */
size_t zp_json_escape(const char *p, const char *end, uint32_t *code);
/*
 * How many bytes from p are a number as RFC 8259 writes it; 0 when none begins there. What stands behind it is the
 * caller's to look at.
 */
size_t zp_json_number(const char *p, const char *end);

#endif

/*
 * json_index.h - where the tokens of a JSON text begin: simdjson's first stage behind a C interface.
 *
 * It finds every bracket, comma, colon and the first byte of every string and other scalar, and checks that the text is
 * UTF-8, that strings are closed and hold no raw control characters. What the tokens are and how they follow each
 * other is the caller's to check.
 */
#ifndef ZP_CODEC_JSON_INDEX_H
#define ZP_CODEC_JSON_INDEX_H

#include "base/error.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zp_json_index zp_json_index; /* one thread's */

/* NULL when out of memory. */
zp_json_index *zp_json_index_new(void);
void zp_json_index_destroy(zp_json_index **self);

/*
 * *at: ascending offsets of the tokens, then text.n as the end of the last; *count without that one. They are valid
 * until the next call. ZP_JSON_PADDING bytes must be allocated behind the text. ZP_INVALID (empty, not UTF-8, an open
 * string, a raw control character; simdjson does not say where), ZP_TOO_LARGE (over 4 GiB), ZP_NOMEM.
 */
zp_rc zp_json_index_read(zp_json_index *self, zp_str text, const uint32_t **at, uint32_t *count);

#ifdef __cplusplus
}
#endif

#endif

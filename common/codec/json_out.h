/*
 * json_out.h - writing JSON into a zp_buf: strings escaped as RFC 8259 requires, numbers exact.
 */
#ifndef ZP_CODEC_JSON_OUT_H
#define ZP_CODEC_JSON_OUT_H

#include "base/buf.h"
#include "base/id.h"

/* A quoted string; null when absent. */
void zp_json_str(zp_buf *out, zp_str s);
void zp_json_id(zp_buf *out, const zp_id *id);
void zp_json_uint(zp_buf *out, uint64_t n);
/* Hundredths as a quoted two-decimal text, "97.60"; ZP_NO_CENTS as null. */
void zp_json_cents(zp_buf *out, int64_t cents);
/* RFC 3339 text, quoted. */
void zp_json_time(zp_buf *out, int64_t wall_ms);

#endif

/*
 * form_json.h - the canonical JSON of a form: members in the order of core/form.h, every one present
 * (null = absent) except the optional unit_code, declared_grade and profile, which are left out when absent; no white
 * space, UTF-8 as is, only the escapes that RFC 8259 requires. `year` is written as a number when it is a plain number,
 * else as a string. The receipt's digest is the SHA-256 of exactly these bytes, and GET …/form answers exactly them.
 */
#ifndef ZP_CODEC_FORM_JSON_H
#define ZP_CODEC_FORM_JSON_H

#include "base/buf.h"
#include "core/form.h"

void zp_form_write_json(const zp_form *form, zp_buf *out);

#endif

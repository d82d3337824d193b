/*
 * digest.h - SHA-256 by nettle, and the Digest field text (RFC 9530) that receipts carry.
 */
#ifndef ZP_BASE_DIGEST_H
#define ZP_BASE_DIGEST_H

#include "base/str.h"

typedef struct {
    uint8_t b[32];
} zp_digest;

void zp_digest_of(zp_str bytes, zp_digest *out);

#define ZP_DIGEST_TEXT 54
/* "sha-256=:<base64>:" and a NUL. */
void zp_digest_format(const zp_digest *d, char out[ZP_DIGEST_TEXT + 1]);

#endif

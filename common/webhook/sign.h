/*
 * sign.h - Standard Webhooks signatures: HMAC-SHA256 by nettle over "<id>.<seconds>.<body>", and the secrets for them.
 */
#ifndef ZP_WEBHOOK_SIGN_H
#define ZP_WEBHOOK_SIGN_H

#include "base/error.h"
#include "base/str.h"

enum { ZP_SECRET_NEW = 32, ZP_SECRET_LEAST = 24, ZP_SECRET_MOST = 64 };

typedef struct {
    uint8_t bytes[ZP_SECRET_MOST];
    size_t n;
} zp_secret;

#define ZP_SECRET_TEXT 94 /* "whsec_" and base64 of the longest */
/* Random bytes from the system. ZP_IO when it gives none. */
zp_rc zp_secret_make(zp_secret *out);
/* As people copy it to the receiver, with a NUL. */
void zp_secret_format(const zp_secret *self, char out[ZP_SECRET_TEXT + 1]);

#define ZP_SIGNATURE_TEXT 47 /* "v1," and base64 of 32 bytes */
/* What stands in webhook-signature for this secret, with a NUL. Pure; any thread. */
void zp_webhook_sign(const zp_secret *secret, zp_str id, int64_t seconds, zp_str body, char out[ZP_SIGNATURE_TEXT + 1]);

#endif

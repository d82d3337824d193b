/*
 * sign.c - see sign.h.
 */
#include "webhook/sign.h"

#include <errno.h>
#include <inttypes.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <sys/random.h>

static const char secret_head[] = "whsec_", signature_head[] = "v1,";

_Static_assert(sizeof secret_head - 1 + BASE64_ENCODE_RAW_LENGTH(ZP_SECRET_MOST) == ZP_SECRET_TEXT, "room for all");
_Static_assert(sizeof signature_head - 1 + BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) == ZP_SIGNATURE_TEXT,
               "here too");

zp_rc zp_secret_make(zp_secret *out)
{
    *out = (zp_secret){0};
    while (out->n < ZP_SECRET_NEW) {
        ssize_t got = getrandom(out->bytes + out->n, ZP_SECRET_NEW - out->n, 0);
        if (got < 0 && errno != EINTR)
            return ZP_IO;
        out->n += got > 0 ? (size_t)got : 0;
    }
    return ZP_OK;
}

void zp_secret_format(const zp_secret *self, char out[ZP_SECRET_TEXT + 1])
{
    memcpy(out, secret_head, sizeof secret_head - 1);
    char *p = out + sizeof secret_head - 1;
    base64_encode_raw(p, self->n, self->bytes);
    p[BASE64_ENCODE_RAW_LENGTH(self->n)] = '\0';
}

void zp_webhook_sign(const zp_secret *secret, zp_str id, int64_t seconds, zp_str body, char out[ZP_SIGNATURE_TEXT + 1])
{
    struct hmac_sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char number[32];
    int n = snprintf(number, sizeof number, ".%" PRId64 ".", seconds);
    hmac_sha256_set_key(&context, secret->n, secret->bytes);
    hmac_sha256_update(&context, id.n, (const uint8_t *)id.p);
    hmac_sha256_update(&context, (size_t)n, (const uint8_t *)number);
    hmac_sha256_update(&context, body.n, (const uint8_t *)body.p);
    hmac_sha256_digest(&context, sizeof digest, digest);
    memcpy(out, signature_head, sizeof signature_head - 1);
    base64_encode_raw(out + sizeof signature_head - 1, sizeof digest, digest);
    out[ZP_SIGNATURE_TEXT] = '\0';
}

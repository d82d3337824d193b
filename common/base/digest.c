/*
 * digest.c - see digest.h. nettle: plain functions over the caller's memory, no allocation, no failure; it uses SHA
 * instructions where the machine has them. OpenSSL's interface allocates a context and can fail, which a receipt must
 * not. Any thread.
 */
#include "base/digest.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>

void zp_digest_of(zp_str bytes, zp_digest *out)
{
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, bytes.n, (const uint8_t *)bytes.p);
    sha256_digest(&context, sizeof out->b, out->b);
}

void zp_digest_format(const zp_digest *d, char out[ZP_DIGEST_TEXT + 1])
{
    static const char head[] = "sha-256=:";
    memcpy(out, head, sizeof head - 1);
    char *p = out + sizeof head - 1;
    base64_encode_raw(p, sizeof d->b, d->b);
    p += BASE64_ENCODE_RAW_LENGTH(sizeof d->b);
    *p++ = ':';
    *p = '\0';
}

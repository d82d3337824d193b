/*
 * keys.c - see keys.h. Pure; any thread.
 *
 * SHA-256 and not the fast hash of the seals: the texts are the submitter's, and two that collide on purpose would make
 * one form pass for a revision of another. Each part goes in with its length, so that no two different lists of parts
 * are the same bytes.
 */
#include "store/keys.h"

#include "core/typed.h"

#include <nettle/sha2.h>

static void add_part(struct sha256_ctx *context, zp_str part)
{
    uint8_t length[4];
    zp_be32_put(length, (uint32_t)part.n);
    sha256_update(context, sizeof length, length);
    sha256_update(context, part.n, (const uint8_t *)part.p);
}

typedef struct {
    struct sha256_ctx *context;
    uint32_t n;
} spelling;

static void take(void *taker, const char *bytes, size_t n)
{
    spelling *self = taker;
    sha256_update(self->context, n, (const uint8_t *)bytes);
    self->n += (uint32_t)n;
}

/* As it is spelled; its length is known, and goes in, behind it. */
static void add_name(struct sha256_ctx *context, zp_str name)
{
    spelling spelt = {context, 0};
    uint8_t length[4];
    zp_name_spell(name, take, &spelt);
    zp_be32_put(length, spelt.n);
    sha256_update(context, sizeof length, length);
}

void zp_form_key_of(int year, zp_str unit, zp_str project, zp_form_key *out)
{
    struct sha256_ctx context;
    uint8_t number[4];
    zp_be32_put(number, (uint32_t)year);
    sha256_init(&context);
    sha256_update(&context, sizeof number, number);
    add_name(&context, unit);
    add_name(&context, project);
    sha256_digest(&context, sizeof out->b, out->b);
}

void zp_idempotency_key_of(zp_str submitter, zp_str key, zp_idempotency_key *out)
{
    struct sha256_ctx context;
    sha256_init(&context);
    add_part(&context, submitter);
    add_part(&context, key);
    sha256_digest(&context, sizeof out->b, out->b);
}

zp_seq_key zp_seq_key_of(uint64_t seq)
{
    zp_seq_key key;
    zp_be64_put(key.b, seq);
    return key;
}

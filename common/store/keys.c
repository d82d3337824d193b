/*
 * keys.c - see keys.h. Pure; any thread.
 *
 * SHA-256 and not the fast hash of the seals: the texts are the submitter's, and two that collide on purpose would make
 * one form pass for a revision of another. Each part goes in with its length in front, so that no two different lists
 * of parts are the same bytes.
 */
#include "store/keys.h"

#include <nettle/sha2.h>

static void add_part(struct sha256_ctx *context, zp_str part)
{
    uint8_t length[4];
    zp_be32_put(length, (uint32_t)part.n);
    sha256_update(context, sizeof length, length);
    sha256_update(context, part.n, (const uint8_t *)part.p);
}

void zp_form_key_of(int year, zp_str unit, zp_str project, zp_form_key *out)
{
    struct sha256_ctx context;
    uint8_t number[4];
    zp_be32_put(number, (uint32_t)year);
    sha256_init(&context);
    sha256_update(&context, sizeof number, number);
    add_part(&context, unit);
    add_part(&context, project);
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

zp_revision_key zp_revision_key_of(const zp_form_key *form, uint32_t revision)
{
    zp_revision_key key;
    memcpy(key.b, form->b, sizeof form->b);
    zp_be32_put(key.b + sizeof form->b, revision);
    return key;
}

zp_seq_key zp_seq_key_of(uint64_t seq)
{
    zp_seq_key key;
    zp_be64_put(key.b, seq);
    return key;
}

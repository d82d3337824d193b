/*
 * id.h - submission ids: UUID version 7 (RFC 9562, section 5.7).
 *
 * 48 bits of Unix milliseconds, 12 bits of counter within the millisecond
 * (section 6.2, method 1), 62 random bits. Ids made by one generator strictly
 * increase, also when the clock steps back (the last millisecond is kept and
 * its counter goes on; on overflow the millisecond is advanced).
 */
#ifndef ZP_BASE_ID_H
#define ZP_BASE_ID_H

#include "base/arena.h"
#include "base/error.h"

typedef struct {
    uint8_t b[16]; /* big-endian, so memcmp order is time order */
} zp_id;

#define ZP_ID_TEXT 36

typedef struct {
    zp_id last;
    uint8_t random[256]; /* fetched ahead */
    size_t random_left;
} zp_id_gen; /* owned by one thread; zero-initialise, or seed `last` with the newest stored id */

/* The next id at the given Unix time in ms. ZP_IO when the system gives no random bytes. */
zp_rc zp_id_next(zp_id_gen *self, int64_t now_ms, zp_id *out);
/* Unix milliseconds of the id. */
int64_t zp_id_ms(const zp_id *id);
static inline int zp_id_cmp(const zp_id *a, const zp_id *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}
/* Writes 36 lower-case characters and a NUL. */
void zp_id_format(const zp_id *id, char out[ZP_ID_TEXT + 1]);
/* The same in the arena; absent when out of memory. */
zp_str zp_id_text(const zp_id *id, zp_arena *arena);
/* Accepts exactly the 36-character form, either case, any version; ZP_INVALID otherwise. */
zp_rc zp_id_parse(zp_str text, zp_id *out);

#endif

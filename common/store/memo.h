/*
 * memo.h - an index in memory: which ids are stored under a key of 16 bytes.
 *
 * A database whose keys are hashes writes a page of its own for almost every record, and the more there are the less of
 * it stays in the page cache. So such records are stored in the order of their ids, dozens to a page, and where a key
 * stands is remembered here: filled when the store is opened, which is a walk through neighbouring pages, and never
 * written.
 *
 * An entry says "perhaps": 40 bits of the key's hash, and which id. Whoever asks reads the record of each id that is
 * found, and compares the key. Nothing is ever lost: an entry that finds no memory is refused.
 *
 * A slot takes 12 bytes, and 64 to 80 in 100 are taken: 15 to 19 bytes an entry, so 19 MB at most for 10⁶ and 190 MB
 * for 10⁷. There are 256 tables that grow by a quarter, each when it has to: the longest pause is the copying of one of
 * them (0.6 MB with 10⁷ entries), and only who wants the same one waits for it.
 *
 * Any thread; each call is one short look under the lock of one table.
 */
#ifndef ZP_STORE_MEMO_H
#define ZP_STORE_MEMO_H

#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"

enum { ZP_MEMO_KEY = 16 };

/* The first 8 bytes of an id, big-endian: time and counter, which no two ids of one generator share. Never 0. */
typedef uint64_t zp_memo_ref;
zp_memo_ref zp_memo_ref_of(const zp_id *id);

typedef uint64_t (*zp_memo_hash)(const uint8_t key[ZP_MEMO_KEY], uint64_t seed);

typedef struct zp_memo zp_memo;
/* `hash` NULL: a good one, with a seed that nobody knows. Tests give one whose values collide. ZP_NOMEM, ZP_IO. */
zp_rc zp_memo_new(zp_memo_hash hash, zp_memo **out);
void zp_memo_destroy(zp_memo **self);

/* Makes room for that many entries at once, so that filling it moves none. ZP_NOMEM: some tables have it. */
zp_rc zp_memo_reserve(zp_memo *self, uint64_t count);
/* ZP_NOMEM: it is as it was. The same entry twice is two entries. */
zp_rc zp_memo_add(zp_memo *self, const uint8_t key[ZP_MEMO_KEY], zp_memo_ref ref);
/* Takes one such entry out; nothing, when there is none. */
void zp_memo_remove(zp_memo *self, const uint8_t key[ZP_MEMO_KEY], zp_memo_ref ref);

/* Replaces what is in `out` by the refs that may stand for the key, in no order: see zp_memo_found. ZP_NOMEM. */
zp_rc zp_memo_find(zp_memo *self, const uint8_t key[ZP_MEMO_KEY], zp_buf *out);
/* The i-th of what zp_memo_find put there; 0 behind the last. */
zp_memo_ref zp_memo_found(const zp_buf *found, size_t i);

#endif

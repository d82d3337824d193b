/*
 * meta.h - what a store says about itself: database meta of both, keys of 8 bytes, values sealed.
 *
 *     season + u16 year   (intake)  a season that is closed: state, name of its archive
 *     logstart            (scores)  the first event that the log still holds
 *     archive_            (both)    this is an archive: year, name; in scores also how many events it holds
 *
 * For the stores only. In stores of an earlier version the database is missing, and says nothing.
 */
#ifndef ZP_STORE_META_H
#define ZP_STORE_META_H

#include "store/env.h"

typedef struct {
    uint8_t b[8];
} zp_meta_key;

extern const zp_meta_key zp_meta_log_start, zp_meta_archive;
zp_meta_key zp_meta_season(int year);

typedef struct {
    int year;
    uint8_t name[16]; /* which archive: given when it was made, never twice */
    uint64_t events;
} zp_archive_note;

/* ZP_NOTFOUND: this is no archive. ZP_CORRUPT. */
zp_rc zp_meta_archive_of(MDB_txn *txn, MDB_dbi meta, zp_archive_note *out);
zp_rc zp_meta_note_archive(MDB_txn *txn, MDB_dbi meta, const zp_archive_note *note);

/* For a store that was just opened: ZP_CONFLICT, and one line in message, when it was opened to write an archive. */
zp_rc zp_meta_refuse_archive(zp_env *env, MDB_dbi meta, char *message, size_t message_size);

#endif

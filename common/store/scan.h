/*
 * scan.h - every record of a database, in key order, in slices: for checks and copies of whole stores.
 *
 * A read transaction that lasts keeps LMDB from using freed pages again, and so makes a busy store grow. A scan
 * therefore goes slice by slice, each in a transaction of its own that the caller begins and ends; what was written
 * in between is seen when it lies ahead.
 */
#ifndef ZP_STORE_SCAN_H
#define ZP_STORE_SCAN_H

#include "store/env.h"

enum { ZP_SLICE = 2000, ZP_KEY_MAX = 511 };

/* How far a scan has come; zero-initialise. */
typedef struct {
    uint8_t key[ZP_KEY_MAX];
    size_t n;
    bool begun;
} zp_scan_place;

/* Key and value are views into the page, as stored: with their seal. Anything but ZP_OK ends the slice. */
typedef zp_rc (*zp_scan_each)(void *context, zp_str key, MDB_val value);

/*
 * Shows up to ZP_SLICE records behind *place, which moves along; *more: there may be others. ZP_CORRUPT: the pages
 * cannot be followed any further. Otherwise what `each` returned.
 */
zp_rc zp_scan_slice(MDB_txn *txn, MDB_dbi dbi, zp_scan_place *place, zp_scan_each each, void *context, bool *more);

#endif

/*
 * scan.c - see scan.h. Any thread, within its own transaction.
 */
#include "store/scan.h"

static int seek(MDB_cursor *cursor, const zp_scan_place *place, MDB_val *key, MDB_val *value)
{
    if (!place->begun)
        return mdb_cursor_get(cursor, key, value, MDB_FIRST);
    *key = (MDB_val){place->n, (void *)place->key};
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (code == 0 && key->mv_size == place->n && memcmp(key->mv_data, place->key, place->n) == 0)
        code = mdb_cursor_get(cursor, key, value, MDB_NEXT);
    return code;
}

static zp_rc remember(zp_scan_place *place, const MDB_val *key)
{
    if (key->mv_size > sizeof place->key)
        return ZP_CORRUPT;
    memcpy(place->key, key->mv_data, key->mv_size);
    place->n = key->mv_size;
    place->begun = true;
    return ZP_OK;
}

zp_rc zp_scan_slice(MDB_txn *txn, MDB_dbi dbi, zp_scan_place *place, zp_scan_each each, void *context, bool *more)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    *more = false;
    zp_rc rc = zp_env_rc(mdb_cursor_open(txn, dbi, &cursor), "scan");
    if (rc)
        return rc;
    int code = seek(cursor, place, &key, &value);
    for (size_t n = 0; code == 0 && !rc && n < ZP_SLICE; n++) {
        rc = remember(place, &key);
        if (!rc)
            rc = each(context, zp_val_str(key), value);
        if (!rc)
            code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    *more = code == 0 && !rc;
    return rc || code == MDB_NOTFOUND ? rc : zp_env_rc(code, "scan");
}

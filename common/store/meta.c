/*
 * meta.c - see meta.h. Any thread, within its own transaction.
 */
#include "store/meta.h"

#include "base/big_endian.h"

#include <errno.h>
#include <stdio.h>

const zp_meta_key zp_meta_log_start = {"logstart"}, zp_meta_archive = {"archive_"};

zp_meta_key zp_meta_season(int year)
{
    zp_meta_key key = {"season"};
    key.b[6] = (uint8_t)(year >> 8);
    key.b[7] = (uint8_t)year;
    return key;
}

typedef struct {
    uint8_t b[2 + 16 + 8]; /* year, name, events */
} note_bytes;

zp_rc zp_meta_archive_of(MDB_txn *txn, MDB_dbi meta, zp_archive_note *out)
{
    zp_str bytes;
    if (!meta)
        return ZP_NOTFOUND;
    zp_rc rc = zp_get_sealed(txn, meta, ZP_BYTES(zp_meta_archive), &bytes);
    if (!rc && bytes.n != sizeof(note_bytes))
        rc = ZP_CORRUPT;
    if (rc)
        return rc;
    const uint8_t *b = (const uint8_t *)bytes.p;
    out->year = b[0] << 8 | b[1];
    memcpy(out->name, b + 2, sizeof out->name);
    out->events = zp_be64(b + 2 + sizeof out->name);
    return ZP_OK;
}

zp_rc zp_meta_note_archive(MDB_txn *txn, MDB_dbi meta, const zp_archive_note *note)
{
    note_bytes bytes = {{(uint8_t)(note->year >> 8), (uint8_t)note->year}};
    memcpy(bytes.b + 2, note->name, sizeof note->name);
    zp_be64_put(bytes.b + 2 + sizeof note->name, note->events);
    zp_str value = ZP_BYTES(bytes);
    return zp_put_sealed(txn, meta, ZP_BYTES(zp_meta_archive), &value, 1, 0);
}

zp_rc zp_meta_refuse_archive(zp_env *env, MDB_dbi meta, char *message, size_t message_size)
{
    zp_read read = {NULL};
    zp_archive_note note;
    if (env->read_only)
        return ZP_OK;
    zp_rc rc = zp_read_begin(env, &read);
    if (!rc)
        rc = zp_meta_archive_of(read.txn, meta, &note);
    zp_read_close(&read);
    if (rc == ZP_NOTFOUND)
        return ZP_OK;
    if (rc)
        zp_env_explain(env->path, env->map_size, EIO, message, message_size);
    else
        snprintf(message, message_size,
                 "%s: an archive of %d, which nothing is written to; set data_dir to the service's own folder",
                 env->path, note.year);
    return rc ? rc : ZP_CONFLICT;
}

/*
 * intake.c - the intake store's life: open, close. The main thread, at start and end.
 *
 * The id generator starts from the newest stored id, so ids go on increasing when the clock was set back while the
 * gateway was down, and appending stays valid.
 */
#include "store/intake_store.h"
#include "store/meta.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DATABASES = 6 };

static zp_rc open_databases(zp_intake *self, char *message, size_t message_size)
{
    const zp_env_db dbs[DATABASES] = {{"forms", &self->forms, false},
                                      {"pending", &self->pending, false},
                                      {"idempotency", &self->idempotency, false},
                                      {"revisions", &self->revisions, false},
                                      {"archived", &self->archived, true},
                                      {"meta", &self->meta, true}};
    return zp_env_open_dbs(&self->env, dbs, DATABASES, message, message_size);
}

/* Raises *out to the newest id that is a key. */
static zp_rc newest_id(MDB_txn *txn, MDB_dbi ids, zp_id *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(txn, ids, &cursor);
    if (code)
        return zp_env_rc(code, "newest-id");
    code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (code == 0 && key.mv_size == sizeof out->b && memcmp(key.mv_data, out->b, sizeof out->b) > 0)
        memcpy(out->b, key.mv_data, sizeof out->b);
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "newest-id");
}

static zp_rc seed_ids(zp_intake *self, char *message, size_t message_size)
{
    zp_rc rc = zp_read_begin(&self->env, &self->look);
    if (!rc) {
        rc = newest_id(self->look.txn, self->forms, &self->ids.last);
        if (!rc)
            rc = newest_id(self->look.txn, self->idempotency, &self->ids.last);
        if (!rc && self->archived)
            rc = newest_id(self->look.txn, self->archived, &self->ids.last);
        if (!rc)
            rc = zp_seasons_read(self->look.txn, self->meta, &self->seasons);
        zp_read_end(&self->look);
    }
    if (rc)
        zp_env_explain(self->env.path, self->env.map_size, EIO, message, message_size);
    return rc;
}

static zp_rc learn(zp_intake *self, char *message, size_t message_size)
{
    zp_rc rc = zp_known_open(self);
    if (rc == ZP_CONFLICT)
        snprintf(message, message_size, "%s: written by an earlier version, in another layout; set another data_dir",
                 self->env.path);
    else if (rc == ZP_NOMEM)
        snprintf(message, message_size, "%s: the forms that it holds find no room in memory; see README, Operating it",
                 self->env.path);
    else if (rc)
        zp_env_explain(self->env.path, self->env.map_size, rc == ZP_CORRUPT ? MDB_CORRUPTED : EIO, message,
                       message_size);
    return rc;
}

zp_rc zp_intake_open(const char *path, uint64_t map_size, zp_access access, zp_intake **out, char *message,
                     size_t message_size)
{
    *out = NULL;
    zp_intake *self = calloc(1, sizeof *self);
    if (!self) {
        zp_env_explain(path, map_size, ENOMEM, message, message_size);
        return ZP_NOMEM;
    }
    zp_rc rc = zp_env_open(&self->env, path, map_size, DATABASES, access, message, message_size);
    if (!rc)
        rc = open_databases(self, message, message_size);
    if (!rc)
        rc = zp_meta_refuse_archive(&self->env, self->meta, message, message_size);
    if (!rc)
        rc = seed_ids(self, message, message_size);
    if (!rc && access == ZP_READ_WRITE)
        rc = learn(self, message, message_size);
    if (rc)
        zp_intake_close(&self);
    *out = self;
    return rc;
}

void zp_intake_close(zp_intake **self)
{
    zp_intake *store = *self;
    if (!store)
        return;
    zp_read_close(&store->look);
    zp_buf_free(&store->head);
    zp_buf_free(&store->found);
    zp_known_close(store);
    zp_env_close(&store->env);
    free(store);
    *self = NULL;
}

zp_env *zp_intake_env(zp_intake *self)
{
    return &self->env;
}

const zp_seasons *zp_intake_seasons(const zp_intake *self)
{
    return &self->seasons;
}

zp_rc zp_intake_archive_of(zp_intake *self, int *year)
{
    zp_read read = {NULL};
    zp_archive_note note;
    zp_rc rc = zp_read_begin(&self->env, &read);
    if (rc)
        return rc;
    rc = zp_meta_archive_of(read.txn, self->meta, &note);
    zp_read_close(&read);
    if (!rc)
        *year = note.year;
    return rc;
}

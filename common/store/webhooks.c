/*
 * webhooks.c - the webhooks store's life: open, name, close. The main thread of its program, at start and end.
 */
#include "store/webhooks_store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { DATABASES = 4, FOLDER_MODE = 0700 };
static const uint64_t MAP_SIZE = UINT64_C(1) << 30; /* sparse; a full one takes a quarter */

static zp_rc open_databases(zp_webhooks *self, char *message, size_t message_size)
{
    const zp_env_db dbs[DATABASES] = {{"endpoints", &self->endpoints, false},
                                      {"log", &self->log, false},
                                      {"notices", &self->notices, false},
                                      {"meta", &self->meta, false}};
    return zp_env_open_dbs(&self->env, dbs, DATABASES, message, message_size);
}

/* Notices are numbered anew in another store: by its name one knows. */
static zp_rc give_name(zp_webhooks *self)
{
    uint8_t name[ZP_NOTICE_STORE];
    MDB_txn *txn;
    zp_str found;
    zp_rc rc = zp_env_begin(&self->env, &txn);
    if (rc)
        return rc;
    rc = zp_get_sealed(txn, self->meta, ZP_STR(ZP_META_STORE), &found);
    if (rc != ZP_NOTFOUND) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = getrandom(name, sizeof name, 0) == (ssize_t)sizeof name ? ZP_OK : ZP_IO;
    zp_str value = {(const char *)name, sizeof name};
    if (!rc)
        rc = zp_put_sealed(txn, self->meta, ZP_STR(ZP_META_STORE), &value, 1, 0);
    if (!rc)
        return zp_env_commit(&self->env, txn);
    mdb_txn_abort(txn);
    return rc;
}

zp_rc zp_webhooks_open(const char *path, zp_access access, zp_webhooks **out, char *message, size_t message_size)
{
    *out = NULL;
    zp_webhooks *self = calloc(1, sizeof *self);
    if (!self) {
        zp_env_explain(path, MAP_SIZE, ENOMEM, message, message_size);
        return ZP_NOMEM;
    }
    /* Made here for its mode; what else may be wrong with it the environment finds and explains. */
    if (access == ZP_READ_WRITE && mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST) {
        zp_env_explain(path, MAP_SIZE, errno, message, message_size);
        free(self);
        return ZP_IO;
    }
    zp_rc rc = zp_env_open(&self->env, path, MAP_SIZE, DATABASES, access, message, message_size);
    if (!rc)
        rc = open_databases(self, message, message_size);
    if (!rc && access == ZP_READ_WRITE) {
        rc = give_name(self);
        if (rc)
            zp_env_explain(path, MAP_SIZE, rc == ZP_FULL ? ENOSPC : EIO, message, message_size);
    }
    if (rc)
        zp_webhooks_close(&self);
    *out = self;
    return rc;
}

void zp_webhooks_close(zp_webhooks **self)
{
    zp_webhooks *store = *self;
    if (!store)
        return;
    zp_read_close(&store->read);
    zp_buf_free(&store->packed);
    zp_env_close(&store->env);
    free(store);
    *self = NULL;
}

zp_env *zp_webhooks_env(zp_webhooks *self)
{
    return &self->env;
}

/*
 * scores.c - the scores store's life: open, ensure, close. The main thread, at start and end.
 */
#include "store/meta.h"
#include "store/scores_store.h"

#include <errno.h>
#include <stdlib.h>

enum { DATABASES = 6, ARENA = 64 * 1024 };

static zp_rc open_databases(zp_scores *self, char *message, size_t message_size)
{
    const zp_env_db dbs[DATABASES] = {{"results", &self->results, false}, {"events", &self->events, false},
                                      {"latest", &self->latest, false},   {"index", &self->index, false},
                                      {"totals", &self->totals, false},   {"meta", &self->meta, true}};
    return zp_env_open_dbs(&self->env, dbs, DATABASES, message, message_size);
}

zp_rc zp_scores_open(const char *path, uint64_t map_size, zp_access access, zp_scores **out, char *message,
                     size_t message_size)
{
    *out = NULL;
    zp_scores *self = calloc(1, sizeof *self);
    if (self)
        self->arena = zp_arena_new(ARENA);
    if (!self || !self->arena) {
        zp_env_explain(path, map_size, ENOMEM, message, message_size);
        free(self);
        return ZP_NOMEM;
    }
    zp_rc rc = zp_env_open(&self->env, path, map_size, DATABASES, access, message, message_size);
    if (!rc)
        rc = open_databases(self, message, message_size);
    if (!rc)
        rc = zp_meta_refuse_archive(&self->env, self->meta, message, message_size);
    if (rc)
        zp_scores_close(&self);
    *out = self;
    return rc;
}

void zp_scores_close(zp_scores **self)
{
    zp_scores *store = *self;
    if (!store)
        return;
    zp_arena_destroy(&store->arena);
    zp_buf_free(&store->earlier);
    zp_buf_free(&store->packed);
    zp_env_close(&store->env);
    free(store);
    *self = NULL;
}

zp_env *zp_scores_env(zp_scores *self)
{
    return &self->env;
}

/* Opening as a writer creates what is missing and writes nothing else; a worker may be doing the same, or be at work.
 */
zp_rc zp_scores_ensure(const char *path, uint64_t map_size, char *message, size_t message_size)
{
    zp_scores *store;
    zp_rc rc = zp_scores_open(path, map_size, ZP_READ_WRITE, &store, message, message_size);
    zp_scores_close(&store);
    return rc;
}

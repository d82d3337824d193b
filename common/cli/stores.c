/*
 * stores.c - see stores.h.
 */
#include "cli/stores.h"

#include <stdio.h>
#include <stdlib.h>

/* Takes the paths over. */
static zp_rc open_both(char *intake, char *scores, uint64_t map_size, zp_stores *out, char *message,
                       size_t message_size)
{
    zp_rc rc = intake && scores ? ZP_OK : ZP_NOMEM;
    *out = (zp_stores){0};
    snprintf(message, message_size, "out of memory; free some and start again");
    if (!rc)
        rc = zp_intake_open(intake, map_size, ZP_READ_ONLY, &out->intake, message, message_size);
    if (!rc)
        rc = zp_scores_open(scores, map_size, ZP_READ_ONLY, &out->scores, message, message_size);
    if (rc)
        zp_stores_close(out);
    free(intake);
    free(scores);
    return rc;
}

zp_rc zp_stores_open(const zp_config *config, zp_stores *out, char *message, size_t message_size)
{
    return open_both(zp_config_path(config, "intake"), zp_config_path(config, "scores"), config->map_size, out, message,
                     message_size);
}

/* No size given: LMDB takes the one that the store was written with. */
zp_rc zp_stores_open_folder(const char *folder, zp_stores *out, char *message, size_t message_size)
{
    return open_both(zp_stores_path(folder, "intake"), zp_stores_path(folder, "scores"), 0, out, message, message_size);
}

char *zp_stores_path(const char *folder, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

void zp_stores_close(zp_stores *self)
{
    zp_intake_close(&self->intake);
    zp_scores_close(&self->scores);
}

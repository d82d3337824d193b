/*
 * stores.c - see stores.h.
 */
#include "cli/stores.h"

#include <stdio.h>
#include <stdlib.h>

zp_rc zp_stores_open(const zp_config *config, zp_stores *out, char *message, size_t message_size)
{
    char *intake = zp_config_path(config, "intake"), *scores = zp_config_path(config, "scores");
    zp_rc rc = intake && scores ? ZP_OK : ZP_NOMEM;
    *out = (zp_stores){0};
    snprintf(message, message_size, "out of memory; free some and start again");
    if (!rc)
        rc = zp_intake_open(intake, config->map_size, ZP_READ_ONLY, &out->intake, message, message_size);
    if (!rc)
        rc = zp_scores_open(scores, config->map_size, ZP_READ_ONLY, &out->scores, message, message_size);
    if (rc)
        zp_stores_close(out);
    free(intake);
    free(scores);
    return rc;
}

void zp_stores_close(zp_stores *self)
{
    zp_intake_close(&self->intake);
    zp_scores_close(&self->scores);
}

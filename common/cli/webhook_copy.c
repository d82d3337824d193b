/*
 * webhook_copy.c - see webhook_copy.h.
 */
#include "cli/webhook_copy.h"

#include "cli/stores.h"
#include "store/webhooks.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { OURS_ALONE = 0077 };

zp_rc zp_webhook_copy(const zp_config *config, const char *folder, const zp_copy_pace *pace, uint64_t *bytes,
                      char *message, size_t message_size)
{
    zp_webhooks *webhooks = NULL;
    char *from = zp_config_path(config, "webhooks"), *to = zp_stores_path(folder, "webhooks");
    zp_rc rc = from && to ? ZP_OK : ZP_NOMEM;
    *bytes = 0;
    if (!rc)
        rc = zp_webhooks_open(from, ZP_READ_ONLY, &webhooks, message, message_size);
    if (!rc) {
        mode_t before = umask(OURS_ALONE);
        rc = zp_env_copy(zp_webhooks_env(webhooks), to, pace, bytes, message, message_size);
        umask(before);
    } else if (rc == ZP_NOTFOUND) {
        rc = ZP_OK;
    }
    zp_webhooks_close(&webhooks);
    free(from);
    free(to);
    return rc;
}

/*
 * webhook_copy.h - the webhooks store in a copy of the data folder.
 */
#ifndef ZP_CLI_WEBHOOK_COPY_H
#define ZP_CLI_WEBHOOK_COPY_H

#include "base/config.h"
#include "store/copy.h"

/*
 * Copies the webhooks store, if there is one, to <folder>/webhooks, which is 0700: it holds secrets. To be called
 * before the scores are copied: then no position is beyond their log, and a service on the copy sends some events
 * again rather than passing any over. *bytes: 0 when there is none. As zp_env_copy.
 */
zp_rc zp_webhook_copy(const zp_config *config, const char *folder, const zp_copy_pace *pace, uint64_t *bytes,
                      char *message, size_t message_size);

#endif

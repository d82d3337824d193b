/*
 * webhook.h - what the files of `ziping webhook` share.
 */
#ifndef ZP_CLI_WEBHOOK_H
#define ZP_CLI_WEBHOOK_H

#include "base/config.h"
#include "store/webhooks.h"

typedef struct {
    const char *config;
    const char *url, *types, *unit, *year;
    const char *after, *overlap, *log;
    bool allow_http, allow_private;
    uint64_t id;
} zp_webhook_options;

typedef struct {
    const zp_webhook_options *options;
    const zp_config *config;
    zp_webhooks *store; /* opened for writing where the verb writes */
} zp_webhook_job;

/* Each prints its answer, or one line on standard error; the exit code. */
int zp_cli_webhook_add(zp_webhook_job *job);
int zp_cli_webhook_enable(zp_webhook_job *job);
int zp_cli_webhook_disable(zp_webhook_job *job);
int zp_cli_webhook_replay(zp_webhook_job *job);
int zp_cli_webhook_rotate(zp_webhook_job *job);
int zp_cli_webhook_remove(zp_webhook_job *job);
int zp_cli_webhook_list(zp_webhook_job *job);
int zp_cli_webhook_show(zp_webhook_job *job);
int zp_cli_webhook_test(zp_webhook_job *job);

/* Says why it was not done: unknown id, full disk and so on. The exit code. */
int zp_cli_webhook_failed(const zp_webhook_job *job, zp_rc rc);
/* A whole number of an option; says what is wrong with it otherwise. */
bool zp_cli_webhook_number(const char *option, const char *text, uint64_t most, uint64_t *out);

typedef struct {
    const char *name;
    unsigned bit;
} zp_webhook_type;
extern const zp_webhook_type zp_webhook_types[4];

#endif

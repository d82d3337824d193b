/*
 * stores.h - both stores of a running or stopped service, read beside it; the service notices nothing.
 */
#ifndef ZP_CLI_STORES_H
#define ZP_CLI_STORES_H

#include "base/config.h"
#include "store/intake.h"
#include "store/scores.h"

typedef struct {
    zp_intake *intake;
    zp_scores *scores;
} zp_stores;

/* Opens both, read-only. One line in message when it fails; what was opened is closed then. One thread's. */
zp_rc zp_stores_open(const zp_config *config, zp_stores *out, char *message, size_t message_size);
/* The same of a folder that holds both, such as a backup. */
zp_rc zp_stores_open_folder(const char *folder, zp_stores *out, char *message, size_t message_size);
/* <folder>/<name>. Caller frees; NULL when out of memory. */
char *zp_stores_path(const char *folder, const char *name);
void zp_stores_close(zp_stores *self);

#endif

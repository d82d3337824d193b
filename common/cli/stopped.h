/*
 * stopped.h - a service that is stopped, and stays so while its stores are being changed: the locks of those who write
 * them are held meanwhile.
 */
#ifndef ZP_CLI_STOPPED_H
#define ZP_CLI_STOPPED_H

#include "base/config.h"

typedef struct {
    int gateway, worker; /* descriptors of the locks; -1: not held */
} zp_stopped;

/*
 * Takes both locks. A worker that is started meanwhile stands by, a gateway says that another one is running.
 * ZP_EXISTS: one is running, which message names, with what to do; ZP_IO, ZP_NOMEM. Nothing is held then.
 */
zp_rc zp_stopped_hold(const zp_config *config, zp_stopped *out, char *message, size_t message_size);
void zp_stopped_release(zp_stopped *self);
/* Whether a gateway or a worker runs on these stores, as far as can be seen; nothing is made or held. */
bool zp_service_runs(const zp_config *config);

#endif

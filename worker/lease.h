/*
 * lease.h - which of several workers is the active one: an flock that the kernel gives on the moment its holder dies.
 */
#ifndef ZP_WORKER_LEASE_H
#define ZP_WORKER_LEASE_H

#include "base/error.h"

#include <stddef.h>

/*
 * Takes the lock on `path`, as a standby for as long as another process has it, until `signals` (a descriptor) becomes
 * readable. Held until the process ends: whatever it still had under way in the store is over by then, so there is no
 * giving up. ZP_OK; ZP_CLOSED (a signal came: end the process, a thread of it still waits for the lock); ZP_IO,
 * ZP_NOMEM with one line in message.
 */
zp_rc zp_lease_take(const char *path, int signals, char *message, size_t message_size);

#endif

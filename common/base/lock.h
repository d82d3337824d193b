/*
 * lock.h - "only one of us": an flock, which the kernel drops however its holder ends.
 */
#ifndef ZP_BASE_LOCK_H
#define ZP_BASE_LOCK_H

#include "base/error.h"

/*
 * Takes the exclusive lock of an open file. A holder that is ending gets two seconds: a killed process can be gone to
 * whoever watches it while the last of its threads still holds its files. ZP_EXISTS (errno EADDRINUSE) when it stays
 * held, ZP_IO.
 */
zp_rc zp_lock(int fd);

#endif

/*
 * lock_file.h - the lock of a gateway, by path.
 */
#ifndef ZP_GATEWAY_LOCK_FILE_H
#define ZP_GATEWAY_LOCK_FILE_H

#include "base/error.h"

#include <stddef.h>

/*
 * Takes the lock or says in one line why not. *fd is the caller's: closing it gives the lock up; the file stays.
 * ZP_EXISTS (another process holds it), ZP_IO.
 */
zp_rc zp_lock_file(const char *path, int *fd, char *message, size_t message_size);

#endif

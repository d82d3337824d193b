/*
 * lock_file.c - see lock_file.h. Main thread, at start. The file is never removed: two processes could otherwise lock
 * two files of the same name.
 */
#include "lock_file.h"

#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

zp_rc zp_lock_file(const char *path, int *fd, char *message, size_t message_size)
{
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (lock < 0) {
        snprintf(message, message_size, "%s: %s; make its folder writable for this user", path, strerror(errno));
        return ZP_IO;
    }
    zp_rc rc = zp_lock(lock);
    if (rc) {
        snprintf(message, message_size, "%s: %s", path,
                 rc == ZP_EXISTS ? "another gateway is running here; stop it first" : strerror(errno));
        close(lock);
        return rc;
    }
    *fd = lock;
    return ZP_OK;
}

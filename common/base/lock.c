/*
 * lock.c - see lock.h. The main thread, at start.
 */
#include "base/lock.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

enum { TRIES = 100 };
static const struct timespec pause_between = {.tv_nsec = 20000000};

zp_rc zp_lock(int fd)
{
    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return ZP_OK;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return ZP_IO;
        (void)nanosleep(&pause_between, NULL); /* cut short by a signal: one try the sooner */
    }
    errno = EADDRINUSE;
    return ZP_EXISTS;
}

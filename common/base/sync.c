/*
 * sync.c - see sync.h.
 */
#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int zp_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = fsync(fd) < 0 ? errno : 0;
    close(fd);
    return code;
}

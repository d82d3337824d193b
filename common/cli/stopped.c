/*
 * stopped.c - see stopped.h. The files stay, as the programs leave them.
 */
#include "cli/stopped.h"

#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, FILE_MODE = 0640 };

static zp_rc hold(const char *path, const char *program, int *out, char *message, size_t message_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    zp_rc rc = fd < 0 ? ZP_IO : zp_lock(fd);
    if (!rc) {
        *out = fd;
        return ZP_OK;
    }
    if (rc == ZP_EXISTS)
        snprintf(message, message_size, "%s: a %s is running on these stores; stop every %s, then do this again", path,
                 program, program);
    else
        snprintf(message, message_size, "%s: %s; make its folder writable for this user", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

static zp_rc make_folder(const char *path, char *message, size_t message_size)
{
    if (mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST)
        return ZP_OK;
    snprintf(message, message_size, "%s: %s", path, strerror(errno));
    return ZP_IO;
}

zp_rc zp_stopped_hold(const zp_config *config, zp_stopped *out, char *message, size_t message_size)
{
    *out = (zp_stopped){-1, -1};
    char *run = zp_config_path(config, "run"), *gateway = zp_config_path(config, "run/gateway.lock"),
         *worker = zp_config_path(config, "run/worker.lock");
    zp_rc rc = run && gateway && worker ? ZP_OK : ZP_NOMEM;
    snprintf(message, message_size, "out of memory; free some and start again");
    if (!rc)
        rc = make_folder(run, message, message_size); /* it may be emptied while all is stopped */
    if (!rc)
        rc = hold(gateway, "ziping-gateway", &out->gateway, message, message_size);
    if (!rc)
        rc = hold(worker, "ziping-worker", &out->worker, message, message_size);
    free(run);
    free(gateway);
    free(worker);
    if (rc)
        zp_stopped_release(out);
    return rc;
}

void zp_stopped_release(zp_stopped *self)
{
    if (self->gateway >= 0)
        close(self->gateway);
    if (self->worker >= 0)
        close(self->worker);
    *self = (zp_stopped){-1, -1};
}

static bool is_held(const zp_config *config, const char *name)
{
    char *path = zp_config_path(config, name);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    free(path);
    return held;
}

bool zp_service_runs(const zp_config *config)
{
    return is_held(config, "run/gateway.lock") || is_held(config, "run/worker.lock");
}

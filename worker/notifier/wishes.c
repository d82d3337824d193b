/*
 * wishes.c - see wishes.h. The notifier's one thread.
 *
 * libzmq may have closed the descriptor meanwhile, and somebody else's connection may have it: then that one is counted
 * a message that was not its own, at worst shut down, and dials again.
 */
#include "wishes.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static zp_wisher *find(zp_wishes *self, int fd)
{
    size_t place = (size_t)fd;
    if (place >= self->room) {
        size_t room = place < 64 ? 64 : place * 2;
        zp_wisher *wishers = realloc(self->wishers, room * sizeof *wishers);
        if (!wishers)
            return NULL;
        memset(wishers + self->room, 0, (room - self->room) * sizeof *wishers);
        self->wishers = wishers;
        self->room = room;
    }
    return &self->wishers[place];
}

void zp_wishes_free(zp_wishes *self)
{
    free(self->wishers);
    *self = (zp_wishes){0};
}

static void cut_off(zp_wishes *self, int fd, const char *reason)
{
    self->cut_off++;
    if (shutdown(fd, SHUT_RDWR) == 0 && zp_lines_may(&self->lines))
        zp_log(ZP_WARN, "subscriber-cut-off", "reason=\"%s\" connections=%llu", reason,
               (unsigned long long)self->cut_off);
}

void zp_wishes_count(zp_wishes *self, int fd, size_t bytes)
{
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    zp_wisher *wisher = find(self, fd);
    if (!wisher) {
        cut_off(self, fd, "out of memory");
        return;
    }
    if (wisher->socket != status.st_ino)
        *wisher = (zp_wisher){.socket = status.st_ino};
    bool was_within = wisher->count <= ZP_WISHES_MAX && wisher->bytes <= ZP_WISHES_BYTES;
    wisher->count++;
    wisher->bytes += bytes;
    if (was_within && (wisher->count > ZP_WISHES_MAX || wisher->bytes > ZP_WISHES_BYTES))
        cut_off(self, fd, "too many subscriptions");
}

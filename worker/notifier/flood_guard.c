/*
 * flood_guard.c - see flood_guard.h. recv is called by libzmq's one I/O thread, which owns the table.
 */
#include "flood_guard.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
    uint64_t turn; /* in which it was last read */
    size_t bytes;  /* read since that began */
} sender;

static _Atomic uint64_t turn = 1, ended;

uint64_t zp_flood_guard_turn(void)
{
    atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
    return atomic_load_explicit(&ended, memory_order_relaxed);
}

/* By descriptor; never freed, as nothing tells when libzmq's thread has ended. */
static sender *find(int fd)
{
    static sender *senders;
    static size_t room;
    size_t place = (size_t)fd;
    if (place >= room) {
        size_t wanted = place < 64 ? 64 : place * 2;
        sender *grown = realloc(senders, wanted * sizeof *grown);
        if (!grown)
            return NULL;
        memset(grown + room, 0, (wanted - room) * sizeof *grown);
        senders = grown;
        room = wanted;
    }
    return &senders[place];
}

static ssize_t end_of_input(void)
{
    atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed);
    return 0;
}

ssize_t recv(int fd, void *buffer, size_t room, int flags)
{
    uint64_t now = atomic_load_explicit(&turn, memory_order_relaxed);
    sender *from = fd < 0 ? NULL : find(fd);
    if (!from)
        return end_of_input();
    if (from->turn != now)
        *from = (sender){.turn = now};
    if (from->bytes > ZP_FLOOD_BYTES) {
        from->bytes = 0; /* libzmq closes it now, and the next one may come within the same turn */
        return end_of_input();
    }
    ssize_t n = syscall(SYS_recvfrom, fd, buffer, room, flags, NULL, NULL);
    if (n > 0)
        from->bytes += (size_t)n;
    return n;
}

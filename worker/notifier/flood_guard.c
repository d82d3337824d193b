/*
 * flood_guard.c - see flood_guard.h. recv is called by libzmq's one I/O thread.
 *
 * Its epoll goes on telling it of what it may not read yet, so it gives way each time: the turn ends within some tens
 * of milliseconds.
 */
#include "flood_guard.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint64_t turn;

void zp_flood_guard_turn(void)
{
    atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
}

ssize_t recv(int fd, void *buffer, size_t room, int flags)
{
    static uint64_t last; /* of the I/O thread */
    static size_t taken;  /* in that turn */
    uint64_t now = atomic_load_explicit(&turn, memory_order_relaxed);
    if (last != now) {
        last = now;
        taken = 0;
    }
    if (taken >= ZP_FLOOD_BYTES) {
        (void)sched_yield();
        errno = EAGAIN;
        return -1;
    }
    ssize_t n = syscall(SYS_recvfrom, fd, buffer, room, flags, NULL, NULL);
    if (n > 0)
        taken += (size_t)n;
    return n;
}

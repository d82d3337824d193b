/*
 * lease.c - see lease.h. Main thread, and while standing by a thread that does nothing but wait for the lock.
 *
 * Why a thread: flock wakes its waiter within microseconds of the holder's death, but cannot be waited for together
 * with a descriptor; asking again every few milliseconds costs each standby a wake-up for ever, and a signal that is to
 * interrupt it can come just before the wait begins.
 */
#include "lease.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

enum { TAKEN = 1, REFUSED = 2 };

typedef struct {
    int lock, event;
} waiter;

static void *wait_for_lock(void *context)
{
    const waiter *w = context;
    uint64_t outcome = TAKEN;
    while (flock(w->lock, LOCK_EX) < 0)
        if (errno != EINTR) {
            outcome = REFUSED;
            break;
        }
    if (write(w->event, &outcome, sizeof outcome) < 0)
        zp_log(ZP_ERROR, "lease-not-told", "error=\"%s\"", strerror(errno));
    return NULL;
}

/* Whatever comes first, the lock or a signal. */
static zp_rc stand_by(int lock, int signals)
{
    static waiter w; /* outlives this call: the thread may still be waiting when the process ends */
    pthread_t thread;
    w = (waiter){lock, eventfd(0, EFD_CLOEXEC)};
    if (w.event < 0 || pthread_create(&thread, NULL, wait_for_lock, &w) != 0 || pthread_detach(thread) != 0)
        return ZP_NOMEM;
    struct pollfd news[2] = {{.fd = w.event, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    while (poll(news, 2, -1) < 0)
        if (errno != EINTR)
            return ZP_IO;
    uint64_t outcome;
    if (news[1].revents)
        return ZP_CLOSED;
    return read(w.event, &outcome, sizeof outcome) == (ssize_t)sizeof outcome && outcome == TAKEN ? ZP_OK : ZP_IO;
}

zp_rc zp_lease_take(const char *path, int signals, char *message, size_t message_size)
{
    zp_rc rc = ZP_OK;
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0) {
        rc = lock >= 0 && errno == EWOULDBLOCK ? ZP_AGAIN : ZP_IO;
        snprintf(message, message_size, "%s: %s; make its folder writable for this user", path, strerror(errno));
    }
    if (rc == ZP_AGAIN) {
        zp_log(ZP_INFO, "standby", "lease=\"%s\" reason=\"another worker is active\"", path);
        rc = stand_by(lock, signals);
        if (rc)
            snprintf(message, message_size, "%s: cannot wait for the lock: %s; start again", path, zp_rc_name(rc));
    }
    if (rc && rc != ZP_CLOSED && lock >= 0)
        close(lock);
    return rc;
}

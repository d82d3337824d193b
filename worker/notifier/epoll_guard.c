/*
 * epoll_guard.c - keeps a peer that hangs up from ending the notifier. libzmq's thread runs it.
 *
 * libzmq 4.3.4 stops reading a connection while the socket behind it is full, and asks epoll for nothing then; but
 * epoll tells the end of a connection unasked. libzmq takes that for its cue, and a PING that it has still in its
 * buffer (or a timer of its own) then meets an assertion, "!_io_error", which ends the process (zeromq/libzmq#4364): a
 * few subscriptions, a PING and a close from anybody who may connect were enough.
 *
 * The functions below stand before libc's in this program and tell libzmq of an end only when it asked for input: then
 * it reads what there is, and after that the end. A descriptor that nothing is asked of is taken out of the set, since
 * the set would be ready for ever; where output alone is asked for, writing fails, and libzmq asks for nothing. Which
 * one that is stands in the lowest bit of libzmq's pointer. They keep no state, and need none of libzmq's.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENDS = EPOLLERR | EPOLLHUP, OUTPUT_ONLY = 1 };

static int control(int set, int operation, int fd, struct epoll_event *event)
{
    return (int)syscall(SYS_epoll_ctl, set, operation, fd, event);
}

/* It may be out already. */
static int take_out(int set, int fd)
{
    return control(set, EPOLL_CTL_DEL, fd, NULL) == 0 || errno == ENOENT ? 0 : -1;
}

int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_DEL || !event->events)
        return take_out(set, fd);
    struct epoll_event asked = *event;
    if (!(asked.events & EPOLLIN))
        asked.data.u64 |= OUTPUT_ONLY;
    int rc = control(set, operation, fd, &asked);
    return rc < 0 && operation == EPOLL_CTL_MOD && errno == ENOENT ? control(set, EPOLL_CTL_ADD, fd, &asked) : rc;
}

/* Beside input an end is left out too: libzmq would look twice, and find itself full at the second look. */
static uint32_t told(const struct epoll_event *event)
{
    bool only_output = event->data.u64 & OUTPUT_ONLY;
    return only_output || (event->events & EPOLLIN) ? event->events & ~(uint32_t)ENDS : event->events;
}

int epoll_wait(int set, struct epoll_event *events, int most, int timeout)
{
    int kept = 0, count = (int)syscall(SYS_epoll_pwait, set, events, most, timeout, NULL, 0);
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = told(&events[i]),
                                    .data.u64 = events[i].data.u64 & ~(uint64_t)OUTPUT_ONLY};
        if (event.events)
            events[kept++] = event;
    }
    return count < 0 ? count : kept;
}

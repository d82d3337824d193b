/*
 * stepping.c - preloaded into the service's programs: their wall clock stands as far from the machine's as the test says.
 *
 * ZP_CLOCK is a file of one offset in nanoseconds, mapped by every process and by the test, which steps it while they
 * run (stepping.py): all of a machine's programs see a step at the same moment. The monotonic clock is left alone, as
 * an administrator's `date -s` leaves it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000;
static int64_t *offset;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("ZP_CLOCK");
    if (!path)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        fprintf(stderr, "stepping: %s: %s\n", path, strerror(errno));
        abort();
    }
    close(fd);
    offset = map;
}

static int64_t wall_ns(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec + (offset ? __atomic_load_n(offset, __ATOMIC_ACQUIRE) : 0);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, out);
    int64_t now = wall_ns();
    *out = (struct timespec){.tv_sec = now / SECOND, .tv_nsec = now % SECOND};
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    (void)zone;
    int64_t now = wall_ns();
    *out = (struct timeval){.tv_sec = now / SECOND, .tv_usec = now % SECOND / 1000};
    return 0;
}

time_t time(time_t *out)
{
    time_t now = wall_ns() / SECOND;
    if (out)
        *out = now;
    return now;
}

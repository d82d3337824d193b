/*
 * clock.c - preloaded into the service's programs: a wall clock that the test sets (clock.py).
 *
 * ZP_CLOCK is a file of one int64, nanoseconds to add, mapped by every process. Clocks that only measure time stay
 * right, as they do when a real clock is set.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000;

static const int64_t *given;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("ZP_CLOCK");
    if (!path)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *given, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        perror(path);
        abort();
    }
    close(fd);
    given = map;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int code = (int)syscall(SYS_clock_gettime, clock, out);
    if (code || !given || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return code;
    int64_t now = out->tv_sec * SECOND + out->tv_nsec + __atomic_load_n(given, __ATOMIC_ACQUIRE);
    *out = (struct timespec){now / SECOND, now % SECOND};
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

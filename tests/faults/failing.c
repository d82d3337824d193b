/*
 * failing.c - preloaded into the service's programs: has calls to one file fail on demand, as a bad or full disk does.
 *
 * ZP_FAULTS is a file of one `orders`, mapped by every process and by the test, which changes it while they run
 * (failing.py). The calls that LMDB makes in a commit are told apart: the pages, the sync behind them, and the meta
 * page through a descriptor that is synced with each write. Those that are not to fail are passed on as system calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGES = 1, SYNC = 2, META = 4 };

typedef struct {
    uint32_t calls;      /* which kinds are meant; written last by the test, 0 = none */
    uint32_t error;      /* errno; 0 = a short write */
    uint32_t done;       /* not 0: the first pwrite that fails is made all the same */
    int32_t skip, times; /* so many go well first, so many then fail */
    uint32_t gone;       /* not 0: once one has failed, all kinds do */
    uint32_t failed;     /* so many have failed */
    char file[1000];
} orders;

static orders *given;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("ZP_FAULTS");
    if (!path)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *given, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        fprintf(stderr, "failing: %s: %s\n", path, strerror(errno));
        abort();
    }
    close(fd);
    given = map;
}

static bool is_meant(int fd)
{
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return strcmp(path, given->file) == 0;
}

static bool is_to_fail(int fd, uint32_t kind)
{
    uint32_t calls = given ? __atomic_load_n(&given->calls, __ATOMIC_ACQUIRE) : 0;
    if (calls && given->gone && __atomic_load_n(&given->failed, __ATOMIC_SEQ_CST))
        calls = PAGES | SYNC | META;
    if (!(calls & kind) || !is_meant(fd))
        return false;
    if (__atomic_fetch_sub(&given->skip, 1, __ATOMIC_SEQ_CST) > 0 ||
        __atomic_fetch_sub(&given->times, 1, __ATOMIC_SEQ_CST) <= 0)
        return false;
    __atomic_add_fetch(&given->failed, 1, __ATOMIC_SEQ_CST);
    return true;
}

static uint32_t kind_of(int fd)
{
    return fcntl(fd, F_GETFL) & O_DSYNC ? META : PAGES;
}

static int fail(void)
{
    errno = (int)given->error;
    return -1;
}

int fdatasync(int fd)
{
    return is_to_fail(fd, SYNC) ? fail() : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    bool fails = is_to_fail(fd, kind_of(fd));
    if (fails && given->error) {
        if (given->done && given->failed == 1)
            (void)!syscall(SYS_pwrite64, fd, bytes, n, at);
        return fail();
    }
    return syscall(SYS_pwrite64, fd, bytes, fails ? n / 2 : n, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    bool fails = is_to_fail(fd, kind_of(fd));
    if (fails && given->error)
        return fail();
    return syscall(SYS_writev, fd, parts, fails ? (count + 1) / 2 : count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) __attribute__((alias("pwrite")));

/*
 * recorder.c - preloaded into the service's programs: writes down, in order, what they do to the files of one folder.
 *
 * ZP_RECORD_ROOT is the folder (it, what is below it, and syncs of the one above it), ZP_RECORD_LOG another one with a
 * file `order`: eight bytes, which all processes and clients share. Every call takes a number from it before it begins
 * and one after it has ended; so whoever reads a number later than the end of a sync knows that the sync was done. Each
 * process appends its records to a log of its own, PID.log: this struct, the path, the bytes (replay.py reads them).
 *
 * No state but the log: path, position and O_DSYNC are asked of the descriptor at each call. The calls are made as
 * system calls, so that it does not matter who else stands in front of libc. lock.mdb is left out: LMDB shares it as a
 * memory map and makes it anew at the first open. What else a program may do to a file without being seen here, the
 * replay finds: when all is replayed, the files must be what they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, WRITE_SYNCED, TRUNCATE, SYNC, SYNC_FOLDER, CREATE, MAKE_FOLDER, UNLINK, RENAME };

typedef struct {
    uint64_t begin, end, offset, bytes;
    uint32_t kind, path_bytes;
} record;

static struct {
    const char *root;
    size_t root_n, above_n; /* lengths of the folder's path and of its parent's */
    uint64_t *order;
    int log;
} to = {.log = -1};

static void give_up(const char *what)
{
    fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
    abort(); /* a recording with gaps would prove nothing */
}

__attribute__((constructor)) static void begin(void)
{
    char path[PATH_MAX];
    const char *root = getenv("ZP_RECORD_ROOT"), *log = getenv("ZP_RECORD_LOG");
    if (!root || !log)
        return;
    snprintf(path, sizeof path, "%s/order", log);
    int order = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (order < 0)
        give_up(path);
    to.order = mmap(NULL, sizeof *to.order, PROT_READ | PROT_WRITE, MAP_SHARED, order, 0);
    if (to.order == MAP_FAILED)
        give_up(path);
    close(order);
    snprintf(path, sizeof path, "%s/%d.log", log, (int)getpid());
    to.log = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (to.log < 0)
        give_up(path);
    const char *name = strrchr(root, '/');
    to.root_n = strlen(root);
    to.above_n = name ? (size_t)(name - root) : 0;
    to.root = root;
}

static uint64_t next(void)
{
    return __atomic_add_fetch(to.order, 1, __ATOMIC_SEQ_CST);
}

static bool is_below(const char *path)
{
    const char *name = strrchr(path, '/');
    return strncmp(path, to.root, to.root_n) == 0 && (path[to.root_n] == '/' || path[to.root_n] == '\0') &&
           !(name && strcmp(name, "/lock.mdb") == 0);
}

/* The path of a descriptor that is to be recorded; false for all others, also while nothing is recorded at all. */
static bool is_recorded(int fd, char *path)
{
    char link[32];
    if (to.log < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return is_below(path) || (strncmp(path, to.root, to.above_n) == 0 && path[to.above_n] == '\0');
}

/* One record is one appending system call, so those of several threads stay whole. */
static void append(record head, const char *path, const struct iovec *parts, int count)
{
    struct iovec all[2 + IOV_MAX];
    size_t bytes = sizeof head;
    head.path_bytes = (uint32_t)strlen(path);
    all[0] = (struct iovec){&head, sizeof head};
    all[1] = (struct iovec){(void *)path, head.path_bytes};
    bytes += head.path_bytes;
    uint64_t left = head.bytes; /* of a short write, only what was written */
    for (int i = 0; i < count; i++) {
        size_t n = parts[i].iov_len < left ? parts[i].iov_len : left;
        all[2 + i] = (struct iovec){parts[i].iov_base, n};
        left -= n;
        bytes += n;
    }
    if (syscall(SYS_writev, to.log, all, 2 + count) != (long)bytes)
        give_up("the log");
}

/* ---- writes and their syncs ---- */

static ssize_t written(int fd, const struct iovec *parts, int count, off_t at, bool positioned)
{
    char path[PATH_MAX];
    if (!is_recorded(fd, path))
        return positioned ? syscall(SYS_pwritev, fd, parts, count, at, 0L) : syscall(SYS_writev, fd, parts, count);
    int flags = fcntl(fd, F_GETFL);
    if (!positioned)
        at = lseek(fd, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
    record head = {.begin = next(), .offset = (uint64_t)at, .kind = flags & O_DSYNC ? WRITE_SYNCED : WRITE};
    ssize_t n = positioned ? syscall(SYS_pwritev, fd, parts, count, at, 0L) : syscall(SYS_writev, fd, parts, count);
    int error = errno;
    head.end = next();
    if (n > 0) {
        head.bytes = (uint64_t)n;
        append(head, path, parts, count);
    }
    errno = error;
    return n;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    return written(fd, &(struct iovec){(void *)bytes, n}, 1, 0, false);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return written(fd, parts, count, 0, false);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return written(fd, &(struct iovec){(void *)bytes, n}, 1, at, true);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return written(fd, parts, count, at, true);
}

static int on_descriptor(long call, int fd, long argument, enum kind kind)
{
    char path[PATH_MAX];
    struct stat stat;
    if (!is_recorded(fd, path))
        return (int)syscall(call, fd, argument);
    if (kind == SYNC && fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode))
        kind = SYNC_FOLDER;
    record head = {.begin = next(), .offset = (uint64_t)argument, .kind = kind};
    int done = (int)syscall(call, fd, argument), error = errno;
    head.end = next();
    if (done == 0)
        append(head, path, NULL, 0);
    errno = error;
    return done;
}

int fdatasync(int fd)
{
    return on_descriptor(SYS_fdatasync, fd, 0, SYNC);
}

int fsync(int fd)
{
    return on_descriptor(SYS_fsync, fd, 0, SYNC);
}

int ftruncate(int fd, off_t size)
{
    return on_descriptor(SYS_ftruncate, fd, size, TRUNCATE);
}

/* ---- names ---- */

static int opened(int folder, const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    bool may_create = to.log >= 0 && flags & O_CREAT, was_there = may_create && faccessat(folder, name, F_OK, 0) == 0;
    record head = {.begin = may_create ? next() : 0, .kind = CREATE};
    int fd = (int)syscall(SYS_openat, folder, name, flags, mode), error = errno;
    if (may_create && !was_there && fd >= 0 && is_recorded(fd, path)) {
        head.end = next();
        append(head, path, NULL, 0);
    } else if (fd >= 0 && flags & O_TRUNC && is_recorded(fd, path)) {
        head = (record){.begin = next(), .end = next(), .kind = TRUNCATE};
        append(head, path, NULL, 0);
    }
    errno = error;
    return fd;
}

static mode_t mode_of(int flags, va_list more)
{
    return flags & O_CREAT ? va_arg(more, mode_t) : 0;
}

int open(const char *name, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return opened(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return opened(folder, name, flags, mode);
}

/* The full path of a name that need not be there itself. */
static bool is_recorded_name(int folder, const char *name, char *path)
{
    char above[PATH_MAX], given[PATH_MAX];
    if (to.log < 0 || snprintf(given, sizeof given, "%s", name) >= (int)sizeof given)
        return false;
    char *slash = strrchr(given, '/');
    if (slash)
        *slash = '\0';
    if (name[0] == '/' || folder == AT_FDCWD)
        snprintf(above, sizeof above, "%s", slash ? given : ".");
    else if (snprintf(above, sizeof above, "/proc/self/fd/%d/%s", folder, slash ? given : "") >= (int)sizeof above)
        return false;
    char *resolved = realpath(above, NULL);
    bool fits = resolved && snprintf(path, PATH_MAX, "%s/%s", resolved, slash ? slash + 1 : given) < PATH_MAX;
    free(resolved);
    return fits && is_below(path);
}

static int on_name(long call, int folder, const char *name, long argument, enum kind kind)
{
    char path[PATH_MAX];
    if (!is_recorded_name(folder, name, path))
        return (int)syscall(call, folder, name, argument);
    record head = {.begin = next(), .kind = kind};
    int done = (int)syscall(call, folder, name, argument), error = errno;
    head.end = next();
    if (done == 0)
        append(head, path, NULL, 0);
    errno = error;
    return done;
}

int mkdir(const char *name, mode_t mode)
{
    return on_name(SYS_mkdirat, AT_FDCWD, name, mode, MAKE_FOLDER);
}

int mkdirat(int folder, const char *name, mode_t mode)
{
    return on_name(SYS_mkdirat, folder, name, mode, MAKE_FOLDER);
}

int unlink(const char *name)
{
    return on_name(SYS_unlinkat, AT_FDCWD, name, 0, UNLINK);
}

int unlinkat(int folder, const char *name, int flags)
{
    return on_name(SYS_unlinkat, folder, name, flags, UNLINK);
}

int renameat(int from, const char *old, int folder, const char *name)
{
    char path[PATH_MAX], target[PATH_MAX];
    if (!is_recorded_name(from, old, path) || !is_recorded_name(folder, name, target))
        return (int)syscall(SYS_renameat, from, old, folder, name);
    record head = {.begin = next(), .kind = RENAME, .bytes = strlen(target)};
    int done = (int)syscall(SYS_renameat, from, old, folder, name), error = errno;
    head.end = next();
    if (done == 0)
        append(head, path, &(struct iovec){target, head.bytes}, 1);
    errno = error;
    return done;
}

int rename(const char *old, const char *name)
{
    return renameat(AT_FDCWD, old, AT_FDCWD, name);
}

/* Where off_t is 64 bits anyway, programs may have been built with either name. */
#define SAME_AS(call) __attribute__((alias(#call)))
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) SAME_AS(pwrite);
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) SAME_AS(pwritev);
int ftruncate64(int fd, off64_t size) SAME_AS(ftruncate);
int open64(const char *name, int flags, ...) SAME_AS(open);
int openat64(int folder, const char *name, int flags, ...) SAME_AS(openat);

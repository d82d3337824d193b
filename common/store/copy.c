/*
 * copy.c - see copy.h.
 *
 * mdb_env_copyfd2 writes as fast as it can and into a descriptor that it is given, so it writes into a pipe from a
 * thread of its own, and the caller's thread carries the bytes on to the file: that is where the pace is kept and a
 * full disk is seen. Closing the reading end ends the other thread (SIGPIPE must be ignored by the program).
 */
#include "store/copy.h"

#include "base/clock.h"
#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, FOLDER_MODE = 0750, FILE_MODE = 0640, PAUSE_MS = 200 };

typedef struct {
    MDB_env *mdb;
    int to, code;
    unsigned flags;
} source;

static void *pour(void *context)
{
    source *s = context;
    s->code = mdb_env_copyfd2(s->mdb, s->to, s->flags);
    close(s->to); /* the end, for the one who reads */
    return NULL;
}

/* Waits until `written` is no more than the pace allows; false: told to stop. */
static bool keep_pace(const zp_copy_pace *pace, uint64_t written, int64_t since_ms)
{
    for (;;) {
        if (pace->stop && pace->stop(pace->context))
            return false;
        if (!pace->bytes_per_s)
            return true;
        int64_t due =
            (int64_t)(written / pace->bytes_per_s * 1000 + written % pace->bytes_per_s * 1000 / pace->bytes_per_s);
        int64_t left = since_ms + due - zp_clock_mono_ms();
        if (left <= 0)
            return true;
        left = left < PAUSE_MS ? left : PAUSE_MS;
        struct timespec pause = {left / 1000, left % 1000 * 1000000};
        (void)nanosleep(&pause, NULL); /* cut short by a signal: asked again */
    }
}

static int write_all(int file, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t written = write(file, p, n);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            p += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

/* Carries what comes out of the pipe into the file. 0, errno, or ECANCELED when told to stop. */
static int carry(int from, int file, const zp_copy_pace *pace, uint64_t *bytes)
{
    static _Thread_local char chunk[CHUNK];
    int64_t since_ms = zp_clock_mono_ms();
    *bytes = 0;
    for (;;) {
        ssize_t n = read(from, chunk, sizeof chunk);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return errno;
        if (n < 0)
            continue;
        int code = write_all(file, chunk, (size_t)n);
        if (code)
            return code;
        *bytes += (uint64_t)n;
        if (!keep_pace(pace, *bytes, since_ms))
            return ECANCELED;
    }
}

/* One try. LMDB's code or errno. */
static int copy_into(zp_env *self, int file, unsigned flags, const zp_copy_pace *pace, uint64_t *bytes)
{
    int ends[2];
    pthread_t thread;
    if (ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    source s = {self->mdb, ends[1], 0, flags};
    int code = pthread_create(&thread, NULL, pour, &s);
    if (code) {
        close(ends[0]);
        close(ends[1]);
        return code;
    }
    code = carry(ends[0], file, pace, bytes);
    close(ends[0]);
    pthread_join(thread, NULL);
    return code ? code : s.code;
}

static int copy_all(zp_env *self, const char *folder, const zp_copy_pace *pace, uint64_t *bytes)
{
    if (mkdir(folder, FOLDER_MODE) < 0)
        return errno;
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return errno;
    int file = openat(at, "data.mdb", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    int code = file < 0 ? errno : 0;
    close(at);
    if (code)
        return code;
    code = copy_into(self, file, MDB_CP_COMPACT, pace, bytes);
    /* Its free list does not add up to what a compacting copy left out: pages that a crash lost, which do no harm. */
    if (code == MDB_INCOMPATIBLE)
        code = copy_into(self, file, 0, pace, bytes);
    if (!code && fsync(file) < 0)
        code = errno;
    if (close(file) < 0 && !code)
        code = errno;
    return code ? code : zp_sync_folder(folder);
}

zp_rc zp_env_copy(zp_env *self, const char *folder, const zp_copy_pace *pace, uint64_t *bytes, char *message,
                  size_t message_size)
{
    *bytes = 0;
    int code = copy_all(self, folder, pace, bytes);
    if (code == 0)
        return ZP_OK;
    if (code == ECANCELED)
        return ZP_CLOSED;
    zp_env_explain(folder, self->map_size, code, message, message_size);
    return code == EEXIST ? ZP_EXISTS : code == ENOSPC || code == EDQUOT ? ZP_FULL : ZP_IO;
}

zp_rc zp_env_bulk(zp_env *self, bool on)
{
    int code = mdb_env_set_flags(self->mdb, MDB_NOSYNC, on);
    if (!code && !on)
        code = mdb_env_sync(self->mdb, 1);
    return zp_env_rc(code, "bulk");
}

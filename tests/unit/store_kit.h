/*
 * store_kit.h - what the tests of the stores share: a folder of their own, damage on disk, children that are killed.
 */
#ifndef ZP_TEST_STORE_KIT_H
#define ZP_TEST_STORE_KIT_H

#include "base/str.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAP = 64 << 20, TINY_MAP = 256 << 10 };

typedef struct {
    char folder[64], store[80];
} place;

static inline void make_place(place *self)
{
    strcpy(self->folder, "/tmp/ziping-test-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    snprintf(self->store, sizeof self->store, "%s/store", self->folder);
}

static inline int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
    (void)stat;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void remove_place(const place *self)
{
    assert_int_equal(nftw(self->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Flips one bit of the last byte of each place in data.mdb where the bytes stand; returns how many there were. */
static inline size_t flip_on_disk(const place *self, zp_str bytes)
{
    char path[120];
    struct stat stat;
    size_t found = 0;
    snprintf(path, sizeof path, "%s/data.mdb", self->store);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &stat), 0);
    char *file = malloc((size_t)stat.st_size);
    assert_non_null(file);
    assert_int_equal(pread(fd, file, (size_t)stat.st_size, 0), stat.st_size);
    for (size_t at = 0; at + bytes.n <= (size_t)stat.st_size; at++)
        if (!memcmp(file + at, bytes.p, bytes.n)) {
            char flipped = (char)(bytes.p[bytes.n - 1] ^ 1);
            assert_int_equal(pwrite(fd, &flipped, 1, (off_t)(at + bytes.n - 1)), 1);
            found++;
        }
    free(file);
    close(fd);
    return found;
}

/* A child that writes into a pipe what it was told, until it is killed. */
typedef struct {
    pid_t pid;
    int from;
} child;

static inline child start_child(void (*run)(const place *where, int to), const place *where)
{
    int ends[2];
    child c;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    c.pid = fork();
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        close(ends[0]);
        run(where, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    c.from = ends[0];
    return c;
}

static inline bool read_exactly(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t more = read(fd, (char *)to + got, n - got);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static inline void kill_child(child *c)
{
    int status;
    assert_int_equal(kill(c->pid, SIGKILL), 0);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(WIFSIGNALED(status));
}

static inline void wait_for_child(child *c)
{
    int status;
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#endif

/*
 * begun.c - see begun.h. The room is allocated first: a store to a page that a full disk cannot back ends the process.
 */
#include "begun.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint64_t MARK = UINT64_C(0x7a706265677531); /* "zpbegu1": this layout, and whole */
static const uint64_t REST = UINT64_C(0x7a707265737431); /* "zprest1": at no job, for certain */

typedef struct {
    uint64_t mark; /* last to be written, first to be taken away */
    zp_id id;
    uint32_t attempt;
} note;

struct zp_begun {
    note *shared;
};

static zp_rc map_note(const char *path, note **out)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ZP_IO;
    void *map = MAP_FAILED;
    int error = posix_fallocate(fd, 0, sizeof **out);
    if (!error && (map = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
        error = errno;
    close(fd); /* not the descriptor that holds the lock */
    errno = error;
    *out = map;
    return error ? ZP_IO : ZP_OK;
}

static zp_ended read_note(const note *shared, zp_done *job)
{
    uint64_t mark = __atomic_load_n(&shared->mark, __ATOMIC_ACQUIRE);
    if (mark == MARK)
        *job = (zp_done){shared->id, shared->attempt};
    return mark == MARK ? ZP_ENDED_AT_JOB : mark == REST ? ZP_ENDED_AT_REST : ZP_ENDED_SOMEHOW;
}

zp_rc zp_begun_open(const char *path, zp_begun **out, zp_ended *how, zp_done *job)
{
    *how = ZP_ENDED_SOMEHOW;
    *job = (zp_done){.attempt = 0};
    zp_begun *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    zp_rc rc = map_note(path, &self->shared);
    if (rc) {
        free(self);
        return rc;
    }
    *how = read_note(self->shared, job);
    zp_begun_clear(self);
    *out = self;
    return ZP_OK;
}

void zp_begun_close(zp_begun **self)
{
    if (!*self)
        return;
    munmap((*self)->shared, sizeof *(*self)->shared);
    free(*self);
    *self = NULL;
}

void zp_begun_note(zp_begun *self, const zp_id *id, uint32_t attempt)
{
    if (!self)
        return;
    zp_begun_clear(self);
    /* No part of the new note before the old one is taken away. Who reads it comes after this process's end: what
     * counts is the order of the instructions, so that the compiler alone has to be told. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    self->shared->id = *id;
    self->shared->attempt = attempt;
    __atomic_store_n(&self->shared->mark, MARK, __ATOMIC_RELEASE);
}

static void mark(zp_begun *self, uint64_t what)
{
    if (self)
        __atomic_store_n(&self->shared->mark, what, __ATOMIC_RELEASE);
}

void zp_begun_clear(zp_begun *self)
{
    mark(self, 0);
}

void zp_begun_rest(zp_begun *self)
{
    mark(self, REST);
}

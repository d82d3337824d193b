/*
 * mailbox.c - see mailbox.h. Two sets of arrays change places at each take, so that the mutex is held for a few
 * instructions and no memory is taken once the arrays have grown. A full eventfd cannot happen (it counts wake-ups).
 */
#include "mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    zp_id *ids;
    size_t id_count, id_cap;
    int *fds;
    size_t fd_count, fd_cap;
} side;

struct zp_mailbox {
    pthread_mutex_t lock;
    int event;
    bool rung, shut;
    zp_request *first, **last;
    side sides[2];
    int filling; /* index of the side that other threads write to */
};

zp_mailbox *zp_mailbox_new(void)
{
    zp_mailbox *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->event < 0 || pthread_mutex_init(&self->lock, NULL) != 0) {
        if (self->event >= 0)
            close(self->event);
        free(self);
        return NULL;
    }
    self->last = &self->first;
    return self;
}

void zp_mailbox_destroy(zp_mailbox **self)
{
    zp_mailbox *box = *self;
    if (!box)
        return;
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < box->sides[i].fd_count; k++)
            close(box->sides[i].fds[k]);
        free(box->sides[i].fds);
        free(box->sides[i].ids);
    }
    close(box->event);
    pthread_mutex_destroy(&box->lock);
    free(box);
    *self = NULL;
}

int zp_mailbox_fd(const zp_mailbox *self)
{
    return self->event;
}

/* With the lock held: whether the event must be written after unlocking. */
static bool must_ring(zp_mailbox *self)
{
    bool first = !self->rung;
    self->rung = true;
    return first;
}

static void ring(zp_mailbox *self)
{
    const uint64_t one = 1;
    ssize_t n = write(self->event, &one, sizeof one);
    (void)n; /* only a counter near 2^64 could refuse */
}

void zp_mailbox_put_committed(zp_mailbox *self, zp_request *chain)
{
    if (!chain)
        return;
    pthread_mutex_lock(&self->lock);
    *self->last = chain;
    while (*self->last)
        self->last = &(*self->last)->next;
    bool wake = must_ring(self);
    pthread_mutex_unlock(&self->lock);
    if (wake)
        ring(self);
}

static bool grow(void **array, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return true;
    size_t wanted = *cap ? *cap : 64;
    while (wanted < need)
        wanted *= 2;
    void *bigger = realloc(*array, wanted * size);
    if (!bigger)
        return false;
    *array = bigger;
    *cap = wanted;
    return true;
}

void zp_mailbox_put_scored(zp_mailbox *self, const zp_id *ids, size_t count)
{
    bool wake = false;
    pthread_mutex_lock(&self->lock);
    side *to = &self->sides[self->filling];
    if (grow((void **)&to->ids, &to->id_cap, to->id_count + count, sizeof *to->ids)) {
        memcpy(to->ids + to->id_count, ids, count * sizeof *ids);
        to->id_count += count;
        wake = must_ring(self);
    }
    pthread_mutex_unlock(&self->lock);
    if (wake)
        ring(self);
}

zp_rc zp_mailbox_put_fd(zp_mailbox *self, int fd)
{
    bool wake = false;
    pthread_mutex_lock(&self->lock);
    side *to = &self->sides[self->filling];
    zp_rc rc = self->shut ? ZP_CLOSED : ZP_OK;
    if (!rc && !grow((void **)&to->fds, &to->fd_cap, to->fd_count + 1, sizeof *to->fds))
        rc = ZP_NOMEM;
    if (!rc) {
        to->fds[to->fd_count++] = fd;
        wake = must_ring(self);
    }
    pthread_mutex_unlock(&self->lock);
    if (wake)
        ring(self);
    return rc;
}

bool zp_mailbox_shut(zp_mailbox *self)
{
    pthread_mutex_lock(&self->lock);
    self->shut = self->sides[self->filling].fd_count == 0;
    bool shut = self->shut;
    pthread_mutex_unlock(&self->lock);
    return shut;
}

void zp_mailbox_ring(zp_mailbox *self)
{
    ring(self);
}

zp_mail zp_mailbox_take(zp_mailbox *self)
{
    uint64_t count;
    ssize_t n = read(self->event, &count, sizeof count);
    (void)n; /* empty is fine: the list below decides */
    pthread_mutex_lock(&self->lock);
    side *full = &self->sides[self->filling];
    zp_mail mail = {self->first, full->ids, full->id_count, full->fds, full->fd_count};
    self->first = NULL;
    self->last = &self->first;
    self->rung = false;
    full->id_count = full->fd_count = 0; /* nobody writes to this side before the next take */
    self->filling = 1 - self->filling;
    pthread_mutex_unlock(&self->lock);
    return mail;
}

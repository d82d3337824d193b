/*
 * begun.h - which job the active worker is at, kept in the file of its lease, where its successor finds it.
 *
 * A form that brings its worker down takes everything down that was on its way with it; the note tells the one from the
 * others. Where nothing is done that hangs on a form (waiting, syncing), it says so: who ends there has fallen over
 * none. It is memory shared with the file: it costs no call, outlives the process however that ends, and need not
 * outlive the machine. One thread, and one process, which holds the lease.
 */
#ifndef ZP_WORKER_BEGUN_H
#define ZP_WORKER_BEGUN_H

#include "wire/dispatch.h"

#include <stdbool.h>

typedef struct zp_begun zp_begun;

/* How the holder before ended. */
typedef enum {
    ZP_ENDED_SOMEHOW, /* nobody knows at what */
    ZP_ENDED_AT_REST, /* at no job */
    ZP_ENDED_AT_JOB,
} zp_ended;

/*
 * The lease's file, which exists and whose lock is held. *job: with ZP_ENDED_AT_JOB, else its attempt is 0. ZP_IO
 * (errno; for instance a full disk), ZP_NOMEM.
 */
zp_rc zp_begun_open(const char *path, zp_begun **out, zp_ended *how, zp_done *job);
void zp_begun_close(zp_begun **self);

/* NULL as self: does nothing. */
void zp_begun_note(zp_begun *self, const zp_id *id, uint32_t attempt);
/* No job is being worked on; others may have been begun in a way that is not noted. */
void zp_begun_clear(zp_begun *self);
/* What comes now depends on no job. Until the next note or clear. */
void zp_begun_rest(zp_begun *self);

#endif

/*
 * begun.h - which job the active worker is at, kept in the file of its lease, where its successor finds it.
 *
 * A form that brings its worker down takes everything down that was on its way with it; the note tells the one from the
 * others. It is memory shared with the file: it costs no call, outlives the process however that ends, and need not
 * outlive the machine. One thread, and one process, which holds the lease.
 */
#ifndef ZP_WORKER_BEGUN_H
#define ZP_WORKER_BEGUN_H

#include "wire/dispatch.h"

#include <stdbool.h>

typedef struct zp_begun zp_begun;

/*
 * The lease's file, which exists and whose lock is held. *predecessors: the job that the holder before had begun;
 * attempt 0 when it had finished what it had begun. ZP_IO (errno; for instance a full disk), ZP_NOMEM.
 */
zp_rc zp_begun_open(const char *path, zp_begun **out, zp_done *predecessors);
void zp_begun_close(zp_begun **self);

/* NULL as self: does nothing. */
void zp_begun_note(zp_begun *self, const zp_id *id, uint32_t attempt);
void zp_begun_clear(zp_begun *self);

#endif

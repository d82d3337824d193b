/*
 * backlog.h - what is to be sent next: new pending submissions in id order, then those that came back.
 *
 * A job that has failed before is a suspect: it may be what brings a worker down, so it is kept apart and travels
 * alone. So is one that was with a worker which ended, as long as nobody knows at which job: it is not charged with an
 * attempt that may not have been its own. One thread (the dispatcher's); owns an intake reader.
 */
#ifndef ZP_GATEWAY_BACKLOG_H
#define ZP_GATEWAY_BACKLOG_H

#include "store/intake.h"

typedef struct zp_backlog zp_backlog;

zp_rc zp_backlog_new(zp_intake *intake, zp_backlog **out);
void zp_backlog_destroy(zp_backlog **self);

/* Pending may have grown: read on behind the newest id that has been read. */
void zp_backlog_look(zp_backlog *self);
/* Read from the first pending id again; whoever takes items must then expect some that are already out. */
void zp_backlog_rewind(zp_backlog *self);
/* A job came back; attempts > 0 makes it a suspect. Losing it (out of memory) is healed by a later rewind. */
void zp_backlog_return(zp_backlog *self, const zp_pending *item);

/* The same, a suspect even without attempts. */
void zp_backlog_suspect_it(zp_backlog *self, const zp_pending *item);
/*
 * It has become known at which job, as which attempt, the worker ended. True: it was among the suspects, has left them
 * and is in *out, charged with that attempt; the others without attempts are suspects no longer.
 */
bool zp_backlog_blame(zp_backlog *self, const zp_id *id, uint32_t attempt, zp_pending *out);

/* It has become known that the worker ended at no job: the suspects without attempts are suspects no longer. */
void zp_backlog_acquit(zp_backlog *self);

/* The next suspect, the next ordinary job; NULL when there is none. Valid until the next call that takes or returns. */
const zp_pending *zp_backlog_suspect(zp_backlog *self);
const zp_pending *zp_backlog_ordinary(zp_backlog *self);
/* Takes what the call above showed. */
void zp_backlog_take_suspect(zp_backlog *self);
void zp_backlog_take_ordinary(zp_backlog *self);

/* Appends the submission's record. As zp_intake_get. */
zp_rc zp_backlog_record(zp_backlog *self, const zp_id *id, zp_buf *out);

#endif

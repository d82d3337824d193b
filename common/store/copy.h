/*
 * copy.h - a copy of an environment's one moment, taken while others write, and what makes two copies fit each other.
 */
#ifndef ZP_STORE_COPY_H
#define ZP_STORE_COPY_H

#include "store/intake.h"
#include "store/scan.h"
#include "store/scores.h"

typedef struct {
    uint64_t bytes_per_s;        /* 0: as fast as it goes */
    bool (*stop)(void *context); /* asked now and then: true ends with ZP_CLOSED */
    void *context;
} zp_copy_pace;

/*
 * Makes the folder and data.mdb in it: a copy without the free pages, or with them where LMDB cannot do without; synced
 * with its folder. It is a long read: pages that are freed meanwhile are not used again, so the source grows with what
 * is written until it ends. *bytes: written. ZP_EXISTS, ZP_FULL, ZP_IO (with one line in message), ZP_CLOSED; what
 * there is of the copy stays then.
 */
zp_rc zp_env_copy(zp_env *self, const char *folder, const zp_copy_pace *pace, uint64_t *bytes, char *message,
                  size_t message_size);

/* Some ids, and how far the look for them has come; begin with .more = true. */
typedef struct {
    zp_scan_place place;
    bool more;
    size_t count;
    zp_id ids[ZP_SLICE];
} zp_unscored;
/* The next forms, in the order of ids, that have no result and are not pending. Any thread. ZP_CORRUPT, ZP_IO. */
zp_rc zp_intake_unscored(zp_intake *intake, zp_scores *scores, zp_unscored *page);

/*
 * For a copy of intake that was taken after that of scores: puts every form back among the pending that has no result
 * there, since it left them after the scores were copied; and for scores that were lost, or put back as they were
 * earlier. *count: how many. As zp_intake_commit. Writer thread of an intake that nobody else uses.
 */
zp_rc zp_intake_requeue(zp_intake *intake, zp_scores *scores, uint64_t *count);

/*
 * While a store is being built that nobody else knows of: true leaves commits unsynced, false syncs all of them. ZP_IO.
 */
zp_rc zp_env_bulk(zp_env *self, bool on);

#endif

/*
 * copy.h - a copy of an environment's one moment, taken while others write, and what makes two copies fit each other.
 */
#ifndef ZP_STORE_COPY_H
#define ZP_STORE_COPY_H

#include "store/intake.h"
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

/*
 * For a copy of intake that was taken after that of scores: puts every form back among the pending that has no result
 * there, since it left them after the scores were copied. *count: how many. As zp_intake_commit. Writer thread of a
 * store that nobody else uses.
 */
zp_rc zp_intake_requeue(zp_intake *intake, zp_scores *scores, uint64_t *count);

#endif

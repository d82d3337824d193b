/*
 * new_folder.h - a folder that is there whole or not at all: built beside its place under another name, renamed when
 * everything in it is synced. What a process that was killed has left beside the same place goes with the next try.
 */
#ifndef ZP_CLI_NEW_FOLDER_H
#define ZP_CLI_NEW_FOLDER_H

#include "base/error.h"

#include <stddef.h>

typedef struct {
    char *place, *building; /* its name in the end, and until then */
    int lock;               /* held until then, once it has begun: without it, `building` is abandoned */
} zp_new_folder;

/* Refuses a place that is taken (ZP_EXISTS). One line in message when it fails: ZP_IO, ZP_NOMEM. */
zp_rc zp_new_folder_begin(const char *place, zp_new_folder *out, char *message, size_t message_size);
/* Syncs it, gives it its name, and syncs that. As above. */
zp_rc zp_new_folder_finish(zp_new_folder *self, char *message, size_t message_size);
/* Frees it; what was not finished is removed with all that is in it. */
void zp_new_folder_end(zp_new_folder *self);

#endif

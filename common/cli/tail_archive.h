/*
 * tail_archive.h - the events of stores that nobody publishes: an archive, a backup.
 */
#ifndef ZP_CLI_TAIL_ARCHIVE_H
#define ZP_CLI_TAIL_ARCHIVE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Prints the event when its topic begins so; false when the output is broken. A damaged event (frozen is empty) is told
 * on standard error, and passed over.
 */
bool zp_tail_print(uint64_t seq, zp_str frozen, const char *topic_prefix, zp_buf *json, uint64_t *printed);

/* Events behind number `after` in the order of their numbers, `count` at most. The exit code. */
int zp_tail_archive(const char *folder, uint64_t after, uint64_t count, const char *topic_prefix);

#endif

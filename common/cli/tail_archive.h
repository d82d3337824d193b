/*
 * tail_archive.h - the events of stores that nobody publishes: an archive, a backup.
 */
#ifndef ZP_CLI_TAIL_ARCHIVE_H
#define ZP_CLI_TAIL_ARCHIVE_H

#include "cli/tail_totals.h"

/*
 * Prints the events behind number `after` whose topic begins so, in the order of their numbers, `count` at most; a
 * damaged one is told on standard error, and passed over. The exit code.
 */
int zp_tail_archive(const char *folder, uint64_t after, uint64_t count, const char *topic_prefix);
/* The control totals of the same, as zp_tail_totals prints them. */
int zp_tail_archive_totals(const char *folder, const zp_tail_range *range);

#endif

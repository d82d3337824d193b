/*
 * soundness.h - checks both stores and tells a person or a script what it found.
 */
#ifndef ZP_CLI_SOUNDNESS_H
#define ZP_CLI_SOUNDNESS_H

#include "cli/stores.h"

/*
 * A line on standard output for each of the first faults, then the counts as key=value lines. The exit code of the
 * verb: ZP_EXIT_OK sound, ZP_EXIT_NO faults, ZP_EXIT_UNAVAILABLE (after a line on standard error) not read to the end.
 */
int zp_soundness_tell(const char *verb, zp_stores *stores);

/*
 * From now on a signal that damaged pages cause (LMDB follows them without looking) ends the process with
 * ZP_EXIT_UNAVAILABLE and a line that says so, rather than with a crash.
 */
void zp_soundness_expect_damage(void);

#endif

/*
 * hook.h - named points where a fault campaign may end the process, as a power cut or the kernel's OOM killer would.
 *
 * Compiled in with -DZP_HOOKS=ON only; else ZP_HOOK is nothing at all. ZIPING_HOOK=point, point#n or point:text#n in
 * the environment ends the process by SIGKILL when it passes that point for the n-th time (the first without #n), with
 * `text` in what the point says about itself. Points: intake-written (all is in the transaction, nothing committed),
 * intake-committed (durable, nobody told), score and write (text: the project's name), scores-written, scores-committed
 * (durable, not acknowledged), published (sent to subscribers); of `ziping archive`: archive-written (nothing is
 * synced), archive-named (verified, and nothing removed), archive-removed (after each transaction of the removal),
 * archive-finished.
 */
#ifndef ZP_BASE_HOOK_H
#define ZP_BASE_HOOK_H

#include "base/str.h"

#ifdef ZP_HOOKS
/* Any thread. */
void zp_hook(const char *point, zp_str text);
#define ZP_HOOK(point, text) zp_hook((point), (text))
#else
#define ZP_HOOK(point, text) ((void)0)
#endif

#endif

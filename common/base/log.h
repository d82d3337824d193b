/*
 * log.h - one line an event on standard error: time level program event key=value …
 *
 *   2026-03-01T08:15:30.123Z INFO gateway accepted id=0195… revision=1 batch=17
 *
 * The format string after the event is printf-style and already in key=value
 * form; a value with blanks goes through %s inside quotes written by the caller.
 * Control characters come out as \xHH, so no value can begin a line of its own. A
 * line is written with one write(2), so lines of threads and programs do not mix;
 * what exceeds 2 KiB is cut. Thread-safe; errno stays as it was.
 */
#ifndef ZP_BASE_LOG_H
#define ZP_BASE_LOG_H

#include "base/error.h"

typedef enum { ZP_DEBUG, ZP_INFO, ZP_WARN, ZP_ERROR } zp_level;

/* program: a literal that outlives the process. Lines below `least` are dropped. */
void zp_log_open(const char *program, zp_level least);
/* "debug" | "info" | "warn" | "error"; ZP_INVALID otherwise. */
zp_rc zp_level_parse(const char *text, zp_level *out);
void zp_log(zp_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

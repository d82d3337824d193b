/*
 * progress.h - a bar with rate and time left on standard error, when that is a terminal.
 */
#ifndef ZP_CLI_PROGRESS_H
#define ZP_CLI_PROGRESS_H

#include "base/str.h"

typedef struct {
    bool shown;
    int64_t begun_ms, drawn_ms; /* monotonic */
} zp_progress;

void zp_progress_start(zp_progress *self, int64_t now_ms);
/* Draws at most ten times a second. bytes_total 0: no share and no time left are known. */
void zp_progress_draw(zp_progress *self, int64_t now_ms, uint64_t done, uint64_t bytes_read, uint64_t bytes_total);
void zp_progress_end(zp_progress *self);

#endif

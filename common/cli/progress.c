/*
 * progress.c - see progress.h. Time left is taken from the share of bytes that were read: the number of forms in a file
 * is not known before its end.
 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { REDRAW_MS = 100, BAR = 24 };

void zp_progress_start(zp_progress *self, int64_t now_ms)
{
    *self = (zp_progress){.shown = isatty(STDERR_FILENO) == 1, .begun_ms = now_ms, .drawn_ms = now_ms};
}

void zp_progress_draw(zp_progress *self, int64_t now_ms, uint64_t done, uint64_t bytes_read, uint64_t bytes_total)
{
    if (!self->shown || now_ms - self->drawn_ms < REDRAW_MS)
        return;
    self->drawn_ms = now_ms;
    uint64_t spent = (uint64_t)(now_ms - self->begun_ms);
    fprintf(stderr, "\r\033[K");
    if (bytes_total && bytes_read) {
        uint64_t share = bytes_read * 100 / bytes_total, filled = bytes_read * BAR / bytes_total;
        char bar[BAR + 1] = {0};
        for (uint64_t i = 0; i < BAR; i++)
            bar[i] = i < filled ? '#' : '.';
        fprintf(stderr, "[%s] %3" PRIu64 " %%  ", bar, share > 100 ? 100 : share);
    }
    fprintf(stderr, "%" PRIu64 " forms, %" PRIu64 "/s", done, done * 1000 / (spent ? spent : 1));
    if (bytes_total && bytes_read && bytes_read < bytes_total)
        fprintf(stderr, ", %" PRIu64 " s left", spent * (bytes_total - bytes_read) / bytes_read / 1000);
    fflush(stderr);
}

void zp_progress_end(zp_progress *self)
{
    if (self->shown)
        fprintf(stderr, "\r\033[K");
    self->shown = false;
}

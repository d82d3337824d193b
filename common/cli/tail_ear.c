/*
 * tail_ear.c - see tail_ear.h.
 */
#include "cli/tail_ear.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>

enum { TURN_MS = 500, SILENCE_MS = 5000 };

zp_tail_ear zp_tail_ear_open(const ziping_subscriber_options *options)
{
    zp_tail_ear self = {NULL, options->publish, options->replay, false};
    int code = ziping_subscriber_open(options, &self.subscriber);
    if (code)
        fprintf(stderr, "ziping tail: cannot subscribe to %s and %s: %s\n", options->publish, options->replay,
                ziping_subscriber_strerror(code));
    return self;
}

void zp_tail_ear_close(zp_tail_ear *self)
{
    ziping_subscriber_close(&self->subscriber);
}

static void notice_silence(zp_tail_ear *self)
{
    bool silent = ziping_subscriber_silence_ms(self->subscriber) >= SILENCE_MS;
    if (silent && !self->told)
        fprintf(stderr,
                "ziping tail: nobody answers at %s and %s; does the notifier run, and is this the service's "
                "configuration (--config, $ZIPING_CONFIG)? Waiting.\n",
                self->publish, self->replay);
    self->told = silent;
}

int zp_tail_ear_next(zp_tail_ear *self, const ziping_subscriber_event **event)
{
    if (zp_cli_interrupted())
        return ZIPING_SYSTEM;
    int code = ziping_subscriber_next(self->subscriber, TURN_MS, event);
    if (code == ZIPING_TIMEOUT)
        notice_silence(self);
    return code;
}

void zp_tail_ear_explain(const zp_tail_ear *self, int code)
{
    if (zp_cli_interrupted())
        return;
    fprintf(stderr, "ziping tail: %s", ziping_subscriber_strerror(code));
    if (code == ZIPING_AHEAD)
        fprintf(stderr, "; begin with --after 0");
    else if (code == ZIPING_GONE)
        fprintf(stderr,
                ": the log starts with event %" PRIu64
                "; what was before has been archived: read it with --archive DIR, "
                "and begin with --after %" PRIu64,
                ziping_subscriber_first(self->subscriber), ziping_subscriber_first(self->subscriber) - 1);
    fputc('\n', stderr);
}

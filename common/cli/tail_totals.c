/*
 * tail_totals.c - see tail_totals.h. What is the newest number at the beginning is the end of the stretch, as it is for
 * the service; a first subscriber, which wants only what comes from now on, is told it.
 */
#include "cli/tail_totals.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>

enum { TURN_MS = 500 };

void zp_tail_explain(const ziping_subscriber *subscriber, int code)
{
    fprintf(stderr, "ziping tail: %s", ziping_subscriber_strerror(code));
    if (code == ZIPING_AHEAD)
        fprintf(stderr, "; begin with --after 0");
    else if (code == ZIPING_GONE)
        fprintf(stderr,
                ": the log starts with event %" PRIu64
                "; what was before has been archived: read it with --archive DIR, "
                "and begin with --after %" PRIu64,
                ziping_subscriber_first(subscriber), ziping_subscriber_first(subscriber) - 1);
    fputc('\n', stderr);
}

bool zp_tail_print_totals(zp_control *control, const zp_tail_range *range)
{
    zp_buf json = {0};
    zp_control_write_json(control, range->after, range->upto, &json);
    bool good = !json.failed && fwrite(json.p, 1, json.n, stdout) == json.n && fflush(stdout) == 0;
    zp_buf_free(&json);
    return good;
}

/* False: it was said why, or a signal came. */
static bool learn_newest(ziping_subscriber *subscriber, uint64_t *newest)
{
    const ziping_subscriber_event *event;
    while ((*newest = ziping_subscriber_position(subscriber)) == ZIPING_FROM_NOW) {
        int code = zp_cli_interrupted() ? ZIPING_SYSTEM : ziping_subscriber_next(subscriber, TURN_MS, &event);
        if (code == ZIPING_OK || code == ZIPING_TIMEOUT)
            continue;
        if (!zp_cli_interrupted())
            zp_tail_explain(subscriber, code);
        return false;
    }
    return true;
}

static bool sum_up(ziping_subscriber *subscriber, const zp_tail_range *range, zp_control *control)
{
    const ziping_subscriber_event *event;
    while (ziping_subscriber_position(subscriber) < range->upto) {
        int code = zp_cli_interrupted() ? ZIPING_SYSTEM : ziping_subscriber_next(subscriber, TURN_MS, &event);
        if (code == ZIPING_OK)
            zp_control_add(control, (zp_str){event->bytes, event->size});
        if (code == ZIPING_OK || code == ZIPING_TIMEOUT)
            continue;
        if (!zp_cli_interrupted())
            zp_tail_explain(subscriber, code);
        return false;
    }
    return true;
}

static ziping_subscriber *subscribe(const ziping_subscriber_options *options, uint64_t after)
{
    ziping_subscriber_options wanted = *options;
    ziping_subscriber *subscriber = NULL;
    wanted.after = after;
    wanted.filter = NULL;
    int code = ziping_subscriber_open(&wanted, &subscriber);
    if (code)
        fprintf(stderr, "ziping tail: cannot subscribe to %s and %s: %s\n", options->publish, options->replay,
                ziping_subscriber_strerror(code));
    return subscriber;
}

int zp_tail_totals(const ziping_subscriber_options *options, const zp_tail_range *range)
{
    zp_tail_range stretch = *range;
    uint64_t newest = 0;
    zp_control control;
    ziping_subscriber *subscriber = subscribe(options, ZIPING_FROM_NOW);
    if (!subscriber)
        return ZP_EXIT_USAGE;
    bool good = learn_newest(subscriber, &newest);
    ziping_subscriber_close(&subscriber);
    if (stretch.upto > newest)
        stretch.upto = newest;
    zp_control_begin(&control, &stretch.filter);
    if (good && stretch.after < stretch.upto) {
        subscriber = subscribe(options, stretch.after);
        good = subscriber && sum_up(subscriber, &stretch, &control);
        ziping_subscriber_close(&subscriber);
    }
    return good && zp_tail_print_totals(&control, &stretch) ? ZP_EXIT_OK : ZP_EXIT_UNAVAILABLE;
}

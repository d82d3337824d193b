/*
 * tail_totals.c - see tail_totals.h. What is the newest number at the beginning is the end of the stretch, as it is for
 * the service; a first subscriber, which wants only what comes from now on, is told it.
 */
#include "cli/tail_totals.h"

#include "cli/cli.h"
#include "cli/tail_ear.h"

#include <stdio.h>

bool zp_tail_print_totals(zp_control *control, const zp_tail_range *range)
{
    zp_buf json = {0};
    zp_control_write_json(control, range->after, range->upto, &json);
    bool good = !json.failed && fwrite(json.p, 1, json.n, stdout) == json.n && fflush(stdout) == 0;
    zp_buf_free(&json);
    return good;
}

/* False: it was said why, or a signal came. */
static bool learn_newest(zp_tail_ear *ear, uint64_t *newest)
{
    const ziping_subscriber_event *event;
    while ((*newest = ziping_subscriber_position(ear->subscriber)) == ZIPING_FROM_NOW) {
        int code = zp_tail_ear_next(ear, &event);
        if (code == ZIPING_OK || code == ZIPING_TIMEOUT)
            continue;
        zp_tail_ear_explain(ear, code);
        return false;
    }
    return true;
}

static bool sum_up(zp_tail_ear *ear, const zp_tail_range *range, zp_control *control)
{
    const ziping_subscriber_event *event;
    while (ziping_subscriber_position(ear->subscriber) < range->upto) {
        int code = zp_tail_ear_next(ear, &event);
        if (code == ZIPING_OK)
            zp_control_add(control, (zp_str){event->bytes, event->size});
        if (code == ZIPING_OK || code == ZIPING_TIMEOUT)
            continue;
        zp_tail_ear_explain(ear, code);
        return false;
    }
    return true;
}

static zp_tail_ear subscribe(const ziping_subscriber_options *options, uint64_t after)
{
    ziping_subscriber_options wanted = *options;
    wanted.after = after;
    wanted.filter = NULL;
    return zp_tail_ear_open(&wanted);
}

int zp_tail_totals(const ziping_subscriber_options *options, const zp_tail_range *range)
{
    zp_tail_range stretch = *range;
    uint64_t newest = 0;
    zp_control control;
    zp_tail_ear ear = subscribe(options, ZIPING_FROM_NOW);
    if (!ear.subscriber)
        return ZP_EXIT_USAGE;
    bool good = learn_newest(&ear, &newest);
    zp_tail_ear_close(&ear);
    if (stretch.upto > newest)
        stretch.upto = newest;
    zp_control_begin(&control, &stretch.filter);
    if (good && stretch.after < stretch.upto) {
        ear = subscribe(options, stretch.after);
        good = ear.subscriber && sum_up(&ear, &stretch, &control);
        zp_tail_ear_close(&ear);
    }
    return good && zp_tail_print_totals(&control, &stretch) ? ZP_EXIT_OK : ZP_EXIT_UNAVAILABLE;
}

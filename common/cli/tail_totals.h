/*
 * tail_totals.h - `ziping tail --totals`: control totals over what a subscriber receives, to be compared with those of
 * GET /v1/events/totals: the same document for the same stretch of the log.
 */
#ifndef ZP_CLI_TAIL_TOTALS_H
#define ZP_CLI_TAIL_TOTALS_H

#include "codec/control.h"

#include <ziping_subscriber.h>

typedef struct {
    uint64_t after, upto; /* behind the one, up to and with the other; UINT64_MAX: the newest there is */
    zp_event_filter filter;
} zp_tail_range;

/*
 * Prints the totals of the live service's log, as it is replayed to a subscriber; options->after and ->filter do not
 * count. What does not connect yet is waited for, until SIGINT or SIGTERM. The exit code.
 */
int zp_tail_totals(const ziping_subscriber_options *options, const zp_tail_range *range);
/* The document of what was counted, on standard output. False: it is broken. */
bool zp_tail_print_totals(zp_control *control, const zp_tail_range *range);

#endif

/*
 * follow.h - what a reader of events wants and how far it has come, kept while it waits or streams: small, since
 * thousands do. Everything else that a request holds is given back meanwhile.
 */
#ifndef ZP_GATEWAY_FOLLOW_H
#define ZP_GATEWAY_FOLLOW_H

#include "event_page.h"

#include <stdatomic.h>

typedef struct zp_follow {
    zp_event_filter filter; /* its texts are in `texts` */
    zp_events_format format;
    size_t limit;
    uint64_t position;    /* the last number that has been looked at */
    int64_t until;        /* monotonic ms: the end of a wait, the next heartbeat of a stream */
    atomic_uint *counter; /* counts it as long as it is there */
    char texts[];
} zp_follow;

/* A copy of the filter, counted. NULL: out of memory. */
zp_follow *zp_follow_new(const zp_event_filter *filter, atomic_uint *counter);
void zp_follow_destroy(zp_follow **self);

#endif

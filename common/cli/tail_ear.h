/*
 * tail_ear.h - what `ziping tail` hears, and that it hears nothing.
 */
#ifndef ZP_CLI_TAIL_EAR_H
#define ZP_CLI_TAIL_EAR_H

#include <stdbool.h>
#include <ziping_subscriber.h>

typedef struct {
    ziping_subscriber *subscriber;
    const char *publish, *replay;
    bool told; /* that nobody answers */
} zp_tail_ear;

/* Subscribes; NULL as its subscriber: it was said why on standard error. */
zp_tail_ear zp_tail_ear_open(const ziping_subscriber_options *options);
void zp_tail_ear_close(zp_tail_ear *self);

/*
 * As ziping_subscriber_next, for half a second at most, ZIPING_SYSTEM after a signal that ends the program. When the
 * service has not been heard for some seconds, that is said on standard error, once for each silence.
 */
int zp_tail_ear_next(zp_tail_ear *self, const ziping_subscriber_event **event);

/* Says on standard error what ended it, unless it was a signal. */
void zp_tail_ear_explain(const zp_tail_ear *self, int code);

#endif

/*
 * delivery.h - many submissions at once over kept connections, each until it has a final answer.
 *
 * Every form goes out with an Idempotency-Key made from its bytes, so a second delivery of the same form (after a
 * lost answer, or in a second run of the command) is answered with the first receipt. 429 and 503 are waited out as the
 * service asks (Retry-After), lost connections are tried again with a doubling pause.
 */
#ifndef ZP_CLI_DELIVERY_H
#define ZP_CLI_DELIVERY_H

#include "base/error.h"
#include "base/str.h"

#include <stdint.h>

typedef struct zp_delivery zp_delivery;

typedef struct {
    const char *origin; /* "forms.ndjson:17" */
    long status;        /* HTTP; 0 when no answer came in all attempts */
    bool replayed;      /* an earlier receipt */
    zp_str body;        /* of the answer: a status document or a problem */
    const char *error;  /* why there is no answer */
} zp_delivered;

/* Called in the order of the answers, from zp_delivery_run. Views are valid during the call. */
typedef void (*zp_delivered_each)(void *context, const zp_delivered *answer);

typedef struct {
    const char *url;      /* of the service */
    unsigned connections; /* at once */
    unsigned wait_s;      /* Prefer: wait; 0 = none */
    unsigned attempts;    /* for one form */
    zp_delivered_each each;
    void *context;
} zp_delivery_options;

/* NULL after one line on standard error. */
zp_delivery *zp_delivery_new(const zp_delivery_options *options);
void zp_delivery_destroy(zp_delivery **self);

/* Room for another form now? */
bool zp_delivery_has_room(const zp_delivery *self);
/* Takes a copy of the form. ZP_NOMEM. Only when there is room. */
zp_rc zp_delivery_add(zp_delivery *self, zp_str form, const char *name, size_t line);
size_t zp_delivery_open(const zp_delivery *self);
/* Moves the transfers on, waits up to wait_ms for one to change, reports those that ended. ZP_IO when libcurl fails. */
zp_rc zp_delivery_run(zp_delivery *self, int64_t now_ms, int wait_ms);

#endif

/*
 * delivery.h - many submissions at once over kept connections, each until it has a final answer.
 *
 * Forms travel in parcels: several as a batch, whose verdicts are reported as they arrive, or one alone. A form that is
 * alone has an Idempotency-Key made from its bytes; in a batch the same content is the same submission without one. So
 * a second delivery of the same form (after a lost answer, or in a second run of the command) is answered with the
 * first receipt. 429 and 503 are waited out as the service asks (Retry-After), lost connections are tried again with a
 * doubling pause; of a batch only what has no final verdict goes out again.
 */
#ifndef ZP_CLI_DELIVERY_H
#define ZP_CLI_DELIVERY_H

#include "base/error.h"
#include "base/str.h"

#include <jansson.h>

typedef struct zp_delivery zp_delivery;

typedef struct {
    const char *origin;     /* "forms.ndjson:17" */
    long status;            /* HTTP, or of the verdict; 0 when no answer came in all attempts */
    bool replayed;          /* an earlier receipt */
    const json_t *document; /* a status document or a problem; NULL when the answer was none */
    const char *error;      /* why there is no answer */
} zp_delivered;

/* Called in the order of the answers, from zp_delivery_run. Valid during the call. */
typedef void (*zp_delivered_each)(void *context, const zp_delivered *answer);

typedef struct {
    const char *url;      /* of the service */
    unsigned connections; /* at once */
    unsigned batch;       /* forms in a parcel; 1 = each alone */
    unsigned wait_s;      /* Prefer: wait, for forms that travel alone; 0 = none */
    unsigned attempts;    /* for one parcel */
    zp_delivered_each each;
    void *context;
} zp_delivery_options;

/* NULL after one line on standard error. */
zp_delivery *zp_delivery_new(const zp_delivery_options *options);
void zp_delivery_destroy(zp_delivery **self);

/* Room for another form now? */
bool zp_delivery_has_room(const zp_delivery *self);
/* Takes a copy of the form, which goes out when its parcel is full. ZP_NOMEM, ZP_IO. Only when there is room. */
zp_rc zp_delivery_add(zp_delivery *self, zp_str form, const char *name, size_t line);
/* No more forms will come for now: what waits for its parcel to be full goes out. ZP_NOMEM, ZP_IO. */
zp_rc zp_delivery_flush(zp_delivery *self);
/* Parcels that are not settled. */
size_t zp_delivery_open(const zp_delivery *self);
/* Moves the transfers on, waits up to wait_ms for one to change, reports what was answered. ZP_IO when libcurl fails.
 */
zp_rc zp_delivery_run(zp_delivery *self, int64_t now_ms, int wait_ms);

#endif

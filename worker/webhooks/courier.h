/*
 * courier.h - one endpoint at work: the next event for it, the request in flight, and what is to be stored of both.
 *
 * A courier's position in memory runs ahead of the stored one; whatever ends the process in between, the events are
 * delivered again, never passed over. All couriers are one thread's.
 */
#ifndef ZP_WEBHOOKS_COURIER_H
#define ZP_WEBHOOKS_COURIER_H

#include "base/config.h"
#include "store/scores.h"
#include "store/webhooks.h"
#include "webhook/post.h"

enum { ZP_COURIER_ROWS = 32 };

typedef struct {
    zp_webhook webhook; /* its progress is the one in memory */
    zp_post *post;      /* made for the first request */
    bool in_flight, seen;
    bool told_ahead; /* that its position is beyond the log */
    bool moved;      /* the position, past events that it does not want */
    bool acted;      /* an attempt has ended: to be stored soon */
    uint64_t number; /* of the event in flight */
    int64_t due;     /* of the next attempt: monotonic ms */
    int64_t begun_ms;
    zp_buf body;
    char disable[ZP_WEBHOOK_REASON + 1]; /* why it is to be disabled; empty: it is not */
    char address[300];
    size_t row_count;
    zp_webhook_row rows[ZP_COURIER_ROWS]; /* attempts not stored yet */
} zp_courier;

typedef struct {
    int64_t wall, mono;
} zp_now;

/* Begins on the course that is stored of an endpoint; nothing may be in flight. */
void zp_courier_set_out(zp_courier *self, const zp_webhook *webhook, const zp_now *now);
/* Takes over settings that have changed, the course being the same; what was done is stored. */
void zp_courier_adopt(zp_courier *self, const zp_webhook *webhook);
void zp_courier_destroy(zp_courier **self);

/* It is enabled, has nothing in flight, its time has come, and the log goes on behind its position. */
bool zp_courier_is_due(const zp_courier *self, const zp_now *now, uint64_t last);
/* It is enabled, has nothing in flight, and its next event is before `start`, where the log begins. */
bool zp_courier_is_behind(const zp_courier *self, uint64_t start);
/* Disables such a one, which is told as any disabling: nobody passes over events that it was promised. */
void zp_courier_lose(zp_courier *self, uint64_t start);
/*
 * Reads on in the log, up to event `last`, and passes by what the endpoint does not want. ZP_OK: body holds the next
 * event, `number`. ZP_NOTFOUND: none among those that were looked at (more may follow). ZP_NOMEM, ZP_IO and others.
 */
zp_rc zp_courier_find(zp_courier *self, zp_scores_reader *scores, uint64_t last, const zp_now *now);
/* Signs the event for this attempt; the caller starts zp_post_handle(post). ZP_NOMEM, ZP_INVALID. */
zp_rc zp_courier_prepare(zp_courier *self, const zp_config *config, const zp_now *now);
/* The attempt has ended: takes down what came of it and when it is to be tried again. */
void zp_courier_finish(zp_courier *self, const zp_post_result *result, const zp_config *config, const zp_now *now);

static inline bool zp_courier_has_news(const zp_courier *self)
{
    return self->acted || self->moved;
}
void zp_courier_step(const zp_courier *self, zp_webhook_step *out);
/* What zp_courier_step gave has been stored. */
void zp_courier_stored(zp_courier *self);

#endif

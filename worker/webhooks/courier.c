/*
 * courier.c - see courier.h.
 *
 *   waiting ──due──▶ in flight ──2xx──▶ position + 1, at once the next
 *      ▲                │ 410 or schedule used up ──▶ disabled, with a notice
 *      └── next_try ────┘ anything else
 */
#include "courier.h"

#include "base/log.h"
#include "codec/event.h"
#include "codec/event_read.h"
#include "schedule.h"
#include "webhook/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { PAGE_EVENTS = 256, PAGE_BYTES = 1024 * 1024, ID_TEXT = 32 };

void zp_courier_destroy(zp_courier **self)
{
    if (!*self)
        return;
    zp_post_destroy(&(*self)->post);
    zp_buf_free(&(*self)->body);
    free(*self);
    *self = NULL;
}

/* A clock that was set back makes no wait longer than it was meant to be. */
static int64_t left_of_wait(const zp_webhook_progress *progress, int64_t wall)
{
    int64_t left = progress->next_try_ms ? progress->next_try_ms - wall : 0;
    if (left < 0)
        return 0;
    return left < progress->wait_ms ? left : progress->wait_ms;
}

void zp_courier_set_out(zp_courier *self, const zp_webhook *webhook, const zp_now *now)
{
    self->webhook = *webhook;
    self->row_count = 0;
    self->acted = self->moved = self->told_ahead = false;
    self->disable[0] = '\0';
    self->due = now->mono + left_of_wait(&webhook->progress, now->wall);
    zp_url_origin(webhook->url, self->address, sizeof self->address);
}

void zp_courier_adopt(zp_courier *self, const zp_webhook *webhook)
{
    zp_webhook_progress progress = self->webhook.progress;
    self->webhook = *webhook;
    self->webhook.progress = progress;
    self->disable[0] = '\0';
}

bool zp_courier_is_behind(const zp_courier *self, uint64_t start)
{
    return self->webhook.enabled && !self->in_flight && !self->disable[0] &&
           self->webhook.progress.position + 1 < start;
}

bool zp_courier_is_due(const zp_courier *self, const zp_now *now, uint64_t last)
{
    return self->webhook.enabled && !self->in_flight && !self->disable[0] && self->row_count < ZP_COURIER_ROWS &&
           now->mono >= self->due && self->webhook.progress.position < last;
}

/* ---- the log of attempts ---- */

static void take_down(zp_courier *self, const zp_now *now, const zp_post_result *result)
{
    zp_webhook_row *row = &self->rows[self->row_count++];
    *row = (zp_webhook_row){.at_ms = self->begun_ms ? self->begun_ms : now->wall,
                            .number = self->number,
                            .attempt = self->webhook.progress.attempts + 1,
                            .status = result->status,
                            .took_ms = result->took_ms};
    snprintf(row->why, sizeof row->why, "%s", result->why);
    self->acted = true;
}

/* ---- which event comes next ---- */

static unsigned bit_of(zp_state state)
{
    switch (state) {
    case ZP_SCORED:
        return ZP_WANT_SCORED;
    case ZP_FAILED:
        return ZP_WANT_FAILED;
    case ZP_SUPERSEDED:
        return ZP_WANT_SUPERSEDED;
    default:
        return 0;
    }
}

/* ZP_OK: it wants it; ZP_NOTFOUND: it does not; ZP_CORRUPT. */
static zp_rc consider(const zp_webhook *webhook, zp_str frozen)
{
    zp_event event;
    zp_notice notice;
    uint64_t seq;
    int64_t at_ms;
    bool wanted = false;
    zp_rc rc = zp_notice_read(frozen, &notice, &seq, &at_ms);
    if (!rc)
        wanted = (webhook->wants & ZP_WANT_WEBHOOK) && webhook->year == 0 && !webhook->unit[0];
    if (rc == ZP_NOTFOUND) {
        rc = zp_event_read(frozen, &event);
        const zp_status *status = &event.status;
        wanted = !rc && (webhook->wants & bit_of(status->state)) &&
                 (webhook->year == 0 || webhook->year == status->year) &&
                 (!webhook->unit[0] || zp_str_is(status->unit, webhook->unit) ||
                  zp_str_is(status->unit_code, webhook->unit));
    }
    return rc ? rc : wanted ? ZP_OK : ZP_NOTFOUND;
}

typedef struct {
    zp_courier *courier;
    const zp_now *now;
    uint64_t last;
    zp_rc rc;
} search;

/* An event that the store cannot give must not hold up those behind it; its number is missing at the receiver. */
static void pass_by_damaged(search *s, uint64_t seq)
{
    zp_post_result damaged = {.why = "not sent: the event is damaged in the store"};
    s->courier->number = seq;
    s->courier->begun_ms = s->now->wall;
    take_down(s->courier, s->now, &damaged);
    zp_log(ZP_ERROR, "event-skipped", "endpoint=%" PRIu64 " number=%" PRIu64 " reason=\"damaged\"",
           s->courier->webhook.id, seq);
}

static bool look_at(void *context, uint64_t seq, zp_str frozen)
{
    search *s = context;
    zp_courier *self = s->courier;
    if (seq > s->last)
        return false;
    zp_rc rc = consider(&self->webhook, frozen);
    if (!rc) {
        zp_buf_clear(&self->body);
        rc = zp_event_write_json(frozen, &self->body);
        if (!rc && self->body.failed)
            rc = ZP_NOMEM;
    }
    if (!rc)
        self->number = seq;
    s->rc = rc == ZP_CORRUPT ? ZP_NOTFOUND : rc;
    if (s->rc != ZP_NOTFOUND)
        return false;
    if (rc == ZP_CORRUPT)
        pass_by_damaged(s, seq);
    self->webhook.progress.position = seq;
    self->moved = true;
    return self->row_count < ZP_COURIER_ROWS;
}

zp_rc zp_courier_find(zp_courier *self, zp_scores_reader *scores, uint64_t last, const zp_now *now)
{
    search s = {.courier = self, .now = now, .last = last, .rc = ZP_NOTFOUND};
    zp_rc rc = zp_scores_events(scores, self->webhook.progress.position, PAGE_EVENTS, PAGE_BYTES, look_at, &s);
    return rc ? rc : s.rc;
}

/* ---- one attempt ---- */

static void add_secrets(const zp_webhook *webhook, int64_t wall, zp_post_message *message)
{
    const zp_webhook_secret *valid[ZP_WEBHOOK_SECRETS];
    size_t count = zp_webhook_valid_secrets(webhook, wall, valid);
    message->secret_count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(message->secrets[i].bytes, valid[i]->bytes, valid[i]->n);
        message->secrets[i].n = valid[i]->n;
    }
}

static zp_rc make_post(zp_courier *self, const zp_config *config)
{
    zp_post_target target = {.url = self->webhook.url,
                             .allow_private = self->webhook.allow_private,
                             .timeout_ms = config->webhooks.timeout_ms,
                             .ca_file = config->webhooks.ca_file};
    return zp_post_new(&target, &self->post);
}

zp_rc zp_courier_prepare(zp_courier *self, const zp_config *config, const zp_now *now)
{
    char id[ID_TEXT];
    int n = snprintf(id, sizeof id, "evt_%" PRIu64, self->number);
    zp_post_message message = {.id = {id, (size_t)n}, .body = zp_buf_view(&self->body), .seconds = now->wall / 1000};
    add_secrets(&self->webhook, now->wall, &message);
    zp_rc rc = self->post ? ZP_OK : make_post(self, config);
    self->begun_ms = now->wall;
    return rc ? rc : zp_post_prepare(self->post, &message);
}

static uint64_t any_number(void)
{
    uint64_t n = 0;
    /* Only jitter hangs on it. */
    return getrandom(&n, sizeof n, GRND_NONBLOCK) == (ssize_t)sizeof n ? n : 0;
}

static void fail(zp_courier *self, const zp_post_result *result, const zp_config *config, const zp_now *now)
{
    zp_webhook_progress *at = &self->webhook.progress;
    at->attempts++;
    if (!at->failing_since_ms)
        at->failing_since_ms = self->begun_ms;
    int64_t wait = zp_retry_wait(config, at->attempts, result->retry_after_ms, any_number());
    if (result->outcome == ZP_POST_GONE)
        snprintf(self->disable, sizeof self->disable, "the receiver says that it is gone (status 410)");
    else if (wait == ZP_NO_RETRY)
        snprintf(self->disable, sizeof self->disable, "%u attempts failed, the last: %.*s", at->attempts,
                 ZP_WEBHOOK_REASON - 50, result->why);
    else {
        at->wait_ms = wait;
        at->next_try_ms = now->wall + wait;
        self->due = now->mono + wait;
    }
    zp_log(ZP_WARN, self->disable[0] ? "endpoint-disabled" : "delivery-failed",
           "endpoint=%" PRIu64 " number=%" PRIu64 " attempt=%u reason=\"%s\" wait_ms=%" PRId64, self->webhook.id,
           self->number, at->attempts, self->disable[0] ? self->disable : result->why, self->disable[0] ? 0 : wait);
}

void zp_courier_lose(zp_courier *self, uint64_t start)
{
    uint64_t position = self->webhook.progress.position;
    snprintf(self->disable, sizeof self->disable,
             "events %" PRIu64 " to %" PRIu64
             " have gone to an archive; read them there, and go on with replay --after %" PRIu64,
             position + 1, start - 1, start - 1);
    self->acted = true;
    zp_log(ZP_WARN, "endpoint-disabled", "endpoint=%" PRIu64 " reason=\"%s\"", self->webhook.id, self->disable);
}

void zp_courier_finish(zp_courier *self, const zp_post_result *result, const zp_config *config, const zp_now *now)
{
    zp_webhook_progress *at = &self->webhook.progress;
    self->in_flight = false;
    take_down(self, now, result);
    if (result->outcome != ZP_POST_DELIVERED) {
        fail(self, result, config, now);
        return;
    }
    if (at->attempts)
        zp_log(ZP_INFO, "delivering-again", "endpoint=%" PRIu64 " number=%" PRIu64, self->webhook.id, self->number);
    *at = (zp_webhook_progress){.position = self->number};
    self->due = now->mono;
}

/* ---- storing ---- */

void zp_courier_step(const zp_courier *self, zp_webhook_step *out)
{
    *out = (zp_webhook_step){.id = self->webhook.id,
                             .course = self->webhook.course,
                             .progress = self->webhook.progress,
                             .rows = self->rows,
                             .row_count = self->row_count,
                             .disable = self->disable[0] ? self->disable : NULL,
                             .address = self->address};
}

void zp_courier_stored(zp_courier *self)
{
    self->row_count = 0;
    self->acted = self->moved = false;
}

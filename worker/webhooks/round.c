/*
 * round.c - see round.h.
 *
 * What a delivery changed is stored within STORE_MS, with that of the other endpoints; a failure or a disabling at
 * once. While the store takes nothing, nothing is sent: each event would be delivered again after a restart.
 */
#include "round.h"

#include "base/clock.h"
#include "base/log.h"
#include "courier.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOK_MS = 200, STORE_MS = 100, STORE_MOVES_MS = 5000, BACK_OFF_MS = 1000, READER_CHECK_MS = 30 * 1000 };
static const uint64_t UNKNOWN_VERSION = UINT64_MAX;

struct zp_round {
    const zp_config *config;
    zp_webhooks *webhooks;
    zp_scores_reader *scores;
    CURLM *multi;
    zp_courier **couriers; /* in the order of ids */
    zp_webhook_step *steps;
    size_t count, room, in_flight;
    uint64_t version, first, last; /* of the settings; of the log, the first and the last number */
    zp_now now;
    int64_t next_look, next_store, next_reader_check;
    bool more;    /* some have events to look at that they may not want */
    bool stuck;   /* the store takes nothing */
    bool unread;  /* log or settings cannot be read: said once */
    zp_rc failed; /* of the walk through the endpoints */
};

zp_rc zp_round_new(const zp_config *config, zp_webhooks *webhooks, zp_scores_reader *scores, zp_round **out)
{
    zp_round *self = calloc(1, sizeof *self);
    if (!self)
        return ZP_NOMEM;
    *self = (zp_round){.config = config,
                       .webhooks = webhooks,
                       .scores = scores,
                       .multi = curl_multi_init(),
                       .version = UNKNOWN_VERSION,
                       .next_store = INT64_MAX};
    *out = self;
    if (!self->multi)
        zp_round_destroy(out);
    return *out ? ZP_OK : ZP_NOMEM;
}

static void give_up(zp_round *self, zp_courier *courier)
{
    if (!courier->in_flight)
        return;
    curl_multi_remove_handle(self->multi, zp_post_handle(courier->post));
    courier->in_flight = false;
    self->in_flight--;
}

void zp_round_destroy(zp_round **self)
{
    zp_round *round = *self;
    if (!round)
        return;
    for (size_t i = 0; i < round->count; i++) {
        give_up(round, round->couriers[i]);
        zp_courier_destroy(&round->couriers[i]);
    }
    if (round->multi)
        curl_multi_cleanup(round->multi);
    free(round->couriers);
    free(round->steps);
    free(round);
    *self = NULL;
}

size_t zp_round_endpoints(const zp_round *self)
{
    return self->count;
}

size_t zp_round_in_flight(const zp_round *self)
{
    return self->in_flight;
}

/* ---- waiting ---- */

zp_rc zp_round_wait(zp_round *self, int signals)
{
    struct curl_waitfd more = {.fd = signals, .events = CURL_WAIT_POLLIN};
    int64_t next = self->next_look < self->next_store ? self->next_look : self->next_store;
    int64_t left = self->more ? 0 : next - zp_clock_mono_ms();
    CURLMcode code = curl_multi_poll(self->multi, &more, 1, left > 0 ? (int)left : 0, NULL);
    if (!code)
        return ZP_OK;
    zp_log(ZP_ERROR, "wait-failed", "reason=\"%s\"", curl_multi_strerror(code));
    return ZP_IO;
}

/* ---- storing ---- */

zp_rc zp_round_store(zp_round *self)
{
    size_t n = 0;
    for (size_t i = 0; i < self->count; i++)
        if (zp_courier_has_news(self->couriers[i]))
            zp_courier_step(self->couriers[i], &self->steps[n++]);
    self->next_store = INT64_MAX;
    if (n == 0)
        return ZP_OK;
    zp_rc rc = zp_webhooks_advance(self->webhooks, self->now.wall, self->steps, n);
    if (rc) {
        zp_log(ZP_ERROR, "store-refuses", "reason=\"%s\" action=\"%s\"", zp_rc_name(rc),
               rc == ZP_IN_DOUBT ? "exit; the successor looks" : "nothing is sent until it takes the positions");
        self->stuck = true;
        self->next_store = self->now.mono + BACK_OFF_MS;
        return rc;
    }
    for (size_t i = 0, step = 0; i < self->count; i++) {
        if (!zp_courier_has_news(self->couriers[i]))
            continue;
        if (self->steps[step].stale || self->steps[step].disable)
            self->version = UNKNOWN_VERSION;
        step++;
        zp_courier_stored(self->couriers[i]);
    }
    self->stuck = false;
    return ZP_OK;
}

static void store_within(zp_round *self, int64_t ms)
{
    if (self->now.mono + ms < self->next_store)
        self->next_store = self->now.mono + ms;
}

/* ---- settings ---- */

static zp_courier *find(const zp_round *self, uint64_t id)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->couriers[middle]->webhook.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->count && self->couriers[low]->webhook.id == id ? self->couriers[low] : NULL;
}

/* A new endpoint's id is above all others: the order stays. */
static zp_courier *take_on(zp_round *self)
{
    if (self->count == self->room) {
        size_t room = self->room ? 2 * self->room : 16;
        zp_courier **couriers = realloc(self->couriers, room * sizeof(zp_courier *));
        self->couriers = couriers ? couriers : self->couriers;
        zp_webhook_step *steps = couriers ? realloc(self->steps, room * sizeof *steps) : NULL;
        if (!steps)
            return NULL;
        self->steps = steps;
        self->room = room;
    }
    zp_courier *courier = calloc(1, sizeof *courier);
    if (courier)
        self->couriers[self->count++] = courier;
    return courier;
}

static bool meet(void *context, const zp_webhook *webhook)
{
    zp_round *self = context;
    zp_courier *courier = find(self, webhook->id);
    bool another_course = !courier || courier->webhook.course != webhook->course;
    if (!courier)
        courier = take_on(self);
    if (!courier) {
        self->failed = ZP_NOMEM;
        return false;
    }
    if (another_course) {
        give_up(self, courier); /* what is in flight is no longer what comes next */
        zp_courier_set_out(courier, webhook, &self->now);
    } else {
        zp_courier_adopt(courier, webhook);
    }
    courier->seen = true;
    return true;
}

static void dismiss_unseen(zp_round *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        zp_courier *courier = self->couriers[i];
        if (courier->seen) {
            self->couriers[kept++] = courier;
        } else {
            give_up(self, courier);
            zp_courier_destroy(&courier);
        }
    }
    self->count = kept;
}

/* What has been done so far is stored first: then what is read is as new as what is known. */
static zp_rc read_settings(zp_round *self, uint64_t version)
{
    zp_rc rc = zp_round_store(self);
    if (rc)
        return rc;
    for (size_t i = 0; i < self->count; i++)
        self->couriers[i]->seen = false;
    self->failed = ZP_OK;
    rc = zp_webhooks_each(self->webhooks, meet, self);
    if (!rc)
        rc = self->failed;
    if (rc)
        return rc;
    dismiss_unseen(self);
    self->version = version;
    zp_log(ZP_INFO, "endpoints", "count=%zu version=%" PRIu64, self->count, version);
    return ZP_OK;
}

/* The log before the settings: what is committed after a change is sent by the changed settings. */
static void look(zp_round *self)
{
    uint64_t version = 0, last = 0, first = 1;
    int freed = 0;
    self->next_look = self->now.mono + LOOK_MS;
    zp_rc rc = zp_scores_last(self->scores, &last);
    if (!rc)
        rc = zp_scores_log_start(self->scores, &first);
    if (!rc)
        rc = zp_webhooks_version(self->webhooks, &version);
    if (!rc && version != self->version)
        rc = read_settings(self, version);
    if (!rc) {
        self->first = first;
        self->last = last;
    }
    if (rc && !self->unread)
        zp_log(ZP_ERROR, "not-read", "reason=\"%s\"", zp_rc_name(rc));
    self->unread = rc != ZP_OK;
    if (self->now.mono < self->next_reader_check)
        return;
    self->next_reader_check = self->now.mono + READER_CHECK_MS;
    if (zp_env_reader_check(zp_webhooks_env(self->webhooks), &freed) == ZP_OK && freed > 0)
        zp_log(ZP_INFO, "readers-freed", "count=%d", freed);
}

/* ---- sending ---- */

static void start(zp_round *self, zp_courier *courier)
{
    zp_rc rc = zp_courier_prepare(courier, self->config, &self->now);
    if (!rc && curl_multi_add_handle(self->multi, zp_post_handle(courier->post)) != CURLM_OK)
        rc = ZP_NOMEM;
    if (!rc) {
        courier->in_flight = true;
        self->in_flight++;
        return;
    }
    zp_post_result failed = {.outcome = ZP_POST_FAILED};
    snprintf(failed.why, sizeof failed.why, "not sent: %s",
             rc == ZP_NOMEM ? "out of memory" : "libcurl refuses the settings");
    zp_courier_finish(courier, &failed, self->config, &self->now);
    store_within(self, 0);
}

/* A position beyond the log: the scores are another store's, or of an earlier day, and numbers would be passed over. */
static void tell_ahead(const zp_round *self, zp_courier *courier)
{
    bool ahead = courier->webhook.enabled && courier->webhook.progress.position > self->last;
    if (ahead && !courier->told_ahead)
        zp_log(ZP_ERROR, "position-ahead",
               "endpoint=%" PRIu64 " position=%" PRIu64 " last=%" PRIu64
               " remedy=\"ziping webhook replay --after N, by the events of this log\"",
               courier->webhook.id, courier->webhook.progress.position, self->last);
    courier->told_ahead = ahead;
}

static void start_due(zp_round *self)
{
    self->more = false;
    for (size_t i = 0; i < self->count; i++) {
        zp_courier *courier = self->couriers[i];
        tell_ahead(self, courier);
        if (zp_courier_is_behind(courier, self->first)) {
            zp_courier_lose(courier, self->first);
            store_within(self, 0);
        }
        if (!zp_courier_is_due(courier, &self->now, self->last))
            continue;
        zp_rc rc = zp_courier_find(courier, self->scores, self->last, &self->now);
        if (!rc)
            start(self, courier);
        else if (rc == ZP_NOTFOUND)
            self->more |= courier->webhook.progress.position < self->last;
        if (zp_courier_has_news(courier))
            store_within(self, courier->acted ? STORE_MS : STORE_MOVES_MS);
    }
}

/* ---- answers ---- */

static zp_courier *courier_of(const zp_round *self, CURL *easy)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->couriers[i]->in_flight && zp_post_handle(self->couriers[i]->post) == easy)
            return self->couriers[i];
    return NULL;
}

static void collect(zp_round *self)
{
    int running, queued;
    CURLMcode code = curl_multi_perform(self->multi, &running);
    if (code)
        zp_log(ZP_ERROR, "perform-failed", "reason=\"%s\"", curl_multi_strerror(code));
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &queued)) != NULL;) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result; /* gone with the handle's removal */
        zp_courier *courier = courier_of(self, easy);
        if (!courier)
            continue;
        zp_post_result outcome;
        zp_post_finish(courier->post, result, &outcome);
        give_up(self, courier);
        zp_courier_finish(courier, &outcome, self->config, &self->now);
        store_within(self, outcome.outcome == ZP_POST_DELIVERED && courier->row_count < ZP_COURIER_ROWS ? STORE_MS : 0);
    }
}

zp_rc zp_round_turn(zp_round *self, bool go_on)
{
    zp_rc rc = ZP_OK;
    self->now = (zp_now){zp_clock_wall_ms(), zp_clock_mono_ms()};
    collect(self);
    if (self->now.mono >= self->next_store)
        rc = zp_round_store(self);
    if (rc != ZP_IN_DOUBT && (self->now.mono >= self->next_look || self->version == UNKNOWN_VERSION) && !self->stuck)
        look(self);
    if (go_on && !self->stuck)
        start_due(self);
    return rc == ZP_IN_DOUBT ? rc : ZP_OK;
}

/*
 * delivery.c - see delivery.h. A fixed set of slots, each with a connection handle that is used again and again.
 *
 *   free → filling → sending → (settled → free) | (to be tried again → waiting until not_before → sending)
 *
 * A file of several lines that cannot be read travels alone and as it is, so that the fault names its own line; so does
 * a form that is so large that it could spoil a batch. A batch that is too large for what stands in front of the
 * service goes out again one form at a time.
 */
#include "cli/delivery.h"

#include "base/digest.h"
#include "cli/http.h"
#include "cli/parcel.h"
#include "codec/form_reader.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_PAUSE_MS = 200,
    LONGEST_PAUSE_MS = 10000,
    FULL_BYTES = 1024 * 1024,
    LARGE_FORM = 256 * 1024,
    KEY = 80,
    ARENA = 64 * 1024
};

typedef enum { SLOT_FREE, SLOT_FILLING, SLOT_SENDING, SLOT_WAITING } slot_state;

typedef struct {
    slot_state state;
    zp_http http;
    zp_parcel parcel;
    bool alone;  /* its first form was sent as a single submission */
    bool split;  /* a batch that was too large: one at a time */
    size_t seen; /* bytes of a batch's answer that have been reported */
    unsigned attempts;
    int64_t not_before;
} slot;

struct zp_delivery {
    zp_delivery_options options;
    CURLM *multi;
    char *single_url, *batch_url;
    slot *slots;
    slot *filling;  /* NULL: none */
    zp_parcel held; /* a form that must travel alone and waits for a slot */
    size_t open;
    bool tries_told; /* that something is tried again */
    zp_json_reader *reader;
    zp_arena *arena;
    zp_buf scratch;
};

static bool make_urls(zp_delivery *self, const char *url)
{
    if (asprintf(&self->single_url, "%s/v1/submissions", url) < 0)
        self->single_url = NULL;
    if (asprintf(&self->batch_url, "%s/v1/submissions:batch", url) < 0)
        self->batch_url = NULL;
    return self->single_url && self->batch_url;
}

zp_delivery *zp_delivery_new(const zp_delivery_options *options)
{
    zp_delivery *self = calloc(1, sizeof *self);
    if (!self) {
        fprintf(stderr, "ziping: out of memory\n");
        return NULL;
    }
    self->options = *options;
    self->multi = curl_multi_init();
    self->slots = calloc(options->connections, sizeof *self->slots);
    self->reader = zp_json_reader_new();
    self->arena = zp_arena_new(ARENA);
    bool ok = make_urls(self, options->url) && self->multi && self->slots && self->reader && self->arena;
    for (unsigned i = 0; ok && i < options->connections; i++)
        ok = zp_http_open(&self->slots[i].http);
    if (!ok) {
        fprintf(stderr, "ziping: %u connections cannot be set up\n", options->connections);
        zp_delivery_destroy(&self);
    }
    return self;
}

void zp_delivery_destroy(zp_delivery **self)
{
    if (!*self)
        return;
    for (unsigned i = 0; (*self)->slots && i < (*self)->options.connections; i++) {
        slot *s = &(*self)->slots[i];
        if (s->state == SLOT_SENDING)
            curl_multi_remove_handle((*self)->multi, s->http.easy);
        zp_http_close(&s->http);
        zp_parcel_free(&s->parcel);
    }
    curl_multi_cleanup((*self)->multi);
    zp_parcel_free(&(*self)->held);
    zp_json_reader_destroy(&(*self)->reader);
    if ((*self)->arena)
        zp_arena_destroy(&(*self)->arena);
    zp_buf_free(&(*self)->scratch);
    free((*self)->slots);
    free((*self)->single_url);
    free((*self)->batch_url);
    free(*self);
    *self = NULL;
}

bool zp_delivery_has_room(const zp_delivery *self)
{
    return !self->held.count && (self->filling || self->open < self->options.connections);
}

size_t zp_delivery_open(const zp_delivery *self)
{
    return self->open + self->held.count;
}

/* ---- sending ---- */

/* The same bytes always make the same key, in this run and in the next one. */
static void key_of(zp_str form, char key[KEY])
{
    zp_digest digest;
    zp_digest_of(form, &digest);
    size_t n = (size_t)snprintf(key, KEY, "form-");
    for (size_t i = 0; i < sizeof digest.b; i++)
        n += (size_t)snprintf(key + n, KEY - n, "%02x", digest.b[i]);
}

static bool prepare_alone(zp_delivery *self, slot *s)
{
    char wait[24], key[KEY];
    zp_http *http = &s->http;
    key_of((zp_str){s->parcel.body.p, s->parcel.items[0].n}, key);
    snprintf(wait, sizeof wait, "wait=%u", self->options.wait_s);
    zp_http_prepare(http, self->single_url);
    return zp_http_header(http, "Content-Type", "application/json") && zp_http_header(http, "Idempotency-Key", key) &&
           (!self->options.wait_s || zp_http_header(http, "Prefer", wait));
}

static zp_rc send_slot(zp_delivery *self, slot *s)
{
    zp_http *http = &s->http;
    s->alone = s->split || s->parcel.count == 1;
    s->seen = 0;
    if (!s->alone)
        zp_http_prepare(http, self->batch_url);
    if (!(s->alone ? prepare_alone(self, s) : zp_http_header(http, "Content-Type", "application/x-ndjson")) ||
        !zp_http_header(http, "Expect", ""))
        return ZP_NOMEM;
    size_t n = s->alone ? s->parcel.items[0].n : s->parcel.body.n;
    if (curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n) ||
        curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, s->parcel.body.p) ||
        curl_easy_setopt(http->easy, CURLOPT_PRIVATE, s) || curl_multi_add_handle(self->multi, http->easy))
        return ZP_IO;
    s->attempts++;
    s->state = SLOT_SENDING;
    return ZP_OK;
}

zp_rc zp_delivery_flush(zp_delivery *self)
{
    slot *s = self->filling;
    self->filling = NULL;
    return s ? send_slot(self, s) : ZP_OK;
}

static slot *begin_filling(zp_delivery *self)
{
    slot *s = self->slots;
    while (s->state != SLOT_FREE)
        s++;
    zp_parcel_clear(&s->parcel);
    s->state = SLOT_FILLING;
    s->attempts = 0;
    s->split = false;
    self->open++;
    return s;
}

static bool is_full(const zp_delivery *self, const zp_parcel *parcel)
{
    return parcel->count >= self->options.batch || parcel->body.n >= FULL_BYTES;
}

/* Whether the form can go on one line among others: it is not too large, and has but one, or its line breaks stand
 * between JSON's tokens. */
static bool fits_a_line(zp_delivery *self, zp_str form)
{
    zp_form read;
    if (form.n > LARGE_FORM)
        return false;
    if (!form.n || (!memchr(form.p, '\n', form.n) && !memchr(form.p, '\r', form.n)))
        return true;
    zp_arena_reset(self->arena);
    zp_flags faults = {.arena = self->arena};
    zp_buf_clear(&self->scratch);
    zp_buf_str(&self->scratch, form);
    zp_rc rc = zp_buf_reserve(&self->scratch, ZP_JSON_PADDING)
                   ? zp_form_read_json(self->reader, zp_buf_view(&self->scratch), self->arena, &read, &faults)
                   : ZP_NOMEM;
    return rc == ZP_OK || rc == ZP_CONFLICT;
}

static zp_rc send_held(zp_delivery *self)
{
    slot *s = begin_filling(self);
    zp_parcel empty = s->parcel;
    s->parcel = self->held;
    self->held = empty;
    return send_slot(self, s);
}

zp_rc zp_delivery_add(zp_delivery *self, zp_str form, const char *name, size_t line)
{
    if (!fits_a_line(self, form)) {
        zp_rc rc = zp_parcel_add(&self->held, form, false, name, line);
        return rc ? rc : zp_delivery_flush(self); /* whose slot may be the one that it will need */
    }
    if (!self->filling)
        self->filling = begin_filling(self);
    zp_rc rc = zp_parcel_add(&self->filling->parcel, form, true, name, line);
    return !rc && is_full(self, &self->filling->parcel) ? zp_delivery_flush(self) : rc;
}

/* ---- answers ---- */

static bool is_passing(long status)
{
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

/* The answer to a batch as a whole says nothing of any of its forms: what went wrong with the service may pass. */
static bool will_pass(const slot *s, long status)
{
    return is_passing(status) || (!s->alone && status >= 500);
}

static bool is_last_attempt(const zp_delivery *self, const slot *s)
{
    return s->attempts >= self->options.attempts;
}

static void settle(zp_delivery *self, zp_parcel_item *item, zp_delivered answer)
{
    answer.origin = item->origin;
    item->settled = true;
    self->options.each(self->options.context, &answer);
}

/* A verdict of a batch; one that passes by itself (503) is left for the next attempt. */
static void read_verdict(zp_delivery *self, slot *s, zp_str text)
{
    json_t *verdict = json_loadb(text.p, text.n, 0, NULL);
    json_int_t line = json_integer_value(json_object_get(verdict, "line"));
    long status = (long)json_integer_value(json_object_get(verdict, "status"));
    bool known = line >= 1 && (size_t)line <= s->parcel.count && !s->parcel.items[line - 1].settled;
    if (known && (!is_passing(status) || is_last_attempt(self, s)))
        settle(self, &s->parcel.items[line - 1],
               (zp_delivered){.status = status,
                              .replayed = json_is_true(json_object_get(verdict, "replayed")),
                              .document = json_object_get(verdict, status < 300 ? "document" : "problem")});
    json_decref(verdict);
}

/* The lines of a batch's answer that have come in whole since the last look. */
static void read_verdicts(zp_delivery *self, slot *s)
{
    if (s->alone || zp_http_status(&s->http) != 200)
        return;
    for (zp_str body = zp_buf_view(&s->http.body); s->seen < body.n;) {
        const char *from = body.p + s->seen, *end = memchr(from, '\n', body.n - s->seen);
        if (!end)
            return;
        read_verdict(self, s, (zp_str){from, (size_t)(end - from)});
        s->seen = (size_t)(end - body.p) + 1;
    }
}

/* One answer for all that have none and were sent: a form alone, or a batch that was refused or not answered as a
 * whole.
 */
static void settle_all(zp_delivery *self, slot *s, long status, const char *error)
{
    json_t *document = json_loadb(s->http.body.p ? s->http.body.p : "", s->http.body.n, 0, NULL);
    size_t sent = s->alone ? 1 : s->parcel.count;
    for (size_t i = 0; i < sent; i++)
        if (!s->parcel.items[i].settled)
            settle(
                self, &s->parcel.items[i],
                (zp_delivered){
                    .status = status, .replayed = s->alone && s->http.replayed, .document = document, .error = error});
    json_decref(document);
}

static int64_t pause_after(const slot *s)
{
    if (s->http.retry_after_s > 0)
        return s->http.retry_after_s * 1000;
    int64_t pause = FIRST_PAUSE_MS;
    for (unsigned i = 1; i < s->attempts && pause < LONGEST_PAUSE_MS; i++)
        pause *= 2;
    return pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
}

/* Once: with ten attempts it takes most of a minute until each form is told to be not delivered. */
static void tell_another_try(zp_delivery *self, const slot *s, CURLcode code, long status)
{
    if (self->tries_told)
        return;
    self->tries_told = true;
    fprintf(stderr, "%s: ", self->single_url);
    if (code)
        fputs(s->http.error[0] ? s->http.error : curl_easy_strerror(code), stderr);
    else
        fprintf(stderr, "HTTP %ld", status);
    fprintf(stderr, "; trying again, %u times in all\n", self->options.attempts);
}

static zp_rc ended(zp_delivery *self, slot *s, CURLcode code, int64_t now_ms)
{
    read_verdicts(self, s);
    curl_multi_remove_handle(self->multi, s->http.easy);
    long status = code ? 0 : zp_http_status(&s->http);
    size_t sent = s->parcel.count;
    bool cut_off = !s->alone && status == 200; /* what is not settled by now has no verdict, or one that passes */
    if (!s->alone && status == 413)
        s->split = true;
    else if (!cut_off && (!will_pass(s, status) || (status && is_last_attempt(self, s))))
        settle_all(self, s, status, NULL);
    else if (is_last_attempt(self, s))
        settle_all(self, s, 0,
                   cut_off            ? "the answer ended early"
                   : s->http.error[0] ? s->http.error
                                      : curl_easy_strerror(code));
    zp_rc rc = zp_parcel_drop_settled(&s->parcel);
    if (rc)
        return rc;
    bool next_of_split = s->split && (!s->alone || s->parcel.count < sent);
    if (next_of_split)
        s->attempts = 0;
    else if (s->parcel.count && !cut_off)
        tell_another_try(self, s, code, status);
    s->state = s->parcel.count ? SLOT_WAITING : SLOT_FREE;
    s->not_before = now_ms + (next_of_split ? 0 : pause_after(s));
    self->open -= s->state == SLOT_FREE;
    return ZP_OK;
}

static zp_rc look_at_slots(zp_delivery *self, int64_t now_ms)
{
    zp_rc rc = ZP_OK;
    for (unsigned i = 0; i < self->options.connections && !rc; i++) {
        slot *s = &self->slots[i];
        if (s->state == SLOT_SENDING)
            read_verdicts(self, s);
        else if (s->state == SLOT_WAITING && s->not_before <= now_ms)
            rc = send_slot(self, s);
    }
    if (!rc && self->held.count && self->open < self->options.connections)
        rc = send_held(self);
    return rc;
}

zp_rc zp_delivery_run(zp_delivery *self, int64_t now_ms, int wait_ms)
{
    int running, left;
    zp_rc rc = look_at_slots(self, now_ms);
    if (rc)
        return rc;
    if (curl_multi_perform(self->multi, &running) || curl_multi_poll(self->multi, NULL, 0, wait_ms, NULL))
        return ZP_IO;
    for (CURLMsg *message; !rc && (message = curl_multi_info_read(self->multi, &left));) {
        slot *s;
        if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&s))
            continue;
        rc = ended(self, s, message->data.result, now_ms);
    }
    return rc;
}

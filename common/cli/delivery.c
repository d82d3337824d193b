/*
 * delivery.c - see delivery.h. A fixed set of slots, each with a connection handle that is used again and again.
 *
 *   free → sending → (answered → free) | (to be tried again → waiting until not_before → sending)
 */
#include "cli/delivery.h"

#include "base/digest.h"
#include "cli/http.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 10000, ORIGIN = 512 };

typedef enum { SLOT_FREE, SLOT_SENDING, SLOT_WAITING } slot_state;

typedef struct {
    slot_state state;
    zp_http http;
    zp_buf form;
    char origin[ORIGIN];
    char key[80];
    unsigned attempts;
    int64_t not_before;
} slot;

struct zp_delivery {
    zp_delivery_options options;
    CURLM *multi;
    char *url;
    slot *slots;
    size_t open;
};

zp_delivery *zp_delivery_new(const zp_delivery_options *options)
{
    zp_delivery *self = calloc(1, sizeof *self);
    if (!self || asprintf(&self->url, "%s/v1/submissions", options->url) < 0) {
        fprintf(stderr, "ziping: out of memory\n");
        free(self);
        return NULL;
    }
    self->options = *options;
    self->multi = curl_multi_init();
    self->slots = calloc(options->connections, sizeof *self->slots);
    bool ok = self->multi && self->slots;
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
        zp_buf_free(&s->form);
    }
    curl_multi_cleanup((*self)->multi);
    free((*self)->slots);
    free((*self)->url);
    free(*self);
    *self = NULL;
}

bool zp_delivery_has_room(const zp_delivery *self)
{
    return self->open < self->options.connections;
}

size_t zp_delivery_open(const zp_delivery *self)
{
    return self->open;
}

/* The same bytes always make the same key, in this run and in the next one. */
static void key_of(zp_str form, char key[80])
{
    zp_digest digest;
    zp_digest_of(form, &digest);
    size_t n = (size_t)snprintf(key, 80, "form-");
    for (size_t i = 0; i < sizeof digest.b; i++)
        n += (size_t)snprintf(key + n, 80 - n, "%02x", digest.b[i]);
}

static zp_rc send_slot(zp_delivery *self, slot *s)
{
    zp_http *http = &s->http;
    zp_http_prepare(http, self->url);
    char wait[24];
    snprintf(wait, sizeof wait, "wait=%u", self->options.wait_s);
    if (!zp_http_header(http, "Content-Type", "application/json") || !zp_http_header(http, "Idempotency-Key", s->key) ||
        !zp_http_header(http, "Expect", "") || (self->options.wait_s && !zp_http_header(http, "Prefer", wait)))
        return ZP_NOMEM;
    if (curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->form.n) ||
        curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, s->form.p) ||
        curl_easy_setopt(http->easy, CURLOPT_PRIVATE, s) || curl_multi_add_handle(self->multi, http->easy))
        return ZP_IO;
    s->attempts++;
    s->state = SLOT_SENDING;
    return ZP_OK;
}

zp_rc zp_delivery_add(zp_delivery *self, zp_str form, const char *name, size_t line)
{
    slot *s = self->slots;
    while (s->state != SLOT_FREE)
        s++;
    zp_buf_clear(&s->form);
    zp_buf_str(&s->form, form);
    if (s->form.failed)
        return ZP_NOMEM;
    if (line)
        snprintf(s->origin, sizeof s->origin, "%s:%zu", name, line);
    else
        snprintf(s->origin, sizeof s->origin, "%s", name);
    key_of(form, s->key);
    s->attempts = 0;
    zp_rc rc = send_slot(self, s);
    if (!rc)
        self->open++;
    return rc;
}

static bool is_passing(long status)
{
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
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

static void ended(zp_delivery *self, slot *s, CURLcode rc, int64_t now_ms)
{
    curl_multi_remove_handle(self->multi, s->http.easy);
    long status = rc ? 0 : zp_http_status(&s->http);
    if (is_passing(status) && s->attempts < self->options.attempts) {
        s->state = SLOT_WAITING;
        s->not_before = now_ms + pause_after(s);
        return;
    }
    zp_delivered answer = {.origin = s->origin,
                           .status = status,
                           .replayed = s->http.replayed,
                           .body = zp_buf_view(&s->http.body),
                           .error = s->http.error[0] ? s->http.error : curl_easy_strerror(rc)};
    self->options.each(self->options.context, &answer);
    s->state = SLOT_FREE;
    self->open--;
}

static zp_rc wake_waiting(zp_delivery *self, int64_t now_ms)
{
    for (unsigned i = 0; i < self->options.connections; i++) {
        slot *s = &self->slots[i];
        zp_rc rc = s->state == SLOT_WAITING && s->not_before <= now_ms ? send_slot(self, s) : ZP_OK;
        if (rc)
            return rc;
    }
    return ZP_OK;
}

zp_rc zp_delivery_run(zp_delivery *self, int64_t now_ms, int wait_ms)
{
    int running, left;
    zp_rc rc = wake_waiting(self, now_ms);
    if (rc)
        return rc;
    if (curl_multi_perform(self->multi, &running) || curl_multi_poll(self->multi, NULL, 0, wait_ms, NULL))
        return ZP_IO;
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &left));) {
        slot *s;
        if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&s))
            continue;
        ended(self, s, message->data.result, now_ms);
    }
    return ZP_OK;
}

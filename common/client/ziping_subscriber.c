/*
 * ziping_subscriber.c - the library's doors, see ziping_subscriber.h: options, topics and filters, JSON, words for
 * codes.
 */
#include "client/ziping_subscriber.h"

#include "base/clock.h"
#include "client/follower.h"
#include "codec/event.h"

#include <stdlib.h>

enum { UNSET = -1, PASSED_OVER = 256 }; /* events that the filter may pass over between two looks at the clock */

struct ziping_subscriber {
    zp_follower *follower;
    char *publish, *replay, *filter;
    zp_address address;
    bool own_context;
    ziping_subscriber_event event; /* bytes NULL: none was handed out */
    char topic[ZP_TOPIC_MAX];
    zp_buf json;
};

const char *ziping_subscriber_strerror(int code)
{
    switch (code) {
    case ZIPING_OK:
        return "all is well";
    case ZIPING_TIMEOUT:
        return "no event in the time given";
    case ZIPING_GONE:
        return "the log no longer has the next event; the archive has it";
    case ZIPING_AHEAD:
        return "the log ends before the position: it is another log, or an older copy";
    case ZIPING_DENIED:
        return "the service does not list this key; have the public half added to its allowed keys";
    case ZIPING_HANDSHAKE:
        return "no common language with the service: check its server key, and that both sides use CURVE or neither";
    case ZIPING_INVALID:
        return "not valid: give endpoints as tcp://host:port or ipc:///path, keys as 40 characters of Z85, both or "
               "none";
    case ZIPING_NO_MEMORY:
        return "out of memory or descriptors";
    case ZIPING_MISSING:
        return "the log lacks the next event, but has later ones: its store is damaged";
    case ZIPING_DAMAGED:
        return "the event is damaged in the service's store";
    case ZIPING_SYSTEM:
        return "the system or ZeroMQ refuses";
    default:
        return "not a code of this library";
    }
}

/* ---- opening ---- */

static int set_key(const char *text, zp_key *out)
{
    if (!text || zp_key_decode(text, NULL))
        return ZIPING_INVALID;
    memcpy(out->text, text, sizeof out->text);
    return ZIPING_OK;
}

static int set_keys(zp_address *address, const ziping_subscriber_options *options)
{
    if (!options->server_key && !options->secret_key)
        return ZIPING_OK;
    address->encrypted = true;
    int code = set_key(options->server_key, &address->server);
    if (!code)
        code = set_key(options->secret_key, &address->secret);
    return code ? code : zp_ziping_code(zp_key_public(&address->secret, &address->public_half));
}

static int copy_texts(ziping_subscriber *self, const ziping_subscriber_options *options)
{
    self->publish = strdup(options->publish);
    self->replay = strdup(options->replay);
    self->filter = strdup(options->filter ? options->filter : "");
    self->address.publish = self->publish;
    self->address.replay = self->replay;
    return self->publish && self->replay && self->filter ? ZIPING_OK : ZIPING_NO_MEMORY;
}

static int connect_it(ziping_subscriber *self, const ziping_subscriber_options *options)
{
    void *context = options->context;
    if (!context) {
        context = zp_link_take_context();
        self->own_context = context != NULL;
    }
    return context ? zp_follower_open(context, &self->address, options->after, &self->follower) : ZIPING_NO_MEMORY;
}

int ziping_subscriber_open(const ziping_subscriber_options *options, ziping_subscriber **out)
{
    *out = NULL;
    if (!options || options->size < sizeof *options || !options->publish || !options->replay)
        return ZIPING_INVALID;
    ziping_subscriber *self = calloc(1, sizeof *self);
    if (!self)
        return ZIPING_NO_MEMORY;
    int code = set_keys(&self->address, options);
    if (!code)
        code = copy_texts(self, options);
    if (!code)
        code = connect_it(self, options);
    if (code)
        ziping_subscriber_close(&self);
    *out = self;
    return code;
}

void ziping_subscriber_close(ziping_subscriber **out)
{
    ziping_subscriber *self = *out;
    if (!self)
        return;
    zp_follower_close(&self->follower);
    if (self->own_context)
        zp_link_give_context();
    zp_buf_free(&self->json);
    free(self->publish);
    free(self->replay);
    free(self->filter);
    explicit_bzero(&self->address, sizeof self->address);
    free(self);
    *out = NULL;
}

int ziping_subscriber_read_key(const char *path, char key[ZIPING_KEY_SIZE])
{
    _Static_assert(ZIPING_KEY_SIZE == sizeof(zp_key), "a key is its text");
    char message[512]; /* says more than the code, and has nowhere to go */
    zp_key found;
    zp_rc rc = zp_key_read(path, false, &found, message, sizeof message);
    if (!rc)
        memcpy(key, found.text, sizeof found.text);
    explicit_bzero(&found, sizeof found);
    return zp_ziping_code(rc);
}

/* ---- events ---- */

/* The frozen event with its topic; false when the filter passes it over. */
static bool take(ziping_subscriber *self, const zp_followed *followed)
{
    bool whole = zp_event_topic(followed->frozen, self->topic) == ZP_OK;
    if (!whole)
        self->topic[0] = '\0';
    self->event = (ziping_subscriber_event){
        .number = followed->number,
        .topic = self->topic,
        .bytes = followed->frozen.p ? followed->frozen.p : "",
        .size = followed->frozen.n,
    };
    return !whole || strncmp(self->topic, self->filter, strlen(self->filter)) == 0;
}

static int64_t end_of(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : zp_clock_mono_ms() + timeout_ms;
}

/* The clock is read only when there is something to wait for: of a season's events there are millions. */
int ziping_subscriber_next(ziping_subscriber *self, int timeout_ms, const ziping_subscriber_event **event)
{
    int64_t until_ms = UNSET;
    *event = NULL;
    self->event.bytes = NULL;
    for (unsigned passed_over = 1;; passed_over++) {
        zp_followed followed;
        if (!zp_follower_has(self->follower, &followed)) {
            if (until_ms == UNSET)
                until_ms = end_of(timeout_ms);
            int code = zp_follower_next(self->follower, until_ms, &followed);
            if (code)
                return code;
        }
        if (take(self, &followed)) {
            *event = &self->event;
            return ZIPING_OK;
        }
        self->event.bytes = NULL;
        if (passed_over % PASSED_OVER > 0)
            continue;
        if (until_ms == UNSET)
            until_ms = end_of(timeout_ms);
        if (zp_clock_mono_ms() >= until_ms)
            return ZIPING_TIMEOUT;
    }
}

int ziping_subscriber_json(ziping_subscriber *self, const char **json)
{
    *json = NULL;
    if (!self->event.bytes)
        return ZIPING_INVALID;
    zp_buf_clear(&self->json);
    zp_rc rc = zp_event_write_json((zp_str){self->event.bytes, self->event.size}, &self->json);
    zp_buf_char(&self->json, '\0');
    if (rc || self->json.failed)
        return rc ? zp_ziping_code(rc) : ZIPING_NO_MEMORY;
    *json = self->json.p;
    return ZIPING_OK;
}

uint64_t ziping_subscriber_position(const ziping_subscriber *self)
{
    return zp_follower_position(self->follower);
}

uint64_t ziping_subscriber_first(const ziping_subscriber *self)
{
    return zp_follower_first(self->follower);
}

int64_t ziping_subscriber_silence_ms(const ziping_subscriber *self)
{
    return zp_follower_silence_ms(self->follower);
}

/*
 * webhooks.h - the store of webhook endpoints: who wants to be told, how far each has got, what became of the attempts.
 *
 * Databases, all values sealed: endpoints (id → endpoint), log (id, number → one attempt, the newest ZP_WEBHOOK_LOG of
 * each endpoint), notices (serial → an endpoint that was disabled for its failures), meta (version, next id, the
 * store's name). Its folder is 0700: it holds the secrets that sign.
 *
 * Who writes: unlike the other two stores, two processes may, each with one thread: ziping-webhooks, and the ziping
 * command for as long as an operator's change takes. LMDB's lock lets one in at a time, so every transaction is short:
 * what it needs is made before it begins, and nothing is sent or waited for within. Every change by the command gives
 * the store a new version, at which ziping-webhooks looks several times a second. One that sets an endpoint's progress
 * also gives it a new course: progress that ziping-webhooks made on an older course is not stored over it. Readers: any
 * thread and process (the active worker reads the notices). A handle is one thread's.
 */
#ifndef ZP_STORE_WEBHOOKS_H
#define ZP_STORE_WEBHOOKS_H

#include "codec/notice.h"
#include "store/env.h"

enum {
    ZP_WEBHOOKS_MOST = 1000,
    ZP_WEBHOOK_URL = 2000,
    ZP_WEBHOOK_UNIT = 256,
    ZP_WEBHOOK_REASON = 200,
    ZP_WEBHOOK_SECRETS = 2, /* the new one, and the one before until it expires */
    ZP_WEBHOOK_KEY = 64,
    ZP_WEBHOOK_LOG = 1000,
    ZP_NOTICES = 1000, /* kept */
};

typedef struct {
    uint8_t bytes[ZP_WEBHOOK_KEY];
    size_t n;
    int64_t expires_ms; /* 0: does not */
} zp_webhook_secret;

/* Types of events, as bits of a filter. Stored: never renumber. */
enum { ZP_WANT_SCORED = 1, ZP_WANT_FAILED = 2, ZP_WANT_SUPERSEDED = 4, ZP_WANT_WEBHOOK = 8, ZP_WANT_ALL = 15 };

/* Where an endpoint stands: what ziping-webhooks writes. */
typedef struct {
    uint64_t position;        /* the last event that is behind it */
    uint32_t attempts;        /* that have failed for the next one */
    int64_t failing_since_ms; /* 0: it does not fail */
    int64_t next_try_ms;      /* wall clock; 0: at once */
    int64_t wait_ms;          /* that next_try_ms was set ahead: no clock makes it longer */
} zp_webhook_progress;

typedef struct {
    uint64_t id;
    uint64_t course; /* counts how often an operator has set its progress */
    char url[ZP_WEBHOOK_URL + 1];
    bool allow_private;
    zp_webhook_secret secrets[ZP_WEBHOOK_SECRETS]; /* the newest first */
    size_t secret_count;
    unsigned wants;                 /* ZP_WANT_… */
    int year;                       /* 0: any */
    char unit[ZP_WEBHOOK_UNIT + 1]; /* name or code; empty: any */
    bool enabled;
    char reason[ZP_WEBHOOK_REASON + 1]; /* why it is not */
    int64_t created_ms;
    zp_webhook_progress progress;
    uint64_t logged; /* attempts, ever */
} zp_webhook;

/* One attempt. */
typedef struct {
    int64_t at_ms;
    uint64_t number; /* of the event */
    uint32_t attempt;
    unsigned status; /* 0: no answer */
    int64_t took_ms;
    char why[ZP_WEBHOOK_REASON + 1]; /* empty: delivered */
} zp_webhook_row;

typedef struct zp_webhooks zp_webhooks;

/* ZP_READ_WRITE makes the store, in a folder of mode 0700. Otherwise as zp_env_open. */
zp_rc zp_webhooks_open(const char *path, zp_access access, zp_webhooks **out, char *message, size_t message_size);
void zp_webhooks_close(zp_webhooks **self);
zp_env *zp_webhooks_env(zp_webhooks *self);

/* Those that sign at that time; the count. Pure. */
size_t zp_webhook_valid_secrets(const zp_webhook *webhook, int64_t now_ms,
                                const zp_webhook_secret *out[ZP_WEBHOOK_SECRETS]);

/* ---- reading ---- */

/* Changes when an operator has changed anything. ZP_IO and others. */
zp_rc zp_webhooks_version(zp_webhooks *self, uint64_t *version);
/* ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_webhooks_get(zp_webhooks *self, uint64_t id, zp_webhook *out);
/* Each endpoint in the order of ids (false stops); a damaged one is logged and passed over. No calls back into here. */
typedef bool (*zp_webhook_each)(void *context, const zp_webhook *webhook);
zp_rc zp_webhooks_each(zp_webhooks *self, zp_webhook_each each, void *context);
/* The newest `most` attempts, the oldest of them first. */
typedef bool (*zp_webhook_row_each)(void *context, const zp_webhook_row *row);
zp_rc zp_webhooks_log(zp_webhooks *self, uint64_t id, uint64_t most, zp_webhook_row_each each, void *context);

/* The newest notice's mark; serial 0 when there is none. */
zp_rc zp_webhooks_newest_notice(zp_webhooks *self, zp_notice_mark *out);
/* Notices after that serial, in order (false stops). Views are valid during the call; a damaged one is passed over. */
typedef bool (*zp_notice_each)(void *context, const zp_notice *notice);
zp_rc zp_webhooks_notices(zp_webhooks *self, uint64_t after, zp_notice_each each, void *context);

/* ---- an operator's changes: each one transaction. ZP_FULL, ZP_IN_DOUBT and others as zp_env_commit ---- */

/*
 * Stores it under the next id, which is set. ZP_TOO_LARGE: there are ZP_WEBHOOKS_MOST. ZP_EXISTS: there is one with the
 * same URL, types, year and unit, whose id is set.
 */
zp_rc zp_webhooks_add(zp_webhooks *self, zp_webhook *webhook);
/*
 * Shows the endpoint as it is stored; what `change` makes of it is stored, and is in *out. It adds 1 to the course when
 * it sets the progress. Whatever else it returns than ZP_OK ends it, with nothing changed. ZP_NOTFOUND.
 */
typedef zp_rc (*zp_webhook_change)(void *context, zp_webhook *webhook);
zp_rc zp_webhooks_change(zp_webhooks *self, uint64_t id, zp_webhook_change change, void *context, zp_webhook *out);
/* With its log. ZP_NOTFOUND. */
zp_rc zp_webhooks_remove(zp_webhooks *self, uint64_t id);

/* ---- what ziping-webhooks stores ---- */

typedef struct {
    uint64_t id, course; /* as read */
    zp_webhook_progress progress;
    const zp_webhook_row *rows; /* attempts since the last step */
    size_t row_count;
    const char *disable; /* the reason why it is disabled now, with a notice; NULL: it goes on */
    const char *address; /* for the notice */
    bool stale;          /* out: of an older course (only its rows were stored), or gone */
} zp_webhook_step;

/* All steps in one transaction; at-least-once rests on this coming after the deliveries. As zp_env_commit. */
zp_rc zp_webhooks_advance(zp_webhooks *self, int64_t now_ms, zp_webhook_step *steps, size_t count);

#endif

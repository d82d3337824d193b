/*
 * webhook_change.c - the verbs of `ziping webhook` that change something. Each makes what it needs first, then one
 * short transaction.
 */
#include "cli/webhook.h"

#include "base/clock.h"
#include "cli/cli.h"
#include "core/form.h"
#include "store/scores.h"
#include "webhook/sign.h"
#include "webhook/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { USUAL_OVERLAP_S = 86400, MOST_OVERLAP_S = 30 * 86400 };

const zp_webhook_type zp_webhook_types[4] = {{"scored", ZP_WANT_SCORED},
                                             {"failed", ZP_WANT_FAILED},
                                             {"superseded", ZP_WANT_SUPERSEDED},
                                             {"webhook", ZP_WANT_WEBHOOK}};

static int wrong(const char *what)
{
    fprintf(stderr, "ziping webhook: %s\n", what);
    return ZP_EXIT_USAGE;
}

/* ---- secrets ---- */

/* Puts a new one in front. */
static bool make_secret(zp_webhook_secret *out, char text[ZP_SECRET_TEXT + 1])
{
    zp_secret secret;
    if (zp_secret_make(&secret) != ZP_OK) {
        fprintf(stderr, "ziping webhook: the system gives no random bytes; try again\n");
        return false;
    }
    *out = (zp_webhook_secret){.n = secret.n};
    memcpy(out->bytes, secret.bytes, secret.n);
    zp_secret_format(&secret, text);
    return true;
}

/* ---- add ---- */

static unsigned type_bit(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof zp_webhook_types / sizeof *zp_webhook_types; i++)
        if (strlen(zp_webhook_types[i].name) == n && strncmp(zp_webhook_types[i].name, name, n) == 0)
            return zp_webhook_types[i].bit;
    return 0;
}

static int read_types(const char *text, unsigned *out)
{
    size_t n;
    *out = text ? 0 : ZP_WANT_ALL;
    for (const char *p = text; p; p = p[n] ? p + n + 1 : NULL) {
        n = strcspn(p, ",");
        unsigned bit = type_bit(p, n);
        if (!bit) {
            fprintf(stderr,
                    "ziping webhook: --types: \"%.*s\" is no type; name some of scored,failed,superseded,webhook, "
                    "with a comma between\n",
                    (int)n, p);
            return ZP_EXIT_USAGE;
        }
        *out |= bit;
    }
    return ZP_EXIT_OK;
}

static int read_year(const char *text, int *out)
{
    uint64_t year = 0;
    if (text && !zp_cli_webhook_number("--year", text, ZP_YEAR_LAST, &year))
        return ZP_EXIT_USAGE;
    if (text && year < ZP_YEAR_FIRST) {
        fprintf(stderr, "ziping webhook: --year takes a year from %d to %d, not %s; leave it out for all\n",
                ZP_YEAR_FIRST, ZP_YEAR_LAST, text);
        return ZP_EXIT_USAGE;
    }
    *out = (int)year;
    return ZP_EXIT_OK;
}

static int read_unit(const char *text, char out[ZP_WEBHOOK_UNIT + 1])
{
    if (text && !*text)
        return wrong("--unit is empty; name a unit or its code, or leave it out for all");
    if (text && strlen(text) > ZP_WEBHOOK_UNIT) {
        fprintf(stderr, "ziping webhook: --unit has %zu bytes; at most %d are taken, use the unit's code\n",
                strlen(text), ZP_WEBHOOK_UNIT);
        return ZP_EXIT_USAGE;
    }
    snprintf(out, ZP_WEBHOOK_UNIT + 1, "%s", text ? text : "");
    return ZP_EXIT_OK;
}

static int read_filter(const zp_webhook_options *o, zp_webhook *out)
{
    int code = read_types(o->types, &out->wants);
    if (!code)
        code = read_year(o->year, &out->year);
    return code ? code : read_unit(o->unit, out->unit);
}

static int read_url(const zp_webhook_options *o, zp_webhook *out)
{
    char fault[ZP_URL_FAULT];
    zp_url_allowance allowed = {o->allow_http, o->allow_private, ZP_WEBHOOK_URL};
    if (!zp_url_is_endpoint(o->url, &allowed, fault)) {
        fprintf(stderr, "ziping webhook: this URL is no endpoint's: %s\n", fault);
        return ZP_EXIT_USAGE;
    }
    snprintf(out->url, sizeof out->url, "%s", o->url);
    return ZP_EXIT_OK;
}

/* The numbers of the log's first and last event; 1 and 0 where no scores are yet. */
static zp_rc log_bounds(const zp_config *config, uint64_t *first, uint64_t *last)
{
    char message[512];
    zp_scores *scores = NULL;
    zp_scores_reader *reader = NULL;
    char *path = zp_config_path(config, "scores");
    *first = 1;
    *last = 0;
    zp_rc rc = path ? zp_scores_open(path, config->map_size, ZP_READ_ONLY, &scores, message, sizeof message) : ZP_NOMEM;
    free(path);
    if (rc == ZP_NOTFOUND)
        return ZP_OK;
    if (!rc)
        rc = zp_scores_reader_new(scores, &reader);
    if (!rc)
        rc = zp_scores_last(reader, last);
    if (!rc)
        rc = zp_scores_log_start(reader, first);
    zp_scores_reader_destroy(&reader);
    zp_scores_close(&scores);
    return rc;
}

/* --after, or the newest number. Within the log: what is numbered later would be passed over, and what has gone to an
 * archive cannot be sent. */
static int read_position(const zp_webhook_job *job, uint64_t *out)
{
    uint64_t first, last;
    const char *after = job->options->after;
    if (after && !zp_cli_webhook_number("--after", after, INT64_MAX, out))
        return ZP_EXIT_USAGE;
    zp_rc rc = log_bounds(job->config, &first, &last);
    if (rc)
        return zp_cli_webhook_failed(job, rc);
    if (!after)
        *out = last;
    if (*out > last)
        fprintf(stderr, "ziping webhook: the log ends with event %" PRIu64 "\n", last);
    else if (*out + 1 < first)
        fprintf(stderr,
                "ziping webhook: the log starts with event %" PRIu64
                ", what was before is in an archive; take --after %" PRIu64 " or later\n",
                first, first - 1);
    return *out > last || *out + 1 < first ? ZP_EXIT_NO : ZP_EXIT_OK;
}

static int read_endpoint(zp_webhook_job *job, zp_webhook *out)
{
    const zp_webhook_options *o = job->options;
    int code = read_url(o, out);
    if (!code)
        code = read_filter(o, out);
    if (code)
        return code;
    out->enabled = true;
    out->allow_private = o->allow_private;
    out->created_ms = zp_clock_wall_ms();
    return read_position(job, &out->progress.position);
}

int zp_cli_webhook_add(zp_webhook_job *job)
{
    zp_webhook webhook = {.secret_count = 1};
    char secret[ZP_SECRET_TEXT + 1];
    int code = read_endpoint(job, &webhook);
    if (code)
        return code;
    if (!make_secret(&webhook.secrets[0], secret))
        return ZP_EXIT_UNAVAILABLE;
    zp_rc rc = zp_webhooks_add(job->store, &webhook);
    if (rc == ZP_EXISTS) {
        fprintf(stderr,
                "ziping webhook: endpoint %" PRIu64 " asks for the same events at this URL; see ziping webhook show "
                "%" PRIu64 ", or remove it first\n",
                webhook.id, webhook.id);
        return ZP_EXIT_NO;
    }
    if (rc)
        return zp_cli_webhook_failed(job, rc);
    printf("endpoint=%" PRIu64 "\nposition=%" PRIu64 "\nsecret=%s\n", webhook.id, webhook.progress.position, secret);
    return ZP_EXIT_OK;
}

/* ---- changes ---- */

/* From there on, as if it had never failed. */
static void set_course(zp_webhook *webhook, uint64_t position)
{
    webhook->progress = (zp_webhook_progress){.position = position};
    webhook->course++;
}

static int change(zp_webhook_job *job, zp_webhook_change change_it, void *context)
{
    zp_webhook webhook;
    zp_rc rc = zp_webhooks_change(job->store, job->options->id, change_it, context, &webhook);
    if (rc)
        return zp_cli_webhook_failed(job, rc);
    printf("endpoint=%" PRIu64 "\nstate=%s\nposition=%" PRIu64 "\n", webhook.id,
           webhook.enabled ? "enabled" : "disabled", webhook.progress.position);
    return ZP_EXIT_OK;
}

static zp_rc enable(void *context, zp_webhook *webhook)
{
    (void)context;
    webhook->enabled = true;
    webhook->reason[0] = '\0';
    set_course(webhook, webhook->progress.position);
    return ZP_OK;
}

int zp_cli_webhook_enable(zp_webhook_job *job)
{
    return change(job, enable, NULL);
}

static zp_rc disable(void *context, zp_webhook *webhook)
{
    (void)context;
    if (webhook->enabled)
        snprintf(webhook->reason, sizeof webhook->reason, "by an operator");
    webhook->enabled = false;
    return ZP_OK;
}

int zp_cli_webhook_disable(zp_webhook_job *job)
{
    return change(job, disable, NULL);
}

static zp_rc set_position(void *context, zp_webhook *webhook)
{
    set_course(webhook, *(const uint64_t *)context);
    return ZP_OK;
}

int zp_cli_webhook_replay(zp_webhook_job *job)
{
    uint64_t after;
    if (!job->options->after)
        return wrong("replay needs --after N");
    int code = read_position(job, &after);
    return code ? code : change(job, set_position, &after);
}

typedef struct {
    zp_webhook_secret secret;
    int64_t expires_ms; /* of the one before */
} rotation;

static zp_rc rotate(void *context, zp_webhook *webhook)
{
    const rotation *r = context;
    webhook->secrets[1] = webhook->secrets[0];
    webhook->secrets[1].expires_ms = r->expires_ms;
    webhook->secrets[0] = r->secret;
    webhook->secret_count = ZP_WEBHOOK_SECRETS;
    return ZP_OK;
}

int zp_cli_webhook_rotate(zp_webhook_job *job)
{
    const char *text = job->options->overlap;
    uint64_t overlap = USUAL_OVERLAP_S;
    char secret[ZP_SECRET_TEXT + 1];
    rotation r;
    if (text && !zp_cli_webhook_number("--overlap", text, MOST_OVERLAP_S, &overlap))
        return ZP_EXIT_USAGE;
    if (!make_secret(&r.secret, secret))
        return ZP_EXIT_UNAVAILABLE;
    r.expires_ms = zp_clock_wall_ms() + (int64_t)overlap * 1000;
    int code = change(job, rotate, &r);
    if (!code)
        printf("secret=%s\n", secret);
    return code;
}

int zp_cli_webhook_remove(zp_webhook_job *job)
{
    zp_rc rc = zp_webhooks_remove(job->store, job->options->id);
    if (rc)
        return zp_cli_webhook_failed(job, rc);
    printf("endpoint=%" PRIu64 "\nstate=removed\n", job->options->id);
    return ZP_EXIT_OK;
}

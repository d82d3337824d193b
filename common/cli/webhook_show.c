/*
 * webhook_show.c - `ziping webhook list` and `show`. Secrets are never shown again.
 */
#include "cli/webhook.h"

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { USUAL_ROWS = 10, NUMBER = 24, TIME = ZP_TIME_TEXT + 1, URL_CELLS = 60 };

static const char *state_of(const zp_webhook *webhook)
{
    return !webhook->enabled ? "disabled" : webhook->progress.attempts ? "failing" : "enabled";
}

static const char *time_of(int64_t ms, char out[TIME])
{
    if (ms == 0)
        return "-";
    zp_time_format(ms, out);
    return out;
}

/* ---- list ---- */

typedef struct {
    zp_table *table;
    bool added;
} listing;

static bool add_row(void *context, const zp_webhook *webhook)
{
    listing *l = context;
    char id[NUMBER], position[NUMBER], attempts[NUMBER], next[TIME];
    snprintf(id, sizeof id, "%" PRIu64, webhook->id);
    snprintf(position, sizeof position, "%" PRIu64, webhook->progress.position);
    snprintf(attempts, sizeof attempts, "%u", webhook->progress.attempts);
    const char *cells[] = {id,
                           state_of(webhook),
                           position,
                           attempts,
                           webhook->enabled ? time_of(webhook->progress.next_try_ms, next) : "-",
                           webhook->url,
                           webhook->reason};
    l->added = zp_table_row(l->table, cells);
    return l->added;
}

int zp_cli_webhook_list(zp_webhook_job *job)
{
    static const char *const headings[] = {"id", "state", "position", "failed", "next try", "url", "why"};
    listing l = {.table = zp_table_new(7, headings, "  rr   "), .added = true};
    zp_rc rc = l.table ? ZP_OK : ZP_NOMEM;
    if (!rc) {
        zp_table_wrap(l.table, 5, URL_CELLS);
        zp_table_wrap(l.table, 6, URL_CELLS);
        rc = zp_webhooks_each(job->store, add_row, &l);
    }
    if (!rc && !l.added)
        rc = ZP_NOMEM;
    if (!rc)
        zp_table_print(l.table, stdout);
    if (l.table)
        zp_table_destroy(&l.table);
    return rc ? zp_cli_webhook_failed(job, rc) : ZP_EXIT_OK;
}

/* ---- show ---- */

static void print_filter(const zp_webhook *webhook)
{
    const char *between = "";
    printf("types=");
    for (size_t i = 0; i < sizeof zp_webhook_types / sizeof *zp_webhook_types; i++)
        if (webhook->wants & zp_webhook_types[i].bit) {
            printf("%s%s", between, zp_webhook_types[i].name);
            between = ",";
        }
    printf("\n");
    if (webhook->year)
        printf("year=%d\n", webhook->year);
    if (webhook->unit[0])
        printf("unit=%s\n", webhook->unit);
}

static void print_endpoint(const zp_webhook *webhook)
{
    const zp_webhook_progress *at = &webhook->progress;
    char text[TIME];
    printf("endpoint=%" PRIu64 "\nurl=%s\nstate=%s\n", webhook->id, webhook->url, state_of(webhook));
    if (webhook->reason[0])
        printf("reason=%s\n", webhook->reason);
    printf("allow_private=%s\n", webhook->allow_private ? "yes" : "no");
    print_filter(webhook);
    printf("created=%s\n", time_of(webhook->created_ms, text));
    for (size_t i = 0; i < webhook->secret_count; i++)
        if (webhook->secrets[i].expires_ms)
            printf("secret_before_expires=%s\n", time_of(webhook->secrets[i].expires_ms, text));
    printf("position=%" PRIu64 "\nfailed_attempts=%u\n", at->position, at->attempts);
    if (at->attempts) {
        printf("failing_since=%s\n", time_of(at->failing_since_ms, text));
        printf("next_try=%s\n", time_of(at->next_try_ms, text));
    }
}

static bool print_row(void *context, const zp_webhook_row *row)
{
    (void)context;
    char text[TIME];
    printf("%s event=%" PRIu64 " attempt=%u status=%u took_ms=%" PRId64 " %s\n", time_of(row->at_ms, text), row->number,
           row->attempt, row->status, row->took_ms, row->why[0] ? row->why : "delivered");
    return true;
}

int zp_cli_webhook_show(zp_webhook_job *job)
{
    uint64_t rows = USUAL_ROWS;
    zp_webhook webhook;
    if (job->options->log && !zp_cli_webhook_number("--log", job->options->log, ZP_WEBHOOK_LOG, &rows))
        return ZP_EXIT_USAGE;
    zp_rc rc = zp_webhooks_get(job->store, job->options->id, &webhook);
    if (rc)
        return zp_cli_webhook_failed(job, rc);
    print_endpoint(&webhook);
    rc = zp_webhooks_log(job->store, job->options->id, rows, print_row, NULL);
    return rc ? zp_cli_webhook_failed(job, rc) : ZP_EXIT_OK;
}

/*
 * webhook_test.c - `ziping webhook test ID`: one signed request now, by the same code that delivers events.
 */
#include "cli/webhook.h"

#include "base/clock.h"
#include "base/id.h"
#include "cli/cli.h"
#include "codec/json_out.h"
#include "webhook/post.h"

#include <inttypes.h>
#include <stdio.h>

static void write_event(const zp_webhook *webhook, const char *ident, int64_t now_ms, zp_buf *out)
{
    zp_buf_lit(out, "{\"specversion\":\"1.0\",\"id\":");
    zp_json_str(out, zp_str_of(ident));
    zp_buf_printf(out,
                  ",\"source\":\"/webhooks\",\"type\":\"ziping.webhook.test\",\"subject\":\"%" PRIu64 "\",\"time\":",
                  webhook->id);
    zp_json_time(out, now_ms);
    zp_buf_printf(out, ",\"datacontenttype\":\"application/json\",\"data\":{\"endpoint\":%" PRIu64 "}}", webhook->id);
}

static void add_secrets(const zp_webhook *webhook, int64_t now_ms, zp_post_message *message)
{
    const zp_webhook_secret *valid[ZP_WEBHOOK_SECRETS];
    size_t count = zp_webhook_valid_secrets(webhook, now_ms, valid);
    message->secret_count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(message->secrets[i].bytes, valid[i]->bytes, valid[i]->n);
        message->secrets[i].n = valid[i]->n;
    }
}

static zp_rc send_one(const zp_webhook *webhook, zp_post *post, zp_post_result *out)
{
    char ident[sizeof "test_" + ZP_ID_TEXT] = "test_";
    zp_id_gen ids = {0};
    zp_id id;
    zp_buf body = ZP_BUF_INIT;
    int64_t now_ms = zp_clock_wall_ms();
    zp_rc rc = zp_id_next(&ids, now_ms, &id);
    if (rc)
        return rc;
    zp_id_format(&id, ident + sizeof "test_" - 1);
    write_event(webhook, ident, now_ms, &body);
    zp_post_message message = {.id = zp_str_of(ident), .body = zp_buf_view(&body), .seconds = now_ms / 1000};
    add_secrets(webhook, now_ms, &message);
    rc = body.failed ? ZP_NOMEM : zp_post_prepare(post, &message);
    zp_buf_free(&body);
    if (!rc)
        zp_post_finish(post, curl_easy_perform(zp_post_handle(post)), out);
    return rc;
}

/* Whatever a receiver answers, a terminal sees plain text. */
static void print_answer(zp_str answer)
{
    if (answer.n == 0)
        return;
    printf("answer=");
    for (size_t i = 0; i < answer.n; i++) {
        unsigned char c = (unsigned char)answer.p[i];
        if (c < 0x20 || c == 0x7f || c >= 0x80)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    printf("\n");
}

int zp_cli_webhook_test(zp_webhook_job *job)
{
    zp_webhook webhook = {0};
    zp_post *post = NULL;
    zp_post_result result;
    zp_rc rc = zp_webhooks_get(job->store, job->options->id, &webhook);
    if (rc)
        return zp_cli_webhook_failed(job, rc);
    zp_post_target target = {.url = webhook.url,
                             .allow_private = webhook.allow_private,
                             .timeout_ms = job->config->webhooks.timeout_ms,
                             .ca_file = job->config->webhooks.ca_file};
    rc = curl_global_init(CURL_GLOBAL_DEFAULT) ? ZP_NOMEM : zp_post_new(&target, &post);
    if (!rc)
        rc = send_one(&webhook, post, &result);
    if (!rc) {
        printf("status=%u\ntook_ms=%" PRId64 "\n%s\n", result.status, result.took_ms,
               result.outcome == ZP_POST_DELIVERED ? "delivered" : result.why);
        print_answer(zp_post_answer(post));
    }
    zp_post_destroy(&post);
    curl_global_cleanup();
    if (rc)
        return zp_cli_webhook_failed(job, rc);
    return result.outcome == ZP_POST_DELIVERED ? ZP_EXIT_OK : ZP_EXIT_NO;
}

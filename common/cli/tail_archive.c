/*
 * tail_archive.c - see tail_archive.h.
 */
#include "cli/tail_archive.h"

#include "cli/cli.h"
#include "cli/soundness.h"
#include "codec/event.h"

#include <inttypes.h>
#include <stdio.h>

enum { PAGE = 256 };

typedef struct {
    const char *topic_prefix;
    uint64_t after, count, printed;
    zp_buf json;
    bool broken;
} printing;

/* False when the output is broken. */
static bool print_event(printing *p, uint64_t seq, zp_str frozen)
{
    char topic[ZP_TOPIC_MAX];
    zp_buf_clear(&p->json);
    if (zp_event_topic(frozen, topic) || zp_event_write_json(frozen, &p->json) || p->json.failed) {
        fprintf(stderr, "ziping tail: event %" PRIu64 " is damaged in the store\n", seq);
        return true;
    }
    if (strncmp(topic, p->topic_prefix, strlen(p->topic_prefix)) != 0)
        return true;
    zp_buf_char(&p->json, '\n');
    p->printed++;
    return fwrite(p->json.p, 1, p->json.n, stdout) == p->json.n && fflush(stdout) == 0;
}

static bool print(void *context, uint64_t seq, zp_str frozen)
{
    printing *p = context;
    if (p->printed == p->count)
        return false;
    p->after = seq;
    p->broken = !print_event(p, seq, frozen);
    return !p->broken;
}

static zp_rc print_all(zp_scores_reader *reader, printing *p)
{
    zp_rc rc = ZP_OK;
    for (uint64_t before = UINT64_MAX; !rc && !p->broken && before != p->after && p->printed < p->count;) {
        before = p->after;
        rc = zp_cli_interrupted() ? ZP_CLOSED : zp_scores_events(reader, p->after, PAGE, SIZE_MAX, print, p);
    }
    return rc;
}

int zp_tail_archive(const char *folder, uint64_t after, uint64_t count, const char *topic_prefix)
{
    printing p = {.topic_prefix = topic_prefix, .after = after, .count = count};
    zp_stores stores;
    zp_scores_reader *reader = NULL;
    char message[512];
    zp_soundness_expect_damage();
    zp_rc rc = zp_stores_open_folder(folder, &stores, message, sizeof message);
    if (!rc) {
        snprintf(message, sizeof message, "%s: the events cannot be read", folder);
        rc = zp_scores_reader_new(stores.scores, &reader);
    }
    if (!rc)
        rc = print_all(reader, &p);
    zp_scores_reader_destroy(&reader);
    zp_stores_close(&stores);
    zp_buf_free(&p.json);
    if (rc && rc != ZP_CLOSED)
        fprintf(stderr, "ziping tail: %s (%s)\n", message, zp_rc_name(rc));
    return (rc && rc != ZP_CLOSED) || p.broken ? ZP_EXIT_UNAVAILABLE : ZP_EXIT_OK;
}

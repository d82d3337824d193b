/*
 * tail.c - `ziping tail`: the event log from any number on, one JSON object a line, then live.
 */
#include "cli/cli.h"
#include "cli/tail_archive.h"
#include "codec/event.h"
#include "wire/subscriber.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURN_MS = 500 };

typedef struct {
    const char *config, *publish, *replay, *topic, *archive;
    uint64_t after, count;
} options;

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping tail [options]\n\n"
                "Follows the event log over ZeroMQ, replay included: one CloudEvents JSON object a line, in order, no "
                "gap, no repeat.\n\n"
                "  --after N          begin behind event N (0: from the first); default: only what comes from now on\n"
                "  --topic PREFIX     only topics that begin so, such as scored/2022/\n"
                "  --count N          end after N events\n"
                "  --archive DIR      the events of an archive (or backup) instead, and end with the last of them\n"
                "  --config FILE      where the endpoints stand, default $ZIPING_CONFIG or\n"
                "                     " ZP_DEFAULT_CONFIG "\n"
                "  --publish ENDPOINT --replay ENDPOINT   instead of a configuration\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static bool number(const char *option, const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && *out != UINT64_MAX)
        return true;
    fprintf(stderr, "ziping tail: %s takes a whole number, not \"%s\"\n", option, text);
    return false;
}

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {{"after", required_argument, NULL, 'a'},
                                          {"topic", required_argument, NULL, 't'},
                                          {"count", required_argument, NULL, 'n'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"publish", required_argument, NULL, 'p'},
                                          {"replay", required_argument, NULL, 'r'},
                                          {"archive", required_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){.topic = "", .after = ZP_FROM_NOW, .count = UINT64_MAX};
    for (int c; (c = getopt_long(argc, argv, "hn:", longs, NULL)) != -1;) {
        if (c == 'a' && !number("--after", optarg, &o->after))
            return ZP_EXIT_USAGE;
        else if (c == 'n' && !number("--count", optarg, &o->count))
            return ZP_EXIT_USAGE;
        else if (c == 't')
            o->topic = optarg;
        else if (c == 'c')
            o->config = optarg;
        else if (c == 'p')
            o->publish = optarg;
        else if (c == 'r')
            o->replay = optarg;
        else if (c == 'd')
            o->archive = optarg;
        else if (c == 'h')
            return usage(stdout);
        else if (c == '?')
            return usage(stderr);
    }
    return optind != argc || !o->publish != !o->replay ? usage(stderr) : -1;
}

bool zp_tail_print(uint64_t seq, zp_str frozen, const char *topic_prefix, zp_buf *json, uint64_t *printed)
{
    char topic[ZP_TOPIC_MAX];
    zp_buf_clear(json);
    if (zp_event_topic(frozen, topic) || zp_event_write_json(frozen, json) || json->failed) {
        fprintf(stderr, "ziping tail: event %" PRIu64 " is damaged in the store\n", seq);
        return true;
    }
    if (strncmp(topic, topic_prefix, strlen(topic_prefix)) != 0)
        return true;
    zp_buf_char(json, '\n');
    ++*printed;
    return fwrite(json->p, 1, json->n, stdout) == json->n && fflush(stdout) == 0;
}

static int follow(zp_subscriber *subscriber, const options *o)
{
    zp_buf json = ZP_BUF_INIT;
    uint64_t printed = 0;
    int code = ZP_EXIT_OK;
    while (!zp_cli_interrupted() && printed < o->count) {
        zp_feed_event event;
        zp_rc rc = zp_subscriber_next(subscriber, TURN_MS, &event);
        if (rc == ZP_TIMEOUT)
            continue;
        if (rc) {
            if (rc == ZP_NOTFOUND)
                fprintf(stderr,
                        "ziping tail: the log starts with event %" PRIu64 "; what was before has been archived: read "
                        "it with --archive DIR, and begin with --after %" PRIu64 "\n",
                        zp_subscriber_log_start(subscriber), zp_subscriber_log_start(subscriber) - 1);
            else
                fprintf(stderr, "ziping tail: %s\n",
                        rc == ZP_CONFLICT
                            ? "the log ends before --after: it is another store's number; begin with --after 0"
                            : zp_rc_name(rc));
            code = ZP_EXIT_UNAVAILABLE;
            break;
        }
        if (!zp_tail_print(event.seq, event.frozen, o->topic, &json, &printed)) {
            code = ZP_EXIT_UNAVAILABLE;
            break;
        }
    }
    zp_buf_free(&json);
    return code;
}

int zp_cli_tail(int argc, char **argv)
{
    options o;
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.archive)
        return zp_tail_archive(o.archive, o.after == ZP_FROM_NOW ? 0 : o.after, o.count, o.topic);
    zp_config *config = NULL;
    if (!o.publish) {
        config = zp_cli_config(o.config);
        if (!config)
            return ZP_EXIT_USAGE;
        o.publish = config->notifier.publish;
        o.replay = config->notifier.replay;
    }
    zp_cli_catch_signals();
    zp_subscriber *subscriber = NULL;
    zp_rc rc = zp_subscriber_open(o.publish, o.replay, o.after, &subscriber);
    if (rc)
        fprintf(stderr, "ziping tail: cannot subscribe to %s and %s: %s\n", o.publish, o.replay, zp_rc_name(rc));
    code = rc ? ZP_EXIT_USAGE : follow(subscriber, &o);
    zp_subscriber_close(&subscriber);
    zp_config_destroy(&config);
    return code;
}

/*
 * tail.c - `ziping tail`: the event log from any number on, one JSON object a line, then live.
 */
#include "cli/cli.h"
#include "cli/tail_archive.h"
#include "cli/tail_ear.h"
#include "cli/tail_totals.h"
#include "core/form.h"
#include "wire/curve.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ziping_subscriber.h>

typedef struct {
    const char *config, *publish, *replay, *topic, *archive, *server_key, *key;
    uint64_t after, count;
    bool totals;
    zp_tail_range range; /* of the totals */
} options;

static int usage(FILE *to)
{
    fprintf(to,
            "Usage: ziping tail [options]\n\n"
            "Follows the event log over ZeroMQ, replay included: one CloudEvents JSON object a line, in order, no "
            "gap, no repeat.\n\n"
            "  --after N          begin behind event N (0: from the first); default: only what comes from now on\n"
            "  --topic PREFIX     only topics that begin so, such as scored/2022/\n"
            "  --count N          end after N events\n"
            "  --totals           no events but control totals over them, as GET /v1/events/totals gives them, and\n"
            "                     end; of those behind --after (default 0), up to --upto (default: the newest), and\n"
            "                     of one --type, --unit, --year, --day (2026-03-01, in China)\n"
            "  --archive DIR      the events of an archive (or backup) instead, and end with the last of them\n"
            "  --config FILE      where the endpoints stand, default $ZIPING_CONFIG or\n"
            "                     " ZP_DEFAULT_CONFIG "\n"
            "  --publish ENDPOINT --replay ENDPOINT   instead of a configuration\n"
            "  --server-key FILE --key FILE   where the feed is encrypted: the service's public key (NAME.pub),\n"
            "                     and a secret key (NAME.secret) whose public half the service lists;\n"
            "                     default: the configuration's subscriber.server_key_file and key_file\n");
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

static bool year(const char *text, int *out)
{
    uint64_t n;
    if (!number("--year", text, &n))
        return false;
    *out = n >= ZP_YEAR_FIRST && n <= ZP_YEAR_LAST ? (int)n : 0;
    if (!*out)
        fprintf(stderr, "ziping tail: --year takes a year from %d to %d, not %s\n", ZP_YEAR_FIRST, ZP_YEAR_LAST, text);
    return *out;
}

static bool day(const char *text, zp_event_filter *filter)
{
    if (zp_event_filter_day(filter, zp_str_of(text)))
        return true;
    fprintf(stderr, "ziping tail: --day takes a day such as 2026-03-01, not \"%s\"\n", text);
    return false;
}

static bool type(const char *text, zp_event_filter *filter)
{
    filter->type = zp_str_of(text);
    if (zp_event_is_type(filter->type))
        return true;
    fprintf(stderr, "ziping tail: --type takes one of " ZP_EVENT_TYPES ", not \"%s\"\n", text);
    return false;
}

/* False: it makes no sense, which was said. */
static bool take_option(int c, const char *text, options *o)
{
    zp_event_filter *filter = &o->range.filter;
    const char **const texts[] = {['t'] = &o->topic,   ['c'] = &o->config, ['p'] = &o->publish,   ['r'] = &o->replay,
                                  ['d'] = &o->archive, ['k'] = &o->key,    ['s'] = &o->server_key};
    if (c == 'a')
        return number("--after", text, &o->after);
    if (c == 'n')
        return number("--count", text, &o->count);
    if (c == 'u')
        return number("--upto", text, &o->range.upto);
    if (c == 'y')
        return year(text, &filter->year);
    if (c == 'D')
        return day(text, filter);
    if (c == 'T')
        return type(text, filter);
    if (c == 'U')
        filter->unit = zp_str_of(text);
    else if (c == 'S')
        o->totals = true;
    else
        *texts[c] = text;
    return true;
}

/* Totals are of all topics, and filters of totals only: what would be passed over in silence is refused. */
static bool fit_together(const options *o)
{
    const zp_tail_range *range = &o->range;
    bool ranged = range->upto != UINT64_MAX || !zp_event_filter_is_open(&range->filter);
    bool listed = *o->topic || o->count != UINT64_MAX;
    if (o->totals ? listed : ranged)
        fprintf(stderr, o->totals
                            ? "ziping tail: --topic and --count do not go with --totals; see --type, --unit, --year\n"
                            : "ziping tail: --upto, --type, --unit, --year and --day go with --totals only\n");
    bool halves = !o->publish != !o->replay || !o->server_key != !o->key;
    return !halves && !(o->totals ? listed : ranged);
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
                                          {"server-key", required_argument, NULL, 's'},
                                          {"key", required_argument, NULL, 'k'},
                                          {"totals", no_argument, NULL, 'S'},
                                          {"upto", required_argument, NULL, 'u'},
                                          {"type", required_argument, NULL, 'T'},
                                          {"unit", required_argument, NULL, 'U'},
                                          {"year", required_argument, NULL, 'y'},
                                          {"day", required_argument, NULL, 'D'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){.topic = "", .after = ZIPING_FROM_NOW, .count = UINT64_MAX, .range = {.upto = UINT64_MAX}};
    for (int c; (c = getopt_long(argc, argv, "hn:", longs, NULL)) != -1;) {
        if (c == 'h')
            return usage(stdout);
        if (c == '?')
            return usage(stderr);
        if (!take_option(c, optarg, o))
            return ZP_EXIT_USAGE;
    }
    if (optind != argc || !fit_together(o))
        return usage(stderr);
    if (o->totals)
        o->range.after = o->after == ZIPING_FROM_NOW ? 0 : o->after;
    return -1;
}

/* An event that is damaged in the store is told, and passed over. False: the output is broken. */
static bool print_event(ziping_subscriber *subscriber, const ziping_subscriber_event *event, uint64_t *printed)
{
    const char *json;
    int code = ziping_subscriber_json(subscriber, &json);
    if (code) {
        fprintf(stderr, "ziping tail: event %" PRIu64 " %s\n", event->number,
                code == ZIPING_DAMAGED ? "is damaged in the store" : "is lost: out of memory");
        return true;
    }
    ++*printed;
    return printf("%s\n", json) >= 0 && fflush(stdout) == 0;
}

static int follow(zp_tail_ear *ear, const options *o)
{
    uint64_t printed = 0;
    while (!zp_cli_interrupted() && printed < o->count) {
        const ziping_subscriber_event *event;
        int code = zp_tail_ear_next(ear, &event);
        if (code == ZIPING_TIMEOUT)
            continue;
        if (code) {
            zp_tail_ear_explain(ear, code);
            return zp_cli_interrupted() ? ZP_EXIT_OK : ZP_EXIT_UNAVAILABLE;
        }
        if (!print_event(ear->subscriber, event, &printed)) {
            fprintf(stderr, "ziping tail: standard output cannot be written: %s\n", strerror(errno));
            return ZP_EXIT_UNAVAILABLE;
        }
    }
    return ZP_EXIT_OK;
}

/* Keys are named on the command line, or in the settings' block for subscribers. */
static bool read_keys(const options *o, zp_key *server, zp_key *own)
{
    char message[512];
    if (!zp_key_read(o->server_key, false, server, message, sizeof message) &&
        !zp_key_read(o->key, true, own, message, sizeof message))
        return true;
    fprintf(stderr, "ziping tail: %s\n", message);
    return false;
}

static int tail(const options *o)
{
    ziping_subscriber_options wanted = ZIPING_SUBSCRIBER_OPTIONS;
    zp_key server, own;
    wanted.publish = o->publish;
    wanted.replay = o->replay;
    wanted.after = o->after;
    wanted.filter = o->topic;
    if (o->key) {
        if (!read_keys(o, &server, &own))
            return ZP_EXIT_USAGE;
        wanted.server_key = server.text;
        wanted.secret_key = own.text;
    }
    zp_cli_catch_signals();
    if (o->totals) {
        int exit_code = zp_tail_totals(&wanted, &o->range);
        explicit_bzero(&own, sizeof own);
        return exit_code;
    }
    zp_tail_ear ear = zp_tail_ear_open(&wanted);
    explicit_bzero(&own, sizeof own);
    int exit_code = ear.subscriber ? follow(&ear, o) : ZP_EXIT_USAGE;
    zp_tail_ear_close(&ear);
    return exit_code;
}

static void use_config(options *o, const zp_config *config)
{
    o->publish = config->notifier.publish;
    o->replay = config->notifier.replay;
    if (!o->key) {
        o->server_key = config->subscriber.server_key_file;
        o->key = config->subscriber.key_file;
    }
}

int zp_cli_tail(int argc, char **argv)
{
    options o;
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.archive && o.totals)
        return zp_tail_archive_totals(o.archive, &o.range);
    if (o.archive)
        return zp_tail_archive(o.archive, o.after == ZIPING_FROM_NOW ? 0 : o.after, o.count, o.topic);
    zp_config *config = NULL;
    if (!o.publish) {
        config = zp_cli_config(o.config);
        if (!config)
            return ZP_EXIT_USAGE;
        use_config(&o, config);
    }
    code = tail(&o);
    zp_config_destroy(&config);
    return code;
}

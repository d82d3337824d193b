/*
 * webhook.c - `ziping webhook VERB`: the endpoints that ziping-webhooks brings events to.
 *
 * Works on the store itself, beside the running service, which sees a change within a second; see store/webhooks.h for
 * the rule that makes that safe.
 */
#include "cli/webhook.h"

#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum { NOTHING, URL, ID } subject;

typedef struct {
    const char *name;
    int (*run)(zp_webhook_job *job);
    subject subject;
    zp_access access;
    const char *options; /* letters of those that go with it */
} verb;

static const verb verbs[] = {
    {"add", zp_cli_webhook_add, URL, ZP_READ_WRITE, "ctyuaHP"},
    {"list", zp_cli_webhook_list, NOTHING, ZP_READ_ONLY, "c"},
    {"show", zp_cli_webhook_show, ID, ZP_READ_ONLY, "cl"},
    {"test", zp_cli_webhook_test, ID, ZP_READ_ONLY, "c"},
    {"enable", zp_cli_webhook_enable, ID, ZP_READ_WRITE, "c"},
    {"disable", zp_cli_webhook_disable, ID, ZP_READ_WRITE, "c"},
    {"replay", zp_cli_webhook_replay, ID, ZP_READ_WRITE, "ca"},
    {"rotate", zp_cli_webhook_rotate, ID, ZP_READ_WRITE, "co"},
    {"remove", zp_cli_webhook_remove, ID, ZP_READ_WRITE, "c"},
};

static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                        {"types", required_argument, NULL, 't'},
                                        {"year", required_argument, NULL, 'y'},
                                        {"unit", required_argument, NULL, 'u'},
                                        {"after", required_argument, NULL, 'a'},
                                        {"overlap", required_argument, NULL, 'o'},
                                        {"log", required_argument, NULL, 'l'},
                                        {"allow-http", no_argument, NULL, 'H'},
                                        {"allow-private", no_argument, NULL, 'P'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

static int usage(FILE *to)
{
    fprintf(to,
            "Usage: ziping webhook VERB [options]\n\n"
            "Who is told of events by HTTP POST: in order, at least once, signed as Standard Webhooks asks. As the\n"
            "user that the service runs as; changes take effect within a second.\n\n"
            "  add URL          registers an endpoint and prints its secret, this once\n"
            "     --types LIST     of scored,failed,superseded,webhook (default: all)\n"
            "     --year Y         only forms of that year\n"
            "     --unit U         only forms of the unit with that name or code\n"
            "     --after N        begin behind event N (0: from the first); default: what comes from now on\n"
            "     --allow-http     the URL may be http: whoever is on the way reads and changes events\n"
            "     --allow-private  it may resolve to this machine or a private network\n"
            "  list             all endpoints\n"
            "  show ID          one of them, with its last attempts\n"
            "     --log N          how many (default 10)\n"
            "  test ID          sends a signed ziping.webhook.test event now and prints what came back\n"
            "  disable ID       nothing is sent any more; its position stays\n"
            "  enable ID        goes on where it was\n"
            "  replay ID --after N   goes on behind event N: back, or past one that is never taken\n"
            "  rotate ID        a new secret, printed this once; the one before signs too for a while\n"
            "     --overlap S      seconds (default 86400)\n"
            "  remove ID        forgets it and its log\n\n"
            "  --config FILE    default $ZIPING_CONFIG or " ZP_DEFAULT_CONFIG "\n"
            "\nExit code: 0 done, 1 there is no such endpoint or the test failed, 2 wrong use, 3 the store cannot be "
            "used.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

bool zp_cli_webhook_number(const char *option, const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *out <= most)
        return true;
    fprintf(stderr, "ziping webhook: %s takes a whole number up to %" PRIu64 ", not \"%s\"\n", option, most, text);
    return false;
}

int zp_cli_webhook_failed(const zp_webhook_job *job, zp_rc rc)
{
    switch (rc) {
    case ZP_NOTFOUND:
        fprintf(stderr, "ziping webhook: there is no endpoint %" PRIu64 "\n", job->options->id);
        return ZP_EXIT_NO;
    case ZP_TOO_LARGE:
        fprintf(stderr, "ziping webhook: there are %d endpoints, and no more are taken; remove one\n",
                ZP_WEBHOOKS_MOST);
        return ZP_EXIT_NO;
    case ZP_IN_DOUBT:
        fprintf(stderr, "ziping webhook: the disk failed; whether the change was made, `ziping webhook list` tells\n");
        return ZP_EXIT_UNAVAILABLE;
    default:
        fprintf(stderr, "ziping webhook: nothing was changed: %s\n", zp_rc_name(rc));
        return ZP_EXIT_UNAVAILABLE;
    }
}

/* The store belongs to whom the data belongs to: files made by another user would lock the service out. */
static bool is_ours(const char *data_dir)
{
    struct stat stat_of;
    if (stat(data_dir, &stat_of) < 0) {
        fprintf(stderr, "ziping webhook: %s: the data folder is not there; start the service first\n", data_dir);
        return false;
    }
    if (stat_of.st_uid == geteuid())
        return true;
    fprintf(stderr, "ziping webhook: %s belongs to user %u; run this as that user: sudo -u '#%u' ziping webhook …\n",
            data_dir, stat_of.st_uid, stat_of.st_uid);
    return false;
}

static int open_and_run(const verb *chosen, zp_webhook_job *job)
{
    char message[512] = "out of memory";
    if (!is_ours(job->config->data_dir))
        return ZP_EXIT_UNAVAILABLE;
    char *path = zp_config_path(job->config, "webhooks");
    zp_rc rc = path ? zp_webhooks_open(path, chosen->access, &job->store, message, sizeof message) : ZP_NOMEM;
    free(path);
    if (rc == ZP_NOTFOUND && chosen->access == ZP_READ_ONLY)
        return chosen->subject == NOTHING ? ZP_EXIT_OK : zp_cli_webhook_failed(job, rc);
    if (rc) {
        fprintf(stderr, "ziping webhook: %s (%s)\n", message, zp_rc_name(rc));
        return ZP_EXIT_UNAVAILABLE;
    }
    int code = chosen->run(job);
    zp_webhooks_close(&job->store);
    return code;
}

static const char *name_of(int letter)
{
    const struct option *option = options;
    while (option->val != letter)
        option++;
    return option->name;
}

static const char **place_of(zp_webhook_options *o, int letter)
{
    const char **const places[] = {['c'] = &o->config, ['t'] = &o->types,   ['y'] = &o->year, ['u'] = &o->unit,
                                   ['a'] = &o->after,  ['o'] = &o->overlap, ['l'] = &o->log};
    return places[letter];
}

/* What would be passed over in silence is refused. -1: go on; otherwise the exit code. */
static int read_options(const verb *chosen, int argc, char **argv, zp_webhook_options *o)
{
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h' || c == '?')
            return usage(c == 'h' ? stdout : stderr);
        if (!strchr(chosen->options, c)) {
            fprintf(stderr, "ziping webhook: --%s does not go with %s; leave it out\n", name_of(c), chosen->name);
            return ZP_EXIT_USAGE;
        }
        o->allow_http |= c == 'H';
        o->allow_private |= c == 'P';
        if (c == 'H' || c == 'P')
            continue;
        if (*place_of(o, c)) {
            fprintf(stderr, "ziping webhook: --%s is given twice; give it once\n", name_of(c));
            return ZP_EXIT_USAGE;
        }
        *place_of(o, c) = optarg;
    }
    return -1;
}

/* What stands behind the options. False: it was said what is wrong. */
static bool read_subject(const verb *chosen, int count, char **words, zp_webhook_options *o)
{
    if (chosen->subject == NOTHING && count > 0)
        fprintf(stderr, "ziping webhook: %s takes no \"%s\"; leave it out\n", chosen->name, words[0]);
    else if (chosen->subject == URL && count != 1)
        fprintf(stderr, "ziping webhook: add takes one URL, not %d; ziping webhook add https://host/path\n", count);
    else if (chosen->subject == ID && count != 1)
        fprintf(stderr, "ziping webhook: %s takes one endpoint's ID, not %d; ziping webhook list has them\n",
                chosen->name, count);
    else if (chosen->subject == ID)
        return zp_cli_webhook_number("ID", words[0], INT64_MAX, &o->id);
    else {
        o->url = words[0];
        return true;
    }
    return false;
}

static int run(const verb *chosen, int argc, char **argv)
{
    zp_webhook_options o = {0};
    int code = read_options(chosen, argc, argv, &o);
    if (code >= 0)
        return code;
    if (!read_subject(chosen, argc - optind, argv + optind, &o))
        return ZP_EXIT_USAGE;
    zp_config *config = zp_cli_config(o.config);
    if (!config)
        return ZP_EXIT_USAGE;
    zp_webhook_job job = {.options = &o, .config = config};
    code = open_and_run(chosen, &job);
    zp_config_destroy(&config);
    return code;
}

int zp_cli_webhook(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return run(&verbs[i], argc - 1, argv + 1);
    if (*name && *name != '-') {
        fprintf(stderr, "ziping webhook: there is no verb \"%s\"; --help has those there are\n", name);
        return ZP_EXIT_USAGE;
    }
    return usage(strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ? stdout : stderr);
}

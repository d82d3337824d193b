/*
 * backup.c - `ziping backup DIR`: a copy of both stores of a running service, on which a service can be started.
 *
 * The scores are copied first and intake after, so each result in the copy has its form: a form is there before its
 * result. What was scored in between has left `pending` in the copy of intake and has no result in that of the scores:
 * it is put back among the pending, and a service that is started on the copy scores it.
 */
#include "cli/cli.h"
#include "cli/new_folder.h"
#include "cli/options.h"
#include "cli/soundness.h"
#include "cli/webhook_copy.h"
#include "store/copy.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t MEGABYTE = 1000000;
enum { MESSAGE = 512, MOST_MEGABYTES = 1000000 };

typedef struct {
    zp_verb_given given; /* operand: the new folder */
    zp_copy_pace pace;
    bool verify;
} options;

typedef struct {
    const options *options;
    zp_stores stores;
    zp_new_folder folder;
    bool is_archive;    /* in which nothing waits, and to which nothing is written */
    zp_seasons seasons; /* when it began */
    uint64_t bytes, put_back;
    char message[MESSAGE];
} backup;

static int usage(FILE *to)
{
    fprintf(to,
            "Usage: ziping backup [options] DIR\n\n"
            "Copies the stores into the new folder DIR, beside the running service or without it. Every result in\n"
            "the copy has its form; what was accepted and not yet scored is pending there. A service whose\n"
            "settings say `data_dir: DIR` runs on from it. Afterwards the copy is verified. Secrets of webhooks are\n"
            "copied too.\n\n"
            "  --max-rate N     megabytes a second at most; default: as fast as it goes. The stores grow by what\n"
            "                   is written to them while it lasts\n"
            "  --no-verify      only copy\n"
            "  --config FILE    default $ZIPING_CONFIG or\n"
            "                   " ZP_DEFAULT_CONFIG "\n"
            "\nExit code: 0 done, 1 the copy has faults (as the source has), 3 it could not be made.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static bool stop(void *context)
{
    (void)context;
    return zp_cli_interrupted();
}

static bool rate(const char *text, uint64_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    *out = n * MEGABYTE;
    if (*text >= '0' && *text <= '9' && !*end && n >= 1 && n <= MOST_MEGABYTES)
        return true;
    fprintf(stderr, "ziping backup: --max-rate takes a whole number of megabytes, not \"%s\"\n", text);
    return false;
}

static bool own(void *context, int option, const char *argument)
{
    options *o = context;
    if (option == 'r')
        return rate(argument, &o->pace.bytes_per_s);
    o->verify = false;
    return true;
}

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {{"max-rate", required_argument, NULL, 'r'},
                                          {"no-verify", no_argument, NULL, 'n'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){.verify = true, .pace.stop = stop};
    return zp_options_read(
        argc, argv, &(zp_verb_options){.usage = usage, .longs = longs, .own = own, .context = o, .least = 1, .most = 1},
        &o->given);
}

static zp_rc copy_store(backup *b, zp_env *env, const char *name)
{
    uint64_t bytes;
    char *path = zp_stores_path(b->folder.building, name);
    zp_rc rc = path ? zp_env_copy(env, path, &b->options->pace, &bytes, b->message, MESSAGE) : ZP_NOMEM;
    free(path);
    if (!rc) {
        b->bytes += bytes;
        printf("%s.bytes=%" PRIu64 "\n", name, bytes);
    }
    return rc;
}

static zp_rc copy_webhooks(backup *b, const zp_config *config)
{
    uint64_t bytes;
    zp_rc rc = zp_webhook_copy(config, b->folder.building, &b->options->pace, &bytes, b->message, MESSAGE);
    if (!rc && bytes) {
        b->bytes += bytes;
        printf("webhooks.bytes=%" PRIu64 "\n", bytes);
    }
    return rc;
}

/* A season that was archived in between has its results in the one copy, and no forms in the other. */
static zp_rc check_seasons(backup *b, zp_intake *copy)
{
    if (zp_seasons_same(&b->seasons, zp_intake_seasons(copy)))
        return ZP_OK;
    snprintf(b->message, MESSAGE, "a season was being archived meanwhile; do this again");
    return ZP_AGAIN;
}

static zp_rc put_back(backup *b, const zp_config *config)
{
    zp_intake *intake = NULL;
    zp_scores *scores = NULL;
    if (b->is_archive)
        return ZP_OK;
    char *forms = zp_stores_path(b->folder.building, "intake"), *results = zp_stores_path(b->folder.building, "scores");
    zp_rc rc = forms && results ? ZP_OK : ZP_NOMEM;
    if (!rc)
        rc = zp_intake_open(forms, config->map_size, ZP_READ_WRITE, &intake, b->message, MESSAGE);
    if (!rc)
        rc = zp_scores_open(results, config->map_size, ZP_READ_ONLY, &scores, b->message, MESSAGE);
    if (!rc) {
        snprintf(b->message, MESSAGE, "the copy cannot be brought in order");
        rc = check_seasons(b, intake);
    }
    if (!rc)
        rc = zp_intake_requeue(intake, scores, &b->put_back);
    zp_intake_close(&intake);
    zp_scores_close(&scores);
    free(forms);
    free(results);
    return rc;
}

static zp_rc make(backup *b, const zp_config *config)
{
    int year;
    zp_rc rc = zp_stores_open(config, &b->stores, b->message, MESSAGE);
    if (!rc) {
        b->seasons = *zp_intake_seasons(b->stores.intake);
        b->is_archive = zp_intake_archive_of(b->stores.intake, &year) == ZP_OK;
        rc = zp_new_folder_begin(b->options->given.operand, &b->folder, b->message, MESSAGE);
    }
    if (!rc)
        rc = copy_webhooks(b, config);
    if (!rc)
        rc = copy_store(b, zp_scores_env(b->stores.scores), "scores");
    if (!rc)
        rc = copy_store(b, zp_intake_env(b->stores.intake), "intake");
    zp_stores_close(&b->stores);
    if (!rc)
        rc = put_back(b, config);
    if (!rc)
        rc = zp_new_folder_finish(&b->folder, b->message, MESSAGE);
    zp_new_folder_end(&b->folder);
    return rc;
}

static int verify(backup *b)
{
    zp_rc rc = zp_stores_open_folder(b->options->given.operand, &b->stores, b->message, MESSAGE);
    if (rc) {
        fprintf(stderr, "ziping backup: %s (%s)\n", b->message, zp_rc_name(rc));
        return ZP_EXIT_UNAVAILABLE;
    }
    int code = zp_soundness_tell("backup", &b->stores);
    zp_stores_close(&b->stores);
    return code;
}

int zp_cli_backup(int argc, char **argv)
{
    options o;
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    zp_config *config = zp_cli_config(o.given.config);
    if (!config)
        return ZP_EXIT_USAGE;
    zp_cli_catch_signals();
    zp_soundness_expect_damage();
    signal(SIGPIPE, SIG_IGN); /* the end of a copy that is given up is an error code */
    backup b = {.options = &o};
    zp_rc rc = make(&b, config);
    zp_config_destroy(&config);
    if (rc) {
        fprintf(stderr, "ziping backup: %s (%s)\n",
                rc == ZP_CLOSED ? "interrupted; nothing was left behind" : b.message, zp_rc_name(rc));
        return ZP_EXIT_UNAVAILABLE;
    }
    printf("bytes=%" PRIu64 "\nput_back=%" PRIu64 "\n", b.bytes, b.put_back);
    return o.verify ? verify(&b) : ZP_EXIT_OK;
}

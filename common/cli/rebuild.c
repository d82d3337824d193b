/*
 * rebuild.c - `ziping rebuild DIR`: everything that follows from the forms, made anew in another folder.
 */
#include "cli/cli.h"
#include "cli/new_folder.h"
#include "cli/options.h"
#include "cli/replay.h"
#include "cli/soundness.h"
#include "cli/stopped.h"
#include "cli/webhook_copy.h"
#include "codec/profile_yaml.h"
#include "store/copy.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE = 512 };

typedef struct {
    zp_verb_given given; /* operand: the new folder */
    bool forms_only;
} options;

typedef struct {
    const options *options;
    const zp_config *config;
    zp_profiles profiles;
    zp_stores from, to;
    zp_new_folder folder;
    zp_replay replay;
    char message[MESSAGE];
} rebuilding;

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping rebuild [options] DIR\n\n"
                "Makes a new folder DIR that holds a copy of the forms, and results, events, listings and totals made\n"
                "anew from them by the profiles of the configuration, in the recorded order. With the same profiles\n"
                "everything comes out as it was, and what was damaged is mended as far as the forms tell; what comes\n"
                "out otherwise is counted. The service's own folder is only read: stop the service, rebuild, and set\n"
                "`data_dir: DIR`. What is recorded as failed stays failed.\n\n"
                "  --forms-only     don't look at the recorded results and events: forms in the order of their ids\n"
                "  --config FILE    default $ZIPING_CONFIG or\n"
                "                   " ZP_DEFAULT_CONFIG "\n"
                "\nExit code: 0 done, 1 faults remain in DIR (named), 3 it could not be made.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static bool own(void *context, int option, const char *argument)
{
    options *o = context;
    (void)argument;
    o->forms_only |= option == 'f';
    return true;
}

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {{"forms-only", no_argument, NULL, 'f'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){0};
    return zp_options_read(
        argc, argv, &(zp_verb_options){.usage = usage, .longs = longs, .own = own, .context = o, .least = 1, .most = 1},
        &o->given);
}

/* Its events were numbered among others, which are not there to be followed. */
static zp_rc refuse_archive(rebuilding *r)
{
    int year;
    zp_rc rc = zp_intake_archive_of(r->from.intake, &year);
    if (rc == ZP_NOTFOUND)
        return ZP_OK;
    if (!rc)
        snprintf(r->message, MESSAGE, "%s: an archive of %d, which is not rebuilt; restore it from a copy",
                 r->config->data_dir, year);
    else
        snprintf(r->message, MESSAGE, "%s: what it says of archives cannot be read", r->config->data_dir);
    return rc ? rc : ZP_CONFLICT;
}

/* Without the recorded scores the forms are still enough. */
static zp_rc open_source(rebuilding *r)
{
    const zp_config *config = r->config;
    if (zp_service_runs(config))
        fprintf(stderr, "ziping rebuild: a service runs on %s; what it takes in from now on will not be in %s\n",
                config->data_dir, r->options->given.operand);
    char *intake = zp_config_path(config, "intake"), *scores = zp_config_path(config, "scores");
    zp_rc rc = intake && scores ? ZP_OK : ZP_NOMEM;
    if (!rc)
        rc = zp_intake_open(intake, config->map_size, ZP_READ_ONLY, &r->from.intake, r->message, MESSAGE);
    if (!rc && !r->options->forms_only &&
        zp_scores_open(scores, config->map_size, ZP_READ_ONLY, &r->from.scores, r->message, MESSAGE))
        fprintf(stderr, "ziping rebuild: %s\nziping rebuild: goes on with the forms, in the order of their ids\n",
                r->message);
    free(intake);
    free(scores);
    return rc ? rc : refuse_archive(r);
}

static bool stop(void *context)
{
    (void)context;
    return zp_cli_interrupted();
}

/* Which events are followed is settled before the forms are copied, so that each has its form in the copy. */
static zp_rc settle_last(rebuilding *r)
{
    zp_scores_reader *reader = NULL;
    if (!r->from.scores)
        return ZP_OK;
    zp_rc rc = zp_scores_reader_new(r->from.scores, &reader);
    if (!rc)
        rc = zp_scores_last(reader, &r->replay.last);
    zp_scores_reader_destroy(&reader);
    return rc;
}

static zp_rc copy_webhooks(rebuilding *r)
{
    const zp_copy_pace pace = {.stop = stop};
    uint64_t bytes;
    return zp_webhook_copy(r->config, r->folder.building, &pace, &bytes, r->message, MESSAGE);
}

static zp_rc copy_forms(rebuilding *r, const char *path)
{
    const zp_copy_pace pace = {.stop = stop};
    uint64_t bytes;
    zp_rc rc = zp_env_copy(zp_intake_env(r->from.intake), path, &pace, &bytes, r->message, MESSAGE);
    return rc ? rc : zp_intake_open(path, r->config->map_size, ZP_READ_ONLY, &r->to.intake, r->message, MESSAGE);
}

static zp_rc make_scores(rebuilding *r, const char *path)
{
    zp_rc rc = zp_scores_open(path, r->config->map_size, ZP_READ_WRITE, &r->to.scores, r->message, MESSAGE);
    if (rc)
        return rc;
    snprintf(r->message, MESSAGE, "%s: the results cannot be made", path);
    rc = zp_env_bulk(zp_scores_env(r->to.scores), true);
    r->replay.intake = r->to.intake;
    r->replay.recorded = r->from.scores;
    r->replay.made = r->to.scores;
    r->replay.profiles = &r->profiles;
    if (!rc)
        rc = zp_replay_run(&r->replay);
    return rc ? rc : zp_env_bulk(zp_scores_env(r->to.scores), false);
}

static zp_rc tell(rebuilding *r)
{
    const zp_replay *p = &r->replay;
    zp_replay_difference d;
    printf("derived=%" PRIu64 "\nstill_failed=%" PRIu64 "\ntaken_over=%" PRIu64 "\nunordered=%" PRIu64
           "\narchived_events=%" PRIu64 "\nlost_events=%" PRIu64 "\n",
           p->derived, p->still_failed, p->taken_over, p->unordered, p->archived, p->lost_events);
    if (!r->from.scores)
        return ZP_OK;
    zp_rc rc = zp_replay_compare(r->from.scores, r->to.scores, &d);
    if (!rc)
        printf("results.same=%" PRIu64 "\nresults.other_profile=%" PRIu64 "\nresults.other_engine=%" PRIu64
               "\nresults.different=%" PRIu64 "\nresults.new=%" PRIu64 "\nevents.same=%" PRIu64
               "\nevents.different=%" PRIu64 "\n",
               d.same, d.other_profile, d.other_engine, d.different, d.new, d.events_same, d.events_different);
    return rc;
}

static zp_rc make(rebuilding *r)
{
    zp_rc rc = open_source(r);
    if (!rc)
        rc = zp_new_folder_begin(r->options->given.operand, &r->folder, r->message, MESSAGE);
    char *intake = rc ? NULL : zp_stores_path(r->folder.building, "intake");
    char *scores = rc ? NULL : zp_stores_path(r->folder.building, "scores");
    if (!rc && (!intake || !scores))
        rc = ZP_NOMEM;
    if (!rc)
        rc = copy_webhooks(r);
    if (!rc)
        rc = settle_last(r);
    if (!rc)
        rc = copy_forms(r, intake);
    if (!rc)
        rc = make_scores(r, scores);
    if (!rc)
        rc = tell(r);
    zp_stores_close(&r->to);
    zp_stores_close(&r->from);
    if (!rc)
        rc = zp_new_folder_finish(&r->folder, r->message, MESSAGE);
    zp_new_folder_end(&r->folder);
    free(intake);
    free(scores);
    return rc;
}

static int fail(const char *message, zp_rc rc, int code)
{
    fprintf(stderr, "ziping rebuild: %s (%s)\n", rc == ZP_CLOSED ? "interrupted; nothing was left behind" : message,
            zp_rc_name(rc));
    return code;
}

static int rebuild(rebuilding *r)
{
    zp_rc rc = zp_profiles_load(r->config->profiles, r->config->profiles_count, &r->profiles, r->message, MESSAGE);
    if (rc)
        return fail(r->message, rc, ZP_EXIT_USAGE);
    rc = make(r);
    if (!rc)
        rc = zp_stores_open_folder(r->options->given.operand, &r->to, r->message, MESSAGE);
    if (rc)
        return fail(r->message, rc, ZP_EXIT_UNAVAILABLE);
    int code = zp_soundness_tell("rebuild", &r->to);
    zp_stores_close(&r->to);
    return code;
}

int zp_cli_rebuild(int argc, char **argv)
{
    static rebuilding r;
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
    r.options = &o;
    r.config = config;
    code = rebuild(&r);
    zp_config_destroy(&config);
    return code;
}

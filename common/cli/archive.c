/*
 * archive.c - `ziping archive --year Y --to DIR`: a season moved out of the stores of a stopped service.
 *
 *   make DIR beside its place ▶ verify it ▶ give it its name ▶ remove from the live stores what it holds
 *
 * Up to the name nothing of the live stores has changed, and what is unfinished goes when the command is given again.
 * From the name on the same command goes on where it was: it finds DIR, verifies it again, and removes what is left.
 */
#include "store/archive.h"
#include "base/hook.h"
#include "cli/cli.h"
#include "cli/new_folder.h"
#include "cli/options.h"
#include "cli/soundness.h"
#include "cli/stopped.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MESSAGE = 512, FIRST_YEAR = 1900, LAST_YEAR = 9999 };

typedef struct {
    zp_verb_given given;
    const char *place;
    int year;
} options;

typedef struct {
    const options *options;
    const zp_config *config;
    zp_stopped stopped;
    zp_stores live, stores; /* the latter the archive's */
    zp_new_folder folder;
    zp_archive archive;
    bool is_there; /* the archive, from an earlier time */
    int code;      /* of the process, when something was told already; else -1 */
    char message[MESSAGE];
} archiving;

static int usage(FILE *to)
{
    fprintf(to,
            "Usage: ziping archive --year Y --to DIR [--config FILE]\n\n"
            "Moves a season that is over out of the stores of a stopped service, into the new folder DIR, which\n"
            "`ziping verify DIR`, `ziping inspect DIR` and `ziping tail --archive DIR` read. DIR is verified before\n"
            "anything is removed. From then on the season is closed: the service refuses forms of that year, and\n"
            "says of each submission that it was archived. Event numbers stay; events from the front of the log\n"
            "go with their season.\n\n"
            "Stop the gateway and all workers first. If it is interrupted, or the machine fails: the same command\n"
            "again goes on.\n\n"
            "  --year Y         the season\n"
            "  --to DIR         the archive's folder, with as much space as the season takes\n"
            "  --config FILE    default $ZIPING_CONFIG or\n"
            "                   " ZP_DEFAULT_CONFIG "\n"
            "\nExit code: 0 done, 1 it cannot be archived as it stands (nothing was removed), 3 not finished.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static bool own(void *context, int option, const char *argument)
{
    options *o = context;
    char *end;
    if (option == 't') {
        o->place = argument;
        return true;
    }
    long year = strtol(argument, &end, 10);
    o->year = (int)year;
    if (*argument >= '0' && *argument <= '9' && !*end && year >= FIRST_YEAR && year <= LAST_YEAR)
        return true;
    fprintf(stderr, "ziping archive: --year takes a year, not \"%s\"\n", argument);
    return false;
}

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {{"year", required_argument, NULL, 'y'},
                                          {"to", required_argument, NULL, 't'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){0};
    int code = zp_options_read(argc, argv, &(zp_verb_options){.usage = usage, .longs = longs, .own = own, .context = o},
                               &o->given);
    return code < 0 && (!o->year || !o->place) ? usage(stderr) : code;
}

static bool stop(void *context)
{
    (void)context;
    return zp_cli_interrupted();
}

/* ---- the stores ---- */

static zp_rc open_both(archiving *a, const char *folder, zp_access access, zp_stores *out)
{
    char *intake = zp_stores_path(folder, "intake"), *scores = zp_stores_path(folder, "scores");
    uint64_t map_size = access == ZP_READ_ONLY ? 0 : a->config->map_size;
    zp_rc rc = intake && scores ? ZP_OK : ZP_NOMEM;
    if (!rc)
        rc = zp_intake_open(intake, map_size, access, &out->intake, a->message, MESSAGE);
    if (!rc)
        rc = zp_scores_open(scores, map_size, access, &out->scores, a->message, MESSAGE);
    free(intake);
    free(scores);
    return rc;
}

/* Opening to write would begin stores where none are: a data_dir that is mistaken must stay as it is. */
static zp_rc open_live(archiving *a)
{
    zp_rc rc = zp_stores_open(a->config, &a->live, a->message, MESSAGE);
    zp_stores_close(&a->live);
    return rc ? rc : open_both(a, a->config->data_dir, ZP_READ_WRITE, &a->live);
}

static void use(archiving *a)
{
    a->archive.live_intake = a->live.intake;
    a->archive.live_scores = a->live.scores;
    a->archive.intake = a->stores.intake;
    a->archive.scores = a->stores.scores;
}

/* What the archive's functions did not say in words of their own. */
static zp_rc told(archiving *a, zp_rc rc, const char *what)
{
    if (rc && *a->archive.fault)
        snprintf(a->message, MESSAGE, "%s: %s", what, a->archive.fault);
    else if (rc)
        snprintf(a->message, MESSAGE, "%s", what);
    return rc;
}

/* ---- may it be archived? ---- */

static zp_season_state state_of(const archiving *a)
{
    return zp_seasons_state(zp_intake_seasons(a->live.intake), a->options->year);
}

static void refuse(archiving *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void refuse(archiving *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "ziping archive: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    a->code = ZP_EXIT_NO;
}

static zp_rc consider(archiving *a)
{
    zp_season_state state = state_of(a);
    const zp_archive_counts *n = &a->archive.counts;
    int year = a->options->year;
    if (state != ZP_SEASON_OPEN && !a->is_there) {
        refuse(a, "the season %d %s; give the folder that it went to with --to", year,
               state == ZP_SEASON_ARCHIVED ? "has been archived already" : "is being moved to an archive");
        return ZP_OK;
    }
    if (state != ZP_SEASON_OPEN)
        return ZP_OK;
    zp_rc rc = told(a, zp_archive_count(&a->archive), "the season cannot be archived; `ziping rebuild` may mend it");
    if (rc == ZP_CORRUPT) {
        refuse(a, "%s", a->message);
        return ZP_OK;
    }
    if (!rc && n->pending)
        refuse(a,
               "%" PRIu64 " of the %" PRIu64 " submissions of %d are still to be scored; start the service until "
               "`ziping inspect` says intake.pending=0, stop it, and do this again",
               n->pending, n->forms, year);
    else if (!rc && !n->forms)
        refuse(a, "there are no submissions of %d", year);
    return rc;
}

/* ---- the first part: DIR ---- */

static zp_rc verify(archiving *a, const char *folder)
{
    zp_rc rc = open_both(a, folder, ZP_READ_ONLY, &a->stores);
    if (rc && a->is_there) {
        refuse(a, "%s; --to takes a new folder, or the archive that was made by this command before", a->message);
        return ZP_OK;
    }
    if (rc)
        return rc;
    int code = zp_soundness_tell("archive", &a->stores);
    if (code == ZP_EXIT_OK)
        return ZP_OK;
    fprintf(stderr, "ziping archive: %s is not sound; nothing was removed\n", folder);
    a->code = code;
    return ZP_OK;
}

static zp_rc make(archiving *a)
{
    zp_rc rc = zp_new_folder_begin(a->options->place, &a->folder, a->message, MESSAGE);
    if (!rc)
        rc = open_both(a, a->folder.building, ZP_READ_WRITE, &a->stores);
    if (!rc) {
        use(a);
        rc = told(a, zp_archive_fill(&a->archive), "the archive cannot be written; nothing was removed");
    }
    zp_stores_close(&a->stores);
    ZP_HOOK("archive-written", ZP_STR(""));
    if (!rc)
        rc = verify(a, a->folder.building);
    zp_stores_close(&a->stores);
    if (!rc && a->code < 0)
        rc = zp_new_folder_finish(&a->folder, a->message, MESSAGE);
    zp_new_folder_end(&a->folder);
    ZP_HOOK("archive-named", ZP_STR(""));
    return rc;
}

/* ---- the second part ---- */

/* One that was there must be all of the season, unless it is known by its name already. */
static zp_rc compare(archiving *a)
{
    if (!a->is_there || state_of(a) != ZP_SEASON_OPEN)
        return ZP_OK;
    zp_rc rc = told(a, zp_archive_compare(&a->archive), "it is no archive of what is stored now, so it is left alone");
    if (rc == ZP_CONFLICT)
        refuse(a, "%s: %s", a->options->place, a->message);
    return rc == ZP_CONFLICT ? ZP_OK : rc;
}

static zp_rc remove_season(archiving *a)
{
    zp_rc rc = open_both(a, a->options->place, ZP_READ_ONLY, &a->stores);
    use(a);
    if (!rc)
        rc = compare(a);
    if (rc || a->code >= 0)
        return rc;
    rc = told(a, zp_archive_remove(&a->archive), "the season is not removed to the end; do the same again");
    if (rc == ZP_CONFLICT)
        refuse(a, "%s: %s", a->options->place, a->archive.fault);
    ZP_HOOK("archive-finished", ZP_STR(""));
    return rc == ZP_CONFLICT ? ZP_OK : rc;
}

static zp_rc tell(archiving *a)
{
    zp_scores_reader *reader = NULL;
    uint64_t start = 0, last = 0;
    zp_rc rc = zp_scores_reader_new(a->live.scores, &reader);
    if (!rc)
        rc = zp_scores_log_start(reader, &start);
    if (!rc)
        rc = zp_scores_last(reader, &last);
    zp_scores_reader_destroy(&reader);
    const zp_archive_counts *n = &a->archive.counts;
    printf("removed.forms=%" PRIu64 "\nremoved.results=%" PRIu64 "\nremoved.events=%" PRIu64 "\nlog_start=%" PRIu64
           "\nlast_event=%" PRIu64 "\n",
           n->forms_removed, n->results_removed, n->events_removed, start, last);
    return rc;
}

/* ---- all of it ---- */

static zp_rc archive(archiving *a)
{
    struct stat stat;
    zp_rc rc = zp_stopped_hold(a->config, &a->stopped, a->message, MESSAGE);
    if (!rc)
        rc = open_live(a);
    if (rc)
        return rc;
    use(a);
    a->is_there = lstat(a->options->place, &stat) == 0;
    rc = consider(a);
    if (!rc && a->code < 0)
        rc = a->is_there ? verify(a, a->options->place) : make(a);
    zp_stores_close(&a->stores);
    if (!rc && a->code < 0)
        rc = remove_season(a);
    zp_stores_close(&a->stores);
    if (!rc && a->code < 0)
        rc = tell(a);
    return rc;
}

int zp_cli_archive(int argc, char **argv)
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
    archiving a = {.options = &o,
                   .config = config,
                   .stopped = {-1, -1},
                   .archive = {.year = o.year, .stop = stop},
                   .code = -1,
                   .message = "out of memory; free some and start again"};
    zp_rc rc = archive(&a);
    zp_stores_close(&a.live);
    zp_stopped_release(&a.stopped);
    zp_config_destroy(&config);
    if (rc)
        fprintf(stderr, "ziping archive: %s (%s)\n", rc == ZP_CLOSED ? "interrupted; do the same again" : a.message,
                zp_rc_name(rc));
    return rc ? ZP_EXIT_UNAVAILABLE : a.code >= 0 ? a.code : ZP_EXIT_OK;
}

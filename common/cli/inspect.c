/*
 * inspect.c - `ziping inspect`: what the two stores hold, read from their memory maps beside the running service.
 *
 * Opens both read-only in this process, looks once and leaves; the service notices nothing.
 */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/stores.h"

#include <inttypes.h>
#include <stdio.h>

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping inspect [--config FILE | DIR]\n\n"
                "Prints key=value lines: counts, queue depth and age, seasons, map use, readers.\n"
                "Reads the data directory of the configuration, or a backup or archive DIR; works with the service up\n"
                "or down.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static zp_rc print_env(const char *name, zp_env *env)
{
    zp_env_stats stats;
    zp_rc rc = zp_env_stat(env, &stats);
    if (rc)
        return rc;
    printf("%s.map_size=%" PRIu64 "\n%s.map_used=%" PRIu64 "\n%s.map_used_permille=%" PRIu64
           "\n%s.map_kept_for_readers=%" PRIu64 "\n%s.oldest_reader=%d\n%s.readers=%u\n%s.max_readers=%u\n"
           "%s.last_transaction=%" PRIu64 "\n",
           name, stats.map_size, name, stats.used_bytes, name,
           stats.used_bytes * 1000 / (stats.map_size ? stats.map_size : 1), name, stats.pinned_bytes, name,
           stats.oldest_reader, name, stats.readers, name, stats.max_readers, name, stats.last_txn);
    return ZP_OK;
}

static void print_seasons(zp_intake *intake)
{
    const zp_seasons *seasons = zp_intake_seasons(intake);
    int year;
    if (zp_intake_archive_of(intake, &year) == ZP_OK)
        printf("archive_of=%d\n", year);
    for (size_t i = 0; i < seasons->count; i++)
        printf("season.%d=%s\n", seasons->items[i].year, zp_season_state_name(seasons->items[i].state));
}

static zp_rc inspect_intake(zp_intake *intake)
{
    zp_intake_reader *reader = NULL;
    zp_intake_stats stats;
    zp_rc rc = zp_intake_reader_new(intake, &reader);
    if (!rc)
        rc = zp_intake_stat(reader, &stats);
    zp_intake_reader_destroy(&reader);
    if (rc)
        return rc;
    print_seasons(intake);
    int64_t age_ms = stats.has_oldest ? zp_clock_wall_ms() - zp_id_ms(&stats.oldest_pending) : 0;
    printf("intake.forms=%" PRIu64 "\nintake.pending=%" PRIu64 "\nintake.oldest_pending_ms=%" PRId64
           "\nintake.idempotency_keys=%" PRIu64 "\nintake.revisions=%" PRIu64 "\nintake.archived=%" PRIu64 "\n",
           stats.forms, stats.pending, age_ms > 0 ? age_ms : 0, stats.keys, stats.revisions, stats.archived);
    return print_env("intake", zp_intake_env(intake));
}

static zp_rc inspect_scores(zp_scores *scores)
{
    zp_scores_reader *reader = NULL;
    zp_scores_stats stats;
    zp_rc rc = zp_scores_reader_new(scores, &reader);
    if (!rc)
        rc = zp_scores_stat(reader, &stats);
    zp_scores_reader_destroy(&reader);
    if (rc)
        return rc;
    printf("scores.results=%" PRIu64 "\nscores.events=%" PRIu64 "\nscores.log_start=%" PRIu64
           "\nscores.last_event=%" PRIu64 "\nscores.index_entries=%" PRIu64 "\n",
           stats.results, stats.events, stats.log_start, stats.last_seq, stats.index_entries);
    return print_env("scores", zp_scores_env(scores));
}

static zp_rc inspect(const zp_config *config, const char *folder, char *message, size_t message_size)
{
    zp_stores stores;
    zp_rc rc = folder ? zp_stores_open_folder(folder, &stores, message, message_size)
                      : zp_stores_open(config, &stores, message, message_size);
    if (rc)
        return rc;
    snprintf(message, message_size, "the stores cannot be read");
    rc = inspect_intake(stores.intake);
    if (!rc)
        rc = inspect_scores(stores.scores);
    zp_stores_close(&stores);
    return rc;
}

int zp_cli_inspect(int argc, char **argv)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
    zp_verb_given given;
    int code = zp_options_read(argc, argv, &(zp_verb_options){.usage = usage, .longs = longs, .most = 1}, &given);
    if (code >= 0)
        return code;
    if (given.operand && given.config)
        return usage(stderr);
    zp_config *config = given.operand ? NULL : zp_cli_config(given.config);
    if (!given.operand && !config)
        return ZP_EXIT_USAGE;
    char message[512];
    zp_rc rc = inspect(config, given.operand, message, sizeof message);
    if (config)
        zp_config_destroy(&config);
    if (rc) {
        fprintf(stderr, "ziping inspect: %s (%s)\n", message, zp_rc_name(rc));
        return ZP_EXIT_UNAVAILABLE;
    }
    return ZP_EXIT_OK;
}

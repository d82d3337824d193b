/*
 * verify.c - `ziping verify`: is what is stored sound? Of a running service, a stopped one, or a backup.
 */
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/soundness.h"

#include <stdio.h>

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping verify [--config FILE | DIR]\n\n"
                "Reads both stores and proves them sound: every record by its checksum and its content, and what they\n"
                "say about each other: forms, their digests, revisions and keys; results, events without gaps,\n"
                "listings and totals. Works beside the running service and without it. Names each fault, the first\n"
                "200 of them, goes on, and ends with counts.\n\n"
                "  DIR              a folder that holds both, such as a backup, instead of the configuration's\n"
                "  --config FILE    default $ZIPING_CONFIG or\n"
                "                   " ZP_DEFAULT_CONFIG "\n"
                "\nExit code: 0 sound, 1 faults, 3 the stores cannot be read.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static int verify(const zp_config *config, const char *folder)
{
    zp_stores stores;
    char message[512];
    zp_rc rc = folder ? zp_stores_open_folder(folder, &stores, message, sizeof message)
                      : zp_stores_open(config, &stores, message, sizeof message);
    if (rc) {
        fprintf(stderr, "ziping verify: %s (%s)\n", message, zp_rc_name(rc));
        return ZP_EXIT_UNAVAILABLE;
    }
    int code = zp_soundness_tell("verify", &stores);
    zp_stores_close(&stores);
    return code;
}

int zp_cli_verify(int argc, char **argv)
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
    zp_cli_catch_signals();
    zp_soundness_expect_damage();
    code = verify(config, given.operand);
    if (config)
        zp_config_destroy(&config);
    return code;
}

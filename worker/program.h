/*
 * program.h - how ziping-worker, ziping-notifier and ziping-webhooks begin and are told to end.
 *
 * Options, settings, signals (blocked everywhere, read from a descriptor in the program's one loop; SIGHUP changes
 * nothing but where a program says so: settings are read at the start) and the folders. A start that fails says so in
 * one line on standard error, which names the file and the remedy, and exits with 2.
 */
#ifndef ZP_WORKER_PROGRAM_H
#define ZP_WORKER_PROGRAM_H

#include "base/config.h"
#include "store/scores.h"

#include <stdbool.h>

enum { ZP_EXIT_START = 2, ZP_EXIT_IN_DOUBT = 75, ZP_PROGRAM_GOES_ON = -1 };

typedef struct {
    const char *name;    /* "worker": the program is ziping-worker, its log lines say worker */
    const char *summary; /* one line for --help */
    const char *path;    /* of the settings */
    bool check;          /* only look whether everything is good */
    zp_config *config;
    int signals;       /* readable when SIGTERM or SIGINT came */
    char message[512]; /* why it does not start */
} zp_program;

/* Reads the options; --help, --version and mistakes end here with that exit code, else ZP_PROGRAM_GOES_ON. */
int zp_program_options(zp_program *self, int argc, char **argv);
/* Blocks the signals, so before any other thread exists; raises the soft limit of descriptors to the hard one; then
 * settings and log. Sets message on failure. */
zp_rc zp_program_begin(zp_program *self);
/* Makes the data folder and its run folder (0750) when they are missing. Sets message on failure. */
zp_rc zp_program_folders(zp_program *self);
/* Opens the scores to read them; begins the store where the worker has not yet. The caller closes both, in the order
 * reader, scores, also on failure (what was not opened is NULL). Sets message on failure. */
zp_rc zp_program_read_scores(zp_program *self, zp_scores **scores, zp_scores_reader **reader);
/* Takes a waiting SIGTERM or SIGINT and logs it; false when there is none. */
bool zp_program_is_told_to_stop(const zp_program *self);
/* Prints message, frees what is there; the exit code. */
int zp_program_fail(zp_program *self);
/* The end of --check: everything is good. The exit code. */
int zp_program_good(zp_program *self);
void zp_program_end(zp_program *self);

#endif

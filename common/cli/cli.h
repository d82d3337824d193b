/*
 * cli.h - the `ziping` command: one function a verb, each in a file of its own.
 *
 * A verb gets its own argv (argv[0] is the verb) and returns the exit code:
 * 0 all well, 1 the answer is "no" (a form was refused, an id is unknown),
 * 2 wrong use or set-up, 3 the service could not be reached or did not finish in time.
 */
#ifndef ZP_CLI_CLI_H
#define ZP_CLI_CLI_H

#include "base/config.h"

#include <stdbool.h>

enum { ZP_EXIT_OK = 0, ZP_EXIT_NO = 1, ZP_EXIT_USAGE = 2, ZP_EXIT_UNAVAILABLE = 3 };

int zp_cli_submit(int argc, char **argv);
int zp_cli_status(int argc, char **argv);
int zp_cli_score(int argc, char **argv);
int zp_cli_rescore(int argc, char **argv);
int zp_cli_retry(int argc, char **argv);
int zp_cli_tail(int argc, char **argv);
int zp_cli_keygen(int argc, char **argv);
int zp_cli_inspect(int argc, char **argv);
int zp_cli_verify(int argc, char **argv);
int zp_cli_backup(int argc, char **argv);
int zp_cli_rebuild(int argc, char **argv);
int zp_cli_webhook(int argc, char **argv);
int zp_cli_archive(int argc, char **argv);

/* --url, else $ZIPING_URL, else http://127.0.0.1:8080; without a slash at its end. Never NULL; caller frees. */
char *zp_cli_url(const char *option);
/*
 * --config, else $ZIPING_CONFIG, else the installed ziping.yaml. NULL after one line on standard error.
 */
zp_config *zp_cli_config(const char *option);

/* Set by SIGINT and SIGTERM once zp_cli_catch_signals was called; loops look at it and end in order. */
bool zp_cli_interrupted(void);
void zp_cli_catch_signals(void);

#endif

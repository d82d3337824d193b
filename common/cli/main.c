/*
 * main.c - the `ziping` command: finds the verb and runs it.
 *
 * Everything a person or a script does with Ziping from a shell. The verbs that talk to the service
 * use HTTP or ZeroMQ like any other client; `inspect` and the verbs that keep
 * what is stored read the memory maps, `score` needs no service at all.
 */
#include "cli/cli.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verb;

static const verb verbs[] = {
    {"submit", zp_cli_submit, "FILE…                        submit forms (JSON or NDJSON; - is standard input)"},
    {"status", zp_cli_status, "ID…                          say where submissions stand and how they were scored"},
    {"score", zp_cli_score, "FILE…                         score forms here and now, without a server"},
    {"rescore", zp_cli_rescore, "--profile FILE [--year Y]   what a stored season would be given by other rules"},
    {"retry", zp_cli_retry, "ID…                           have what is recorded as failed scored again"},
    {"tail", zp_cli_tail, "[--after N] [--topic PREFIX]   follow the event log, replay included"},
    {"keygen", zp_cli_keygen, "NAME…                        make CURVE keys for the service and its subscribers"},
    {"inspect", zp_cli_inspect, "[DIR]                      what the stores hold: counts, queue, map use, readers"},
    {"verify", zp_cli_verify, "[DIR]                       prove that what is stored is sound"},
    {"backup", zp_cli_backup, "DIR                         copy both stores, beside the running service"},
    {"rebuild", zp_cli_rebuild, "DIR                         make results, events and totals anew from the forms"},
    {"webhook", zp_cli_webhook, "add|list|show|…             who is told of events, and how far each has got"},
    {"archive", zp_cli_archive, "--year Y --to DIR          move a closed season out of the stores, into a folder"},
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

bool zp_cli_interrupted(void)
{
    return interrupted != 0;
}

void zp_cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, NULL) || sigaction(SIGTERM, &action, NULL))
        fprintf(stderr, "ziping: cannot catch signals: %s\n", strerror(errno));
}

static const char *option_or_environment(const char *option, const char *variable, const char *fallback)
{
    if (option)
        return option;
    const char *value = getenv(variable);
    return value && *value ? value : fallback;
}

char *zp_cli_url(const char *option)
{
    char *url = strdup(option_or_environment(option, "ZIPING_URL", "http://127.0.0.1:8080"));
    if (!url) {
        fprintf(stderr, "ziping: out of memory\n");
        exit(ZP_EXIT_USAGE);
    }
    for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    return url;
}

zp_config *zp_cli_config(const char *option)
{
    const char *path = option_or_environment(option, "ZIPING_CONFIG", ZP_DEFAULT_CONFIG);
    zp_config *config = NULL;
    char message[512];
    if (zp_config_load(path, &config, message, sizeof message)) {
        fprintf(stderr, "ziping: %s\n", message);
        return NULL;
    }
    return config;
}

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping VERB …\n\n");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        fprintf(to, "  %s %s\n", verbs[i].name, verbs[i].summary);
    fprintf(to, "\n`ziping VERB --help` tells more. The service is found by --url or $ZIPING_URL,\n"
                "the configuration by --config or $ZIPING_CONFIG.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    /* Only the character type: a C locale's decimal point and messages stay, so that output is the same everywhere. */
    setlocale(LC_CTYPE, "");
    if (argc < 2)
        return usage(stderr);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return usage(stdout);
    if (!strcmp(argv[1], "--version")) {
        printf("ziping %s\n", ZP_VERSION);
        return ZP_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return verbs[i].run(argc - 1, argv + 1);
    fprintf(stderr, "ziping: there is no verb \"%s\"\n\n", argv[1]);
    return usage(stderr);
}

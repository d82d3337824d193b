/*
 * program.c - see program.h. The main thread of each program, at start and end.
 */
#include "program.h"

#include "base/log.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static int print_usage(const zp_program *self, FILE *out, int exit_code)
{
    int printed = fprintf(out,
                          "usage: ziping-%s [--config FILE] [--check]\n"
                          "\n"
                          "%s\n"
                          "\n"
                          "  --config FILE  the settings, by default %s\n"
                          "  --check        look whether the settings are good, say so, and exit\n"
                          "  --version      print the version and exit\n"
                          "  --help         print this and exit\n",
                          self->name, self->summary, ZP_DEFAULT_CONFIG);
    return printed < 0 ? ZP_EXIT_START : exit_code;
}

int zp_program_options(zp_program *self, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    self->path = ZP_DEFAULT_CONFIG;
    self->signals = -1;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            self->path = optarg;
            break;
        case 'k':
            self->check = true;
            break;
        case 'h':
            return print_usage(self, stdout, EXIT_SUCCESS);
        case 'v':
            return printf("ziping-%s %s\n", self->name, ZP_VERSION) < 0 ? ZP_EXIT_START : EXIT_SUCCESS;
        default:
            return print_usage(self, stderr, ZP_EXIT_START);
        }
    }
    return optind < argc ? print_usage(self, stderr, ZP_EXIT_START) : ZP_PROGRAM_GOES_ON;
}

static zp_rc block_signals(zp_program *self)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) == 0 && sigaction(SIGPIPE, &ignore, NULL) == 0 &&
        sigaction(SIGHUP, &ignore, NULL) == 0)
        self->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->signals < 0)
        snprintf(self->message, sizeof self->message, "signals: %s; start again", strerror(errno));
    return self->signals < 0 ? ZP_IO : ZP_OK;
}

/* As many as may be had: libzmq ends the process (errno_assert in its listener) when somebody calls and none is left.
 */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* else it stays as it was */
}

zp_rc zp_program_begin(zp_program *self)
{
    zp_level level = ZP_INFO;
    raise_descriptors();
    zp_rc rc = block_signals(self);
    if (!rc)
        rc = zp_config_load(self->path, &self->config, self->message, sizeof self->message);
    if (rc)
        return rc;
    rc = zp_level_parse(self->config->log_level, &level);
    if (rc)
        snprintf(self->message, sizeof self->message, "%s: log_level: use debug, info, warn or error", self->path);
    zp_log_open(self->name, level);
    return rc;
}

static zp_rc make_folder(zp_program *self, const char *path)
{
    if (!path) {
        snprintf(self->message, sizeof self->message, "out of memory; free some and start again");
        return ZP_NOMEM;
    }
    if (mkdir(path, 0750) == 0 || errno == EEXIST)
        return ZP_OK;
    snprintf(self->message, sizeof self->message, "%s: %s; make the folder, owned by this user", path, strerror(errno));
    return ZP_IO;
}

zp_rc zp_program_folders(zp_program *self)
{
    char *run = zp_config_path(self->config, "run");
    zp_rc rc = make_folder(self, self->config->data_dir);
    if (!rc)
        rc = make_folder(self, run);
    free(run);
    return rc;
}

zp_rc zp_program_read_scores(zp_program *self, zp_scores **scores, zp_scores_reader **reader)
{
    uint64_t map_size = self->config->map_size;
    char *path = zp_config_path(self->config, "scores");
    zp_rc rc = path ? zp_scores_ensure(path, map_size, self->message, sizeof self->message) : ZP_NOMEM;
    if (!rc)
        rc = zp_scores_open(path, map_size, ZP_READ_ONLY, scores, self->message, sizeof self->message);
    free(path);
    if (!rc) {
        rc = zp_scores_reader_new(*scores, reader);
        snprintf(self->message, sizeof self->message, "scores: no reader: %s; start again", zp_rc_name(rc));
    }
    return rc;
}

bool zp_program_is_told_to_stop(const zp_program *self)
{
    struct signalfd_siginfo info;
    if (read(self->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    zp_log(ZP_INFO, "stopping", "signal=%u", info.ssi_signo);
    return true;
}

int zp_program_fail(zp_program *self)
{
    fprintf(stderr, "ziping-%s: %s\n", self->name, self->message);
    zp_program_end(self);
    return ZP_EXIT_START;
}

int zp_program_good(zp_program *self)
{
    bool printed = printf("%s: good\n", self->path) >= 0;
    zp_program_end(self);
    return printed ? EXIT_SUCCESS : ZP_EXIT_START;
}

void zp_program_end(zp_program *self)
{
    zp_config_destroy(&self->config);
    if (self->signals >= 0)
        close(self->signals);
    self->signals = -1;
}

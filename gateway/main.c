/*
 * main.c - ziping-gateway: options, start, signals, stop.
 *
 *   start: config, profiles, stores, listener, then the threads - committer, dispatcher, one loop for each core
 *   stop:  gate shut, loops answer what they have, dispatcher, committer (commits what waits), loops freed, stores
 *
 * All signals are blocked in every thread and read from a signalfd here. A start that fails says so in one line that
 * names the file and the remedy, and exits with 2.
 */
#include "base/log.h"
#include "codec/profile_yaml.h"
#include "committer.h"
#include "fastcgi.h"
#include "gateway.h"
#include "listener.h"
#include "lock_file.h"
#include "loop.h"
#include "store/copy.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_START = 2, MAX_LOOPS = 256 };
enum { USUAL_DESCRIPTORS = 1024, RESERVED_DESCRIPTORS = 128, LOOP_DESCRIPTORS = 3 };

typedef struct {
    zp_gateway gateway;
    zp_config *config;
    zp_profiles profiles;
    zp_listener *listener;
    int signals, lock;
    char message[512];
} program;

static const char usage[] = "usage: ziping-gateway [--config FILE] [--check]\n"
                            "\n"
                            "  --config FILE  the settings, by default " ZP_DEFAULT_CONFIG "\n"
                            "  --check        read settings and profiles, say whether they are good, and exit\n"
                            "  --version      print the version and exit\n"
                            "  --help         print this and exit\n";

/* ---- start ---- */

static zp_rc block_signals(program *self)
{
    /* libfcgi will install handlers of its own; blocked, they never run, and SIGTERM stays ours. */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t all, wanted;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&all, faults[i]);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0 ||
        sigaction(SIGUSR1, &ignore, NULL) < 0 || sigaction(SIGHUP, &ignore, NULL) < 0)
        return ZP_IO;
    self->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    self->gateway.stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return self->signals < 0 || self->gateway.stop_event < 0 ? ZP_IO : ZP_OK;
}

/* glibc otherwise raises this by itself after the first large body, and then keeps all that came in a rush. */
static void give_large_blocks_back(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

/* As many as may be had, and some of them kept for others than nginx: libzmq ends the process (errno_assert in its
 * listener) when a worker calls and there is none left. */
static void share_descriptors(zp_gateway *gateway, unsigned loops)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        limit = (struct rlimit){USUAL_DESCRIPTORS, USUAL_DESCRIPTORS};
    rlim_t usual = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        limit.rlim_cur = usual;
    rlim_t reserve = RESERVED_DESCRIPTORS + (rlim_t)loops * LOOP_DESCRIPTORS;
    if (reserve > limit.rlim_cur / 2)
        reserve = limit.rlim_cur / 2;
    gateway->max_connections = limit.rlim_cur - reserve < UINT_MAX ? (unsigned)(limit.rlim_cur - reserve) : UINT_MAX;
}

static zp_rc load(program *self, const char *path)
{
    zp_rc rc = zp_config_load(path, &self->config, self->message, sizeof self->message);
    if (!self->config)
        return rc ? rc : ZP_NOMEM;
    zp_level level = ZP_INFO;
    if (zp_level_parse(self->config->log_level, &level) != ZP_OK) {
        snprintf(self->message, sizeof self->message, "%s: log_level: use debug, info, warn or error", path);
        return ZP_INVALID;
    }
    zp_log_open("gateway", level);
    rc = zp_profiles_load(self->config->profiles, self->config->profiles_count, &self->profiles, self->message,
                          sizeof self->message);
    self->gateway.config = self->config;
    self->gateway.profiles = &self->profiles;
    return rc;
}

static zp_rc make_folder(program *self, const char *path)
{
    if (path && (mkdir(path, 0750) == 0 || errno == EEXIST))
        return ZP_OK;
    snprintf(self->message, sizeof self->message, "%s: %s; create the folder, owned by this user", path ? path : "run",
             strerror(errno));
    return ZP_IO;
}

static zp_rc open_stores(program *self)
{
    zp_gateway *gateway = &self->gateway;
    char *run = zp_config_path(self->config, "run"), *lock = zp_config_path(self->config, "run/gateway.lock"),
         *intake = zp_config_path(self->config, "intake"), *scores = zp_config_path(self->config, "scores");
    zp_rc rc = run && lock && intake && scores ? ZP_OK : ZP_NOMEM;
    snprintf(self->message, sizeof self->message, "out of memory; free some and start again");
    if (!rc)
        rc = make_folder(self, self->config->data_dir);
    if (!rc)
        rc = make_folder(self, run);
    /* One lock for the intake (one writer) and for the dispatch socket (a second bind would steal it). */
    if (!rc)
        rc = zp_lock_file(lock, &self->lock, self->message, sizeof self->message);
    if (!rc)
        rc = zp_listener_open(self->config, &self->listener, self->message, sizeof self->message);
    if (!rc)
        rc = zp_intake_open(intake, self->config->map_size, ZP_READ_WRITE, &gateway->intake, self->message,
                            sizeof self->message);
    if (!rc)
        rc = zp_scores_ensure(scores, self->config->map_size, self->message, sizeof self->message);
    if (!rc)
        rc = zp_scores_open(scores, self->config->map_size, ZP_READ_RECORDS, &gateway->scores, self->message,
                            sizeof self->message);
    free(run);
    free(lock);
    free(intake);
    free(scores);
    return rc;
}

static zp_rc count_stores(zp_gateway *gateway, zp_intake_stats *forms, zp_scores_stats *scores)
{
    zp_intake_reader *intake_reader = NULL;
    zp_scores_reader *scores_reader = NULL;
    zp_rc rc = zp_intake_reader_new(gateway->intake, &intake_reader);
    if (!rc)
        rc = zp_scores_reader_new(gateway->scores, &scores_reader);
    if (!rc)
        rc = zp_intake_stat(intake_reader, forms);
    if (!rc)
        rc = zp_scores_stat(scores_reader, scores);
    zp_scores_reader_destroy(&scores_reader);
    zp_intake_reader_destroy(&intake_reader);
    return rc;
}

/*
 * What has left the queue has a result. Where scores have been lost, or put back as they were earlier, nobody would
 * ever score the rest: it is pending again. Forms cannot be had again from anywhere.
 */
static zp_rc compare_stores(program *self)
{
    zp_gateway *gateway = &self->gateway;
    zp_intake_stats forms;
    zp_scores_stats scores;
    uint64_t again = 0;
    snprintf(self->message, sizeof self->message, "%s: the stores cannot be read; see the lines above",
             self->config->data_dir);
    zp_rc rc = count_stores(gateway, &forms, &scores);
    if (!rc && scores.results && !forms.forms && !forms.archived) {
        snprintf(self->message, sizeof self->message,
                 "%s: intake holds no forms, scores holds results; restore intake from a backup, or to begin anew move "
                 "scores away as well",
                 self->config->data_dir);
        return ZP_CONFLICT;
    }
    if (rc || forms.forms <= forms.pending + scores.results)
        return rc;
    rc = zp_intake_requeue(gateway->intake, gateway->scores, &again);
    zp_log(ZP_ERROR, "results-missing", "forms=%llu results=%llu queued_again=%llu remedy=\"were scores replaced?\"",
           (unsigned long long)forms.forms, (unsigned long long)scores.results, (unsigned long long)again);
    return rc;
}

static unsigned count_loops(const zp_config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = config->gateway.threads;
    if (count == 0)
        count = cores > 0 ? (unsigned)cores : 1;
    return count < MAX_LOOPS ? count : MAX_LOOPS;
}

static zp_rc make_loops(program *self)
{
    zp_gateway *gateway = &self->gateway;
    unsigned count = count_loops(self->config);
    gateway->loops = calloc(count, sizeof *gateway->loops);
    if (!gateway->loops)
        return ZP_NOMEM;
    for (; gateway->loop_count < count; gateway->loop_count++) {
        zp_rc rc = zp_loop_new(gateway, self->listener, &gateway->loops[gateway->loop_count]);
        if (rc)
            return rc;
    }
    return ZP_OK;
}

/* The modules log what went wrong; the line that main adds says what to do. */
static zp_rc start_threads(program *self)
{
    zp_gateway *gateway = &self->gateway;
    snprintf(self->message, sizeof self->message, "threads not started; see the lines above, then start again");
    zp_rc rc = zp_fastcgi_init();
    if (!rc)
        rc = make_loops(self);
    if (!rc)
        rc = zp_committer_start(gateway, &gateway->committer);
    if (!rc)
        rc = zp_dispatcher_start(gateway, &gateway->dispatcher);
    for (unsigned i = 0; !rc && i < gateway->loop_count; i++)
        rc = zp_loop_start(gateway->loops[i]);
    return rc;
}

/* ---- run, stop ---- */

static void wait_for_the_end(program *self)
{
    struct pollfd news[2] = {{.fd = self->signals, .events = POLLIN},
                             {.fd = self->gateway.stop_event, .events = POLLIN}};
    while (poll(news, 2, -1) < 0 && errno == EINTR)
        ;
    struct signalfd_siginfo info;
    if (read(self->signals, &info, sizeof info) == (ssize_t)sizeof info)
        zp_log(ZP_INFO, "stopping", "signal=%u", info.ssi_signo);
    else
        zp_log(ZP_ERROR, "stopping", "exit_code=%d", atomic_load(&self->gateway.exit_code));
}

static void stop(program *self)
{
    zp_gateway *gateway = &self->gateway;
    /* Told to end, the loops take what has reached them already; after a failure there is nothing left to take it with.
     */
    if (atomic_load(&gateway->exit_code) != EXIT_SUCCESS)
        atomic_store(&gateway->shut, ZP_SHUT_STOPPING);
    for (unsigned i = 0; i < gateway->loop_count; i++)
        zp_loop_stop(gateway->loops[i]);
    for (unsigned i = 0; i < gateway->loop_count; i++)
        zp_loop_join(gateway->loops[i]);
    zp_dispatcher_halt(gateway->dispatcher);
    zp_committer_stop(&gateway->committer);
    zp_dispatcher_stop(&gateway->dispatcher);
    for (unsigned i = 0; i < gateway->loop_count; i++)
        zp_loop_destroy(&gateway->loops[i]);
}

static void release(program *self)
{
    zp_listener_close(&self->listener);
    zp_scores_close(&self->gateway.scores);
    zp_intake_close(&self->gateway.intake);
    free(self->gateway.loops);
    zp_config_destroy(&self->config);
}

static int fail(const program *self)
{
    fprintf(stderr, "ziping-gateway: %s\n", self->message);
    return EXIT_START;
}

/* ---- options ---- */

typedef struct {
    const char *path;
    bool check;
    int exit_code; /* -1: go on */
} wanted;

static wanted read_options(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    wanted w = {.path = ZP_DEFAULT_CONFIG, .exit_code = -1};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            w.path = optarg;
            break;
        case 'k':
            w.check = true;
            break;
        case 'h':
            w.exit_code = fputs(usage, stdout) == EOF ? EXIT_START : EXIT_SUCCESS;
            return w;
        case 'v':
            w.exit_code = puts("ziping-gateway " ZP_VERSION) == EOF ? EXIT_START : EXIT_SUCCESS;
            return w;
        default:
            w.exit_code = EXIT_START; /* getopt has named the mistake */
        }
    }
    if (optind < argc || w.exit_code == EXIT_START) {
        fputs(usage, stderr);
        w.exit_code = EXIT_START;
    }
    return w;
}

int main(int argc, char **argv)
{
    static program self = {.message = "signals not set up; start again"};
    const wanted w = read_options(argc, argv);
    if (w.exit_code >= 0)
        return w.exit_code;
    zp_rc rc = block_signals(&self);
    if (!rc)
        rc = load(&self, w.path);
    if (rc)
        return fail(&self);
    if (w.check) {
        printf("%s: good\n", w.path);
        zp_config_destroy(&self.config);
        return EXIT_SUCCESS;
    }
    give_large_blocks_back();
    share_descriptors(&self.gateway, count_loops(self.config));
    rc = open_stores(&self);
    if (!rc)
        rc = compare_stores(&self);
    if (!rc)
        rc = start_threads(&self);
    if (rc)
        return fail(&self); /* threads that run already end with the process: nobody has been answered yet */
    zp_log(ZP_INFO, "ready", "version=%s listen=%s threads=%u", ZP_VERSION, self.config->gateway.listen,
           self.gateway.loop_count);
    wait_for_the_end(&self);
    stop(&self);
    release(&self);
    int exit_code = atomic_load(&self.gateway.exit_code);
    zp_log(ZP_INFO, "stopped", "exit_code=%d", exit_code);
    return exit_code;
}

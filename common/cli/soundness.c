/*
 * soundness.c - see soundness.h.
 */
#include "cli/soundness.h"

#include "cli/cli.h"
#include "store/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINES = 200 };

static void on_damage(int number)
{
    static const char text[] = "ziping: the pages of a store are cut short or damaged; restore it from a backup, or "
                               "rebuild it from its forms\n";
    (void)number;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(written < 0 ? ZP_EXIT_USAGE : ZP_EXIT_UNAVAILABLE);
}

void zp_soundness_expect_damage(void)
{
    static const int signals[] = {SIGBUS, SIGSEGV, SIGABRT};
    struct sigaction action = {.sa_handler = on_damage};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], &action, NULL))
            fprintf(stderr, "ziping: cannot catch signals: %s\n", strerror(errno));
}

static void print_fault(void *context, const char *where, const char *what)
{
    uint64_t *printed = context;
    if (++*printed <= MOST_LINES)
        printf("%s: %s\n", where, what);
}

static bool stop(void *context)
{
    (void)context;
    return zp_cli_interrupted();
}

static void print_counts(const zp_verify_counts *n)
{
    if (n->faults > MOST_LINES)
        printf("and %" PRIu64 " more\n", n->faults - MOST_LINES);
    if (n->unread)
        printf("scores.totals: not compared, since %" PRIu64 " results or events cannot be read\n", n->unread);
    if (n->archiving)
        printf("the season %d is being archived: `ziping archive --year %d` with the same folder finishes it\n",
               n->archiving, n->archiving);
    printf("intake.forms=%" PRIu64 "\nintake.pending=%" PRIu64 "\nintake.idempotency_keys=%" PRIu64
           "\nintake.revisions=%" PRIu64 "\nintake.archived=%" PRIu64 "\n",
           n->forms, n->pending, n->keys, n->revisions, n->archived);
    printf("scores.results=%" PRIu64 "\nscores.events=%" PRIu64 "\nscores.index_entries=%" PRIu64
           "\nscores.totals=%" PRIu64 "\nfaults=%" PRIu64 "\n",
           n->results, n->events, n->index_entries, n->totals, n->faults);
}

int zp_soundness_tell(const char *verb, zp_stores *stores)
{
    uint64_t printed = 0;
    zp_verify_counts counts;
    zp_verify_report report = {&printed, print_fault, stop};
    zp_rc rc = zp_verify(stores->intake, stores->scores, &report, &counts);
    print_counts(&counts);
    if (rc) {
        fprintf(stderr, "ziping %s: the stores were not read to the end (%s)\n", verb, zp_rc_name(rc));
        return ZP_EXIT_UNAVAILABLE;
    }
    return counts.faults ? ZP_EXIT_NO : ZP_EXIT_OK;
}

/*
 * submit.c - `ziping submit`: forms out of files to the service, and a summary at the end.
 *
 * One thread and one loop: take forms while there is room, move the transfers on, report. Safe to run again after an
 * interruption.
 */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/delivery.h"
#include "cli/document.h"
#include "cli/progress.h"
#include "cli/source.h"

#include <getopt.h>
#include <stdlib.h>

enum { TURN_MS = 50, MAX_CONNECTIONS = 1024, MAX_BATCH = 1000, FAULTS_SHOWN = 100 };

typedef struct {
    size_t accepted, repeated, refused, undelivered;
    size_t faults_shown;
    bool receipts, json;
    zp_table *overview; /* NULL unless --table */
    FILE *faults;       /* a memory stream: shown after the progress bar has gone */
} tally;

static void show_accepted(tally *t, const zp_delivered *answer)
{
    if (t->json) {
        json_dumpf(answer->document, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (t->overview)
        t->overview = zp_overview_add(t->overview, answer->document) ? t->overview : NULL;
    else if (t->receipts)
        printf("%s\t%s\t%s\n", answer->origin, zp_doc_text(answer->document, "id"),
               zp_doc_text(answer->document, "status"));
}

static void show_fault(tally *t, const zp_delivered *answer)
{
    if (t->faults_shown++ >= FAULTS_SHOWN)
        return;
    if (answer->status == 0)
        fprintf(t->faults, "%s: not delivered: %s\n", answer->origin, answer->error);
    else
        zp_faults_print(answer->document, answer->origin, t->faults);
}

static void on_delivered(void *context, const zp_delivered *answer)
{
    tally *t = context;
    if (answer->status >= 200 && answer->status < 300) {
        *(answer->replayed ? &t->repeated : &t->accepted) += 1;
        show_accepted(t, answer);
    } else {
        bool final = answer->status >= 400 && answer->status < 500 && answer->status != 429;
        *(final ? &t->refused : &t->undelivered) += 1;
        show_fault(t, answer);
    }
}

static zp_rc deliver_all(zp_source *source, zp_delivery *delivery, const tally *t)
{
    zp_progress progress;
    zp_progress_start(&progress, zp_clock_mono_ms());
    zp_rc rc = ZP_OK;
    bool more = true;
    while (!rc && ((more && !zp_cli_interrupted()) || zp_delivery_open(delivery))) {
        while (!rc && more && !zp_cli_interrupted() && zp_delivery_has_room(delivery)) {
            zp_str form;
            const char *name;
            size_t line;
            zp_rc got = zp_source_next(source, &form, &name, &line);
            more = got == ZP_OK;
            rc = got == ZP_NOTFOUND ? ZP_OK : got;
            if (more)
                rc = zp_delivery_add(delivery, form, name, line);
        }
        if (!rc && (zp_cli_interrupted() || !more || !zp_delivery_has_room(delivery)))
            rc = zp_delivery_flush(delivery);
        if (!rc)
            rc = zp_delivery_run(delivery, zp_clock_mono_ms(), TURN_MS);
        uint64_t done = t->accepted + t->repeated + t->refused + t->undelivered;
        zp_progress_draw(&progress, zp_clock_mono_ms(), done, source->bytes_read, source->bytes_total);
    }
    zp_progress_end(&progress);
    return rc;
}

static int summarise(const tally *t, const zp_source *source, char *faults, int64_t spent_ms)
{
    if (t->overview)
        zp_table_print(t->overview, stdout);
    fputs(faults, stderr);
    if (t->faults_shown > FAULTS_SHOWN)
        fprintf(stderr, "… and %zu more\n", t->faults_shown - FAULTS_SHOWN);
    size_t all = t->accepted + t->repeated + t->refused + t->undelivered;
    fprintf(stderr, "%zu forms in %lld ms: %zu accepted, %zu already on file, %zu refused, %zu not delivered%s\n", all,
            (long long)spent_ms, t->accepted, t->repeated, t->refused, t->undelivered,
            zp_cli_interrupted() ? " (interrupted: run the same command again, nothing is counted twice)" : "");
    if (t->undelivered || zp_cli_interrupted())
        return ZP_EXIT_UNAVAILABLE;
    return t->refused || source->unreadable ? ZP_EXIT_NO : ZP_EXIT_OK;
}

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping submit [options] FILE…\n\n"
                "Submits forms: a JSON file is one form, each line of an NDJSON file is one, - is standard input.\n"
                "Prints origin, id and status of each on standard output; faults and the summary on standard error.\n\n"
                "  --url URL          the service, default $ZIPING_URL or http://127.0.0.1:8080\n"
                "  --connections N    how many at once, default 4\n"
                "  --batch N          how many forms travel together, default 100; 1 = each alone\n"
                "  --wait SECONDS     wait for the score (Prefer: wait); each form then travels alone\n"
                "  --attempts N       how often a form is tried while the service is busy, default 10\n"
                "  --table            print a table of the scores instead of receipts\n"
                "  --json             print the status documents, one a line\n"
                "  --quiet            print the summary only\n"
                "\nExit code: 0 all on file, 1 some refused or unreadable, 3 some not delivered (run it again).\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

/* A whole number within 1..most, or 0 after a line on standard error. */
static unsigned number(const char *option, const char *text, unsigned most)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n < 1 || n > most) {
        fprintf(stderr, "ziping submit: %s takes a whole number from 1 to %u, not \"%s\"\n", option, most, text);
        return 0;
    }
    return (unsigned)n;
}

typedef struct {
    const char *url;
    unsigned connections, batch, wait_s, attempts;
    bool table, json, quiet;
} options;

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {
        {"url", required_argument, NULL, 'u'},      {"connections", required_argument, NULL, 'c'},
        {"batch", required_argument, NULL, 'b'},    {"wait", required_argument, NULL, 'w'},
        {"attempts", required_argument, NULL, 'a'}, {"table", no_argument, NULL, 't'},
        {"json", no_argument, NULL, 'j'},           {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},           {0}};
    *o = (options){.connections = 4, .batch = 100, .attempts = 10};
    for (int c; (c = getopt_long(argc, argv, "hq", longs, NULL)) != -1;) {
        if (c == 'u')
            o->url = optarg;
        else if (c == 'c' && !(o->connections = number("--connections", optarg, MAX_CONNECTIONS)))
            return ZP_EXIT_USAGE;
        else if (c == 'b' && !(o->batch = number("--batch", optarg, MAX_BATCH)))
            return ZP_EXIT_USAGE;
        else if (c == 'w' && !(o->wait_s = number("--wait", optarg, 25)))
            return ZP_EXIT_USAGE;
        else if (c == 'a' && !(o->attempts = number("--attempts", optarg, 1000)))
            return ZP_EXIT_USAGE;
        else if (c == 't')
            o->table = true;
        else if (c == 'j')
            o->json = true;
        else if (c == 'q')
            o->quiet = true;
        else if (c == 'h')
            return usage(stdout);
        else if (c == '?')
            return usage(stderr);
    }
    return optind == argc ? usage(stderr) : -1;
}

int zp_cli_submit(int argc, char **argv)
{
    options o;
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    zp_cli_catch_signals();
    char *faults = NULL, *url = zp_cli_url(o.url);
    size_t faults_size;
    tally t = {.receipts = !o.quiet, .json = o.json, .overview = o.table ? zp_overview_new() : NULL};
    t.faults = open_memstream(&faults, &faults_size);
    zp_delivery *delivery = zp_delivery_new(&(zp_delivery_options){.url = url,
                                                                   .connections = o.connections,
                                                                   .batch = o.wait_s ? 1 : o.batch,
                                                                   .wait_s = o.wait_s,
                                                                   .attempts = o.attempts,
                                                                   .each = on_delivered,
                                                                   .context = &t});
    code = ZP_EXIT_USAGE;
    if (t.faults && delivery) {
        zp_source source;
        int64_t begun = zp_clock_mono_ms();
        zp_source_open(&source, argv + optind, (size_t)(argc - optind));
        zp_rc rc = deliver_all(&source, delivery, &t);
        if (rc)
            fprintf(stderr, "ziping submit: stopped: %s\n", zp_rc_name(rc));
        fflush(t.faults);
        code = summarise(&t, &source, faults, zp_clock_mono_ms() - begun);
        code = rc ? ZP_EXIT_UNAVAILABLE : code;
        zp_source_close(&source);
    }
    if (t.faults)
        fclose(t.faults);
    free(faults);
    zp_table_destroy(&t.overview);
    zp_delivery_destroy(&delivery);
    free(url);
    return code;
}

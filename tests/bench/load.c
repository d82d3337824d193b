/*
 * load.c - the load of the benchmarks: many connections from one thread, and what became of each request, as JSON.
 *
 * Closed loop (no --rate): each connection sends its next request when it has its answer. What is measured is the
 * service under that many patient clients; the rate follows from it, and so do the times.
 *
 * Open loop (--rate N): requests fall due at even distances whatever the answers do, and go out on any connection that
 * is free. One for which none is free waits, and its time runs from the moment it fell due: a service that stalls is
 * told the whole of the stall, not only by those requests that happened to be under way (coordinated omission). With
 * --patience, a request that has waited so long unsent is given up and counted. A connection that breaks is made anew.
 *
 * After the last second nothing is sent, but all that is under way is waited for: what was counted here as taken is
 * exactly what the service must have. Rates are to be made of what was answered within the time.
 */
#include "load_loop.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdicts[LOAD_VERDICTS] = {"good", "busy", "bad"};
typedef unsigned long long figure;

static void tell_times(const char *name, const load_histogram *times)
{
    printf("\"%s\": {", name);
    for (load_verdict v = 0; v < LOAD_VERDICTS; v++) {
        const load_histogram *h = &times[v];
        printf("%s\"%s\": {\"count\": %llu, \"p50_us\": %llu, \"p90_us\": %llu, \"p99_us\": %llu, \"p999_us\": %llu, "
               "\"most_us\": %llu}",
               v ? ", " : "", verdicts[v], (figure)h->count, (figure)load_histogram_at(h, 500),
               (figure)load_histogram_at(h, 900), (figure)load_histogram_at(h, 990), (figure)load_histogram_at(h, 999),
               (figure)h->most);
    }
    printf("}, ");
}

static int by_good(const void *a, const void *b)
{
    uint64_t x = ((const load_connection *)a)->good, y = ((const load_connection *)b)->good;
    return (x > y) - (x < y);
}

static void tell(load_run *l)
{
    const load_connection *clients = l->connections;
    qsort(l->connections, l->wanted.count, sizeof *l->connections, by_good);
    printf("{\"seconds\": %u, \"connections\": %u, \"rate\": %llu, \"sent\": %llu, \"given_up\": %llu, "
           "\"broken\": %llu, \"unanswered\": %zu, \"first_bad\": %d, \"items\": %llu, \"items_in_time\": %llu, ",
           l->wanted.seconds, l->wanted.count, (figure)l->wanted.rate, (figure)l->sent, (figure)l->given_up,
           (figure)l->broken, l->busy, l->first_bad, (figure)l->items, (figure)l->items_in_time);
    for (load_verdict v = 0; v < LOAD_VERDICTS; v++)
        printf("\"%s\": %llu, \"%s_in_time\": %llu, ", verdicts[v], (figure)l->answers[v], verdicts[v],
               (figure)l->in_time[v]);
    printf("\"slowest_client\": %llu, \"middle_client\": %llu, \"quickest_client\": %llu, ", (figure)clients[0].good,
           (figure)clients[l->wanted.count / 2].good, (figure)clients[l->wanted.count - 1].good);
    tell_times("latency", l->from_due);
    tell_times("service", l->from_sent);
    printf("\"slice_ms\": %d, \"slices\": [", LOAD_SLICE_US / 1000);
    for (unsigned i = 0; i < l->wanted.seconds * (1000000 / LOAD_SLICE_US) && i < LOAD_MOST_SLICES; i++)
        printf("%s%llu", i ? ", " : "", (figure)l->slices[i]);
    printf("]}\n");
}

/* ---- the command line ---- */

static void use(void)
{
    fprintf(stderr, "usage: load --port N [--connections N] [--seconds N] [--rate N [--patience MS]] [--header LINE] "
                    "[--item TEXT]\n"
                    "            submit FORM TAG | batch FORM TAG LINES | get PATHS | tagged PATHS\n");
    exit(2);
}

static unsigned number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n > 100000000)
        use();
    return (unsigned)n;
}

static load_requests *requests_of(char **words, int count, const char *header)
{
    if (count == 3 && strcmp(words[0], "submit") == 0)
        return load_requests_of_forms(words[1], words[2], 0, header);
    if (count == 4 && strcmp(words[0], "batch") == 0 && number(words[3]))
        return load_requests_of_forms(words[1], words[2], number(words[3]), header);
    if (count == 2 && (strcmp(words[0], "get") == 0 || strcmp(words[0], "tagged") == 0))
        return load_requests_of_paths(words[1], words[0][0] == 't', header);
    use();
    return NULL;
}

static const char *read_options(load_options *wanted, int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},     {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},  {"rate", required_argument, NULL, 'r'},
        {"patience", required_argument, NULL, 'w'}, {"header", required_argument, NULL, 'h'},
        {"item", required_argument, NULL, 'i'},     {NULL, 0, NULL, 0}};
    const char *header = NULL;
    *wanted = (load_options){.count = 1, .seconds = 1};
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == 'p')
            wanted->port = number(optarg);
        else if (option == 'c')
            wanted->count = number(optarg);
        else if (option == 's')
            wanted->seconds = number(optarg);
        else if (option == 'r')
            wanted->rate = number(optarg);
        else if (option == 'w')
            wanted->patience_ms = number(optarg);
        else if (option == 'h')
            header = optarg;
        else if (option == 'i')
            wanted->item = optarg;
        else
            use();
    }
    if (!wanted->port || wanted->port > 65535 || !wanted->count || wanted->count > 60000 || !wanted->seconds)
        use();
    return header;
}

int main(int argc, char **argv)
{
    static load_run l; /* too large for a stack */
    const char *header = read_options(&l.wanted, argc, argv);
    l.requests = requests_of(argv + optind, argc - optind, header);
    if (!l.requests)
        return EXIT_FAILURE;
    load_connect(&l);
    load_go(&l);
    tell(&l);
    load_close(&l);
    load_requests_free(l.requests);
    return EXIT_SUCCESS;
}

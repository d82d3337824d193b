/*
 * subscriber.c - an example of ziping_subscriber.h: writes each event's JSON into a file, one a line, exactly once.
 *
 *     ./subscriber PUBLISH REPLAY FILE [SERVER.pub MY.secret]
 *     ./subscriber tcp://127.0.0.1:7301 tcp://127.0.0.1:7302 scores.ndjson
 *
 * The file is its memory too: started again after any end, a power cut of this machine included, it counts the whole
 * lines that the file has, cuts off half a one, and goes on behind them. A program with a database would keep the
 * number of the last event there, in the transaction that uses it.
 */
#include <ziping_subscriber.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t told_to_stop;

static void on_signal(int number)
{
    (void)number;
    told_to_stop = 1;
}

/* How many whole lines the file has; cuts off what stands behind them. Negative: errno. */
static long long count_lines(FILE *file)
{
    long long lines = 0, end = 0, at = 0;
    for (int c; (c = getc(file)) != EOF;) {
        at++;
        if (c == '\n') {
            lines++;
            end = at;
        }
    }
    if (ferror(file) || ftruncate(fileno(file), (off_t)end) || fseek(file, 0, SEEK_END))
        return -1;
    return lines;
}

/* One line an event, also for one that is damaged: then line and number stay the same. */
static int write_event(ziping_subscriber *subscriber, const ziping_subscriber_event *event, FILE *file)
{
    const char *json;
    int code = ziping_subscriber_json(subscriber, &json);
    if (code == ZIPING_DAMAGED)
        fprintf(stderr, "event %llu is damaged\n", (unsigned long long)event->number);
    else if (code)
        return code;
    return fprintf(file, "%s\n", code ? "null" : json) < 0 ? ZIPING_SYSTEM : ZIPING_OK;
}

/* What has been written is pushed to disk when there is nothing else to do. */
static int follow(ziping_subscriber *subscriber, FILE *file)
{
    while (!told_to_stop) {
        const ziping_subscriber_event *event;
        int code = ziping_subscriber_next(subscriber, 0, &event);
        if (code == ZIPING_TIMEOUT) {
            if (fflush(file) || fsync(fileno(file)))
                return ZIPING_SYSTEM;
            code = ziping_subscriber_next(subscriber, 1000, &event);
        }
        if (code == ZIPING_DENIED)
            fprintf(stderr, "%s; trying on\n", ziping_subscriber_strerror(code));
        if (code == ZIPING_TIMEOUT || code == ZIPING_DENIED)
            continue;
        if (code == ZIPING_OK)
            code = write_event(subscriber, event, file);
        if (code == ZIPING_GONE)
            fprintf(stderr, "the log begins with %llu now\n", (unsigned long long)ziping_subscriber_first(subscriber));
        if (code)
            return code;
    }
    return ZIPING_OK;
}

static int open_subscriber(char **argv, int argc, long long lines, ziping_subscriber **out)
{
    ziping_subscriber_options options = ZIPING_SUBSCRIBER_OPTIONS;
    char server_key[ZIPING_KEY_SIZE], secret_key[ZIPING_KEY_SIZE];
    options.publish = argv[1];
    options.replay = argv[2];
    options.after = (uint64_t)lines;
    if (argc == 6) {
        int code = ziping_subscriber_read_key(argv[4], server_key);
        if (!code)
            code = ziping_subscriber_read_key(argv[5], secret_key);
        if (code)
            return code;
        options.server_key = server_key;
        options.secret_key = secret_key;
    }
    return ziping_subscriber_open(&options, out);
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 6) {
        fprintf(stderr, "usage: %s PUBLISH REPLAY FILE [SERVER.pub MY.secret]\n", argv[0]);
        return 2;
    }
    FILE *file = fopen(argv[3], "a+");
    long long lines = file ? count_lines(file) : -1;
    if (lines < 0) {
        fprintf(stderr, "%s: %s\n", argv[3], strerror(errno));
        return 2;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    ziping_subscriber *subscriber = NULL;
    int code = open_subscriber(argv, argc, lines, &subscriber);
    if (!code)
        code = follow(subscriber, file);
    ziping_subscriber_close(&subscriber);
    if (fclose(file) && !code)
        code = ZIPING_SYSTEM;
    if (code)
        fprintf(stderr, "%s: %s\n", argv[0], ziping_subscriber_strerror(code));
    return code ? 1 : 0;
}

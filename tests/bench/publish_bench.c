/*
 * publish_bench.c - what telling subscribers costs, each time beside the least that it could cost, in the same run:
 *
 *   publish   the notifier's publisher from the log to 1, 10 and 100 subscribers that take every event, and a bare XPUB
 *             that sends the same frames out of memory
 *   replay    the subscribers' library through the notifier's replay, and the log read in the same pages, twice: walked
 *             in place in LMDB's map with its checksums (whoever is in the machine could do that), and copied out into
 *             memory of its own as well (the least for whoever hands events on)
 *   latency   from the end of a commit to the library's hands, through the real ziping-notifier
 *
 * Usage: publish_bench NOTIFIER [thousands of events in the log, 200] [only this part]. Rates are the best of three
 * rounds: what else the machine does only ever adds. The machine's own speed is in all of them: compare ratios.
 */
#include "base/clock.h"
#include "codec/event.h"
#include "publisher.h"
#include "replay.h"
#include "wire/feed.h"
#include "wire/zmq_socket.h"
#include "ziping_subscriber.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS = 3,
    SIZES = 3,
    PROCESSES = 4,
    BATCH = 1024,
    PAGE = 256,
    PATIENCE_MS = 60000,
    SAMPLES = 1000,
    DELIVERIES = 1000000
};

static const unsigned crowds[SIZES] = {1, 10, 100};

typedef struct {
    char folder[64];
    zp_config config;
    zp_scores *store;
    zp_scores_reader *reader;
    zp_id_gen ids;
    uint64_t last;
    void *context;
    zp_publisher *publishers[SIZES][ROUNDS]; /* opened while the log was empty: each begins with its first event */
    char *endpoints[SIZES][ROUNDS];
    zp_buf frozen; /* the log in memory, for the bare XPUB */
    size_t *ends;
    char (*topics)[ZP_TOPIC_MAX];
    size_t kept;
} bench;

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t rate(uint64_t count, int64_t ns)
{
    return count * 1000000000u / (uint64_t)(ns > 0 ? ns : 1);
}

/* Hundredths, as "1.02". */
static void print_ratio(uint64_t ours, uint64_t theirs)
{
    uint64_t hundredths = theirs ? ours * 100 / theirs : 0;
    printf("  ratio %llu.%02llu\n", (unsigned long long)(hundredths / 100), (unsigned long long)(hundredths % 100));
}

/* ---- the log ---- */

static void commit(bench *b, size_t count)
{
    static zp_status rows[BATCH];
    static char projects[BATCH][64];
    zp_status *batch[BATCH];
    for (size_t i = 0; i < count; i++) {
        snprintf(projects[i], sizeof projects[i], "12333热线咨询平台项目经费 %llu", (unsigned long long)(b->last + i));
        rows[i] = (zp_status){.state = ZP_SCORED,
                              .year = 2022,
                              .project_name = zp_str_of(projects[i]),
                              .unit = ZP_STR("上海市人力资源和社会保障局咨询服务中心"),
                              .department = ZP_STR("上海市人力资源和社会保障局"),
                              .revision = 1,
                              .submitter = ZP_STR("unit-1"),
                              .has_result = true};
        must(zp_id_next(&b->ids, zp_clock_wall_ms(), &rows[i].id) == ZP_OK, "id");
        zp_digest_of((zp_str){(const char *)rows[i].id.b, sizeof rows[i].id.b}, &rows[i].digest);
        rows[i].result = (zp_result){.profile_name = ZP_STR("mof-2020"),
                                     .profile_version = ZP_STR("1"),
                                     .profile_hash = ZP_STR("00"),
                                     .engine = ZP_STR("1"),
                                     .declared_total = 9760,
                                     .computed_total = 9961,
                                     .confirmed_total = 9760,
                                     .grade = ZP_GRADE_GOOD,
                                     .declared_grade = ZP_GRADE_GOOD};
        batch[i] = &rows[i];
    }
    must(zp_scores_commit(b->store, zp_clock_wall_ms(), batch, count, &b->last) == ZP_OK, "commit");
}

static bool keep(void *context, uint64_t seq, zp_str frozen)
{
    bench *b = context;
    (void)seq;
    must(zp_event_topic(frozen, b->topics[b->kept]) == ZP_OK, "topic");
    zp_buf_str(&b->frozen, frozen);
    b->ends[b->kept++] = b->frozen.n;
    return true;
}

static void keep_in_memory(bench *b, size_t count)
{
    b->ends = calloc(count, sizeof *b->ends);
    b->topics = calloc(count, sizeof *b->topics);
    must(b->ends && b->topics && zp_scores_events(b->reader, 0, count, SIZE_MAX, keep, b) == ZP_OK, "read");
}

/* ---- receivers: processes of their own ---- */

/* publish_bench --receive ENDPOINT SOCKETS EVENTS: says r when all are subscribed, d when all have all. */
static int receive(const char *endpoint, unsigned sockets, uint64_t events)
{
    void *context = zmq_ctx_new(), *subs[100];
    zmq_pollitem_t items[100];
    uint64_t left = sockets * events;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    must(sockets <= 100, "sockets");
    for (unsigned i = 0; i < sockets; i++) {
        must(!zp_zmq_open(context, ZMQ_SUB, 0, &subs[i]) && !zp_zmq_set(subs[i], ZMQ_RCVHWM, 0), "socket");
        must(!zmq_setsockopt(subs[i], ZMQ_SUBSCRIBE, "", 0) && !zp_zmq_connect(subs[i], endpoint), "connect");
        must(zmq_msg_recv(&frame, subs[i], 0) == 4, "beat");
        items[i] = (zmq_pollitem_t){.socket = subs[i], .events = ZMQ_POLLIN};
    }
    must(write(STDOUT_FILENO, "r", 1) == 1, "ready");
    while (left > 0) {
        must(zmq_poll(items, (int)sockets, PATIENCE_MS) > 0, "events");
        for (unsigned i = 0; i < sockets; i++)
            while (left > 0 && items[i].revents && zmq_msg_recv(&frame, subs[i], ZMQ_DONTWAIT) >= 0)
                if (!zmq_msg_more(&frame) && zmq_msg_size(&frame) > 0)
                    left--; /* the last frame of an event; a beat's is empty */
    }
    must(write(STDOUT_FILENO, "d", 1) == 1, "done");
    return EXIT_SUCCESS;
}

typedef struct {
    pid_t pids[PROCESSES];
    int news;
    unsigned count;
} crowd;

static crowd gather(const char *endpoint, unsigned subscribers, uint64_t events)
{
    crowd c = {.count = subscribers < PROCESSES ? subscribers : PROCESSES};
    int ends[2];
    char sockets[16], number[32], self[] = "/proc/self/exe", verb[] = "--receive";
    must(pipe(ends) == 0, "pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    snprintf(number, sizeof number, "%llu", (unsigned long long)events);
    for (unsigned i = 0; i < c.count; i++) {
        snprintf(sockets, sizeof sockets, "%u", subscribers / c.count + (i < subscribers % c.count));
        char *argv[] = {self, verb, (char *)endpoint, sockets, number, NULL};
        must(posix_spawn(&c.pids[i], self, &actions, NULL, argv, environ) == 0, "spawn");
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    c.news = ends[0];
    return c;
}

static void hear(crowd *c, unsigned count, char wanted)
{
    char news;
    for (unsigned i = 0; i < count; i++)
        must(read(c->news, &news, 1) == 1 && news == wanted, "receiver");
}

static void dismiss(crowd *c)
{
    for (unsigned i = 0; i < c->count; i++)
        must(waitpid(c->pids[i], NULL, 0) > 0, "wait");
    close(c->news);
}

/* ---- publishing ---- */

static void send_frames(void *socket, const char *topic, uint64_t number, zp_str body)
{
    uint8_t bytes[8];
    zp_be64_put(bytes, number);
    must(!zp_zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE) && !zp_zmq_send(socket, bytes, 8, ZMQ_SNDMORE) &&
             !zp_zmq_send(socket, body.p, body.n, 0),
         "send");
}

/* Beats until everybody is there, since what is published before is lost to whoever comes later. */
static void wait_for_all(crowd *c, void *socket)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct timeval none = {0};
    for (unsigned ready = 0; ready < c->count;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(c->news, &set);
        send_frames(socket, "beat", 0, ZP_STR(""));
        if (select(c->news + 1, &set, NULL, NULL, &none) > 0) {
            hear(c, 1, 'r');
            ready++;
        } else
            nanosleep(&pause, NULL);
    }
}

static int64_t publish_from_log(zp_publisher *publisher, const char *endpoint, unsigned subscribers, uint64_t events)
{
    crowd c = gather(endpoint, subscribers, events);
    wait_for_all(&c, zp_publisher_socket(publisher));
    int64_t from = now_ns();
    while (zp_publisher_position(publisher) < events)
        must(zp_publisher_look(publisher), "look");
    hear(&c, c.count, 'd');
    int64_t took = now_ns() - from;
    dismiss(&c);
    return took;
}

static int64_t publish_from_memory(bench *b, unsigned subscribers, uint64_t events)
{
    char *endpoint = zp_config_ipc(&b->config, "run/bare.sock");
    void *socket;
    must(endpoint && !zp_zmq_open(b->context, ZMQ_XPUB, (int)b->config.notifier.queue, &socket), "bare");
    must(zmq_bind(socket, endpoint) == 0, "bind");
    crowd c = gather(endpoint, subscribers, events);
    wait_for_all(&c, socket);
    int64_t from = now_ns();
    for (uint64_t i = 0; i < events; i++) {
        size_t begin = i ? b->ends[i - 1] : 0;
        send_frames(socket, b->topics[i], i + 1, (zp_str){b->frozen.p + begin, b->ends[i] - begin});
    }
    hear(&c, c.count, 'd');
    int64_t took = now_ns() - from;
    dismiss(&c);
    zp_zmq_close(&socket);
    free(endpoint);
    return took;
}

/* Whole pages of the publisher's, which sends no less. */
static uint64_t events_for(unsigned subscribers, size_t kept)
{
    uint64_t events = DELIVERIES / subscribers;
    events = events < kept ? events : kept;
    return events - events % PAGE;
}

static void bench_publish(bench *b)
{
    for (int size = 0; size < SIZES; size++) {
        uint64_t events = events_for(crowds[size], b->kept), ours = 0, bare = 0;
        for (int round = 0; round < ROUNDS; round++) {
            int64_t log = publish_from_log(b->publishers[size][round], b->endpoints[size][round], crowds[size], events);
            int64_t memory = publish_from_memory(b, crowds[size], events);
            ours = rate(events, log) > ours ? rate(events, log) : ours;
            bare = rate(events, memory) > bare ? rate(events, memory) : bare;
        }
        printf("publish  %3u subscribers: %7llu events/s, a bare XPUB %7llu", crowds[size], (unsigned long long)ours,
               (unsigned long long)bare);
        print_ratio(ours, bare);
    }
}

/* ---- replay ---- */

typedef struct {
    zp_replay *replay;
    atomic_bool stop;
} server;

static void *serve(void *context)
{
    server *self = context;
    zmq_pollitem_t item = {.socket = zp_replay_socket(self->replay), .events = ZMQ_POLLIN};
    bool more = false;
    while (!atomic_load(&self->stop)) {
        must(zmq_poll(&item, 1, more ? 0 : 50) >= 0, "poll");
        more = zp_replay_serve(self->replay);
    }
    return NULL;
}

static ziping_subscriber *subscribe(const char *publish, const char *replay, uint64_t after)
{
    ziping_subscriber_options options = ZIPING_SUBSCRIBER_OPTIONS;
    ziping_subscriber *subscriber;
    options.publish = publish;
    options.replay = replay;
    options.after = after;
    must(ziping_subscriber_open(&options, &subscriber) == ZIPING_OK, "subscribe");
    return subscriber;
}

static void take_until(ziping_subscriber *subscriber, uint64_t number)
{
    const ziping_subscriber_event *event;
    do
        must(ziping_subscriber_next(subscriber, PATIENCE_MS, &event) == ZIPING_OK, "next");
    while (event->number < number);
}

static bool weigh(void *context, uint64_t seq, zp_str frozen)
{
    uint64_t *last = context;
    *last = frozen.n ? seq : 0;
    return true;
}

typedef struct {
    char *to;
    size_t n;
    uint64_t last;
} page;

static bool copy_out(void *context, uint64_t seq, zp_str frozen)
{
    page *p = context;
    if (p->n + ZP_BATCH_HEAD + frozen.n > ZP_REPLAY_PIECE)
        return false;
    p->n += zp_batch_put(p->to + p->n, seq, frozen);
    p->last = seq;
    return true;
}

static uint64_t walk(bench *b)
{
    int64_t from = now_ns();
    for (uint64_t last = 0; last < b->last;)
        must(!zp_scores_events(b->reader, last, SIZE_MAX, ZP_REPLAY_PIECE, weigh, &last), "walk");
    return rate(b->last, now_ns() - from);
}

/* Into new memory for each page, as what is handed on needs it. */
static uint64_t walk_and_copy(bench *b)
{
    page p = {0};
    int64_t from = now_ns();
    while (p.last < b->last) {
        p.n = 0;
        must((p.to = malloc(ZP_REPLAY_PIECE)) != NULL, "page");
        must(!zp_scores_events(b->reader, p.last, SIZE_MAX, SIZE_MAX, copy_out, &p), "walk");
        free(p.to);
    }
    return rate(b->last, now_ns() - from);
}

static uint64_t replay(bench *b)
{
    ziping_subscriber *subscriber = subscribe(b->endpoints[0][0], b->config.notifier.replay, 0);
    int64_t from = now_ns();
    take_until(subscriber, b->last);
    uint64_t now = rate(b->last, now_ns() - from);
    ziping_subscriber_close(&subscriber);
    return now;
}

static void note_best(uint64_t *best, uint64_t now)
{
    *best = now > *best ? now : *best;
}

static void bench_replay(bench *b)
{
    char message[512];
    server s = {0};
    pthread_t thread;
    zp_scores_reader *reader;
    uint64_t replayed = 0, walked = 0, copied = 0;
    must(!zp_scores_reader_new(b->store, &reader), "reader");
    must(!zp_replay_open(b->context, &b->config, NULL, reader, &s.replay, message, sizeof message), message);
    must(pthread_create(&thread, NULL, serve, &s) == 0, "thread");
    for (int round = 0; round < ROUNDS; round++) {
        note_best(&replayed, replay(b));
        note_best(&walked, walk(b));
        note_best(&copied, walk_and_copy(b));
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    zp_replay_close(&s.replay);
    zp_scores_reader_destroy(&reader);
    printf("replay   %llu events: %llu events/s, walking the log in place %llu", (unsigned long long)b->last,
           (unsigned long long)replayed, (unsigned long long)walked);
    print_ratio(replayed, walked);
    printf("replay   %llu events: %llu events/s, copying it out as well %llu", (unsigned long long)b->last,
           (unsigned long long)replayed, (unsigned long long)copied);
    print_ratio(replayed, copied);
}

/* ---- latency ---- */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static pid_t notifier; /* 0: none runs */

static void end_notifier(void)
{
    if (notifier > 0 && kill(notifier, SIGTERM) == 0)
        (void)waitpid(notifier, NULL, 0);
    notifier = 0;
}

static void start_notifier(bench *b, const char *program)
{
    char path[128], config[] = "--config", text[512];
    snprintf(path, sizeof path, "%s/ziping.yaml", b->folder);
    int n = snprintf(text, sizeof text, "data_dir: %s/data\nmap_size: %llu\nlog_level: warn\n", b->folder,
                     (unsigned long long)b->config.map_size);
    FILE *file = fopen(path, "w");
    must(file && fwrite(text, 1, (size_t)n, file) == (size_t)n && fclose(file) == 0, path);
    char *argv[] = {(char *)program, config, path, NULL};
    must(atexit(end_notifier) == 0 && posix_spawn(&notifier, program, NULL, NULL, argv, environ) == 0, program);
}

static void bench_latency(bench *b, const char *program)
{
    static int64_t took[SAMPLES];
    uint8_t number[8];
    void *poke;
    char *publish = zp_config_ipc(&b->config, "run/events.sock"),
         *replay = zp_config_ipc(&b->config, "run/replay.sock");
    char *poke_at = zp_config_ipc(&b->config, "run/poke.sock");
    start_notifier(b, program);
    must(!zp_zmq_open(b->context, ZMQ_PUSH, 0, &poke) && poke_at && !zp_zmq_connect(poke, poke_at), "poke");
    ziping_subscriber *subscriber = subscribe(publish, replay, b->last - 1);
    take_until(subscriber, b->last);
    for (int i = -SAMPLES / 10; i < SAMPLES; i++) {
        commit(b, 1);
        int64_t from = now_ns();
        zp_be64_put(number, b->last);
        must(!zp_zmq_send(poke, number, sizeof number, 0), "poke");
        take_until(subscriber, b->last);
        if (i >= 0)
            took[i] = now_ns() - from;
    }
    qsort(took, SAMPLES, sizeof *took, by_size);
    printf("latency  from commit to subscriber, %d times: p50 %lld us, p99 %lld us, most %lld us\n", SAMPLES,
           (long long)took[SAMPLES / 2] / 1000, (long long)took[SAMPLES * 99 / 100] / 1000,
           (long long)took[SAMPLES - 1] / 1000);
    ziping_subscriber_close(&subscriber);
    zp_zmq_close(&poke);
    end_notifier();
    free(publish);
    free(replay);
    free(poke_at);
}

/* ---- all of it ---- */

static void open_all(bench *b)
{
    char message[512], name[64];
    strcpy(b->folder, "/tmp/zp-publish-XXXXXX");
    must(mkdtemp(b->folder) != NULL, b->folder);
    must(asprintf(&b->config.data_dir, "%s/data", b->folder) > 0, "memory");
    b->config.map_size = UINT64_C(4) << 30;
    b->config.notifier.queue = 1000000;
    char *run = zp_config_path(&b->config, "run"), *scores = zp_config_path(&b->config, "scores");
    must(run && scores && mkdir(b->config.data_dir, 0750) == 0 && mkdir(run, 0750) == 0, "folders");
    must(!zp_scores_open(scores, b->config.map_size, ZP_READ_WRITE, &b->store, message, sizeof message), message);
    must(!zp_scores_reader_new(b->store, &b->reader) && (b->context = zmq_ctx_new()), "reader");
    b->config.notifier.replay = zp_config_ipc(&b->config, "run/bench-replay.sock");
    for (int i = 0; i < SIZES * ROUNDS; i++) {
        snprintf(name, sizeof name, "run/bench-%d.sock", i);
        char **endpoint = &b->endpoints[i / ROUNDS][i % ROUNDS];
        *endpoint = b->config.notifier.publish = zp_config_ipc(&b->config, name);
        must(*endpoint && !zp_publisher_open(b->context, &b->config, NULL, b->reader,
                                             &b->publishers[i / ROUNDS][i % ROUNDS], message, sizeof message),
             message);
    }
    free(run);
    free(scores);
}

static void close_all(bench *b)
{
    for (int i = 0; i < SIZES * ROUNDS; i++) {
        zp_publisher_close(&b->publishers[i / ROUNDS][i % ROUNDS]);
        free(b->endpoints[i / ROUNDS][i % ROUNDS]);
    }
    zp_zmq_term(&b->context);
    zp_scores_reader_destroy(&b->reader);
    zp_scores_close(&b->store);
    free(b->config.notifier.replay);
    free(b->config.data_dir);
    zp_buf_free(&b->frozen);
    free(b->ends);
    free(b->topics);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", b->folder);
    must(system(command) == 0, command);
}

int main(int argc, char **argv)
{
    static bench b;
    if (argc == 5 && strcmp(argv[1], "--receive") == 0)
        return receive(argv[2], (unsigned)strtoul(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    if (argc < 2) {
        fprintf(stderr, "usage: publish_bench NOTIFIER [thousands of events] [publish|replay|latency]\n");
        return EXIT_FAILURE;
    }
    uint64_t events = (argc > 2 ? strtoull(argv[2], NULL, 10) : 200) * 1000;
    setvbuf(stdout, NULL, _IOLBF, 0);
    open_all(&b);
    while (b.last < events)
        commit(&b, BATCH);
    keep_in_memory(&b, b.last);
    printf("a log of %llu events, %zu bytes each\n", (unsigned long long)b.last, b.frozen.n / b.kept);
    const char *part = argc > 3 ? argv[3] : "";
    if (!*part || strcmp(part, "publish") == 0)
        bench_publish(&b);
    if (!*part || strcmp(part, "replay") == 0)
        bench_replay(&b);
    if (!*part || strcmp(part, "latency") == 0)
        bench_latency(&b, argv[1]);
    close_all(&b);
    return EXIT_SUCCESS;
}

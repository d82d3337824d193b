/*
 * config.c - ziping.yaml: the sample holds the defaults, and each kind of mistake is one line that names file, line,
 * key and remedy.
 */
#include "base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of its own with one file in it. */
typedef struct {
    char folder[32], path[64], message[512];
    zp_config *config;
} world;

static int make_world(void **state)
{
    static world w;
    w = (world){.folder = "/tmp/zp-config-XXXXXX"};
    *state = &w;
    if (!mkdtemp(w.folder))
        return -1;
    snprintf(w.path, sizeof w.path, "%s/ziping.yaml", w.folder);
    return 0;
}

static int end_world(void **state)
{
    world *w = *state;
    zp_config_destroy(&w->config);
    (void)unlink(w->path);
    return rmdir(w->folder);
}

static void write_bytes(const world *w, const void *bytes, size_t n)
{
    FILE *out = fopen(w->path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static zp_rc load_text(world *w, const char *text)
{
    write_bytes(w, text, strlen(text));
    zp_config_destroy(&w->config);
    w->message[0] = '\0';
    return zp_config_load(w->path, &w->config, w->message, sizeof w->message);
}

static const zp_config *good(world *w, const char *text)
{
    zp_rc rc = load_text(w, text);
    if (rc)
        print_error("%s\n", w->message);
    assert_int_equal(rc, ZP_OK);
    assert_non_null(w->config);
    return w->config;
}

/* One line: "<path>[:line]: ...what...; ...". */
static void assert_said(const world *w, unsigned line, const char *what)
{
    char start[96];
    if (line)
        snprintf(start, sizeof start, "%s:%u: ", w->path, line);
    else
        snprintf(start, sizeof start, "%s: ", w->path);
    if (strncmp(w->message, start, strlen(start)) != 0 || !strstr(w->message, what))
        fail_msg("expected \"%s...%s\", was told \"%s\"", start, what, w->message);
    const char *remedy = strstr(w->message, "; ");
    assert_non_null(remedy);
    assert_true(strlen(remedy) > 5);
    assert_null(strchr(w->message, '\n'));
}

static void bad(world *w, const char *text, unsigned line, const char *what)
{
    assert_int_equal(load_text(w, text), ZP_INVALID);
    assert_null(w->config);
    assert_said(w, line, what);
}

/* ---- what is good ---- */

static void assert_path(const char *path, const char *folder, const char *prefix, const char *rest)
{
    char expected[256];
    snprintf(expected, sizeof expected, "%s%s/%s", prefix, folder, rest);
    assert_string_equal(path, expected);
}

static void assert_defaults(const zp_config *c, const char *folder)
{
    assert_path(c->data_dir, folder, "", "data");
    assert_path(c->profiles[0], folder, "", "profiles/mof-2020.yaml");
    assert_string_equal(c->log_level, "info");
    assert_int_equal(c->map_size, 64ull << 30);
    assert_path(c->gateway.listen, folder, "", "data/run/gateway.sock");
    assert_int_equal(c->gateway.peer_users_count, 0);
    assert_int_equal(c->gateway.threads, 0);
    assert_int_equal(c->gateway.max_body, 262144);
    assert_int_equal(c->gateway.batch, 256);
    assert_int_equal(c->gateway.max_pending, 1000000);
    assert_int_equal(c->gateway.max_parked, 4096);
    assert_int_equal(c->gateway.max_in_hand, 67108864);
    assert_int_equal(c->gateway.max_wait_s, 25);
    assert_int_equal(c->gateway.min_free_disk, 268435456);
    assert_int_equal(c->gateway.lease_ms, 10000);
    assert_int_equal(c->gateway.max_attempts, 3);
    assert_int_equal(c->gateway.overdue_ms, 60000);
    assert_int_equal(c->worker.batch, 256);
    assert_int_equal(c->worker.credit, 1024);
    assert_int_equal(c->worker.heartbeat_ms, 500);
    assert_int_equal(c->worker.pace_ms, 5);
    assert_int_equal(c->notifier.beat_ms, 1000);
    assert_int_equal(c->notifier.queue, 10000);
    assert_path(c->notifier.publish, folder, "ipc://", "data/run/events.sock");
    assert_path(c->notifier.replay, folder, "ipc://", "data/run/replay.sock");
    assert_false(c->notifier.allow_plain);
    assert_null(c->notifier.curve.secret_key_file);
    assert_null(c->subscriber.key_file);
}

static void what_is_not_set_has_its_default(void **state)
{
    world *w = *state;
    assert_defaults(good(w, "log_level: info\n"), w->folder);
    assert_defaults(good(w, "gateway:\n  # batch: 3\nworker:\nnotifier:\n"), w->folder);
    assert_defaults(good(w, "gateway: {}\n"), w->folder);
    assert_defaults(good(w, "gateway:\n  peer_users:\n  batch: 256\n"), w->folder);
}

static char *read_sample(void)
{
    FILE *in = fopen(ZP_SOURCE_DIR "/conf/ziping.yaml", "r");
    assert_non_null(in);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    size_t n = fread(text, 1, 65535, in);
    assert_in_range(n, 1000, 65534);
    assert_int_equal(fclose(in), 0);
    return text;
}

static void the_sample_holds_the_defaults(void **state)
{
    world *w = *state;
    char *text = read_sample();
    assert_defaults(good(w, text), w->folder);
    /* ... and so do its lines that are commented out, because they follow data_dir. */
    static const char *const silent[] = {"# listen: ", "# publish: ", "# replay: "};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        char *at = strstr(text, silent[i]);
        assert_non_null(at);
        memmove(at, at + 2, strlen(at + 2) + 1);
    }
    assert_defaults(good(w, text), w->folder);
    free(text);
}

static void the_sample_names_every_setting(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "data_dir:",   "profiles:",        "log_level:",    "map_size:",     "listen:",          "peer_users:",
        "threads:",    "max_body:",        "batch:",        "max_pending:",  "max_parked:",      "credit:",
        "max_wait_s:", "min_free_disk:",   "lease_ms:",     "max_attempts:", "overdue_ms:",      "beat_ms:",
        "queue:",      "heartbeat_ms:",    "publish:",      "replay:",       "max_in_hand:",     "allow_plain:",
        "curve:",      "secret_key_file:", "allowed_keys:", "subscriber:",   "server_key_file:", "key_file:",
        "pace_ms:"};
    char *text = read_sample();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strstr(text, keys[i]))
            fail_msg("%s is not in conf/ziping.yaml", keys[i]);
    free(text);
}

static void every_setting_takes_effect(void **state)
{
    const zp_config *c =
        good(*state, "data_dir: /srv/zp\nprofiles: [/etc/zp/p.yaml]\nlog_level: debug\nmap_size: 1048576\n"
                     "gateway:\n  listen: /run/zp.sock\n  peer_users: [www-data, nginx]\n  threads: 1\n"
                     "  max_body: 1024\n  batch: 2\n  max_pending: 3\n  max_parked: 4\n  max_in_hand: 1048577\n"
                     "  max_wait_s: 5\n  min_free_disk: 6000000000\n  lease_ms: 700\n"
                     "  max_attempts: 8\n  overdue_ms: 9000\n"
                     "worker: {batch: 10, credit: 11, heartbeat_ms: 12, pace_ms: 13}\n"
                     "notifier:\n  beat_ms: 13\n  queue: 14\n  publish: tcp://127.0.0.1:5555\n"
                     "  replay: ipc:///run/zp-replay.sock\n  allow_plain: true\n"
                     "  curve: {secret_key_file: /k/s, allowed_keys: /k/all}\n"
                     "subscriber: {server_key_file: /k/s.pub, key_file: /k/me}\n");
    assert_string_equal(c->data_dir, "/srv/zp");
    assert_string_equal(c->profiles[0], "/etc/zp/p.yaml");
    assert_string_equal(c->log_level, "debug");
    assert_int_equal(c->map_size, 1048576);
    assert_string_equal(c->gateway.listen, "/run/zp.sock");
    assert_int_equal(c->gateway.peer_users_count, 2);
    assert_string_equal(c->gateway.peer_users[0], "www-data");
    assert_string_equal(c->gateway.peer_users[1], "nginx");
    assert_int_equal(c->gateway.threads, 1);
    assert_int_equal(c->gateway.max_body, 1024);
    assert_int_equal(c->gateway.batch, 2);
    assert_int_equal(c->gateway.max_pending, 3);
    assert_int_equal(c->gateway.max_parked, 4);
    assert_int_equal(c->gateway.max_in_hand, 1048577);
    assert_int_equal(c->gateway.max_wait_s, 5);
    assert_int_equal(c->gateway.min_free_disk, 6000000000);
    assert_int_equal(c->gateway.lease_ms, 700);
    assert_int_equal(c->gateway.max_attempts, 8);
    assert_int_equal(c->gateway.overdue_ms, 9000);
    assert_int_equal(c->worker.batch, 10);
    assert_int_equal(c->worker.credit, 11);
    assert_int_equal(c->worker.heartbeat_ms, 12);
    assert_int_equal(c->worker.pace_ms, 13);
    assert_int_equal(c->notifier.beat_ms, 13);
    assert_int_equal(c->notifier.queue, 14);
    assert_string_equal(c->notifier.publish, "tcp://127.0.0.1:5555");
    assert_string_equal(c->notifier.replay, "ipc:///run/zp-replay.sock");
    assert_true(c->notifier.allow_plain);
    assert_string_equal(c->notifier.curve.secret_key_file, "/k/s");
    assert_string_equal(c->notifier.curve.allowed_keys, "/k/all");
    assert_string_equal(c->subscriber.server_key_file, "/k/s.pub");
    assert_string_equal(c->subscriber.key_file, "/k/me");
}

static void relative_paths_start_at_the_file(void **state)
{
    world *w = *state;
    const zp_config *c = good(w, "data_dir: var/x\nprofiles: [p.yaml]\ngateway:\n  listen: s/g.sock\nnotifier:\n"
                                 "  publish: ipc://e.sock\n");
    assert_path(c->data_dir, w->folder, "", "var/x");
    assert_path(c->profiles[0], w->folder, "", "p.yaml");
    assert_path(c->gateway.listen, w->folder, "", "s/g.sock");
    assert_path(c->notifier.publish, w->folder, "ipc://", "e.sock");
    assert_path(c->notifier.replay, w->folder, "ipc://", "var/x/run/replay.sock");
    char *path = zp_config_path(c, "intake"), *endpoint = zp_config_ipc(c, "run/poke.sock");
    assert_path(path, w->folder, "", "var/x/intake");
    assert_path(endpoint, w->folder, "ipc://", "var/x/run/poke.sock");
    free(path);
    free(endpoint);
}

static void a_file_in_the_working_folder_gives_absolute_paths(void **state)
{
    world *w = *state;
    char *before = getcwd(NULL, 0);
    assert_non_null(before);
    write_bytes(w, "data_dir: data\n", 15);
    assert_int_equal(chdir(w->folder), 0);
    zp_rc rc = zp_config_load("ziping.yaml", &w->config, w->message, sizeof w->message);
    assert_int_equal(chdir(before), 0);
    free(before);
    assert_int_equal(rc, ZP_OK);
    assert_path(w->config->data_dir, w->folder, "", "data");
}

static void an_inherited_socket_is_a_dash(void **state)
{
    assert_string_equal(good(*state, "gateway:\n  listen: \"-\"\n")->gateway.listen, "-");
}

/* ---- what is bad: keys, types, syntax ---- */

static void unknown_keys_are_refused_where_they_stand(void **state)
{
    world *w = *state;
    bad(w, "data_dir: x\nlog_levle: info\n", 2, "log_levle is not a setting");
    bad(w, "# a comment\n\ngateway:\n  batch: 3\n\n  # another\n  bach: 3\n", 7, "gateway.bach is not a setting");
    bad(w, "gateway: {batch: 3,\n  bach: 4}\n", 2, "gateway.bach is not a setting");
    bad(w, "worker:\n  batch: 3\n  threads: 3\n", 3, "worker.threads is not a setting"); /* the gateway's */
    bad(w, "batch: 3\n", 1, "batch is not a setting");
    bad(w, "\"a\\nforged: line\": 3\n", 1, "a?forged: line is not a setting");
}

static void wrong_types_are_refused_where_they_stand(void **state)
{
    world *w = *state;
    bad(w, "log_level: info\ngateway: 5\n", 2, "gateway is a single value");
    bad(w, "gateway:\n  threads: 1\n  batch: [3]\n", 3, "gateway.batch is a list");
    bad(w, "gateway:\n  batch: {a: 3}\n", 2, "gateway.batch is settings of its own");
    bad(w, "gateway:\n  peer_users: www-data\n", 2, "gateway.peer_users is a single value");
    bad(w, "gateway:\n  peer_users: [[a]]\n", 2, "gateway.peer_users has an entry that is a list");
    bad(w, "gateway:\n  peer_users: [a, \"\"]\n", 2, "gateway.peer_users has an empty entry");
    bad(w, "- gateway\n", 1, "a list instead of settings");
    bad(w, "hello\n", 1, "not settings");
}

static void what_is_not_one_mapping_in_yaml_is_refused_where_it_stands(void **state)
{
    world *w = *state;
    bad(w, "data_dir: x\ngateway:\n\tbatch: 3\n", 3, "cannot start any token");
    bad(w, "data_dir: x\nlog_level: 'info\n", 3, "unexpected end");
    bad(w, "data_dir: x\n\ngateway:\n  listen: -\n", 4, "not allowed");
    bad(w, "data_dir: x\n\ndata_dir: y\n", 3, "data_dir stands here and in line 1");
    bad(w, "gateway:\n  batch: 3\nworker:\n  batch: 3\ngateway:\n  batch: 4\n", 5, "gateway stands here and in line 1");
    bad(w, "data_dir: &a x\nlog_level: *a\n", 2, "alias");
    bad(w, "data_dir: x\n---\ndata_dir: y\n", 2, "second document");
    bad(w, "data_dir: x\nlog_level: \"a\\0b\"\n", 2, "NUL");
    bad(w, "data_dir: x\nlog_level: \xff\n", 2, "UTF-8");
    bad(w, "? [a]\n: 3\n", 1, "a key that is not a plain word");
    bad(w, "a: {b: {c: {d: {e: {f: {g: {h: {i: {}}}}}}}}}\n", 1, "nested too deeply");
}

/* ---- what is bad: values ---- */

static void numbers_are_plain_digits(void **state)
{
    static const char *const wrong[] = {"3x",
                                        "0x10",
                                        "-1",
                                        "+3",
                                        "1e2",
                                        "3.0",
                                        "\" 3\"",
                                        "many",
                                        "",
                                        "~",
                                        "1_000",
                                        "９",
                                        "99999999999999999999999999",
                                        "18446744073709551872"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[96];
        snprintf(text, sizeof text, "gateway:\n  batch: %s\n", wrong[i]);
        bad(*state, text, 2, "gateway.batch is \"");
        assert_non_null(strstr(((world *)*state)->message, "1 to 1024"));
    }
    assert_int_equal(good(*state, "gateway:\n  batch: 010\n")->gateway.batch, 10); /* ten, and not eight */
}

static void ranges_are_closed_and_named(void **state)
{
    static const struct {
        const char *block, *key;
        unsigned long long least, most;
    } rows[] = {{"", "map_size", 1048576, 17592186044416},
                {"gateway", "threads", 0, 256},
                {"gateway", "max_body", 1024, 1048576},
                {"gateway", "batch", 1, 1024},
                {"gateway", "max_pending", 1, 100000000},
                {"gateway", "max_parked", 0, 1000000},
                {"gateway", "max_in_hand", 1048576, 17179869184},
                {"gateway", "max_wait_s", 0, 25},
                {"gateway", "min_free_disk", 0, 1125899906842624},
                {"gateway", "lease_ms", 100, 3600000},
                {"gateway", "max_attempts", 1, 100},
                {"gateway", "overdue_ms", 1000, 86400000},
                {"worker", "batch", 1, 1024},
                {"worker", "credit", 1, 1024},
                {"worker", "heartbeat_ms", 10, 60000},
                {"worker", "pace_ms", 0, 1000},
                {"notifier", "beat_ms", 10, 60000},
                {"notifier", "queue", 1, 1000000}};
    char *sample = read_sample();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char format[64], text[96], what[96], range[96];
        bool top = !rows[i].block[0];
        snprintf(format, sizeof format, top ? "%s%s: %%llu\n" : "%s:\n  %s: %%llu\n", rows[i].block, rows[i].key);
        snprintf(what, sizeof what, "%s%s%s is \"", rows[i].block, top ? "" : ".", rows[i].key);
        snprintf(range, sizeof range, "%llu to %llu", rows[i].least, rows[i].most);
        snprintf(text, sizeof text, format, rows[i].least);
        good(*state, text);
        snprintf(text, sizeof text, format, rows[i].most);
        good(*state, text);
        snprintf(text, sizeof text, format, rows[i].most + 1);
        bad(*state, text, top ? 1 : 2, what);
        assert_non_null(strstr(((world *)*state)->message, range));
        snprintf(text, sizeof text, format, rows[i].least - 1); /* below 0: 2^64 - 1 */
        bad(*state, text, top ? 1 : 2, what);
        if (!strstr(sample, range))
            fail_msg("conf/ziping.yaml does not name the range of %s, %s", rows[i].key, range);
    }
    free(sample);
    bad(*state, "map_size: 1048577\n", 1, "map_size is 1048577; write a multiple of 65536");
}

static void words_and_endpoints_are_checked(void **state)
{
    world *w = *state;
    bad(w, "log_level: loud\n", 1, "log_level is \"loud\"; write debug, info, warn or error");
    bad(w, "log_level: info\ndata_dir: \"\"\n", 2, "data_dir is empty");
    bad(w, "profiles: [\"\"]\n", 1, "profiles is empty");
    bad(w, "gateway:\n  listen: ''\n", 2, "gateway.listen is empty");
    bad(w, "notifier:\n  allow_plain: yes\n", 2, "notifier.allow_plain is \"yes\"; write true or false");
    bad(w, "notifier:\n  curve:\n    secret_key_file: a\n", 2, "notifier.curve lacks allowed_keys");
    bad(w, "subscriber:\n  key_file: a\n", 1, "subscriber lacks server_key_file");
    static const char *const wrong[] = {"/run/x.sock", "ipc://", "tcp://", "tcp://127.0.0.1", "inproc://x", "''"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[96];
        snprintf(text, sizeof text, "notifier:\n  publish: %s\n", wrong[i]);
        bad(w, text, 2, "notifier.publish is \"");
        snprintf(text, sizeof text, "notifier:\n  replay: %s\n", wrong[i]);
        bad(w, text, 2, "notifier.replay is \"");
    }
}

/* A path of n bytes behind `before`. */
static const char *with_path(const char *before, int n)
{
    static char text[512];
    snprintf(text, sizeof text, "%s/%0*d\n", before, n - 1, 0);
    return text;
}

static void socket_paths_fit_into_107_bytes(void **state)
{
    world *w = *state;
    good(w, with_path("gateway:\n  listen: ", 107));
    bad(w, with_path("gateway:\n  listen: ", 108), 2, "gateway.listen gives a socket path of 108 bytes");
    good(w, with_path("notifier:\n  publish: ipc://", 107));
    bad(w, with_path("notifier:\n  publish: ipc://", 108), 2, "notifier.publish gives a socket path of 108 bytes");
    bad(w, with_path("notifier:\n  replay: ipc://", 200), 2, "notifier.replay gives a socket path of 200 bytes");
    good(w, with_path("data_dir: ", 89)); /* with /run/dispatch.sock 107 */
    bad(w, with_path("log_level: info\ndata_dir: ", 90), 2, "data_dir gives a socket path of 108 bytes");
    assert_non_null(strstr(w->message, "at most 107"));
}

/* ---- what is bad: the file ---- */

static void files_that_are_not_there_or_empty_are_named(void **state)
{
    world *w = *state;
    assert_int_equal(zp_config_load(w->path, &w->config, w->message, sizeof w->message), ZP_NOTFOUND);
    assert_null(w->config);
    assert_said(w, 0, "No such file");
    assert_non_null(strstr(w->message, "conf/ziping.yaml"));
    bad(w, "", 0, "empty");
    bad(w, "# nothing\n", 0, "holds no setting");
    bad(w, "{}\n", 0, "holds no setting");
    bad(w, "~\n", 1, "not settings");
}

static void files_that_cannot_be_read_are_named(void **state)
{
    world *w = *state;
    assert_int_equal(mkdir(w->path, 0700), 0); /* whoever runs this may be root, who can read any file */
    assert_int_equal(zp_config_load(w->path, &w->config, w->message, sizeof w->message), ZP_IO);
    assert_said(w, 0, "Is a directory");
    assert_int_equal(rmdir(w->path), 0);
    if (geteuid() != 0) {
        write_bytes(w, "data_dir: x\n", 12);
        assert_int_equal(chmod(w->path, 0), 0);
        assert_int_equal(zp_config_load(w->path, &w->config, w->message, sizeof w->message), ZP_IO);
        assert_said(w, 0, "Permission denied");
    }
}

static void a_file_that_is_no_settings_file_is_refused(void **state)
{
    world *w = *state;
    char *large = malloc(1100000);
    assert_non_null(large);
    memset(large, '#', 1100000);
    write_bytes(w, large, 1100000);
    free(large);
    assert_int_equal(zp_config_load(w->path, &w->config, w->message, sizeof w->message), ZP_INVALID);
    assert_said(w, 0, "larger than");
    write_bytes(w,
                "\x7f"
                "ELF\x02\0\0\0",
                8);
    assert_int_equal(zp_config_load(w->path, &w->config, w->message, sizeof w->message), ZP_INVALID);
    assert_said(w, 1, "");
}

static void a_small_message_buffer_is_not_overrun(void **state)
{
    world *w = *state;
    char small[24];
    memset(small, 'x', sizeof small);
    write_bytes(w, "bad: 1\n", 7);
    assert_int_equal(zp_config_load(w->path, &w->config, small, 16), ZP_INVALID);
    assert_int_equal(strlen(small), 15);
    assert_int_equal(small[16], 'x');
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_set_has_its_default),
        TEST(the_sample_holds_the_defaults),
        TEST(the_sample_names_every_setting),
        TEST(every_setting_takes_effect),
        TEST(relative_paths_start_at_the_file),
        TEST(a_file_in_the_working_folder_gives_absolute_paths),
        TEST(an_inherited_socket_is_a_dash),
        TEST(unknown_keys_are_refused_where_they_stand),
        TEST(wrong_types_are_refused_where_they_stand),
        TEST(what_is_not_one_mapping_in_yaml_is_refused_where_it_stands),
        TEST(numbers_are_plain_digits),
        TEST(ranges_are_closed_and_named),
        TEST(words_and_endpoints_are_checked),
        TEST(socket_paths_fit_into_107_bytes),
        TEST(files_that_are_not_there_or_empty_are_named),
        TEST(files_that_cannot_be_read_are_named),
        TEST(a_file_that_is_no_settings_file_is_refused),
        TEST(a_small_message_buffer_is_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

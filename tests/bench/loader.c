/*
 * loader.c - fills both stores of a data folder with scored submissions, for runs on stores of a given size. Everything
 * goes through the stores' own functions, as gateway and worker would call them: the records, keys, indexes, totals and
 * events are what they would have written, only the syncs are left to the end.
 *
 * Usage: loader DATA MAP_SIZE COUNT PROFILE FORM [PATHS]. COUNT more forms, all with the content of FORM and project
 * names of their own, spread over years, units and departments, received at even distances until now. PATHS gets the
 * addresses and entity tags of up to 20 000 of them, from everywhere and in no order, for the load to ask for. Refuses
 * what the disk has no room for. Nothing else may have the stores open.
 */
#include "base/clock.h"
#include "codec/form_json.h"
#include "codec/form_reader.h"
#include "codec/profile_yaml.h"
#include "codec/submission.h"
#include "codec/verdict.h"
#include "store/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { BATCH = 1024, UNITS = 5000, DEPARTMENTS = 120, YEARS = 2, FIRST_YEAR = 2021, PATHS = 20000, MESSAGE = 512 };
enum { FORM_BYTES = 6144, PER_MS = 10, ARENA = 1 << 20 };
static const uint64_t SPARE = UINT64_C(1) << 30; /* of disk that is left alone */

typedef struct {
    zp_put put;
    char project[64], unit[64], department[64], year[8];
    zp_buf form;
} row;

typedef struct {
    zp_intake *intake;
    zp_intake_reader *reader;
    zp_scores *scores;
    zp_profiles profiles;
    zp_arena *kept, *arena; /* of the template; of one batch */
    zp_form template;
    zp_buf body, json, records;
    row rows[BATCH];
    zp_put *puts[BATCH];
    zp_id acks[BATCH];
    size_t ack_count;
    zp_status statuses[BATCH], *batch[BATCH];
    uint64_t count, done, last_seq;
    int64_t begin_ms;
    char (*paths)[128];
    size_t path_count;
    const char *data;
} loader;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "loader: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- room ---- */

static uint64_t room(const char *folder)
{
    struct statvfs disk;
    must(statvfs(folder, &disk) == 0, folder);
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    return free_bytes > SPARE ? free_bytes - SPARE : 0;
}

static void check_room(const loader *l)
{
    uint64_t need = l->count * FORM_BYTES, there = room(l->data);
    if (need <= there)
        return;
    fprintf(stderr, "loader: %llu forms may take %llu GiB, and %llu are free under %s beside a reserve of 1\n",
            (unsigned long long)l->count, (unsigned long long)(need >> 30), (unsigned long long)(there >> 30), l->data);
    exit(EXIT_FAILURE);
}

/* ---- one batch ---- */

static void fill_row(loader *l, row *r, uint64_t number)
{
    uint64_t unit = number % UNITS;
    zp_form form = l->template;
    snprintf(r->project, sizeof r->project, "装载项目-%llu", (unsigned long long)number);
    snprintf(r->unit, sizeof r->unit, "第%llu实施单位", (unsigned long long)unit);
    snprintf(r->department, sizeof r->department, "第%llu主管部门", (unsigned long long)unit % DEPARTMENTS);
    snprintf(r->year, sizeof r->year, "%d", (int)(FIRST_YEAR + number / UNITS % YEARS));
    form.project_name = zp_str_of(r->project);
    form.unit = zp_str_of(r->unit);
    form.department = zp_str_of(r->department);
    form.year = zp_str_of(r->year);
    zp_buf_clear(&r->form);
    zp_buf_clear(&l->json);
    zp_form_pack(&form, &r->form);
    zp_form_write_json(&form, &l->json);
    must(!r->form.failed && !l->json.failed, "out of memory");
    r->put = (zp_put){.submitter = ZP_STR("anonymous"), .year = zp_form_year(&form), .form = zp_buf_view(&r->form)};
    zp_digest_of(zp_buf_view(&l->json), &r->put.digest);
    zp_form_key_of(r->put.year, form.unit, form.project_name, &r->put.form_key);
}

static void accept(loader *l, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fill_row(l, &l->rows[i], l->done + i);
        l->puts[i] = &l->rows[i].put;
    }
    must(zp_intake_commit(l->intake, l->begin_ms + (int64_t)(l->done / PER_MS), l->puts, n, l->acks, l->ack_count, NULL,
                          0) == ZP_OK,
         "a commit of intake failed");
    for (size_t i = 0; i < n; i++) {
        must(l->rows[i].put.verdict == ZP_PUT_NEW, "a form was there already: load into a folder once only");
        l->acks[i] = l->rows[i].put.id;
    }
    l->ack_count = n;
}

/* Scores what is stored, out of its record, as a worker does. */
static void score(loader *l, size_t n)
{
    size_t ends[BATCH + 1] = {0};
    zp_arena_reset(l->arena);
    zp_buf_clear(&l->records);
    for (size_t i = 0; i < n; i++) {
        must(zp_intake_get(l->reader, &l->acks[i], &l->records) == ZP_OK, "a record cannot be read");
        ends[i + 1] = l->records.n;
    }
    for (size_t i = 0; i < n; i++) {
        zp_str record = {l->records.p + ends[i], ends[i + 1] - ends[i]};
        must(zp_verdict(&l->acks[i], record, &l->profiles, ZP_ABSENT, l->arena, &l->statuses[i]) == ZP_OK, "scoring");
        l->statuses[i].scored_ms = zp_id_ms(&l->acks[i]) + 1;
        l->batch[i] = &l->statuses[i];
    }
    must(zp_scores_commit(l->scores, l->statuses[0].scored_ms, l->batch, n, &l->last_seq) == ZP_OK,
         "a commit of scores failed");
}

static void keep_paths(loader *l, size_t n)
{
    uint64_t each = l->count / PATHS ? l->count / PATHS : 1;
    char text[ZP_ID_TEXT + 1], tag[ZP_ETAG_TEXT];
    for (size_t i = 0; i < n && l->path_count < PATHS; i++) {
        if ((l->done + i) % each)
            continue;
        zp_id_format(&l->acks[i], text);
        zp_etag_format(&l->acks[i], l->last_seq - n + i + 1, tag);
        snprintf(l->paths[l->path_count++], sizeof *l->paths, "/v1/submissions/%s %s\n", text, tag);
    }
}

/* ---- the whole ---- */

static void read_form(loader *l, const char *path)
{
    char bytes[4096];
    FILE *file = fopen(path, "rb");
    must(file != NULL, path);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;)
        zp_buf_add(&l->body, bytes, n);
    must(!ferror(file) && zp_buf_reserve(&l->body, ZP_JSON_PADDING), path);
    fclose(file);
    zp_json_reader *reader = zp_json_reader_new();
    zp_flags faults = {.arena = l->kept};
    zp_form form;
    must(reader && zp_form_read_json(reader, zp_buf_view(&l->body), l->kept, &form, &faults) == ZP_OK, path);
    /* Through its packed form, so that no view points into the reader's memory. */
    zp_buf packed = ZP_BUF_INIT;
    zp_form_pack(&form, &packed);
    zp_str copy = zp_arena_copy(l->kept, zp_buf_view(&packed));
    must(copy.p && zp_form_unpack(copy, l->kept, &l->template) == ZP_OK, path);
    zp_buf_free(&packed);
    zp_json_reader_destroy(&reader);
}

static void open_stores(loader *l, uint64_t map_size)
{
    char path[4096], message[MESSAGE] = "";
    must(mkdir(l->data, 0750) == 0 || errno == EEXIST, l->data);
    must(snprintf(path, sizeof path, "%s/intake", l->data) < (int)sizeof path, l->data);
    must(!zp_intake_open(path, map_size, ZP_READ_WRITE, &l->intake, message, sizeof message), message);
    must(snprintf(path, sizeof path, "%s/scores", l->data) < (int)sizeof path, l->data);
    must(!zp_scores_open(path, map_size, ZP_READ_WRITE, &l->scores, message, sizeof message), message);
    must(zp_intake_reader_new(l->intake, &l->reader) == ZP_OK, "out of memory");
    must(!zp_env_bulk(zp_intake_env(l->intake), true) && !zp_env_bulk(zp_scores_env(l->scores), true), "bulk");
}

static void close_stores(loader *l)
{
    must(!zp_env_bulk(zp_intake_env(l->intake), false) && !zp_env_bulk(zp_scores_env(l->scores), false), "sync");
    zp_intake_reader_destroy(&l->reader);
    zp_intake_close(&l->intake);
    zp_scores_close(&l->scores);
}

static void load(loader *l)
{
    l->begin_ms = zp_clock_wall_ms() - (int64_t)(l->count / PER_MS) - 1000;
    while (l->done < l->count) {
        size_t n = l->count - l->done < BATCH ? (size_t)(l->count - l->done) : BATCH;
        must(room(l->data) > 0, "the disk is nearly full; what was loaded stays");
        accept(l, n);
        score(l, n);
        keep_paths(l, n);
        l->done += n;
    }
    must(zp_intake_commit(l->intake, zp_clock_wall_ms(), NULL, 0, l->acks, l->ack_count, NULL, 0) == ZP_OK, "acks");
}

/* In no order, the same every time. */
static void write_paths(loader *l, const char *path)
{
    uint64_t random = 20220601;
    FILE *out = fopen(path, "w");
    must(out != NULL, path);
    for (size_t left = l->path_count; left > 0; left--) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t at = (size_t)(random >> 33) % left;
        must(fputs(l->paths[at], out) >= 0, path);
        memcpy(l->paths[at], l->paths[left - 1], sizeof *l->paths);
    }
    must(fclose(out) == 0, path);
}

int main(int argc, char **argv)
{
    static loader l; /* too large for a stack */
    char message[MESSAGE] = "";
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: loader DATA MAP_SIZE COUNT PROFILE FORM [PATHS]\n");
        return 2;
    }
    l.data = argv[1];
    l.count = strtoull(argv[3], NULL, 10);
    l.kept = zp_arena_new(ARENA);
    l.arena = zp_arena_new(ARENA);
    l.paths = calloc(PATHS, sizeof *l.paths);
    must(l.count && l.kept && l.arena && l.paths, "a count is wanted, and memory");
    must(zp_profiles_load(&argv[4], 1, &l.profiles, message, sizeof message) == ZP_OK, message);
    read_form(&l, argv[5]);
    int64_t begun = zp_clock_mono_ms();
    open_stores(&l, strtoull(argv[2], NULL, 10));
    check_room(&l);
    load(&l);
    close_stores(&l);
    if (argc > 6)
        write_paths(&l, argv[6]);
    printf("{\"forms\": %llu, \"ms\": %lld}\n", (unsigned long long)l.done, (long long)(zp_clock_mono_ms() - begun));
    for (size_t i = 0; i < BATCH; i++)
        zp_buf_free(&l.rows[i].form);
    zp_buf_free(&l.body);
    zp_buf_free(&l.json);
    zp_buf_free(&l.records);
    zp_arena_destroy(&l.kept);
    zp_arena_destroy(&l.arena);
    free(l.paths);
    return EXIT_SUCCESS;
}

/*
 * score_bench.c - what the engine costs: nanoseconds to score a form, to read its record back and to write its status
 * document, warm, the best of several rounds.
 *
 * Usage: score_bench PROFILE FORM… [forms a round comes from the environment: ROUND=20000]. One thread, no sockets, no
 * stores. The best round is printed, not the mean: what else the machine does only ever adds.
 */
#include "codec/form_reader.h"
#include "codec/profile_yaml.h"
#include "codec/status.h"
#include "core/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 9, MOST_FORMS = 64, PACE = 20000 };

typedef struct {
    zp_form form;
    zp_buf body, record;
    zp_status status; /* as read back from the record */
    zp_arena *arena;  /* of the form and the status */
    zp_json_reader *reader;
} sample;

typedef struct {
    zp_profile profile;
    sample samples[MOST_FORMS];
    size_t count;
    zp_arena *arena; /* of one step, reset after it */
    zp_buf out;
} bench;

typedef bool step(bench *b, const sample *s);

static bool score(bench *b, const sample *s)
{
    zp_result result;
    return zp_score(&s->form, &b->profile, b->arena, &result) == ZP_OK;
}

static bool read_record(bench *b, const sample *s)
{
    zp_status status;
    return zp_status_unpack(zp_buf_view(&s->record), b->arena, &status) == ZP_OK;
}

static bool write_document(bench *b, const sample *s)
{
    zp_buf_clear(&b->out);
    zp_status_write_json(&s->status, 30000, b->arena, &b->out);
    return !b->out.failed;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* One unmeasured round warms caches and the arena's chunk. */
static bool measure(bench *b, const char *name, step *run, size_t forms)
{
    int64_t best = INT64_MAX;
    for (int round = 0; round <= ROUNDS; round++) {
        int64_t start = now_ns();
        for (size_t i = 0; i < forms; i++) {
            zp_arena_reset(b->arena);
            if (!run(b, &b->samples[i % b->count]))
                return false;
        }
        int64_t took = now_ns() - start;
        if (round && took < best)
            best = took;
    }
    printf("%-28s %6lld ns\n", name, (long long)(best / (int64_t)forms));
    return true;
}

static bool slurp(const char *path, zp_buf *out)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;)
        zp_buf_add(out, bytes, n);
    bool ok = !ferror(file) && zp_buf_reserve(out, ZP_JSON_PADDING);
    fclose(file);
    return ok;
}

/* The sample's status goes through its record, so that the document is written from what a gateway would have read. */
static bool load(bench *b, const char *path)
{
    sample *s = &b->samples[b->count++];
    s->arena = zp_arena_new(256 * 1024);
    s->reader = zp_json_reader_new();
    if (!s->arena || !s->reader || !slurp(path, &s->body))
        return false;
    zp_flags faults = {.arena = s->arena};
    zp_status status = {.id = {{1}}, .state = ZP_SCORED, .seq = 1, .year = 2022, .revision = 1, .has_result = true};
    status.received_ms = INT64_C(1700000000000);
    status.scored_ms = status.received_ms + 10;
    if (zp_form_read_json(s->reader, zp_buf_view(&s->body), s->arena, &s->form, &faults) ||
        zp_score(&s->form, &b->profile, s->arena, &status.result))
        return false;
    status.project_name = s->form.project_name;
    status.unit = s->form.unit;
    status.unit_code = ZP_STR("");
    status.department = s->form.department;
    zp_status_pack(&status, &s->record);
    return zp_status_unpack(zp_buf_view(&s->record), s->arena, &s->status) == ZP_OK;
}

static bool run(bench *b, int argc, char **argv)
{
    char message[512];
    if (zp_profile_load(argv[1], &b->profile, message, sizeof message)) {
        fprintf(stderr, "score_bench: %s\n", message);
        return false;
    }
    for (int i = 2; i < argc; i++)
        if (b->count == MOST_FORMS || !load(b, argv[i])) {
            fprintf(stderr, "score_bench: cannot use %s\n", argv[i]);
            return false;
        }
    const char *pace = getenv("ROUND");
    size_t forms = pace ? strtoul(pace, NULL, 10) : PACE;
    b->arena = zp_arena_new(256 * 1024);
    return b->arena && forms && measure(b, "score a form", score, forms) &&
           measure(b, "read a record", read_record, forms) &&
           measure(b, "write a status document", write_document, forms);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: score_bench PROFILE FORM...\n");
        return 2;
    }
    static bench b; /* too large for a stack */
    bool ok = run(&b, argc, argv);
    for (size_t i = 0; i < b.count; i++) {
        zp_arena_destroy(&b.samples[i].arena);
        zp_json_reader_destroy(&b.samples[i].reader);
        zp_buf_free(&b.samples[i].body);
        zp_buf_free(&b.samples[i].record);
    }
    if (b.arena)
        zp_arena_destroy(&b.arena);
    zp_buf_free(&b.out);
    return ok ? 0 : 1;
}

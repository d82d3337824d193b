/*
 * score_bench.c - what the engine costs on one core: a form out of its MessagePack, scored, its result into
 * MessagePack, with the share of each; and what stands around it: reading and checking a submission, reading a record,
 * writing a status document.
 *
 * Usage: score_bench PROFILE FORM… [forms a round comes from the environment: ROUND=20000]. One thread, no sockets, no
 * stores; warm. Of several rounds the best counts, not the mean: what else the machine does only ever adds.
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
    zp_buf body, packed, record;
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

static bool unpack_form(bench *b, const sample *s)
{
    zp_form form;
    return zp_form_unpack(zp_buf_view(&s->packed), b->arena, &form) == ZP_OK;
}

static bool score(bench *b, const sample *s)
{
    zp_result result;
    return zp_score(&s->form, &b->profile, b->arena, &result) == ZP_OK;
}

static bool pack_result(bench *b, const sample *s)
{
    zp_buf_clear(&b->out);
    zp_status_pack(&s->status, &b->out);
    return !b->out.failed;
}

static bool from_form_to_result(bench *b, const sample *s)
{
    zp_form form;
    zp_status status = s->status;
    zp_buf_clear(&b->out);
    if (zp_form_unpack(zp_buf_view(&s->packed), b->arena, &form) ||
        zp_score(&form, &b->profile, b->arena, &status.result))
        return false;
    zp_status_pack(&status, &b->out);
    return !b->out.failed;
}

static bool read_and_check(bench *b, const sample *s)
{
    zp_form form;
    zp_flags faults = {.arena = b->arena};
    return zp_form_read_json(s->reader, zp_buf_view(&s->body), b->arena, &form, &faults) == ZP_OK &&
           zp_check(&form, &b->profile, &faults) == ZP_OK && !faults.errors;
}

static bool pack_form(bench *b, const sample *s)
{
    zp_buf_clear(&b->out);
    zp_form_pack(&s->form, &b->out);
    return !b->out.failed;
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

/* Nanoseconds a form, 0 when a step failed. One unmeasured round warms caches and the arena's chunk. */
static int64_t measure(bench *b, step *run, size_t forms)
{
    int64_t best = INT64_MAX;
    for (int round = 0; round <= ROUNDS; round++) {
        int64_t start = now_ns();
        for (size_t i = 0; i < forms; i++) {
            zp_arena_reset(b->arena);
            if (!run(b, &b->samples[i % b->count]))
                return 0;
        }
        int64_t took = now_ns() - start;
        if (round && took < best)
            best = took;
    }
    return best / (int64_t)forms;
}

static bool report(bench *b, size_t forms)
{
    static const struct {
        const char *name;
        step *run;
        bool part; /* of the first row */
    } rows[] = {{"MessagePack form to result", from_form_to_result, false},
                {"  form out of MessagePack", unpack_form, true},
                {"  score", score, true},
                {"  result into MessagePack", pack_result, true},
                {"JSON read and checked", read_and_check, false},
                {"form into MessagePack", pack_form, false},
                {"record read", read_record, false},
                {"status document written", write_document, false}};
    int64_t whole = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ns = measure(b, rows[i].run, forms);
        if (ns == 0) {
            fprintf(stderr, "score_bench: %s failed\n", rows[i].name);
            return false;
        }
        whole = whole ? whole : ns;
        printf("%-28s %6lld ns %9lld a second", rows[i].name, (long long)ns, (long long)(1000000000 / ns));
        printf(rows[i].part ? "  %3lld %%\n" : "\n", (long long)(100 * ns / whole));
    }
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
    zp_form_pack(&s->form, &s->packed);
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
    return b->arena && forms && report(b, forms);
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
        zp_buf_free(&b.samples[i].packed);
        zp_buf_free(&b.samples[i].record);
    }
    if (b.arena)
        zp_arena_destroy(&b.arena);
    zp_buf_free(&b.out);
    return ok ? 0 : 1;
}

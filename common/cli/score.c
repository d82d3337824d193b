/*
 * score.c - `ziping score FILE…`: the same reader and engine as the service, here and now, nothing stored.
 */
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/sheet.h"
#include "cli/source.h"

#include "codec/form_reader.h"
#include "codec/profile_yaml.h"
#include "codec/status.h"
#include "core/score.h"

#include <getopt.h>
#include <stdlib.h>

enum { ARENA = 256 * 1024 };

typedef struct {
    char *profiles[ZP_MAX_PROFILES];
    size_t profile_count;
    bool json;
} options;

typedef struct {
    zp_profiles profiles;
    zp_arena *arena;
    zp_json_reader *reader;
    zp_buf body, json;
    bool as_json;
    size_t refused;
} scorer;

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping score [options] FILE…\n\n"
                "Scores forms without a server: JSON or NDJSON files, - is standard input. Prints each in the\n"
                "layout of the official form, with what the rules give beside what was declared.\n\n"
                "  --profile FILE   the rules, default $ZIPING_PROFILE or those that were installed; more than\n"
                "                   once: the first that covers the year, or the one that the form names\n"
                "  --json           the result documents, one a line\n"
                "\nExit code: 0 all would be accepted, 1 some would be refused or could not be read.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {{"profile", required_argument, NULL, 'p'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){0};
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (c == 'p' && o->profile_count < ZP_MAX_PROFILES)
            o->profiles[o->profile_count++] = optarg;
        else if (c == 'j')
            o->json = true;
        else
            return usage(c == 'h' ? stdout : stderr);
    }
    char *environment = getenv("ZIPING_PROFILE");
    if (o->profile_count == 0)
        o->profiles[o->profile_count++] = environment && *environment ? environment : ZP_DEFAULT_PROFILE;
    return optind == argc ? usage(stderr) : -1;
}

static void print_faults(scorer *s, const zp_flags *faults, const char *origin)
{
    for (size_t i = 0; i < faults->count; i++) {
        const zp_flag *fault = &faults->items[i];
        zp_str zh = zp_text_flat(zp_flag_message(fault, ZP_LANG_ZH, s->arena), s->arena);
        zp_str en = zp_text_flat(zp_flag_message(fault, ZP_LANG_EN, s->arena), s->arena);
        fprintf(stderr, "%s: %s %.*s: %.*s %.*s\n", origin, zp_flag_name(fault->code), (int)fault->pointer.n,
                fault->pointer.p ? fault->pointer.p : "", (int)zh.n, zh.p ? zh.p : "", (int)en.n, en.p ? en.p : "");
    }
}

static zp_rc print_result(scorer *s, const zp_form *form, const zp_result *result, size_t errors)
{
    zp_buf_clear(&s->json);
    zp_result_write_json(result, s->arena, &s->json);
    if (s->json.failed)
        return ZP_NOMEM;
    if (s->as_json) {
        printf("%.*s\n", (int)s->json.n, s->json.p);
        return ZP_OK;
    }
    json_t *document = json_loadb(s->json.p, s->json.n, 0, NULL);
    if (!document)
        return ZP_NOMEM;
    zp_rc rc = zp_sheet_print(form, result, s->arena, stdout);
    if (!rc)
        zp_findings_print(document, stdout);
    if (!rc && errors)
        printf("不予受理 would be refused: %zu errors\n", errors);
    else if (!rc)
        printf("可以受理 would be accepted\n");
    json_decref(document);
    return rc;
}

static size_t errors_of(const zp_result *result)
{
    size_t errors = 0;
    for (size_t i = 0; i < result->flag_count; i++)
        errors += result->flags[i].severity == ZP_SEV_ERROR;
    return errors;
}

static zp_rc score_one(scorer *s, zp_str text, const char *origin)
{
    zp_arena_reset(s->arena);
    zp_buf_clear(&s->body);
    zp_buf_str(&s->body, text);
    if (!zp_buf_reserve(&s->body, ZP_JSON_PADDING))
        return ZP_NOMEM;
    zp_form form;
    zp_flags faults = {.arena = s->arena};
    zp_rc rc = zp_form_read_json(s->reader, zp_buf_view(&s->body), s->arena, &form, &faults);
    if (rc == ZP_INVALID || rc == ZP_CONFLICT || rc == ZP_TOO_LARGE) {
        s->refused++;
        print_faults(s, &faults, origin);
        return ZP_OK;
    }
    zp_result result;
    const zp_profile *profile = rc ? NULL : zp_choose_profile(&form, &s->profiles, &faults);
    if (!rc)
        rc = zp_score(&form, profile, s->arena, &result);
    if (rc)
        return rc;
    print_faults(s, &faults, origin);
    size_t errors = faults.errors + errors_of(&result);
    s->refused += errors > 0;
    return print_result(s, &form, &result, errors);
}

static int score_all(scorer *s, char *const *paths, size_t count)
{
    zp_source source;
    zp_source_open(&source, paths, count);
    zp_str text;
    const char *name;
    size_t line;
    zp_rc rc;
    while (!(rc = zp_source_next(&source, &text, &name, &line))) {
        char origin[512];
        if (line)
            snprintf(origin, sizeof origin, "%s:%zu", name, line);
        else
            snprintf(origin, sizeof origin, "%s", name);
        rc = score_one(s, text, origin);
        if (rc)
            break;
    }
    size_t unreadable = source.unreadable;
    zp_source_close(&source);
    if (rc != ZP_NOTFOUND) {
        fprintf(stderr, "ziping score: %s\n", zp_rc_name(rc));
        return ZP_EXIT_USAGE;
    }
    return s->refused || unreadable ? ZP_EXIT_NO : ZP_EXIT_OK;
}

int zp_cli_score(int argc, char **argv)
{
    options o;
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a line out for each line in, also into a pipe */
    scorer s = {.as_json = o.json};
    char message[512];
    if (zp_profiles_load(o.profiles, o.profile_count, &s.profiles, message, sizeof message)) {
        fprintf(stderr, "ziping score: %s\n", message);
        return ZP_EXIT_USAGE;
    }
    s.arena = zp_arena_new(ARENA);
    s.reader = zp_json_reader_new();
    code = ZP_EXIT_USAGE;
    if (s.arena && s.reader)
        code = score_all(&s, argv + optind, (size_t)(argc - optind));
    else
        fprintf(stderr, "ziping score: out of memory\n");
    zp_arena_destroy(&s.arena);
    zp_json_reader_destroy(&s.reader);
    zp_buf_free(&s.body);
    zp_buf_free(&s.json);
    return code;
}

/*
 * rescore.c - `ziping rescore --profile FILE`: what a stored season would be given by other rules. Changes nothing.
 *
 * Reads the stores beside the running service, newest form first, a page at a time, so that memory is bounded by what
 * changes. Superseded and failed ones have no score that stands, and are left out; so are forms of years that the rules
 * are not for.
 */
#include "cli/cli.h"
#include "cli/stores.h"
#include "cli/table.h"

#include "codec/profile_yaml.h"
#include "codec/status.h"
#include "core/decimal.h"
#include "core/score.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 256, ARENA = 256 * 1024 };

typedef struct {
    const char *config, *profile;
    int year;
} options;

/* What is compared, a row for each that would be another. */
enum { DECLARED, COMPUTED, CONFIRMED, GRADE, FIGURES };

typedef struct {
    zp_stores stores;
    zp_intake_reader *intake;
    zp_scores_reader *scores;
    zp_profile profile;
    zp_arena *arena;
    zp_buf record, submission;
    zp_table *changed;
    uint64_t scored, changes[FIGURES], other_years, damaged;
} rescoring;

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping rescore --profile FILE [options]\n\n"
                "Scores what is stored again by other rules, changes nothing, and lists each declared, computed and\n"
                "confirmed total and each grade that would be another. Forms of years that the rules are not for are\n"
                "left out, and counted. Reads the data directory; works with the service up or down.\n\n"
                "  --profile FILE   the rules\n"
                "  --year Y         only this year's forms\n"
                "  --config FILE    default $ZIPING_CONFIG or\n"
                "                   " ZP_DEFAULT_CONFIG "\n"
                "\nExit code: 0 also when something would change; 3 the stores cannot be read.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {{"profile", required_argument, NULL, 'p'},
                                          {"year", required_argument, NULL, 'y'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){0};
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (c == 'p')
            o->profile = optarg;
        else if (c == 'y') {
            zp_form of_year = {.year = zp_str_of(optarg)};
            o->year = zp_form_year(&of_year);
            if (!o->year)
                return usage(stderr);
        } else if (c == 'c')
            o->config = optarg;
        else
            return usage(c == 'h' ? stdout : stderr);
    }
    return !o->profile || optind != argc ? usage(stderr) : -1;
}

static zp_str cents(const rescoring *r, int64_t n)
{
    return n == ZP_NO_CENTS ? ZP_STR("-") : zp_cents_text(n, r->arena);
}

static zp_str figure(const rescoring *r, const zp_result *result, int which)
{
    switch (which) {
    case DECLARED:
        return cents(r, result->declared_total);
    case COMPUTED:
        return cents(r, result->computed_total);
    case CONFIRMED:
        return cents(r, result->confirmed_total);
    default:
        return result->grade == ZP_GRADE_NONE ? ZP_STR("-") : zp_str_of(zp_grade_name(result->grade));
    }
}

static zp_rc list_change(rescoring *r, const zp_status *before, int which, zp_str stored, zp_str now)
{
    static const char *const names[FIGURES] = {"declared", "computed", "confirmed", "grade"};
    char id[ZP_ID_TEXT + 1];
    zp_id_format(&before->id, id);
    const zp_str texts[] = {zp_text_flat(before->project_name, r->arena),
                            zp_text_flat(before->unit, r->arena),
                            zp_str_of(names[which]),
                            stored,
                            now,
                            zp_str_of(id)};
    const char *cells[sizeof texts / sizeof *texts];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cells[i] = zp_arena_printf(r->arena, "%.*s", (int)texts[i].n, texts[i].p ? texts[i].p : "").p;
        if (!cells[i])
            return ZP_NOMEM;
    }
    return zp_table_row(r->changed, cells) ? ZP_OK : ZP_NOMEM;
}

static zp_rc compare(rescoring *r, const zp_status *before, const zp_result *after)
{
    zp_rc rc = ZP_OK;
    for (int which = 0; which < FIGURES && !rc; which++) {
        zp_str stored = figure(r, &before->result, which), now = figure(r, after, which);
        if (zp_str_eq(stored, now))
            continue;
        r->changes[which]++;
        rc = list_change(r, before, which, stored, now);
    }
    return rc;
}

static bool is_for(const zp_profile *profile, int year)
{
    return profile->year_first <= year && year <= profile->year_last;
}

static zp_rc read_both(rescoring *r, const zp_id *id, zp_status *status, zp_form *form)
{
    zp_submission submission;
    zp_buf_clear(&r->record);
    zp_buf_clear(&r->submission);
    zp_rc rc = zp_scores_get(r->scores, id, &r->record);
    if (!rc)
        rc = zp_status_unpack(zp_buf_view(&r->record), r->arena, status);
    if (!rc)
        rc = zp_intake_get(r->intake, id, &r->submission);
    if (!rc)
        rc = zp_submission_unpack(zp_buf_view(&r->submission), &submission);
    return rc ? rc : zp_form_unpack(submission.form, r->arena, form);
}

static zp_rc score_again(rescoring *r, const zp_id *id)
{
    zp_status status;
    zp_form form;
    zp_result result;
    zp_arena_reset(r->arena);
    zp_rc rc = read_both(r, id, &status, &form);
    if (rc == ZP_CORRUPT) {
        r->damaged++;
        return ZP_OK;
    }
    if (!rc && !is_for(&r->profile, status.year)) {
        r->other_years++;
        return ZP_OK;
    }
    if (!rc)
        rc = zp_score(&form, &r->profile, r->arena, &result);
    if (rc)
        return rc;
    status.id = *id;
    r->scored++;
    return compare(r, &status, &result);
}

static zp_rc score_all(rescoring *r, int year)
{
    zp_list_query query = {.year = year, .has_state = true, .state = ZP_SCORED};
    zp_id ids[PAGE];
    zp_rc rc = ZP_OK;
    for (bool more = true; more && !rc && !zp_cli_interrupted();) {
        size_t count = 0;
        rc = zp_scores_list(r->scores, &query, ids, PAGE, &count, &more, &query.before);
        query.has_before = true;
        for (size_t i = 0; i < count && !rc; i++)
            rc = score_again(r, &ids[i]);
    }
    return rc;
}

static zp_rc begin(rescoring *r)
{
    static const char *const headings[] = {"project", "unit", "what", "stored", "by these rules", "id"};
    r->arena = zp_arena_new(ARENA);
    r->changed = zp_table_new(sizeof headings / sizeof *headings, headings, "lllrrl");
    zp_rc rc = r->arena && r->changed ? ZP_OK : ZP_NOMEM;
    if (!rc)
        rc = zp_intake_reader_new(r->stores.intake, &r->intake);
    return rc ? rc : zp_scores_reader_new(r->stores.scores, &r->scores);
}

static void end(rescoring *r)
{
    zp_intake_reader_destroy(&r->intake);
    zp_scores_reader_destroy(&r->scores);
    zp_stores_close(&r->stores);
    zp_table_destroy(&r->changed);
    zp_arena_destroy(&r->arena);
    zp_buf_free(&r->record);
    zp_buf_free(&r->submission);
}

static void report(const rescoring *r)
{
    const uint64_t *n = r->changes;
    if (n[DECLARED] || n[COMPUTED] || n[CONFIRMED] || n[GRADE])
        zp_table_print(r->changed, stdout);
    printf("%" PRIu64 " forms scored again by %s version %s: %" PRIu64 " declared, %" PRIu64 " computed and %" PRIu64
           " confirmed totals and %" PRIu64 " grades would change\n",
           r->scored, r->profile.name, r->profile.version, n[DECLARED], n[COMPUTED], n[CONFIRMED], n[GRADE]);
    if (r->other_years)
        printf("%" PRIu64 " forms were left out: these rules are for %d to %d\n", r->other_years, r->profile.year_first,
               r->profile.year_last);
    if (r->damaged)
        fprintf(stderr, "ziping rescore: %" PRIu64 " records are damaged and were left out\n", r->damaged);
}

int zp_cli_rescore(int argc, char **argv)
{
    options o;
    char message[512] = "";
    rescoring r = {0};
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    zp_cli_catch_signals();
    zp_config *config = zp_cli_config(o.config);
    if (!config)
        return ZP_EXIT_USAGE;
    zp_rc rc = zp_profile_load(o.profile, &r.profile, message, sizeof message);
    if (!rc && o.year && !is_for(&r.profile, o.year)) {
        snprintf(message, sizeof message, "%s is for the years %d to %d, not for %d", r.profile.name,
                 r.profile.year_first, r.profile.year_last, o.year);
        rc = ZP_INVALID;
    }
    code = rc ? ZP_EXIT_USAGE : ZP_EXIT_UNAVAILABLE;
    if (!rc)
        rc = zp_stores_open(config, &r.stores, message, sizeof message);
    zp_config_destroy(&config);
    if (!rc) {
        snprintf(message, sizeof message, "the stores cannot be read");
        rc = begin(&r);
    }
    if (!rc)
        rc = score_all(&r, o.year);
    if (rc)
        fprintf(stderr, "ziping rescore: %s (%s)\n", message, zp_rc_name(rc));
    else
        report(&r);
    end(&r);
    return rc ? code : ZP_EXIT_OK;
}

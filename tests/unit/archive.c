/*
 * archive.c - a season out of the stores and into others: what belongs to it, what is compared before anything goes,
 * and what stays.
 */
#include "store/archive.h"

#include "codec_kit.h"
#include "store/copy.h"
#include "store/verify.h"
#include "store_kit.h"

#include "base/log.h"

enum { FORMS = 16 };
static const int64_t now_ms = 1700000000000;

typedef struct {
    place where;
    zp_intake *intake;
    zp_scores *scores;
} pair;

typedef struct {
    pair live, archive;
    zp_intake_reader *forms;
    zp_scores_reader *results;
    reading *seed;
    zp_archive job;
    int stops_left; /* how often the job may ask before it is told to stop; -1: for ever */
    char message[512];
} fixture;

/* ---- stores ---- */

static void open_pair(fixture *f, pair *p, zp_access access)
{
    char path[100];
    snprintf(path, sizeof path, "%s/intake", p->where.folder);
    assert_int_equal(zp_intake_open(path, MAP, access, &p->intake, f->message, sizeof f->message), ZP_OK);
    snprintf(path, sizeof path, "%s/scores", p->where.folder);
    assert_int_equal(zp_scores_open(path, MAP, access, &p->scores, f->message, sizeof f->message), ZP_OK);
}

static void close_pair(pair *p)
{
    zp_intake_close(&p->intake);
    zp_scores_close(&p->scores);
}

static bool stop(void *context)
{
    fixture *f = context;
    return f->stops_left >= 0 && f->stops_left-- == 0;
}

static void open_all(fixture *f, zp_access archive)
{
    open_pair(f, &f->live, ZP_READ_WRITE);
    open_pair(f, &f->archive, archive);
    assert_int_equal(zp_intake_reader_new(f->live.intake, &f->forms), ZP_OK);
    assert_int_equal(zp_scores_reader_new(f->live.scores, &f->results), ZP_OK);
    f->job = (zp_archive){.year = 2022,
                          .live_intake = f->live.intake,
                          .live_scores = f->live.scores,
                          .intake = f->archive.intake,
                          .scores = f->archive.scores,
                          .stop = stop,
                          .context = f};
    f->stops_left = -1;
}

static void close_all(fixture *f)
{
    zp_intake_reader_destroy(&f->forms);
    zp_scores_reader_destroy(&f->results);
    close_pair(&f->live);
    close_pair(&f->archive);
}

static void reopen(fixture *f)
{
    close_all(f);
    open_all(f, ZP_READ_ONLY);
}

static int set_up(void **state)
{
    static fixture f;
    f = (fixture){.seed = read_seed(1)};
    make_place(&f.live.where);
    make_place(&f.archive.where);
    open_all(&f, ZP_READ_WRITE);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    close_all(f);
    remove_place(&f->live.where);
    remove_place(&f->archive.where);
    forget(f->seed);
    return 0;
}

/* ---- submissions ---- */

static zp_put put_of(fixture *f, zp_buf *packed, int year, const char *project, const char *goal)
{
    char digits[8];
    zp_form form = f->seed->form;
    zp_buf json = ZP_BUF_INIT;
    snprintf(digits, sizeof digits, "%d", year);
    form.year = zp_arena_copy(f->seed->arena, zp_str_of(digits));
    form.project_name = zp_str_of(project);
    form.goal_actual = zp_str_of(goal);
    zp_put put = {.submitter = ZP_STR("unit-1"), .year = year};
    zp_form_write_json(&form, &json);
    zp_digest_of(zp_buf_view(&json), &put.digest);
    zp_buf_free(&json);
    zp_form_pack(&form, packed);
    assert_false(packed->failed);
    put.form = zp_buf_view(packed);
    zp_form_key_of(year, form.unit, form.project_name, &put.form_key);
    return put;
}

static zp_put_verdict take_in(fixture *f, int year, const char *project, const char *goal, const char *key,
                              const zp_id *replaces, zp_id *id)
{
    zp_buf packed = ZP_BUF_INIT;
    zp_put put = put_of(f, &packed, year, project, goal), *one = &put;
    put.idempotency_key = key ? zp_str_of(key) : ZP_ABSENT;
    put.has_if_match = replaces;
    if (replaces)
        put.if_match = *replaces;
    assert_int_equal(zp_intake_commit(f->live.intake, now_ms, &one, 1, NULL, 0, NULL, 0), ZP_OK);
    zp_buf_free(&packed);
    *id = put.id;
    return put.verdict;
}

/* Gives it a result, as a worker does, and has it leave the pending. */
static void score(fixture *f, const zp_id *id, bool fails)
{
    zp_buf record = ZP_BUF_INIT;
    zp_status status = {0}, *one = &status;
    uint64_t last;
    assert_int_equal(zp_intake_get(f->forms, id, &record), ZP_OK);
    assert_int_equal(zp_status_queued(id, zp_buf_view(&record), &status), ZP_OK);
    status.state = fails ? ZP_FAILED : ZP_SCORED;
    status.has_result = !fails;
    status.failure = fails ? ZP_STR("given up") : ZP_ABSENT;
    status.result = (zp_result){.profile_name = ZP_STR("mof-2020"),
                                .profile_version = ZP_STR("1"),
                                .profile_hash = ZP_STR("00"),
                                .engine = ZP_STR("1"),
                                .declared_total = 9000,
                                .computed_total = 9100,
                                .confirmed_total = 9000,
                                .grade = ZP_GRADE_GOOD,
                                .declared_grade = ZP_GRADE_NONE};
    assert_int_equal(zp_scores_commit(f->live.scores, now_ms, &one, 1, &last), ZP_OK);
    assert_int_equal(zp_intake_commit(f->live.intake, now_ms, NULL, 0, id, 1, NULL, 0), ZP_OK);
    zp_buf_free(&record);
}

static zp_id submit(fixture *f, int year, const char *project, const char *goal, const char *key, const zp_id *replaces)
{
    zp_id id;
    assert_int_equal(take_in(f, year, project, goal, key, replaces, &id), ZP_PUT_NEW);
    score(f, &id, !strcmp(goal, "fails"));
    return id;
}

/* 2022: events 1 to 6 and 8; 2023: 7 and 9. One more key stands for what was on file. */
static void two_seasons(fixture *f, zp_id ids[FORMS])
{
    ids[0] = submit(f, 2022, "甲", "1", "key-1", NULL);
    ids[1] = submit(f, 2022, "甲", "2", NULL, &ids[0]); /* two events: scored, superseded */
    ids[2] = submit(f, 2022, "乙", "fails", "key-2", NULL);
    ids[3] = submit(f, 2022, "丙", "1", NULL, NULL);
    assert_int_equal(take_in(f, 2022, "丙", "1", "key-3", NULL, &ids[4]), ZP_PUT_SAME);
    ids[4] = submit(f, 2022, "丁", "1", NULL, NULL);
    ids[5] = submit(f, 2023, "甲", "1", "key-4", NULL);
    ids[6] = submit(f, 2022, "戊", "1", NULL, NULL);
    ids[7] = submit(f, 2023, "乙", "1", NULL, NULL);
}

/* ---- looking ---- */

static void print_fault(void *context, const char *where, const char *what)
{
    (void)context;
    print_message("%s: %s\n", where, what);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static zp_verify_counts sound(const pair *p)
{
    const zp_verify_report report = {NULL, print_fault, never};
    zp_verify_counts counts;
    assert_int_equal(zp_verify(p->intake, p->scores, &report, &counts), ZP_OK);
    assert_int_equal(counts.faults, 0);
    return counts;
}

static void fill(fixture *f)
{
    assert_int_equal(zp_archive_fill(&f->job), ZP_OK);
    reopen(f);
}

static void expect_bounds(fixture *f, uint64_t start, uint64_t last)
{
    uint64_t got;
    assert_int_equal(zp_scores_log_start(f->results, &got), ZP_OK);
    assert_int_equal(got, start);
    assert_int_equal(zp_scores_last(f->results, &got), ZP_OK);
    assert_int_equal(got, last);
}

/* Behind the store's back: `alter` within a transaction of its own. */
static void change(zp_env *env, const char *database, int (*alter)(MDB_txn *txn, MDB_dbi dbi))
{
    MDB_txn *txn;
    MDB_dbi dbi;
    assert_int_equal(zp_env_begin(env, &txn), ZP_OK);
    assert_int_equal(mdb_dbi_open(txn, database, 0, &dbi), 0);
    assert_int_equal(alter(txn, dbi), 0);
    assert_int_equal(zp_env_commit(env, txn), ZP_OK);
}

static int drop_first(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(txn, dbi, &cursor);
    if (!code)
        code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    if (!code)
        code = mdb_cursor_del(cursor, 0);
    return code;
}

/* ---- copying ---- */

static void an_archive_holds_the_year_and_nothing_else(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    assert_int_equal(zp_archive_count(&f->job), ZP_OK);
    assert_int_equal(f->job.counts.forms, 6);
    assert_int_equal(f->job.counts.pending, 0);
    fill(f);
    zp_verify_counts there = sound(&f->archive), here = sound(&f->live);
    assert_int_equal(there.forms, 6);
    assert_int_equal(there.keys, 3);
    assert_int_equal(there.revisions, 6);
    assert_int_equal(there.results, 6);
    assert_int_equal(there.events, 7);
    assert_int_equal(there.latest, 1);
    assert_int_equal(there.totals, 1);
    assert_int_equal(here.forms, 8); /* copied, not moved */
    assert_int_equal(here.events, 9);
    int year = 0;
    assert_int_equal(zp_intake_archive_of(f->archive.intake, &year), ZP_OK);
    assert_int_equal(year, 2022);
    assert_int_equal(zp_intake_archive_of(f->live.intake, &year), ZP_NOTFOUND);
    assert_int_equal(zp_archive_compare(&f->job), ZP_OK);
}

static void what_waits_is_counted(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS], waiting;
    two_seasons(f, ids);
    assert_int_equal(take_in(f, 2022, "己", "1", NULL, NULL, &waiting), ZP_PUT_NEW);
    assert_int_equal(take_in(f, 2023, "己", "1", NULL, NULL, &waiting), ZP_PUT_NEW);
    assert_int_equal(zp_archive_count(&f->job), ZP_OK);
    assert_int_equal(f->job.counts.forms, 7);
    assert_int_equal(f->job.counts.pending, 1);
}

static void nothing_is_archived_past_what_cannot_be_found(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    change(zp_scores_env(f->live.scores), "results", drop_first);
    assert_int_equal(zp_archive_fill(&f->job), ZP_CORRUPT);
    assert_non_null(strstr(f->job.fault, "scores.results "));
    assert_non_null(strstr(f->job.fault, "it is not there"));
}

static void an_archive_is_not_written_to(void **state)
{
    fixture *f = *state;
    char path[100];
    zp_id ids[FORMS];
    zp_scores *scores;
    two_seasons(f, ids);
    assert_int_equal(zp_archive_fill(&f->job), ZP_OK);
    close_pair(&f->archive);
    snprintf(path, sizeof path, "%s/scores", f->archive.where.folder);
    assert_int_equal(zp_scores_open(path, MAP, ZP_READ_WRITE, &scores, f->message, sizeof f->message), ZP_CONFLICT);
    assert_non_null(strstr(f->message, "an archive of 2022"));
}

/* ---- comparing ---- */

static void what_came_since_is_noticed(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    fill(f);
    (void)submit(f, 2023, "己", "1", NULL, NULL); /* another season's is nothing to it */
    assert_int_equal(zp_archive_compare(&f->job), ZP_OK);
    (void)submit(f, 2022, "己", "1", NULL, NULL);
    assert_int_equal(zp_archive_compare(&f->job), ZP_CONFLICT);
    assert_non_null(strstr(f->job.fault, "the archive lacks it"));
}

static void an_archive_that_says_more_is_of_another_service(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    fill(f);
    close_all(f);
    remove_place(&f->live.where);
    make_place(&f->live.where);
    open_all(f, ZP_READ_ONLY);
    assert_int_equal(zp_archive_compare(&f->job), ZP_CONFLICT);
    assert_non_null(strstr(f->job.fault, "6 forms and 7 events"));
}

static void nothing_goes_that_the_archive_has_otherwise(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    fill(f);
    score(f, &ids[2], false); /* failed until now, and archived so */
    assert_int_equal(zp_archive_remove(&f->job), ZP_CONFLICT);
    assert_non_null(strstr(f->job.fault, "the archive has it otherwise"));
    zp_buf kept = ZP_BUF_INIT;
    assert_int_equal(zp_scores_get(f->results, &ids[2], &kept), ZP_OK);
    zp_buf_free(&kept);
}

/* ---- removing ---- */

static void expect_moved_out(fixture *f, const zp_id ids[FORMS])
{
    zp_verify_counts here = sound(&f->live);
    int year = 0;
    zp_buf record = ZP_BUF_INIT;
    assert_int_equal(here.archiving, 0);
    assert_int_equal(here.forms, 2);
    assert_int_equal(here.keys, 1);
    assert_int_equal(here.results, 2);
    assert_int_equal(here.latest, 0);
    assert_int_equal(here.totals, 1);
    assert_int_equal(here.events, 3); /* 7 and 9, and 8 in between */
    assert_int_equal(here.archived, 6);
    expect_bounds(f, 7, 9);
    for (int i = 0; i < 8; i++) {
        bool gone = i != 5 && i != 7;
        assert_int_equal(zp_intake_archived(f->forms, &ids[i], &year), gone ? ZP_OK : ZP_NOTFOUND);
        assert_int_equal(zp_intake_get(f->forms, &ids[i], &record), gone ? ZP_NOTFOUND : ZP_OK);
        assert_int_equal(zp_scores_get(f->results, &ids[i], &record), gone ? ZP_NOTFOUND : ZP_OK);
        assert_int_equal(year, 2022);
    }
    zp_buf_free(&record);
}

static void what_the_archive_holds_is_removed_and_the_rest_stays(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    fill(f);
    assert_int_equal(zp_archive_remove(&f->job), ZP_OK);
    assert_int_equal(f->job.counts.forms_removed, 6);
    assert_int_equal(f->job.counts.results_removed, 6);
    assert_int_equal(f->job.counts.events_removed, 6);
    expect_moved_out(f, ids);
    reopen(f);
    expect_moved_out(f, ids);
    assert_int_equal(zp_archive_remove(&f->job), ZP_OK); /* again is harmless */
    assert_int_equal(f->job.counts.forms_removed, 0);
}

/* Told to stop at every place where it asks, it goes on from there. */
static void a_removal_that_was_ended_is_finished_by_the_next(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    zp_rc rc = ZP_CLOSED;
    two_seasons(f, ids);
    fill(f);
    int stops = 0;
    for (; rc == ZP_CLOSED; stops++) {
        f->stops_left = stops;
        rc = zp_archive_remove(&f->job);
        assert_true(rc == ZP_CLOSED || rc == ZP_OK);
        assert_int_equal(sound(&f->live).archiving, rc ? 2022 : 0);
        reopen(f);
    }
    assert_true(stops > 4);
    expect_moved_out(f, ids);
}

/* So many forms, each revised once, that removing them takes several transactions of each kind. */
static void between_any_two_transactions_the_stores_are_sound(void **state)
{
    enum { MANY = 1500 };
    fixture *f = *state;
    static zp_id first[MANY];
    char project[16];
    zp_rc rc = ZP_CLOSED;
    assert_int_equal(zp_env_bulk(zp_intake_env(f->live.intake), true), ZP_OK);
    assert_int_equal(zp_env_bulk(zp_scores_env(f->live.scores), true), ZP_OK);
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < MANY; i++) {
            snprintf(project, sizeof project, "%d", i);
            zp_id id = submit(f, 2022, project, turn ? "2" : "1", NULL, turn ? &first[i] : NULL);
            first[i] = id;
        }
    fill(f);
    int stops = 0;
    for (; rc == ZP_CLOSED; stops++) {
        f->stops_left = stops;
        rc = zp_archive_remove(&f->job);
        assert_true(rc == ZP_CLOSED || rc == ZP_OK);
        (void)sound(&f->live);
        reopen(f);
    }
    assert_true(stops > 10);
    assert_int_equal(sound(&f->live).archived, 2 * MANY);
    expect_bounds(f, 3 * MANY + 1, 3 * MANY);
}

static void a_season_goes_to_one_archive_only(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    fill(f);
    f->stops_left = 1;
    assert_int_equal(zp_archive_remove(&f->job), ZP_CLOSED);
    close_all(f);
    remove_place(&f->archive.where);
    make_place(&f->archive.where);
    open_all(f, ZP_READ_WRITE);
    f->job.year = 2023;
    assert_int_equal(zp_archive_fill(&f->job), ZP_OK);
    reopen(f);
    assert_int_equal(zp_archive_remove(&f->job), ZP_CONFLICT); /* 2022 from an archive of 2023 */
    assert_int_equal(sound(&f->live).archiving, 2022);
}

/* ---- afterwards ---- */

static void a_closed_season_takes_nothing_and_others_go_on(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS], id;
    two_seasons(f, ids);
    fill(f);
    f->stops_left = 0; /* it is closed before anything goes */
    assert_int_equal(zp_archive_remove(&f->job), ZP_CLOSED);
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(take_in(f, 2022, "甲", "1", "key-1", NULL, &id), ZP_PUT_CLOSED);
        assert_int_equal(take_in(f, 2022, "新", "1", NULL, NULL, &id), ZP_PUT_CLOSED);
        assert_int_equal(take_in(f, 2022, "甲", "3", NULL, &ids[1], &id), ZP_PUT_CLOSED);
        f->stops_left = -1;
        assert_int_equal(zp_archive_remove(&f->job), ZP_OK);
        reopen(f);
    }
    assert_int_equal(take_in(f, 2023, "甲", "1", "key-1", NULL, &id), ZP_PUT_SAME); /* the key is free again */
    assert_int_equal(take_in(f, 2024, "甲", "1", NULL, NULL, &id), ZP_PUT_NEW);
    score(f, &id, false);
    expect_bounds(f, 7, 10);
    (void)sound(&f->live);
}

static void an_empty_log_still_knows_the_newest_number(void **state)
{
    fixture *f = *state;
    zp_id id;
    (void)submit(f, 2022, "甲", "1", NULL, NULL);
    (void)submit(f, 2022, "乙", "1", NULL, NULL);
    fill(f);
    assert_int_equal(zp_archive_remove(&f->job), ZP_OK);
    expect_bounds(f, 3, 2);
    assert_int_equal(sound(&f->live).events, 0);
    reopen(f);
    id = submit(f, 2023, "甲", "1", NULL, NULL);
    expect_bounds(f, 3, 3);
    uint64_t seq;
    assert_int_equal(zp_scores_seq(f->results, &id, &seq), ZP_OK);
    assert_int_equal(seq, 3);
    (void)sound(&f->live);
}

static bool copy_one(void *context, uint64_t seq, zp_str frozen)
{
    zp_buf *to = context;
    (void)seq;
    zp_buf_str(to, frozen);
    return false;
}

/* What a rebuild makes of events whose season is archived. */
static void an_event_can_be_taken_over_under_its_number(void **state)
{
    fixture *f = *state;
    zp_buf frozen = ZP_BUF_INIT;
    zp_id ids[FORMS];
    two_seasons(f, ids);
    assert_int_equal(zp_scores_events(f->results, 7, 1, 1 << 20, copy_one, &frozen), ZP_OK);
    assert_int_equal(zp_scores_begin_log(f->archive.scores, 8), ZP_OK);
    assert_int_equal(zp_scores_adopt(f->archive.scores, 7, zp_buf_view(&frozen)), ZP_CONFLICT);
    assert_int_equal(zp_scores_adopt(f->archive.scores, 8, zp_buf_view(&frozen)), ZP_OK);
    assert_int_equal(zp_scores_adopt(f->archive.scores, 8, zp_buf_view(&frozen)), ZP_CONFLICT);
    zp_scores_reader_destroy(&f->results);
    assert_int_equal(zp_scores_reader_new(f->archive.scores, &f->results), ZP_OK);
    expect_bounds(f, 8, 8);
    zp_buf_free(&frozen);
}

/* ---- stores of an earlier version ---- */

static int drop_database(MDB_txn *txn, MDB_dbi dbi)
{
    return mdb_drop(txn, dbi, 1);
}

static void stores_without_seasons_are_read_as_they_were(void **state)
{
    fixture *f = *state;
    zp_id ids[FORMS];
    int year;
    two_seasons(f, ids);
    change(zp_intake_env(f->live.intake), "meta", drop_database);
    change(zp_intake_env(f->live.intake), "archived", drop_database);
    change(zp_scores_env(f->live.scores), "meta", drop_database);
    close_all(f);
    open_pair(f, &f->live, ZP_READ_ONLY);
    assert_int_equal(zp_intake_reader_new(f->live.intake, &f->forms), ZP_OK);
    assert_int_equal(zp_scores_reader_new(f->live.scores, &f->results), ZP_OK);
    assert_int_equal(sound(&f->live).forms, 8);
    expect_bounds(f, 1, 9);
    assert_int_equal(zp_intake_archived(f->forms, &ids[0], &year), ZP_NOTFOUND);
    assert_int_equal(zp_intake_archive_of(f->live.intake, &year), ZP_NOTFOUND);
    close_all(f);
    open_all(f, ZP_READ_WRITE); /* a writer adds what is missing */
    fill(f);
    assert_int_equal(zp_archive_remove(&f->job), ZP_OK);
    expect_moved_out(f, ids);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PROMISE(an_archive_holds_the_year_and_nothing_else),
        PROMISE(what_waits_is_counted),
        PROMISE(nothing_is_archived_past_what_cannot_be_found),
        PROMISE(an_archive_is_not_written_to),
        PROMISE(what_came_since_is_noticed),
        PROMISE(an_archive_that_says_more_is_of_another_service),
        PROMISE(nothing_goes_that_the_archive_has_otherwise),
        PROMISE(what_the_archive_holds_is_removed_and_the_rest_stays),
        PROMISE(a_removal_that_was_ended_is_finished_by_the_next),
        PROMISE(between_any_two_transactions_the_stores_are_sound),
        PROMISE(a_season_goes_to_one_archive_only),
        PROMISE(a_closed_season_takes_nothing_and_others_go_on),
        PROMISE(an_empty_log_still_knows_the_newest_number),
        PROMISE(an_event_can_be_taken_over_under_its_number),
        PROMISE(stores_without_seasons_are_read_as_they_were),
    };
#undef PROMISE
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}

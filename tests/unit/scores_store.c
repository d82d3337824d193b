/*
 * scores_store.c - what readers of results and events may rely on: each once, in order, whatever arrives when.
 */
#include "scores_kit.h"

/* ---- reading events ---- */

typedef struct {
    uint64_t next;
    size_t count;
    zp_buf bytes; /* every event, one behind the other */
} event_log;

static bool take_event(void *context, uint64_t seq, zp_str frozen)
{
    event_log *log = context;
    assert_int_equal(seq, log->next);
    log->next++;
    log->count++;
    zp_buf_str(&log->bytes, frozen);
    return true;
}

static event_log read_events(fixture *f, uint64_t after, size_t page)
{
    event_log log = {.next = after + 1, .bytes = ZP_BUF_INIT};
    size_t before;
    do {
        before = log.count;
        assert_int_equal(zp_scores_events(f->reader, log.next - 1, page, SIZE_MAX, take_event, &log), ZP_OK);
    } while (log.count > before);
    return log;
}

static size_t occurrences(zp_str in, const char *word)
{
    size_t n = strlen(word), count = 0;
    for (size_t i = 0; i + n <= in.n; i++)
        count += !memcmp(in.p + i, word, n);
    return count;
}

/* How many events of a type there are: types are texts in the frozen bytes. */
static size_t events_of_type(fixture *f, const char *type)
{
    event_log log = read_events(f, 0, 1000);
    size_t count = occurrences(zp_buf_view(&log.bytes), type);
    zp_buf_free(&log.bytes);
    return count;
}

/* ---- results ---- */

static void delivered_twice_counts_once(void **state)
{
    fixture *f = *state;
    zp_status s = status_of(f, "project", 1, 9000), again = s;
    again.result.confirmed_total = 1;
    zp_status *const batch[] = {&s, &again};
    zp_scores_stats stats;
    commit(f, batch, 2);
    assert_int_equal(f->last, 1);
    commit_one(f, &again);
    assert_int_equal(f->last, 1);
    assert_int_equal(read_back(f, &s.id).result.confirmed_total, 9000);
    zp_status failed = s;
    fail_it(&failed);
    commit_one(f, &failed);
    assert_int_equal(read_back(f, &s.id).state, ZP_SCORED);
    assert_int_equal(zp_scores_stat(f->reader, &stats), ZP_OK);
    assert_int_equal(stats.results, 1);
    assert_int_equal(stats.events, 1);
    assert_int_equal(stats.last_seq, 1);
}

static void what_is_not_there_is_not_found(void **state)
{
    fixture *f = *state;
    zp_buf out = ZP_BUF_INIT;
    uint64_t seq = 7;
    assert_int_equal(zp_scores_get(f->reader, &(zp_id){{1}}, &out), ZP_NOTFOUND);
    assert_int_equal(zp_scores_seq(f->reader, &(zp_id){{1}}, &seq), ZP_NOTFOUND);
    assert_int_equal(zp_scores_last(f->reader, &seq), ZP_OK);
    assert_int_equal(seq, 0);
    assert_int_equal(read_events(f, 0, 10).count, 0);
    zp_buf_free(&out);
}

static void failed_is_replaced_by_scored_with_an_event_of_its_own(void **state)
{
    fixture *f = *state;
    zp_status s = status_of(f, "project", 1, 9000), failed = s;
    fail_it(&failed);
    commit_one(f, &failed);
    assert_int_equal(read_back(f, &s.id).state, ZP_FAILED);
    commit_one(f, &s);
    zp_status now = read_back(f, &s.id);
    assert_int_equal(now.state, ZP_SCORED);
    assert_int_equal(now.seq, 2);
    assert_int_equal(events_of_type(f, "ziping.submission.failed"), 1);
    assert_int_equal(events_of_type(f, "ziping.submission.scored"), 1);
    zp_id ids[MOST];
    assert_int_equal(list_all(f, (zp_list_query){.has_state = true, .state = ZP_FAILED}, ids, 8), 0);
    assert_int_equal(list_all(f, (zp_list_query){.has_state = true, .state = ZP_SCORED}, ids, 8), 1);
}

/* ---- events ---- */

static void events_have_no_gaps_and_same_bytes(void **state)
{
    enum { BATCHES = 20, BATCH = 8 };
    fixture *f = *state;
    for (int n = 0; n < BATCHES; n++) {
        zp_status s[BATCH], *batch[BATCH];
        for (int i = 0; i < BATCH; i++) {
            s[i] = any_status(f);
            batch[i] = &s[i];
        }
        commit(f, batch, BATCH);
    }
    uint64_t last;
    assert_int_equal(zp_scores_last(f->reader, &last), ZP_OK);
    assert_int_equal(last, f->last);
    event_log first = read_events(f, 0, 7); /* take_event checks each number */
    assert_int_equal(first.count, last);
    assert_true(last >= BATCHES * BATCH);
    close_store(f);
    open_store(f, MAP);
    event_log again = read_events(f, 0, 1000);
    assert_int_equal(again.bytes.n, first.bytes.n);
    assert_memory_equal(again.bytes.p, first.bytes.p, first.bytes.n);
    assert_int_equal(read_events(f, last, 10).count, 0);
    assert_int_equal(read_events(f, UINT64_MAX, 10).count, 0);
    event_log bounded = {.next = 1, .bytes = ZP_BUF_INIT};
    assert_int_equal(zp_scores_events(f->reader, 0, 100, 1, take_event, &bounded), ZP_OK);
    assert_int_equal(bounded.count, 1); /* a bound below one event still lets one through */
    zp_buf_free(&bounded.bytes);
    zp_buf_free(&first.bytes);
    zp_buf_free(&again.bytes);
}

/* ---- revisions ---- */

static zp_totals only_row;
static unsigned rows_seen;

static bool take_only_row(void *context, const zp_totals *row)
{
    (void)context;
    only_row = *row;
    rows_seen++;
    return true;
}

static zp_totals single_row(fixture *f)
{
    rows_seen = 0;
    bool more;
    zp_totals_place next;
    assert_int_equal(zp_scores_totals(f->reader, &(zp_totals_query){.max = 2}, take_only_row, NULL, &more, &next),
                     ZP_OK);
    assert_false(more);
    assert_int_equal(rows_seen, 1);
    return only_row;
}

static void superseded_leaves_totals(void **state)
{
    fixture *f = *state;
    zp_status first = status_of(f, "project", 1, 9000), second = status_of(f, "project", 2, 8000);
    commit_one(f, &first);
    zp_totals row = single_row(f);
    assert_int_equal(row.scored, 1);
    assert_int_equal(row.confirmed_sum, 9000);
    commit_one(f, &second);
    row = single_row(f);
    assert_int_equal(row.scored, 1);
    assert_int_equal(row.superseded, 1);
    assert_int_equal(row.consistent, 1);
    assert_int_equal(row.grades[ZP_GRADE_GOOD], 1);
    assert_int_equal(row.confirmed_sum, 8000);
    assert_int_equal(row.declared_sum, 8010);
    assert_int_equal(row.computed_sum, 8020);
    zp_status now = read_back(f, &first.id);
    assert_int_equal(now.state, ZP_SUPERSEDED);
    assert_true(now.has_superseded_by);
    assert_memory_equal(now.superseded_by.b, second.id.b, sizeof second.id.b);
    assert_true(now.has_result);
    assert_int_equal(now.seq, 3);
    assert_int_equal(read_back(f, &second.id).state, ZP_SCORED);
    assert_int_equal(events_of_type(f, "ziping.submission.scored"), 2);
    assert_int_equal(events_of_type(f, "ziping.submission.superseded"), 1);
}

static void late_earlier_revision_is_superseded(void **state)
{
    fixture *f = *state;
    zp_status first = status_of(f, "project", 1, 9000), second = status_of(f, "project", 2, 8000),
              third = status_of(f, "project", 3, 7000);
    commit_one(f, &third);
    zp_status *const late[] = {&first, &second};
    commit(f, late, 2);
    assert_int_equal(f->last, 5);
    for (size_t i = 0; i < 2; i++) {
        zp_status now = read_back(f, &late[i]->id);
        assert_int_equal(now.state, ZP_SUPERSEDED);
        assert_memory_equal(now.superseded_by.b, third.id.b, sizeof third.id.b);
    }
    assert_int_equal(read_back(f, &third.id).state, ZP_SCORED);
    assert_int_equal(events_of_type(f, "ziping.submission.scored"), 3);
    assert_int_equal(events_of_type(f, "ziping.submission.superseded"), 2);
    zp_totals row = single_row(f);
    assert_int_equal(row.scored, 1);
    assert_int_equal(row.superseded, 2);
    assert_int_equal(row.confirmed_sum, 7000);
}

static void every_order_of_arrival_ends_the_same(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    fixture *f = *state;
    zp_totals expected = {0};
    for (size_t o = 0; o < 6; o++) {
        start_anew(f, MAP);
        zp_status s[3];
        for (int r = 0; r < 3; r++)
            s[r] = status_of(f, "project", (uint32_t)r + 1, 9000 - 100 * r);
        fail_it(&s[1]);
        for (int i = 0; i < 3; i++)
            commit_one(f, &s[orders[o][i]]);
        assert_int_equal(read_back(f, &s[0].id).state, ZP_SUPERSEDED);
        assert_int_equal(read_back(f, &s[1].id).state, ZP_SUPERSEDED);
        assert_int_equal(read_back(f, &s[2].id).state, ZP_SCORED);
        assert_int_equal(f->last, 5);
        zp_totals row = single_row(f);
        assert_int_equal(row.scored, 1);
        assert_int_equal(row.failed, 0);
        assert_int_equal(row.superseded, 2);
        if (o == 0)
            expected = row;
        assert_int_equal(row.confirmed_sum, expected.confirmed_sum);
        assert_int_equal(row.declared_sum, expected.declared_sum);
    }
}

/* ---- when things break ---- */

static void flipped_byte_is_reported_not_served(void **state)
{
    fixture *f = *state;
    zp_status damaged = status_of(f, "damaged project", 1, 9000), sound = status_of(f, "sound project", 1, 8000);
    zp_buf out = ZP_BUF_INIT;
    uint64_t seq;
    event_log log = {.next = 1, .bytes = ZP_BUF_INIT};
    commit_one(f, &sound);
    commit_one(f, &damaged);
    close_store(f);
    assert_true(flip_on_disk(&f->where, ZP_STR("damaged project")) > 0);
    open_store(f, MAP);
    assert_int_equal(zp_scores_get(f->reader, &damaged.id, &out), ZP_CORRUPT);
    assert_int_equal(out.n, 0);
    assert_int_equal(zp_scores_seq(f->reader, &damaged.id, &seq), ZP_CORRUPT);
    assert_int_equal(zp_scores_get(f->reader, &sound.id, &out), ZP_OK);
    /* A later revision of it is scored all the same, and so is the rest of its batch. */
    zp_status revision = status_of(f, "damaged project", 2, 7000), other = status_of(f, "other", 1, 6000);
    zp_status *const batch[] = {&revision, &other, &damaged};
    commit(f, batch, 3);
    assert_int_equal(read_back(f, &revision.id).state, ZP_SCORED);
    assert_int_equal(read_back(f, &other.id).state, ZP_SCORED);
    zp_buf_free(&out);
    zp_buf_free(&log.bytes);
}

static bool note_length(void *context, uint64_t seq, zp_str frozen)
{
    size_t *lengths = context;
    lengths[seq] = frozen.n;
    return true;
}

static void flipped_event_keeps_its_number_and_hides_no_other(void **state)
{
    fixture *f = *state;
    zp_status first = status_of(f, "first", 1, 9000), second = status_of(f, "second", 1, 8000);
    zp_status third = status_of(f, "third", 1, 7000);
    size_t lengths[4] = {9, 9, 9, 9};
    char subject[ZP_ID_TEXT + 1];
    commit_one(f, &first);
    commit_one(f, &second);
    commit_one(f, &third);
    zp_id_format(&second.id, subject);
    close_store(f);
    assert_true(flip_on_disk(&f->where, zp_str_of(subject)) > 0);
    open_store(f, MAP);
    assert_int_equal(zp_scores_events(f->reader, 0, 10, SIZE_MAX, note_length, lengths), ZP_OK);
    assert_true(lengths[1] > 100);
    assert_int_equal(lengths[2], 0);
    assert_true(lengths[3] > 100);
}

static void map_full_changes_nothing(void **state)
{
    enum { BATCH = 32 };
    fixture *f = *state;
    static zp_id ids[MOST];
    char text[BATCH][16];
    zp_scores_stats before, after;
    zp_rc rc = ZP_OK;
    start_anew(f, TINY_MAP);
    while (!rc) {
        zp_status s[BATCH], *batch[BATCH];
        assert_int_equal(zp_scores_stat(f->reader, &before), ZP_OK);
        for (int i = 0; i < BATCH; i++) {
            snprintf(text[i], sizeof text[i], "p%d", (int)before.results + i);
            s[i] = status_of(f, text[i], 1, 9000);
            batch[i] = &s[i];
        }
        rc = zp_scores_commit(f->store, now_ms, batch, BATCH, &f->last);
    }
    assert_int_equal(rc, ZP_FULL);
    assert_true(before.results > 0);
    assert_int_equal(zp_scores_stat(f->reader, &after), ZP_OK);
    assert_int_equal(after.results, before.results);
    assert_int_equal(after.last_seq, before.last_seq);
    assert_int_equal(after.index_entries, before.index_entries);
    assert_int_equal(f->last, before.last_seq);
    assert_int_equal(single_row(f).scored, before.results);
    assert_int_equal(list_all(f, (zp_list_query){0}, ids, 16), before.results);
}

/* ---- processes ---- */

static void score_for_ever(const place *where, int to)
{
    enum { BATCH = 8 };
    fixture f = {.random = 1};
    char text[BATCH][32];
    if (zp_scores_open(where->store, MAP, ZP_READ_WRITE, &f.store, f.message, sizeof f.message) != ZP_OK)
        return;
    for (int n = 0;; n++) {
        zp_status s[BATCH], *batch[BATCH];
        for (int i = 0; i < BATCH; i++) {
            snprintf(text[i], sizeof text[i], "project %d", n * BATCH + i);
            s[i] = status_of(&f, text[i], 1, 100);
            batch[i] = &s[i];
        }
        if (zp_scores_commit(f.store, now_ms + n, batch, BATCH, &f.last) != ZP_OK)
            return;
        for (int i = 0; i < BATCH; i++)
            if (write(to, s[i].id.b, sizeof s[i].id.b) != sizeof s[i].id.b)
                return;
    }
}

static void survives_kill_9(void **state)
{
    enum { ENOUGH = 100 };
    fixture *f = *state;
    static zp_id acknowledged[MOST * 2];
    size_t n = 0;
    zp_scores_stats stats;
    close_store(f);
    child c = start_child(score_for_ever, &f->where);
    while (n < ENOUGH && read_exactly(c.from, acknowledged[n].b, sizeof acknowledged[n].b))
        n++;
    assert_int_equal(n, ENOUGH);
    kill_child(&c);
    while (n < MOST * 2 && read_exactly(c.from, acknowledged[n].b, sizeof acknowledged[n].b))
        n++;
    close(c.from);
    open_store(f, MAP);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(read_back(f, &acknowledged[i]).state, ZP_SCORED);
    assert_int_equal(zp_scores_stat(f->reader, &stats), ZP_OK);
    assert_true(stats.results >= n);
    assert_int_equal(stats.results % 8, 0);
    assert_int_equal(stats.events, stats.results);
    assert_int_equal(events_of_type(f, "ziping.submission.scored"), stats.results);
    assert_int_equal(single_row(f).confirmed_sum, stats.results * 100);
    /* The successor numbers on without a gap. */
    zp_status next = status_of(f, "next", 1, 100);
    commit_one(f, &next);
    assert_int_equal(f->last, stats.last_seq + 1);
}

static bool ensure_and_read(const place *where)
{
    char message[512];
    zp_scores *store = NULL;
    zp_scores_reader *reader = NULL;
    uint64_t last = 1;
    bool good = zp_scores_ensure(where->store, MAP, message, sizeof message) == ZP_OK &&
                zp_scores_open(where->store, MAP, ZP_READ_ONLY, &store, message, sizeof message) == ZP_OK &&
                zp_scores_reader_new(store, &reader) == ZP_OK && zp_scores_last(reader, &last) == ZP_OK && last == 0;
    zp_scores_reader_destroy(&reader);
    zp_scores_close(&store);
    return good;
}

static void many_may_ensure_at_once(void **state)
{
    enum { RACERS = 8, ROUNDS = 5 };
    fixture *f = *state;
    for (int round = 0; round < ROUNDS; round++) {
        child racers[RACERS];
        int gate[2];
        char nothing;
        close_store(f);
        remove_place(&f->where);
        make_place(&f->where);
        assert_int_equal(pipe(gate), 0);
        fflush(NULL);
        for (int i = 0; i < RACERS; i++) {
            racers[i] = (child){.pid = fork(), .from = -1};
            assert_true(racers[i].pid >= 0);
            if (racers[i].pid == 0) {
                /* All are let go at once, by the end of the pipe. */
                close(gate[1]);
                _exit(!read_exactly(gate[0], &nothing, 1) && ensure_and_read(&f->where) ? 0 : 1);
            }
        }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < RACERS; i++)
            wait_for_child(&racers[i]);
        open_store(f, MAP);
        zp_status s = status_of(f, "project", 1, 9000);
        commit_one(f, &s);
    }
}

static void ensuring_does_not_touch_what_is_there(void **state)
{
    fixture *f = *state;
    zp_status s = status_of(f, "project", 1, 9000);
    zp_env_stats before, after;
    commit_one(f, &s);
    assert_int_equal(zp_env_stat(zp_scores_env(f->store), &before), ZP_OK);
    close_store(f);
    assert_int_equal(zp_scores_ensure(f->where.store, MAP, f->message, sizeof f->message), ZP_OK);
    open_store(f, MAP);
    assert_int_equal(zp_env_stat(zp_scores_env(f->store), &after), ZP_OK);
    assert_int_equal(after.last_txn, before.last_txn);
    assert_int_equal(read_back(f, &s.id).state, ZP_SCORED);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PROMISE(delivered_twice_counts_once),
        PROMISE(what_is_not_there_is_not_found),
        PROMISE(failed_is_replaced_by_scored_with_an_event_of_its_own),
        PROMISE(events_have_no_gaps_and_same_bytes),
        PROMISE(superseded_leaves_totals),
        PROMISE(late_earlier_revision_is_superseded),
        PROMISE(every_order_of_arrival_ends_the_same),
        PROMISE(flipped_byte_is_reported_not_served),
        PROMISE(flipped_event_keeps_its_number_and_hides_no_other),
        PROMISE(map_full_changes_nothing),
        PROMISE(survives_kill_9),
        PROMISE(many_may_ensure_at_once),
        PROMISE(ensuring_does_not_touch_what_is_there),
    };
#undef PROMISE
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("scores_store", tests, NULL, NULL);
}

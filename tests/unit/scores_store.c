/*
 * scores_store.c - what readers of results, events, listings and totals may rely on.
 *
 * The oracle for totals and listings is a recount: every record is read back, decoded and counted or filtered here,
 * without the store's own indexes and sums.
 */
#include "store/scores.h"

#include "base/log.h"
#include "store/intake.h"
#include "store_kit.h"

enum { MOST = 4096, YEARS = 2, UNITS = 4, PROJECTS = 5, REVISIONS = 3 };
static const int64_t now_ms = 1700000000000;

typedef struct {
    place where;
    zp_scores *store;
    zp_scores_reader *reader;
    zp_arena *arena;
    zp_id_gen ids;
    uint64_t random;
    uint64_t last;
    char message[512];
} fixture;

static void open_store(fixture *f, uint64_t map_size)
{
    assert_int_equal(zp_scores_open(f->where.store, map_size, ZP_READ_WRITE, &f->store, f->message, sizeof f->message),
                     ZP_OK);
    assert_int_equal(zp_scores_reader_new(f->store, &f->reader), ZP_OK);
}

static void close_store(fixture *f)
{
    zp_scores_reader_destroy(&f->reader);
    zp_scores_close(&f->store);
}

static void start_anew(fixture *f, uint64_t map_size)
{
    close_store(f);
    remove_place(&f->where);
    make_place(&f->where);
    f->last = 0;
    open_store(f, map_size);
}

static int set_up(void **state)
{
    static fixture f;
    f = (fixture){.random = 20220601, .arena = zp_arena_new(65536)};
    assert_non_null(f.arena);
    make_place(&f.where);
    open_store(&f, MAP);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    close_store(f);
    remove_place(&f->where);
    zp_arena_destroy(&f->arena);
    return 0;
}

static unsigned draw(fixture *f, unsigned below)
{
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(f->random >> 33) % below;
}

/* ---- builders ---- */

static zp_flag flags_of_one[] = {
    {.code = ZP_FLAG_SCORE_TOO_LOW,
     .severity = ZP_SEV_WARNING,
     .pointer = {"/indicators/0/score", 19},
     .value = {"7.6", 3},
     .expected = {"9.61", 4}},
    {.code = ZP_FLAG_SCORE_TOO_LOW, .severity = ZP_SEV_WARNING, .pointer = {"/indicators/1/score", 19}},
    {.code = ZP_FLAG_ALL_FULL, .severity = ZP_SEV_INFO, .pointer = {"", 0}}};

static zp_status status_of(fixture *f, const char *project, uint32_t revision, int64_t confirmed)
{
    zp_status s = {.state = ZP_SCORED,
                   .year = 2022,
                   .project_name = zp_str_of(project),
                   .unit = ZP_STR("单位"),
                   .unit_code = ZP_STR("310000"),
                   .department = ZP_STR("主管部门"),
                   .revision = revision,
                   .received_ms = now_ms,
                   .scored_ms = now_ms + 1,
                   .submitter = ZP_STR("unit-1"),
                   .has_result = true};
    assert_int_equal(zp_id_next(&f->ids, now_ms, &s.id), ZP_OK);
    zp_digest_of(s.project_name, &s.digest);
    s.result = (zp_result){.profile_name = ZP_STR("mof-2020"),
                           .profile_version = ZP_STR("1"),
                           .profile_hash = ZP_STR("00"),
                           .engine = ZP_STR(ZP_ENGINE_VERSION),
                           .declared_total = confirmed + 10,
                           .computed_total = confirmed + 20,
                           .confirmed_total = confirmed,
                           .grade = ZP_GRADE_GOOD,
                           .declared_grade = ZP_GRADE_GOOD,
                           .machine_verified = 85000000};
    s.result.execution.computed = s.result.execution.confirmed = 1000;
    return s;
}

static void fail_it(zp_status *s)
{
    s->state = ZP_FAILED;
    s->has_result = false;
    s->result = (zp_result){0};
    s->failure = ZP_STR("given up after 3 attempts");
}

/* Anything that may come: years, units, departments, projects, grades, flags, unknown totals, failures. */
static zp_status any_status(fixture *f)
{
    static const char *const units[UNITS] = {"单位甲", "单位乙", "单位丙", "单位丁"};
    static const char *const departments[UNITS] = {"教育局", "卫生局", "财政局", ""};
    static const char *const projects[PROJECTS] = {"p1", "p2", "p3", "p4", "p5"};
    zp_status s = status_of(f, projects[draw(f, PROJECTS)], 1 + draw(f, REVISIONS), (int64_t)draw(f, 10001));
    s.year = 2022 + (int)draw(f, YEARS);
    s.unit = zp_str_of(units[draw(f, UNITS)]);
    s.department = zp_str_of(departments[draw(f, UNITS)]);
    s.result.grade = draw(f, ZP_GRADES + 1);
    s.result.discrepant = draw(f, 2);
    s.result.flags = flags_of_one;
    s.result.flag_count = draw(f, 4);
    if (draw(f, 4) == 0)
        s.result.declared_total = ZP_NO_CENTS;
    if (draw(f, 8) == 0)
        fail_it(&s);
    return s;
}

static void commit(fixture *f, zp_status *const *batch, size_t n)
{
    assert_int_equal(zp_scores_commit(f->store, now_ms, batch, n, &f->last), ZP_OK);
}

static void commit_one(fixture *f, zp_status *s)
{
    commit(f, &s, 1);
}

/* ---- reading back ---- */

/* In the fixture's arena until the next call. */
static zp_status read_back(fixture *f, const zp_id *id)
{
    zp_buf record = ZP_BUF_INIT;
    zp_status s = {0};
    zp_arena_reset(f->arena);
    assert_int_equal(zp_scores_get(f->reader, id, &record), ZP_OK);
    zp_str kept = zp_arena_copy(f->arena, zp_buf_view(&record));
    zp_buf_free(&record);
    assert_int_equal(zp_status_unpack(kept, f->arena, &s), ZP_OK);
    s.id = *id;
    uint64_t seq;
    assert_int_equal(zp_scores_seq(f->reader, id, &seq), ZP_OK);
    assert_int_equal(seq, s.seq);
    return s;
}

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

static size_t list_all(fixture *f, zp_list_query query, zp_id *ids, size_t page)
{
    size_t total = 0, count;
    bool more = true;
    while (more) {
        assert_true(total + page <= MOST);
        assert_int_equal(zp_scores_list(f->reader, &query, ids + total, page, &count, &more, &query.before), ZP_OK);
        query.has_before = true;
        total += count;
    }
    return total;
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
    assert_int_equal(zp_scores_totals(f->reader, 0, ZP_ABSENT, take_only_row, NULL), ZP_OK);
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

/* ---- totals ---- */

typedef struct {
    zp_totals rows[64];
    size_t count;
} table;

static bool take_row(void *context, const zp_totals *row)
{
    table *t = context;
    assert_true(t->count < 64);
    t->rows[t->count++] = *row;
    return true;
}

static zp_totals *row_of(table *t, const zp_status *s)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i].year == s->year && zp_str_is(s->department, t->rows[i].department))
            return &t->rows[i];
    assert_true(t->count < 64);
    zp_totals *row = &t->rows[t->count++];
    *row = (zp_totals){.year = s->year};
    memcpy(row->department, s->department.p ? s->department.p : "", s->department.n);
    return row;
}

static void count_cents(int64_t *sum, int64_t cents)
{
    *sum += cents == ZP_NO_CENTS ? 0 : cents;
}

static void count_in(table *t, const zp_status *s)
{
    zp_totals *row = row_of(t, s);
    row->superseded += s->state == ZP_SUPERSEDED;
    row->failed += s->state == ZP_FAILED;
    if (s->state != ZP_SCORED)
        return;
    row->scored++;
    row->discrepant += s->result.discrepant;
    row->consistent += !s->result.discrepant;
    if (s->result.grade != ZP_GRADE_NONE)
        row->grades[s->result.grade]++;
    count_cents(&row->declared_sum, s->result.declared_total);
    count_cents(&row->computed_sum, s->result.computed_total);
    count_cents(&row->confirmed_sum, s->result.confirmed_total);
}

static void expect_same_row(const zp_totals *stored, const zp_totals *counted)
{
    assert_int_equal(stored->scored, counted->scored);
    assert_int_equal(stored->failed, counted->failed);
    assert_int_equal(stored->superseded, counted->superseded);
    assert_int_equal(stored->consistent, counted->consistent);
    assert_int_equal(stored->discrepant, counted->discrepant);
    for (int g = 0; g < ZP_GRADES; g++)
        assert_int_equal(stored->grades[g], counted->grades[g]);
    assert_int_equal(stored->declared_sum, counted->declared_sum);
    assert_int_equal(stored->computed_sum, counted->computed_sum);
    assert_int_equal(stored->confirmed_sum, counted->confirmed_sum);
}

/* Commits random batches, some delivered again, some failed ones scored later. */
static size_t commit_anything(fixture *f, size_t batches)
{
    enum { BATCH = 16 };
    zp_status kept[4];
    size_t results = 0, kept_count = 0;
    for (size_t n = 0; n < batches; n++) {
        zp_status s[BATCH + 4], *batch[BATCH + 4];
        size_t count = 0;
        for (; count < BATCH; count++)
            s[count] = any_status(f);
        results += BATCH;
        for (size_t i = 0; i < kept_count; i++) {
            s[count] = kept[i];
            if (kept[i].state == ZP_FAILED) {
                zp_status scored = status_of(f, "unused", kept[i].revision, 5000);
                s[count].state = ZP_SCORED;
                s[count].has_result = true;
                s[count].failure = ZP_ABSENT;
                s[count].result = scored.result;
            }
            count++;
        }
        for (size_t i = 0; i < count; i++)
            batch[i] = &s[i];
        commit(f, batch, count);
        kept_count = 4;
        memcpy(kept, s, sizeof kept);
    }
    return results;
}

static void totals_equal_sum_of_results(void **state)
{
    fixture *f = *state;
    static zp_id ids[MOST];
    static table stored, counted;
    stored.count = counted.count = 0;
    size_t results = commit_anything(f, 60);
    size_t n = list_all(f, (zp_list_query){0}, ids, 64);
    assert_int_equal(n, results);
    for (size_t i = 0; i < n; i++) {
        zp_status s = read_back(f, &ids[i]);
        count_in(&counted, &s);
    }
    assert_int_equal(zp_scores_totals(f->reader, 0, ZP_ABSENT, take_row, &stored), ZP_OK);
    assert_int_equal(stored.count, counted.count);
    assert_int_equal(stored.count, YEARS * UNITS);
    for (size_t i = 0; i < stored.count; i++) {
        zp_status key = {.year = stored.rows[i].year, .department = zp_str_of(stored.rows[i].department)};
        expect_same_row(&stored.rows[i], row_of(&counted, &key));
        if (i)
            assert_true(stored.rows[i - 1].year < stored.rows[i].year ||
                        strcmp(stored.rows[i - 1].department, stored.rows[i].department) < 0);
    }
    stored.count = 0;
    assert_int_equal(zp_scores_totals(f->reader, 2023, ZP_STR("卫生局"), take_row, &stored), ZP_OK);
    assert_int_equal(stored.count, 1);
    assert_int_equal(stored.rows[0].year, 2023);
    assert_string_equal(stored.rows[0].department, "卫生局");
}

/* ---- listings ---- */

static bool matches(const zp_status *s, const zp_list_query *q)
{
    bool flag = !q->has_flag;
    for (size_t i = 0; i < s->result.flag_count; i++)
        flag |= s->result.flags[i].code == q->flag;
    return flag && (!q->year || s->year == q->year) && (!q->unit.p || zp_str_eq(s->unit, q->unit)) &&
           (!q->has_state || s->state == q->state) &&
           (!q->has_grade || (s->has_result && s->result.grade == q->grade)) &&
           (!q->has_outcome || (s->has_result && s->result.discrepant == q->discrepant)) &&
           (!q->has_before || zp_id_cmp(&s->id, &q->before) < 0);
}

static zp_list_query any_query(fixture *f, const zp_id *ids, size_t n)
{
    zp_list_query q = {.has_state = draw(f, 2), .has_grade = draw(f, 2), .has_outcome = draw(f, 3) == 0};
    q.state = ZP_SCORED + draw(f, 3);
    q.grade = draw(f, ZP_GRADES);
    q.discrepant = draw(f, 2);
    q.year = draw(f, 2) ? 2022 + (int)draw(f, YEARS + 1) : 0;
    q.unit = draw(f, 2) ? ZP_STR("单位乙") : ZP_ABSENT;
    q.has_flag = draw(f, 3) == 0;
    q.flag = draw(f, 2) ? ZP_FLAG_SCORE_TOO_LOW : ZP_FLAG_ALL_FULL;
    q.has_before = draw(f, 3) == 0;
    q.before = ids[draw(f, (unsigned)n)];
    return q;
}

static void listings_equal_a_filter_over_everything(void **state)
{
    fixture *f = *state;
    static zp_id all[MOST], found[MOST];
    size_t results = commit_anything(f, 40);
    size_t n = list_all(f, (zp_list_query){0}, all, 100);
    assert_int_equal(n, results);
    for (size_t i = 1; i < n; i++)
        assert_true(zp_id_cmp(&all[i], &all[i - 1]) < 0);
    for (int round = 0; round < 60; round++) {
        zp_list_query q = any_query(f, all, n);
        size_t expected = 0, count = list_all(f, q, found, 1 + draw(f, 40));
        for (size_t i = 0; i < n; i++) {
            zp_status s = read_back(f, &all[i]);
            if (!matches(&s, &q))
                continue;
            assert_true(expected < count);
            assert_memory_equal(found[expected].b, all[i].b, sizeof all[i].b);
            expected++;
        }
        assert_int_equal(count, expected);
    }
}

/* Two kinds in turns and none that is both: the worst that a query can meet. */
static void a_listing_looks_at_a_bounded_number_of_entries(void **state)
{
    enum { RESULTS = 6000, BATCH = 100, CALLS = 20 };
    fixture *f = *state;
    char text[BATCH][16];
    for (int n = 0; n < RESULTS; n += BATCH) {
        zp_status s[BATCH], *batch[BATCH];
        for (int i = 0; i < BATCH; i++) {
            snprintf(text[i], sizeof text[i], "p%d", n + i);
            s[i] = status_of(f, text[i], 1, 9000);
            s[i].result.grade = i % 2 ? ZP_GRADE_GOOD : ZP_GRADE_POOR;
            s[i].result.discrepant = i % 2;
            batch[i] = &s[i];
        }
        commit(f, batch, BATCH);
    }
    zp_list_query q = {.has_grade = true, .grade = ZP_GRADE_POOR, .has_outcome = true, .discrepant = true};
    zp_id ids[10];
    size_t count, calls = 0;
    bool more;
    do {
        zp_id before = q.before;
        assert_int_equal(zp_scores_list(f->reader, &q, ids, 10, &count, &more, &q.before), ZP_OK);
        assert_int_equal(count, 0);
        assert_true(!q.has_before || !more || zp_id_cmp(&q.before, &before) < 0);
        q.has_before = true;
        calls++;
    } while (more && calls < CALLS);
    assert_true(calls > 1); /* one call did not look at everything */
    assert_false(more);     /* and yet the end was reached */
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

static void flipped_event_is_reported_not_served(void **state)
{
    fixture *f = *state;
    zp_status first = status_of(f, "first", 1, 9000), second = status_of(f, "second", 1, 8000);
    event_log log = {.next = 1, .bytes = ZP_BUF_INIT};
    char subject[ZP_ID_TEXT + 1];
    commit_one(f, &first);
    commit_one(f, &second);
    zp_id_format(&second.id, subject);
    close_store(f);
    assert_true(flip_on_disk(&f->where, zp_str_of(subject)) > 0);
    open_store(f, MAP);
    assert_int_equal(zp_scores_events(f->reader, 0, 10, SIZE_MAX, take_event, &log), ZP_CORRUPT);
    assert_int_equal(log.count, 1);
    zp_buf_free(&log.bytes);
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
        PROMISE(totals_equal_sum_of_results),
        PROMISE(listings_equal_a_filter_over_everything),
        PROMISE(a_listing_looks_at_a_bounded_number_of_entries),
        PROMISE(flipped_byte_is_reported_not_served),
        PROMISE(flipped_event_is_reported_not_served),
        PROMISE(map_full_changes_nothing),
        PROMISE(survives_kill_9),
        PROMISE(many_may_ensure_at_once),
        PROMISE(ensuring_does_not_touch_what_is_there),
    };
#undef PROMISE
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("scores_store", tests, NULL, NULL);
}

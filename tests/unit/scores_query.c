/*
 * scores_query.c - totals and listings against a recount: every record is read back, decoded, and counted or filtered
 * here, without the store's own sums and indexes.
 */
#include "scores_kit.h"

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

/* Appends a page; the query goes on behind it. True when there is more. */
static bool totals_page(fixture *f, zp_totals_query *query, table *to)
{
    bool more;
    assert_int_equal(zp_scores_totals(f->reader, query, take_row, to, &more, &query->after), ZP_OK);
    return more;
}

static void expect_matching_rows(const table *all, const zp_totals_query *query, const table *found)
{
    size_t n = 0;
    for (size_t i = 0; i < all->count; i++) {
        const zp_totals *row = &all->rows[i];
        if ((query->year && row->year != query->year) ||
            (query->department.p && !zp_str_is(query->department, row->department)))
            continue;
        assert_true(n < found->count);
        expect_same_row(&found->rows[n], row);
        assert_int_equal(found->rows[n].year, row->year);
        assert_string_equal(found->rows[n++].department, row->department);
    }
    assert_int_equal(n, found->count);
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
    assert_false(totals_page(f, &(zp_totals_query){.max = 64}, &stored));
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
    assert_false(totals_page(f, &(zp_totals_query){.year = 2023, .department = ZP_STR("卫生局"), .max = 64}, &stored));
    assert_int_equal(stored.count, 1);
    assert_int_equal(stored.rows[0].year, 2023);
    assert_string_equal(stored.rows[0].department, "卫生局");
}

/* Every filter, by pages of every size: the rows that a look at all of them finds, in the same order. */
static void pages_of_totals_are_the_whole(void **state)
{
    fixture *f = *state;
    static table all, paged;
    static const char *const names[] = {NULL, "卫生局", "教育局", "财政", "无"};
    all.count = 0;
    commit_anything(f, 60);
    assert_false(totals_page(f, &(zp_totals_query){.max = 64}, &all));
    for (int year = 2021; year < 2026; year++) {
        for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
            for (size_t max = 1; max < 5; max++) {
                zp_totals_query query = {.year = year == 2021 ? 0 : year, .max = max};
                query.department = names[name] ? zp_str_of(names[name]) : ZP_ABSENT;
                paged.count = 0;
                for (bool more = true; more; query.has_after = true) {
                    size_t before = paged.count;
                    more = totals_page(f, &query, &paged);
                    assert_true(paged.count - before <= max && (!more || paged.count - before == max));
                }
                expect_matching_rows(&all, &query, &paged);
            }
        }
    }
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

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PROMISE(totals_equal_sum_of_results),
        PROMISE(pages_of_totals_are_the_whole),
        PROMISE(listings_equal_a_filter_over_everything),
        PROMISE(a_listing_looks_at_a_bounded_number_of_entries),
    };
#undef PROMISE
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("scores_query", tests, NULL, NULL);
}

/*
 * scores_kit.h - what the tests of the scores store share: a store in a folder of its own, statuses of every kind,
 * records read back.
 */
#ifndef ZP_TEST_SCORES_KIT_H
#define ZP_TEST_SCORES_KIT_H

#include "base/log.h"
#include "store/scores.h"
#include "store_kit.h"

enum { MOST = 4096, YEARS = 2, UNITS = 4, PROJECTS = 5, REVISIONS = 3 };
static const int64_t now_ms = 1700000000000;

typedef struct {
    place where;
    zp_scores *store;
    zp_scores_reader *reader;
    zp_arena *arena;
    zp_id_gen ids;
    zp_id first; /* the revision 1 that was made last */
    uint64_t random;
    uint64_t last;
    char message[512];
} fixture;

static inline void open_store(fixture *f, uint64_t map_size)
{
    assert_int_equal(zp_scores_open(f->where.store, map_size, ZP_READ_WRITE, &f->store, f->message, sizeof f->message),
                     ZP_OK);
    assert_int_equal(zp_scores_reader_new(f->store, &f->reader), ZP_OK);
}

static inline void close_store(fixture *f)
{
    zp_scores_reader_destroy(&f->reader);
    zp_scores_close(&f->store);
}

static inline void start_anew(fixture *f, uint64_t map_size)
{
    close_store(f);
    remove_place(&f->where);
    make_place(&f->where);
    f->last = 0;
    open_store(f, map_size);
}

static inline int set_up(void **state)
{
    static fixture f;
    f = (fixture){.random = 20220601, .arena = zp_arena_new(65536)};
    assert_non_null(f.arena);
    make_place(&f.where);
    open_store(&f, MAP);
    *state = &f;
    return 0;
}

static inline int tear_down(void **state)
{
    fixture *f = *state;
    close_store(f);
    remove_place(&f->where);
    zp_arena_destroy(&f->arena);
    return 0;
}

static inline unsigned draw(fixture *f, unsigned below)
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

/* Above revision 1: of the project whose revision 1 was made last. */
static inline zp_status status_of(fixture *f, const char *project, uint32_t revision, int64_t confirmed)
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
    if (revision == 1)
        f->first = s.id;
    s.has_first = revision > 1;
    s.first = f->first;
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

static inline void fail_it(zp_status *s)
{
    s->state = ZP_FAILED;
    s->has_result = false;
    s->result = (zp_result){0};
    s->failure = ZP_STR("given up after 3 attempts");
}

/* Anything that may come: years, units, departments, projects, grades, flags, unknown totals, failures. */
static inline zp_status any_status(fixture *f)
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

static inline void commit(fixture *f, zp_status *const *batch, size_t n)
{
    assert_int_equal(zp_scores_commit(f->store, now_ms, batch, n, &f->last), ZP_OK);
}

static inline void commit_one(fixture *f, zp_status *s)
{
    commit(f, &s, 1);
}

/* ---- reading back ---- */

/* In the fixture's arena until the next call. */
static inline zp_status read_back(fixture *f, const zp_id *id)
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

static inline size_t list_all(fixture *f, zp_list_query query, zp_id *ids, size_t page)
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

#endif

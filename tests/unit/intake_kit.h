/*
 * intake_kit.h - what the tests of the intake store share: a store in a folder of its own, and submissions.
 */
#ifndef ZP_TEST_INTAKE_KIT_H
#define ZP_TEST_INTAKE_KIT_H

#include "base/log.h"
#include "store/intake.h"
#include "store_kit.h"

static const int64_t now_ms = 1700000000000;

typedef struct {
    place where;
    zp_intake *store;
    zp_intake_reader *reader;
    char message[512];
} fixture;

static inline void open_store(fixture *f, uint64_t map_size)
{
    assert_int_equal(zp_intake_open(f->where.store, map_size, ZP_READ_WRITE, &f->store, f->message, sizeof f->message),
                     ZP_OK);
    assert_int_equal(zp_intake_reader_new(f->store, &f->reader), ZP_OK);
}

static inline void close_store(fixture *f)
{
    zp_intake_reader_destroy(&f->reader);
    zp_intake_close(&f->store);
}

static inline int set_up(void **state)
{
    static fixture f;
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
    return 0;
}

/* A submission of the project's form with this content, without a key. */
static inline zp_put submission(const char *project, const char *content)
{
    zp_put put = {.submitter = ZP_STR("unit-1"), .form = zp_str_of(content)};
    zp_form_key_of(2022, ZP_STR("单位"), zp_str_of(project), &put.form_key);
    zp_digest_of(put.form, &put.digest);
    return put;
}

static inline zp_put keyed(const char *key, const char *project, const char *content)
{
    zp_put put = submission(project, content);
    put.idempotency_key = zp_str_of(key);
    return put;
}

static inline zp_put replacing(zp_id current, const char *project, const char *content)
{
    zp_put put = submission(project, content);
    put.has_if_match = true;
    put.if_match = current;
    return put;
}

static inline void commit(fixture *f, zp_put *put, zp_put_verdict expected)
{
    assert_int_equal(zp_intake_commit(f->store, now_ms, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(put->verdict, expected);
}

static inline zp_intake_stats stats(fixture *f)
{
    zp_intake_stats out;
    assert_int_equal(zp_intake_stat(f->reader, &out), ZP_OK);
    return out;
}

static inline uint64_t transactions(fixture *f)
{
    zp_env_stats out;
    assert_int_equal(zp_env_stat(zp_intake_env(f->store), &out), ZP_OK);
    return out.last_txn;
}

static inline void expect_first(const zp_put *again, const zp_put *first)
{
    assert_memory_equal(again->id.b, first->id.b, sizeof first->id.b);
    assert_int_equal(again->revision, first->revision);
}

static inline void expect_current(const zp_put *put, const zp_put *current)
{
    assert_memory_equal(put->current.b, current->id.b, sizeof current->id.b);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

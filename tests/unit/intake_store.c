/*
 * intake_store.c - what a submitter may rely on once a form has been taken in: one form, one submission, kept.
 */
#include "store/intake.h"

#include "base/log.h"
#include "codec/submission.h"
#include "store_kit.h"

static const int64_t now_ms = 1700000000000;

typedef struct {
    place where;
    zp_intake *store;
    zp_intake_reader *reader;
    char message[512];
} fixture;

static void open_store(fixture *f, uint64_t map_size)
{
    assert_int_equal(zp_intake_open(f->where.store, map_size, ZP_READ_WRITE, &f->store, f->message, sizeof f->message),
                     ZP_OK);
    assert_int_equal(zp_intake_reader_new(f->store, &f->reader), ZP_OK);
}

static void close_store(fixture *f)
{
    zp_intake_reader_destroy(&f->reader);
    zp_intake_close(&f->store);
}

static int set_up(void **state)
{
    static fixture f;
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
    return 0;
}

/* A submission of the project's form with this content, without a key. */
static zp_put submission(const char *project, const char *content)
{
    zp_put put = {.submitter = ZP_STR("unit-1"), .form = zp_str_of(content)};
    zp_form_key_of(2022, ZP_STR("单位"), zp_str_of(project), &put.form_key);
    zp_digest_of(put.form, &put.digest);
    return put;
}

static zp_put keyed(const char *key, const char *project, const char *content)
{
    zp_put put = submission(project, content);
    put.idempotency_key = zp_str_of(key);
    return put;
}

static zp_put replacing(zp_id current, const char *project, const char *content)
{
    zp_put put = submission(project, content);
    put.has_if_match = true;
    put.if_match = current;
    return put;
}

static void commit(fixture *f, zp_put *put, zp_put_verdict expected)
{
    assert_int_equal(zp_intake_commit(f->store, now_ms, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(put->verdict, expected);
}

static zp_intake_stats stats(fixture *f)
{
    zp_intake_stats out;
    assert_int_equal(zp_intake_stat(f->reader, &out), ZP_OK);
    return out;
}

static uint64_t transactions(fixture *f)
{
    zp_env_stats out;
    assert_int_equal(zp_env_stat(zp_intake_env(f->store), &out), ZP_OK);
    return out.last_txn;
}

static void expect_first(const zp_put *again, const zp_put *first)
{
    assert_memory_equal(again->id.b, first->id.b, sizeof first->id.b);
    assert_int_equal(again->revision, first->revision);
}

static void expect_current(const zp_put *put, const zp_put *current)
{
    assert_memory_equal(put->current.b, current->id.b, sizeof current->id.b);
}

/* ---- retries ---- */

static void retry_with_same_key_returns_first_receipt(void **state)
{
    fixture *f = *state;
    zp_put first = keyed("key-1", "project", "content"), again = keyed("key-1", "project", "content");
    zp_id found;
    commit(f, &first, ZP_PUT_NEW);
    assert_int_equal(first.revision, 1);
    assert_int_equal(first.received_ms, zp_id_ms(&first.id));
    commit(f, &again, ZP_PUT_SAME);
    expect_first(&again, &first);
    assert_int_equal(stats(f).forms, 1);
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-1"), ZP_STR("key-1"), &found), ZP_OK);
    assert_memory_equal(found.b, first.id.b, sizeof found.b);
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-2"), ZP_STR("key-1"), &found), ZP_NOTFOUND);
}

static void same_content_without_key_is_the_same_submission(void **state)
{
    fixture *f = *state;
    zp_put first = submission("project", "content"), again = submission("project", "content");
    zp_put elsewhere = submission("other project", "content");
    commit(f, &first, ZP_PUT_NEW);
    commit(f, &again, ZP_PUT_SAME);
    expect_first(&again, &first);
    commit(f, &elsewhere, ZP_PUT_NEW);
    assert_int_equal(stats(f).forms, 2);
}

static void a_new_key_for_content_on_file_stands_for_it_from_then_on(void **state)
{
    fixture *f = *state;
    zp_put first = submission("project", "content"), again = submission("project", "content");
    zp_put other = submission("project 2", "other content");
    zp_id found;
    first.idempotency_key = ZP_STR("key-a");
    again.idempotency_key = other.idempotency_key = ZP_STR("key-b");
    commit(f, &first, ZP_PUT_NEW);
    commit(f, &again, ZP_PUT_SAME);
    expect_first(&again, &first);
    assert_int_equal(zp_intake_by_key(f->reader, first.submitter, ZP_STR("key-b"), &found), ZP_OK);
    assert_memory_equal(&found, &first.id, sizeof found);
    commit(f, &other, ZP_PUT_KEY_REUSED);
    commit(f, &again, ZP_PUT_SAME);
    expect_first(&again, &first);
    assert_int_equal(stats(f).forms, 1);
    assert_int_equal(stats(f).keys, 2);
}

static void key_reused_with_other_content_is_refused(void **state)
{
    fixture *f = *state;
    zp_put first = keyed("key-1", "project", "content"), other = keyed("key-1", "project 2", "other");
    zp_put colleague = keyed("key-1", "project 3", "third");
    colleague.submitter = ZP_STR("unit-2");
    commit(f, &first, ZP_PUT_NEW);
    commit(f, &other, ZP_PUT_KEY_REUSED);
    commit(f, &colleague, ZP_PUT_NEW);
    assert_int_equal(stats(f).forms, 2);
}

static void retried_replacement_is_the_same_submission(void **state)
{
    fixture *f = *state;
    zp_put first = submission("project", "a");
    commit(f, &first, ZP_PUT_NEW);
    zp_put second = replacing(first.id, "project", "b"), again = replacing(first.id, "project", "b");
    commit(f, &second, ZP_PUT_NEW);
    assert_int_equal(second.revision, 2);
    commit(f, &again, ZP_PUT_SAME);
    expect_first(&again, &second);
    /* The first one's own retry is the first one still. */
    zp_put very_late = submission("project", "a");
    commit(f, &very_late, ZP_PUT_SAME);
    expect_first(&very_late, &first);
    /* Going back to what was there before is a new revision. */
    zp_put third = replacing(second.id, "project", "a");
    commit(f, &third, ZP_PUT_NEW);
    assert_int_equal(third.revision, 3);
    /* And the replacement in between is still recognised. */
    zp_put late = replacing(first.id, "project", "b");
    commit(f, &late, ZP_PUT_SAME);
    expect_first(&late, &second);
}

/* ---- conflicts ---- */

static void form_on_file_without_if_match_is_refused(void **state)
{
    fixture *f = *state;
    zp_put first = submission("project", "content"), other = keyed("key-2", "project", "other");
    zp_id found;
    commit(f, &first, ZP_PUT_NEW);
    commit(f, &other, ZP_PUT_ON_FILE);
    expect_current(&other, &first);
    assert_int_equal(stats(f).forms, 1);
    /* A refusal does not use up its key. */
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-1"), ZP_STR("key-2"), &found), ZP_NOTFOUND);
}

static void stale_revision_is_refused(void **state)
{
    fixture *f = *state;
    zp_put first = submission("project", "a"), unrelated = submission("other project", "z");
    commit(f, &first, ZP_PUT_NEW);
    commit(f, &unrelated, ZP_PUT_NEW);
    zp_put second = replacing(first.id, "project", "b");
    commit(f, &second, ZP_PUT_NEW);
    zp_put stale = replacing(first.id, "project", "c"), foreign = replacing(unrelated.id, "project", "c");
    commit(f, &stale, ZP_PUT_STALE);
    expect_current(&stale, &second);
    commit(f, &foreign, ZP_PUT_STALE);
    expect_current(&foreign, &second);
    zp_put invented = replacing((zp_id){{1, 2, 3}}, "project", "c");
    commit(f, &invented, ZP_PUT_STALE);
    assert_int_equal(stats(f).forms, 3);
}

static void revision_of_a_form_not_on_file_is_refused(void **state)
{
    fixture *f = *state;
    zp_put put = replacing((zp_id){{1}}, "project", "content");
    commit(f, &put, ZP_PUT_NO_SUCH);
    assert_int_equal(stats(f).forms, 0);
}

/* ---- batches ---- */

static void batch_items_see_each_other(void **state)
{
    fixture *f = *state;
    zp_put a = keyed("key-1", "project", "a"), a_again = keyed("key-1", "project", "a"),
           reused = keyed("key-1", "project 2", "x"), b = submission("project", "b"), c = submission("project 3", "c"),
           c_again = submission("project 3", "c");
    zp_put *batch[] = {&a, &a_again, &reused, &b, &c, &c_again};
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, 6, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(a.verdict, ZP_PUT_NEW);
    assert_int_equal(a_again.verdict, ZP_PUT_SAME);
    expect_first(&a_again, &a);
    assert_int_equal(reused.verdict, ZP_PUT_KEY_REUSED);
    assert_int_equal(b.verdict, ZP_PUT_ON_FILE);
    expect_current(&b, &a);
    assert_int_equal(c.verdict, ZP_PUT_NEW);
    assert_int_equal(c_again.verdict, ZP_PUT_SAME);
    expect_first(&c_again, &c);
    assert_int_equal(stats(f).forms, 2);
    assert_int_equal(stats(f).pending, 2);
}

static void refusals_and_retries_write_nothing(void **state)
{
    fixture *f = *state;
    zp_put first = keyed("key-1", "project", "a");
    commit(f, &first, ZP_PUT_NEW);
    uint64_t before = transactions(f);
    zp_put same = keyed("key-1", "project", "a"), on_file = submission("project", "b"),
           reused = keyed("key-1", "project 2", "x");
    zp_put *batch[] = {&same, &on_file, &reused};
    size_t removed = 0;
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, 3, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(same.verdict, ZP_PUT_SAME);
    assert_int_equal(on_file.verdict, ZP_PUT_ON_FILE);
    assert_int_equal(reused.verdict, ZP_PUT_KEY_REUSED);
    assert_int_equal(zp_intake_expire_keys(f->store, now_ms - 1, 64, &removed), ZP_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(transactions(f), before);
}

static void hold_the_write_lock(const place *where, int to)
{
    zp_intake *store;
    MDB_txn *txn;
    char message[512], held = 0;
    held = zp_intake_open(where->store, MAP, ZP_READ_WRITE, &store, message, sizeof message) == ZP_OK &&
           zp_env_begin(zp_intake_env(store), &txn) == ZP_OK;
    if (write(to, &held, 1) == 1)
        pause();
}

/* The alarm ends a run in which it does wait. */
static void refusals_and_retries_do_not_wait_for_a_writer(void **state)
{
    fixture *f = *state;
    char held = 0;
    zp_put first = keyed("key-1", "project", "a"), same = keyed("key-1", "project", "a"),
           next = submission("project 2", "b");
    commit(f, &first, ZP_PUT_NEW);
    child c = start_child(hold_the_write_lock, &f->where);
    assert_true(read_exactly(c.from, &held, 1));
    assert_int_equal(held, 1);
    alarm(20);
    commit(f, &same, ZP_PUT_SAME);
    alarm(0);
    kill_child(&c);
    close(c.from);
    commit(f, &next, ZP_PUT_NEW); /* the dead one's lock is free */
}

static void one_unfit_item_does_not_sink_the_batch(void **state)
{
    fixture *f = *state;
    static char long_key[400];
    memset(long_key, 'k', sizeof long_key - 1);
    zp_put good = submission("project", "a"), unfit = keyed(long_key, "project 2", "b"),
           good_too = submission("project 3", "c");
    zp_put *batch[] = {&good, &unfit, &good_too};
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, 3, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(good.verdict, ZP_PUT_NEW);
    assert_int_equal(unfit.verdict, ZP_PUT_REFUSED);
    assert_int_equal(good_too.verdict, ZP_PUT_NEW);
}

/* ---- what is kept ---- */

static void the_record_says_what_was_put(void **state)
{
    fixture *f = *state;
    static char content[70000]; /* every length of MessagePack's header, and more than a page */
    const size_t sizes[] = {0, 1, 255, 256, 3000, 65535, 65536, sizeof content};
    zp_put first = keyed("key-1", "project", "a");
    commit(f, &first, ZP_PUT_NEW);
    memset(content, 'f', sizeof content);
    zp_id current = first.id;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        zp_put put = replacing(current, "project", "");
        zp_buf record = ZP_BUF_INIT;
        zp_submission read;
        put.form = (zp_str){content, sizes[i]};
        zp_digest_of(put.form, &put.digest);
        commit(f, &put, ZP_PUT_NEW);
        assert_int_equal(zp_intake_get(f->reader, &put.id, &record), ZP_OK);
        assert_int_equal(zp_submission_unpack(zp_buf_view(&record), &read), ZP_OK);
        assert_true(zp_str_eq(read.form, put.form));
        assert_true(zp_str_is(read.submitter, "unit-1"));
        assert_false(zp_str_present(read.idempotency_key));
        assert_int_equal(read.revision, i + 2);
        assert_int_equal(read.received_ms, now_ms);
        assert_true(read.has_replaces);
        assert_memory_equal(read.replaces.b, current.b, sizeof current.b);
        assert_memory_equal(read.digest.b, put.digest.b, sizeof put.digest.b);
        zp_buf_free(&record);
        current = put.id;
    }
    zp_buf none = ZP_BUF_INIT;
    assert_int_equal(zp_intake_get(f->reader, &(zp_id){{9}}, &none), ZP_NOTFOUND);
}

static void ids_increase_when_the_clock_steps_back(void **state)
{
    fixture *f = *state;
    zp_put before = submission("project 1", "a"), after = submission("project 2", "b"),
           reopened = submission("project 3", "c");
    zp_put *put = &before;
    assert_int_equal(zp_intake_commit(f->store, now_ms, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    put = &after;
    assert_int_equal(zp_intake_commit(f->store, now_ms - 60000, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    close_store(f);
    open_store(f, MAP);
    put = &reopened;
    assert_int_equal(zp_intake_commit(f->store, now_ms - 120000, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    assert_true(zp_id_cmp(&before.id, &after.id) < 0);
    assert_true(zp_id_cmp(&after.id, &reopened.id) < 0);
    /* The receipt has the clock's time: one wrong clock must not date all that follow. */
    assert_int_equal(reopened.received_ms, now_ms - 120000);
    assert_true(zp_id_ms(&reopened.id) >= now_ms);
}

/* ---- pending ---- */

static void put_many(fixture *f, zp_put *puts, size_t n)
{
    zp_put *batch[16];
    char text[16];
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%zu", i);
        puts[i] = submission(text, "content");
        batch[i] = &puts[i];
    }
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, n, NULL, 0, NULL, 0), ZP_OK);
}

static void acknowledged_leave_pending(void **state)
{
    fixture *f = *state;
    zp_put puts[4];
    zp_pending items[8];
    size_t count;
    bool pending;
    put_many(f, puts, 4);
    const zp_id acks[] = {puts[0].id, puts[2].id, {{7}}};
    assert_int_equal(zp_intake_commit(f->store, now_ms, NULL, 0, acks, 3, NULL, 0), ZP_OK);
    assert_int_equal(zp_intake_pending(f->reader, NULL, items, 8, &count), ZP_OK);
    assert_int_equal(count, 2);
    assert_memory_equal(items[0].id.b, puts[1].id.b, sizeof items[0].id.b);
    assert_memory_equal(items[1].id.b, puts[3].id.b, sizeof items[1].id.b);
    assert_int_equal(zp_intake_is_pending(f->reader, &puts[0].id, &pending), ZP_OK);
    assert_false(pending);
    assert_int_equal(zp_intake_is_pending(f->reader, &puts[1].id, &pending), ZP_OK);
    assert_true(pending);
    zp_intake_stats s = stats(f);
    assert_int_equal(s.forms, 4);
    assert_int_equal(s.pending, 2);
    assert_true(s.has_oldest);
    assert_memory_equal(s.oldest_pending.b, puts[1].id.b, sizeof s.oldest_pending.b);
    /* A bump that comes too late does not bring it back. */
    const zp_pending bumps[] = {{puts[0].id, 3, false}, {puts[3].id, 2, false}};
    assert_int_equal(zp_intake_commit(f->store, now_ms, NULL, 0, NULL, 0, bumps, 2), ZP_OK);
    assert_int_equal(zp_intake_pending(f->reader, NULL, items, 8, &count), ZP_OK);
    assert_int_equal(count, 2);
    assert_int_equal(items[0].attempts, 0);
    assert_int_equal(items[1].attempts, 2);
}

static void pending_is_paged_in_both_directions(void **state)
{
    fixture *f = *state;
    zp_put puts[5];
    zp_pending items[3];
    size_t count;
    put_many(f, puts, 5);
    assert_int_equal(zp_intake_pending(f->reader, NULL, items, 3, &count), ZP_OK);
    assert_int_equal(count, 3);
    assert_memory_equal(items[2].id.b, puts[2].id.b, sizeof items[2].id.b);
    assert_int_equal(zp_intake_pending(f->reader, &puts[2].id, items, 3, &count), ZP_OK);
    assert_int_equal(count, 2);
    assert_memory_equal(items[0].id.b, puts[3].id.b, sizeof items[0].id.b);
    assert_int_equal(zp_intake_pending(f->reader, &puts[4].id, items, 3, &count), ZP_OK);
    assert_int_equal(count, 0);
    assert_int_equal(zp_intake_pending_back(f->reader, NULL, items, 3, &count), ZP_OK);
    assert_int_equal(count, 3);
    assert_memory_equal(items[0].id.b, puts[4].id.b, sizeof items[0].id.b);
    assert_int_equal(zp_intake_pending_back(f->reader, &puts[2].id, items, 3, &count), ZP_OK);
    assert_int_equal(count, 2);
    assert_memory_equal(items[0].id.b, puts[1].id.b, sizeof items[0].id.b);
    assert_int_equal(zp_intake_pending_back(f->reader, &puts[0].id, items, 3, &count), ZP_OK);
    assert_int_equal(count, 0);
}

static void expired_keys_are_forgotten_and_their_forms_kept(void **state)
{
    fixture *f = *state;
    zp_put old_one = keyed("old", "project 1", "a"), young = keyed("young", "project 2", "b");
    zp_put *put = &old_one;
    zp_id found;
    size_t removed;
    assert_int_equal(zp_intake_commit(f->store, now_ms, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    put = &young;
    assert_int_equal(zp_intake_commit(f->store, now_ms + 1000, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(zp_intake_expire_keys(f->store, now_ms + 1, 64, &removed), ZP_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-1"), ZP_STR("old"), &found), ZP_NOTFOUND);
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-1"), ZP_STR("young"), &found), ZP_OK);
    assert_int_equal(stats(f).keys, 1);
    assert_int_equal(stats(f).forms, 2);
    zp_put again = keyed("old", "project 1", "a");
    commit(f, &again, ZP_PUT_SAME); /* by its content now */
    expect_first(&again, &old_one);
}

/* ---- when things break ---- */

static void flipped_byte_is_reported_not_served(void **state)
{
    fixture *f = *state;
    zp_put damaged = submission("project 1", "content that will be damaged"), sound = submission("project 2", "sound");
    zp_buf record = ZP_BUF_INIT;
    commit(f, &damaged, ZP_PUT_NEW);
    commit(f, &sound, ZP_PUT_NEW);
    close_store(f);
    assert_true(flip_on_disk(&f->where, ZP_STR("content that will be damaged")) > 0);
    /* The digest stands in the form's record and in the revision's. */
    assert_true(flip_on_disk(&f->where, (zp_str){(const char *)damaged.digest.b, sizeof damaged.digest.b}) > 1);
    open_store(f, MAP);
    assert_int_equal(zp_intake_get(f->reader, &damaged.id, &record), ZP_CORRUPT);
    assert_int_equal(record.n, 0);
    assert_int_equal(zp_intake_get(f->reader, &sound.id, &record), ZP_OK);
    zp_buf_free(&record);
    /* Nobody is told that it is, or isn't, on file; the others in the batch don't notice. */
    zp_put again = submission("project 1", "content that will be damaged"), other = submission("project 3", "c");
    zp_put *batch[] = {&again, &other};
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, 2, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(again.verdict, ZP_PUT_REFUSED);
    assert_int_equal(other.verdict, ZP_PUT_NEW);
}

static void map_full_changes_nothing(void **state)
{
    fixture *f = *state;
    static char bulk[20000];
    zp_put last = {0}, put;
    zp_put *one = &put;
    char project[16];
    zp_rc rc = ZP_OK;
    assert_int_equal(tear_down(state), 0);
    make_place(&f->where);
    open_store(f, TINY_MAP);
    memset(bulk, 'b', sizeof bulk - 1);
    for (int i = 0; rc == ZP_OK; i++) {
        snprintf(project, sizeof project, "%d", i);
        put = submission(project, bulk);
        rc = zp_intake_commit(f->store, now_ms, &one, 1, NULL, 0, NULL, 0);
        if (!rc)
            last = put;
    }
    assert_int_equal(rc, ZP_FULL);
    assert_int_equal(put.verdict, ZP_PUT_REFUSED);
    zp_intake_stats before = stats(f);
    assert_true(before.forms > 0);
    /* In one batch with others, all are refused and the acknowledgement is not taken. */
    zp_put small = submission("small", "s"), large = submission("large", bulk), small_too = submission("small 2", "s");
    zp_put *batch[] = {&small, &large, &small_too};
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, 3, &last.id, 1, NULL, 0), ZP_FULL);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(batch[i]->verdict, ZP_PUT_REFUSED);
    zp_intake_stats after = stats(f);
    assert_true(after.forms == before.forms && after.pending == before.pending && after.revisions == before.revisions);
    /* And the store goes on with what it has room for. */
    commit(f, &small, ZP_PUT_NEW);
    assert_int_equal(zp_intake_commit(f->store, now_ms, NULL, 0, &last.id, 1, NULL, 0), ZP_OK);
    assert_int_equal(stats(f).pending, before.pending);
}

/* Commits batches for ever and names each id once its commit has returned. */
static void take_in_for_ever(const place *where, int to)
{
    enum { BATCH = 8 };
    zp_intake *store;
    char message[512], text[BATCH][32];
    zp_put puts[BATCH], *batch[BATCH];
    if (zp_intake_open(where->store, MAP, ZP_READ_WRITE, &store, message, sizeof message) != ZP_OK)
        return;
    for (int n = 0;; n++) {
        for (int i = 0; i < BATCH; i++) {
            snprintf(text[i], sizeof text[i], "project %d", n * BATCH + i);
            puts[i] = submission(text[i], text[i]);
            batch[i] = &puts[i];
        }
        if (zp_intake_commit(store, now_ms + n, batch, BATCH, NULL, 0, NULL, 0) != ZP_OK)
            return;
        for (int i = 0; i < BATCH; i++)
            if (write(to, puts[i].id.b, sizeof puts[i].id.b) != sizeof puts[i].id.b)
                return;
    }
}

static void survives_kill_9(void **state)
{
    enum { ENOUGH = 100, MOST = 8192 };
    fixture *f = *state;
    static zp_id acknowledged[MOST];
    size_t n = 0;
    close_store(f);
    child c = start_child(take_in_for_ever, &f->where);
    while (n < ENOUGH && read_exactly(c.from, acknowledged[n].b, sizeof acknowledged[n].b))
        n++;
    assert_int_equal(n, ENOUGH);
    kill_child(&c);
    /* What it had said before it died and nobody had read yet. */
    while (n < MOST && read_exactly(c.from, acknowledged[n].b, sizeof acknowledged[n].b))
        n++;
    close(c.from);
    assert_true(n < MOST);
    open_store(f, MAP);
    for (size_t i = 0; i < n; i++) {
        zp_buf record = ZP_BUF_INIT;
        zp_submission read;
        char project[32];
        bool pending;
        snprintf(project, sizeof project, "project %zu", i);
        assert_int_equal(zp_intake_get(f->reader, &acknowledged[i], &record), ZP_OK);
        assert_int_equal(zp_submission_unpack(zp_buf_view(&record), &read), ZP_OK);
        assert_true(zp_str_is(read.form, project));
        assert_int_equal(zp_intake_is_pending(f->reader, &acknowledged[i], &pending), ZP_OK);
        assert_true(pending);
        zp_buf_free(&record);
    }
    /* Whole batches only, and the successor goes on. */
    assert_int_equal(stats(f).forms % 8, 0);
    assert_int_equal(stats(f).forms, stats(f).pending);
    assert_int_equal(stats(f).forms, stats(f).revisions);
    zp_put again = submission("project 5", "project 5"), next = submission("next", "next");
    commit(f, &again, ZP_PUT_SAME);
    assert_memory_equal(again.id.b, acknowledged[5].b, sizeof again.id.b);
    commit(f, &next, ZP_PUT_NEW);
    assert_true(zp_id_cmp(&next.id, &acknowledged[n - 1]) > 0);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PROMISE(retry_with_same_key_returns_first_receipt),
        PROMISE(same_content_without_key_is_the_same_submission),
        PROMISE(a_new_key_for_content_on_file_stands_for_it_from_then_on),
        PROMISE(key_reused_with_other_content_is_refused),
        PROMISE(retried_replacement_is_the_same_submission),
        PROMISE(form_on_file_without_if_match_is_refused),
        PROMISE(stale_revision_is_refused),
        PROMISE(revision_of_a_form_not_on_file_is_refused),
        PROMISE(batch_items_see_each_other),
        PROMISE(refusals_and_retries_write_nothing),
        PROMISE(refusals_and_retries_do_not_wait_for_a_writer),
        PROMISE(one_unfit_item_does_not_sink_the_batch),
        PROMISE(the_record_says_what_was_put),
        PROMISE(ids_increase_when_the_clock_steps_back),
        PROMISE(acknowledged_leave_pending),
        PROMISE(pending_is_paged_in_both_directions),
        PROMISE(expired_keys_are_forgotten_and_their_forms_kept),
        PROMISE(flipped_byte_is_reported_not_served),
        PROMISE(map_full_changes_nothing),
        PROMISE(survives_kill_9),
    };
#undef PROMISE
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("intake_store", tests, NULL, NULL);
}

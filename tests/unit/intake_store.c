/*
 * intake_store.c - what a submitter may rely on once a form has been taken in: one form, one submission, whatever is
 * sent again, at once or against what is on file.
 */
#include "store/intake_store.h"
#include "intake_kit.h"

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

/* All that is known by heart is learnt from the disk. */
static void what_is_on_file_is_known_after_a_restart(void **state)
{
    fixture *f = *state;
    zp_put first = keyed("key-1", "project", "a"), other = submission("project 2", "z"),
           adopted = keyed("key-2", "project 2", "z");
    zp_id current;
    commit(f, &first, ZP_PUT_NEW);
    commit(f, &other, ZP_PUT_NEW);
    commit(f, &adopted, ZP_PUT_SAME);
    zp_put second = replacing(first.id, "project", "b");
    commit(f, &second, ZP_PUT_NEW);
    zp_put third = replacing(second.id, "project", "c");
    commit(f, &third, ZP_PUT_NEW);
    close_store(f);
    open_store(f, MAP);
    assert_int_equal(zp_intake_current(f->reader, &third.form_key, &current), ZP_OK);
    assert_memory_equal(&current, &third.id, sizeof current);
    zp_put again = submission("project", "a"), other_again = submission("project 2", "z"),
           keyed_again = keyed("key-1", "project", "a"), misused = keyed("key-2", "project 3", "y"),
           second_again = replacing(first.id, "project", "b"), stale = replacing(second.id, "project", "d"),
           next = replacing(third.id, "project", "d");
    commit(f, &again, ZP_PUT_SAME);
    expect_first(&again, &first);
    commit(f, &keyed_again, ZP_PUT_SAME);
    expect_first(&keyed_again, &first);
    commit(f, &misused, ZP_PUT_KEY_REUSED);
    commit(f, &other_again, ZP_PUT_SAME);
    expect_first(&other_again, &other);
    commit(f, &second_again, ZP_PUT_SAME);
    expect_first(&second_again, &second);
    commit(f, &stale, ZP_PUT_STALE);
    expect_current(&stale, &third);
    commit(f, &next, ZP_PUT_NEW);
    assert_int_equal(next.revision, 4);
    assert_memory_equal(&next.first, &first.id, sizeof first.id);
}

static uint64_t all_alike(const uint8_t key[ZP_MEMO_KEY], uint64_t seed)
{
    (void)key;
    (void)seed;
    return 42;
}

/* What is known of a form by its hash alone never passes for another form's. */
static void forms_that_collide_are_kept_apart(void **state)
{
    enum { FORMS = 20 };
    fixture *f = *state;
    zp_put puts[FORMS], *batch[FORMS];
    char project[FORMS][16];
    zp_id current;
    zp_memo_destroy(&f->store->current);
    zp_memo_destroy(&f->store->keys);
    assert_int_equal(zp_memo_new(all_alike, &f->store->current), ZP_OK);
    assert_int_equal(zp_memo_new(all_alike, &f->store->keys), ZP_OK);
    for (size_t i = 0; i < FORMS; i++) {
        snprintf(project[i], sizeof project[i], "project %zu", i);
        puts[i] = keyed(project[i], project[i], "content");
        batch[i] = &puts[i];
    }
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, FORMS, NULL, 0, NULL, 0), ZP_OK);
    for (size_t i = 0; i < FORMS; i++) {
        zp_put again = submission(project[i], "content"), same_key = keyed(project[i], project[i], "content"),
               misused = keyed(project[i], "another project", "content, too"),
               revised = replacing(puts[i].id, project[i], "revised"),
               foreign = replacing(puts[(i + 1) % FORMS].id, project[i], "foreign");
        assert_int_equal(puts[i].verdict, ZP_PUT_NEW);
        commit(f, &again, ZP_PUT_SAME);
        expect_first(&again, &puts[i]);
        commit(f, &same_key, ZP_PUT_SAME);
        expect_first(&same_key, &puts[i]);
        commit(f, &misused, ZP_PUT_KEY_REUSED);
        commit(f, &foreign, ZP_PUT_STALE);
        expect_current(&foreign, &puts[i]);
        commit(f, &revised, ZP_PUT_NEW);
        assert_int_equal(zp_intake_current(f->reader, &revised.form_key, &current), ZP_OK);
        assert_memory_equal(&current, &revised.id, sizeof current);
    }
    zp_put unknown = replacing(puts[0].id, "another project", "x");
    commit(f, &unknown, ZP_PUT_NO_SUCH);
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

static void a_name_typed_otherwise_names_the_same_form(void **state)
{
    fixture *f = *state;
    zp_put first = submission("热线A区", "content"), typed = submission(" 热线Ａ\u3000区", "other"),
           revision = replacing((zp_id){{0}}, "热线A区\n", "another"), two = submission("热线a区", "content");
    commit(f, &first, ZP_PUT_NEW);
    commit(f, &typed, ZP_PUT_ON_FILE);
    revision.if_match = first.id;
    commit(f, &revision, ZP_PUT_NEW);
    assert_int_equal(revision.revision, 2);
    commit(f, &two, ZP_PUT_NEW);
    assert_int_equal(two.revision, 1);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(retry_with_same_key_returns_first_receipt),
        PROMISE(same_content_without_key_is_the_same_submission),
        PROMISE(a_new_key_for_content_on_file_stands_for_it_from_then_on),
        PROMISE(key_reused_with_other_content_is_refused),
        PROMISE(retried_replacement_is_the_same_submission),
        PROMISE(what_is_on_file_is_known_after_a_restart),
        PROMISE(forms_that_collide_are_kept_apart),
        PROMISE(form_on_file_without_if_match_is_refused),
        PROMISE(stale_revision_is_refused),
        PROMISE(revision_of_a_form_not_on_file_is_refused),
        PROMISE(a_name_typed_otherwise_names_the_same_form),
        PROMISE(batch_items_see_each_other),
        PROMISE(refusals_and_retries_write_nothing),
        PROMISE(refusals_and_retries_do_not_wait_for_a_writer),
        PROMISE(one_unfit_item_does_not_sink_the_batch),
    };
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("intake_store", tests, NULL, NULL);
}

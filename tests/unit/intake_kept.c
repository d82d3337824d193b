/*
 * intake_kept.c - what the intake store keeps and for how long: records, ids, what is pending, keys; and what becomes
 * of it when the disk is damaged or full, or the process dies.
 */
#include "codec/submission.h"
#include "intake_kit.h"
#include "store/intake_store.h"

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
        assert_memory_equal(read.first.b, first.id.b, sizeof first.id.b);
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
    /* The newest may be that of a key: no id is like another in its time and counter. */
    zp_put keyed_later = keyed("key", "project 1", "a"), last = submission("project 4", "d");
    put = &keyed_later;
    assert_int_equal(zp_intake_commit(f->store, now_ms + 5000, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    assert_int_equal(keyed_later.verdict, ZP_PUT_SAME);
    close_store(f);
    open_store(f, MAP);
    put = &last;
    assert_int_equal(zp_intake_commit(f->store, now_ms, &put, 1, NULL, 0, NULL, 0), ZP_OK);
    assert_true(zp_id_ms(&last.id) >= now_ms + 5000);
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
    /* From now on the key stands for it again, and after a restart as well. */
    close_store(f);
    open_store(f, MAP);
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-1"), ZP_STR("old"), &found), ZP_OK);
    assert_memory_equal(&found, &old_one.id, sizeof found);
    assert_int_equal(stats(f).keys, 2);
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

static void a_damaged_revision_hides_no_form(void **state)
{
    fixture *f = *state;
    zp_put damaged = submission("project 1", "a"), sound = submission("project 2", "b");
    zp_id current;
    commit(f, &damaged, ZP_PUT_NEW);
    commit(f, &sound, ZP_PUT_NEW);
    close_store(f);
    assert_true(flip_on_disk(&f->where, (zp_str){(const char *)damaged.digest.b, sizeof damaged.digest.b}) > 0);
    open_store(f, MAP);
    assert_int_equal(zp_intake_current(f->reader, &damaged.form_key, &current), ZP_CORRUPT);
    zp_put again = submission("project 1", "a"), other = submission("project 1", "other");
    commit(f, &again, ZP_PUT_REFUSED);
    commit(f, &other, ZP_PUT_REFUSED);
    zp_put sound_again = submission("project 2", "b");
    commit(f, &sound_again, ZP_PUT_SAME);
}

static void a_store_of_another_layout_is_refused(void **state)
{
    fixture *f = *state;
    static const char key[20] = "20 bytes, as before";
    MDB_txn *txn;
    zp_str value = ZP_STR("value");
    assert_int_equal(zp_env_begin(&f->store->env, &txn), ZP_OK);
    assert_int_equal(zp_put_sealed(txn, f->store->revisions, (zp_str){key, sizeof key}, &value, 1, 0), ZP_OK);
    assert_int_equal(zp_env_commit(&f->store->env, txn), ZP_OK);
    close_store(f);
    zp_intake *none;
    assert_int_equal(zp_intake_open(f->where.store, MAP, ZP_READ_WRITE, &none, f->message, sizeof f->message),
                     ZP_CONFLICT);
    assert_non_null(strstr(f->message, f->where.store));
    assert_non_null(strstr(f->message, "earlier version"));
    remove_place(&f->where);
    make_place(&f->where);
    open_store(f, MAP);
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
    zp_put small = keyed("small", "small", "s"), large = submission("large", bulk),
           small_too = submission("small 2", "s");
    zp_put *batch[] = {&small, &large, &small_too};
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, 3, &last.id, 1, NULL, 0), ZP_FULL);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(batch[i]->verdict, ZP_PUT_REFUSED);
    zp_intake_stats after = stats(f);
    assert_true(after.forms == before.forms && after.pending == before.pending && after.revisions == before.revisions);
    /* Nothing is known of what was not stored. */
    zp_id current;
    assert_int_equal(zp_intake_current(f->reader, &small.form_key, &current), ZP_NOTFOUND);
    assert_int_equal(zp_intake_current(f->reader, &last.form_key, &current), ZP_OK);
    assert_memory_equal(&current, &last.id, sizeof current);
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-1"), ZP_STR("small"), &current), ZP_NOTFOUND);
    zp_put lost = replacing(small.id, "small", "t");
    commit(f, &lost, ZP_PUT_NO_SUCH);
    /* And the store goes on with what it has room for. */
    commit(f, &small, ZP_PUT_NEW);
    assert_int_equal(zp_intake_commit(f->store, now_ms, NULL, 0, &last.id, 1, NULL, 0), ZP_OK);
    assert_int_equal(stats(f).pending, before.pending);
}

static bool out_of_memory;
void *__real_calloc(size_t count, size_t size); /* NOLINT(bugprone-reserved-identifier): the linker's */
void *__wrap_calloc(size_t count, size_t size); /* NOLINT(bugprone-reserved-identifier) */
void *__wrap_calloc(size_t count, size_t size)  /* NOLINT(bugprone-reserved-identifier) */
{
    return out_of_memory ? NULL : __real_calloc(count, size);
}

/* What could not be known by heart would be taken for new when it is sent again. */
static void what_memory_has_no_room_for_is_not_stored(void **state)
{
    fixture *f = *state;
    zp_put first = submission("project 1", "a"), put = keyed("key", "project 2", "b"),
           other = submission("project 3", "c");
    zp_put *batch[] = {&put, &other};
    zp_id found;
    commit(f, &first, ZP_PUT_NEW);
    zp_memo_destroy(&f->store->keys); /* for one in which there is no room yet */
    assert_int_equal(zp_memo_new(NULL, &f->store->keys), ZP_OK);
    out_of_memory = true;
    assert_int_equal(zp_intake_commit(f->store, now_ms, batch, 2, NULL, 0, NULL, 0), ZP_NOMEM);
    out_of_memory = false;
    assert_int_equal(put.verdict, ZP_PUT_REFUSED);
    assert_int_equal(other.verdict, ZP_PUT_REFUSED);
    assert_int_equal(stats(f).forms, 1);
    assert_int_equal(stats(f).keys, 0);
    assert_int_equal(zp_intake_by_key(f->reader, ZP_STR("unit-1"), ZP_STR("key"), &found), ZP_NOTFOUND);
    assert_int_equal(zp_intake_current(f->reader, &put.form_key, &found), ZP_NOTFOUND);
    commit(f, &put, ZP_PUT_NEW);
    commit(f, &other, ZP_PUT_NEW);
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
    const struct CMUnitTest tests[] = {
        PROMISE(the_record_says_what_was_put),
        PROMISE(ids_increase_when_the_clock_steps_back),
        PROMISE(acknowledged_leave_pending),
        PROMISE(pending_is_paged_in_both_directions),
        PROMISE(expired_keys_are_forgotten_and_their_forms_kept),
        PROMISE(flipped_byte_is_reported_not_served),
        PROMISE(a_damaged_revision_hides_no_form),
        PROMISE(a_store_of_another_layout_is_refused),
        PROMISE(map_full_changes_nothing),
        PROMISE(what_memory_has_no_room_for_is_not_stored),
        PROMISE(survives_kill_9),
    };
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("intake_kept", tests, NULL, NULL);
}

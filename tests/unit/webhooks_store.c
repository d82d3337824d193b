/*
 * webhooks_store.c - the store of endpoints: what an operator and ziping-webhooks write does not undo each other, its
 * log is bounded, damage stays where it is, and what it notes becomes one event each in the scores.
 */
#include "store/webhooks.h"

#include "codec/event.h"
#include "scores_kit.h"

typedef struct {
    place where;
    zp_webhooks *store;
    char message[512];
} hooks;

static void reopen(hooks *h)
{
    zp_webhooks_close(&h->store);
    assert_int_equal(zp_webhooks_open(h->where.store, ZP_READ_WRITE, &h->store, h->message, sizeof h->message), ZP_OK);
}

static int open_hooks(void **state)
{
    static hooks h;
    h = (hooks){0};
    make_place(&h.where);
    reopen(&h);
    *state = &h;
    return 0;
}

static int close_hooks(void **state)
{
    hooks *h = *state;
    zp_webhooks_close(&h->store);
    remove_place(&h->where);
    return 0;
}

static zp_webhook endpoint(const char *url)
{
    zp_webhook w = {.allow_private = true,
                    .secrets = {{.bytes = {1, 2, 3}, .n = 32}, {.bytes = {4}, .n = 24, .expires_ms = 5}},
                    .secret_count = 2,
                    .wants = ZP_WANT_ALL,
                    .year = 2022,
                    .unit = "单位甲",
                    .enabled = true,
                    .created_ms = now_ms,
                    .progress = {.position = 7}};
    snprintf(w.url, sizeof w.url, "%s", url);
    return w;
}

static uint64_t add(hooks *h)
{
    static unsigned serial;
    char url[64];
    snprintf(url, sizeof url, "https://example.org/hook/%u", serial++);
    zp_webhook w = endpoint(url);
    assert_int_equal(zp_webhooks_add(h->store, &w), ZP_OK);
    return w.id;
}

static zp_webhook get(hooks *h, uint64_t id)
{
    zp_webhook w;
    assert_int_equal(zp_webhooks_get(h->store, id, &w), ZP_OK);
    return w;
}

static zp_webhook_step step_of(hooks *h, uint64_t id, uint64_t position)
{
    zp_webhook w = get(h, id);
    return (zp_webhook_step){
        .id = id, .course = w.course, .progress = {.position = position}, .address = "https://example.org"};
}

static void advance(hooks *h, zp_webhook_step *step)
{
    assert_int_equal(zp_webhooks_advance(h->store, now_ms, step, 1), ZP_OK);
}

static zp_rc rewind_it(void *context, zp_webhook *webhook)
{
    webhook->progress = (zp_webhook_progress){.position = *(uint64_t *)context};
    webhook->course++;
    return ZP_OK;
}

static zp_rc stop_it(void *context, zp_webhook *webhook)
{
    (void)context;
    webhook->enabled = false;
    return ZP_OK;
}

/* ---- records ---- */

static void what_is_added_is_there_after_a_restart(void **state)
{
    hooks *h = *state;
    zp_webhook w = endpoint("https://example.org/hook");
    assert_int_equal(zp_webhooks_add(h->store, &w), ZP_OK);
    reopen(h);
    zp_webhook back = get(h, w.id);
    assert_string_equal(back.url, w.url);
    assert_string_equal(back.unit, w.unit);
    assert_memory_equal(back.secrets, w.secrets, sizeof w.secrets);
    assert_int_equal(back.secret_count, 2);
    assert_true(back.allow_private && back.enabled && back.wants == ZP_WANT_ALL && back.year == 2022);
    assert_int_equal(back.progress.position, 7);
    assert_int_equal(back.created_ms, now_ms);
}

static void ids_are_never_given_again(void **state)
{
    hooks *h = *state;
    uint64_t first = add(h);
    assert_int_equal(zp_webhooks_remove(h->store, first), ZP_OK);
    assert_int_equal(zp_webhooks_remove(h->store, first), ZP_NOTFOUND);
    assert_int_equal(add(h), first + 1);
}

static bool count_row(void *context, const zp_webhook_row *row)
{
    uint64_t *next = context;
    assert_int_equal(row->number, (*next)++);
    return true;
}

static void the_log_keeps_the_newest_of_each_endpoint(void **state)
{
    hooks *h = *state;
    enum { ROWS = 50, TURNS = 23 };
    uint64_t id = add(h), other = add(h), next;
    zp_webhook_row rows[ROWS];
    for (uint64_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < ROWS; i++)
            rows[i] = (zp_webhook_row){.at_ms = now_ms, .number = turn * ROWS + i, .attempt = 1, .status = 200};
        zp_webhook_step steps[2] = {step_of(h, id, turn), step_of(h, other, turn)};
        steps[0].rows = rows;
        steps[0].row_count = ROWS;
        assert_int_equal(zp_webhooks_advance(h->store, now_ms, steps, 2), ZP_OK);
    }
    next = TURNS * ROWS - ZP_WEBHOOK_LOG;
    assert_int_equal(zp_webhooks_log(h->store, id, UINT64_MAX, count_row, &next), ZP_OK);
    assert_int_equal(next, TURNS * ROWS);
    next = TURNS * ROWS - 3;
    assert_int_equal(zp_webhooks_log(h->store, id, 3, count_row, &next), ZP_OK);
    assert_int_equal(next, TURNS * ROWS);
    next = 0;
    assert_int_equal(zp_webhooks_log(h->store, other, UINT64_MAX, count_row, &next), ZP_OK);
    assert_int_equal(next, 0);
    assert_int_equal(zp_webhooks_remove(h->store, id), ZP_OK);
    assert_int_equal(zp_webhooks_log(h->store, id, 3, count_row, &next), ZP_NOTFOUND);
}

/* ---- two writers ---- */

static void an_operators_position_is_not_undone_by_what_was_under_way(void **state)
{
    hooks *h = *state;
    uint64_t id = add(h), back_to = 3, version, after;
    zp_webhook w;
    zp_webhook_row row = {.at_ms = now_ms, .number = 9, .attempt = 1, .status = 200};
    zp_webhook_step step = step_of(h, id, 9);
    step.rows = &row;
    step.row_count = 1;
    step.disable = "late";
    assert_int_equal(zp_webhooks_version(h->store, &version), ZP_OK);
    assert_int_equal(zp_webhooks_change(h->store, id, rewind_it, &back_to, &w), ZP_OK);
    assert_int_equal(zp_webhooks_version(h->store, &after), ZP_OK);
    assert_int_not_equal(version, after);
    advance(h, &step);
    assert_true(step.stale);
    w = get(h, id);
    assert_int_equal(w.progress.position, 3);
    assert_true(w.enabled);
    assert_int_equal(w.logged, 1); /* it was sent all the same */
    step = step_of(h, id, 4);
    advance(h, &step);
    assert_false(step.stale);
    assert_int_equal(get(h, id).progress.position, 4);
}

static void progress_made_beside_another_change_is_kept(void **state)
{
    hooks *h = *state;
    uint64_t id = add(h);
    zp_webhook w;
    zp_webhook_step step = step_of(h, id, 9);
    assert_int_equal(zp_webhooks_change(h->store, id, stop_it, NULL, &w), ZP_OK);
    advance(h, &step);
    w = get(h, id);
    assert_false(step.stale || w.enabled);
    assert_int_equal(w.progress.position, 9);
}

static void a_step_of_an_endpoint_that_is_gone_stops_no_other(void **state)
{
    hooks *h = *state;
    uint64_t gone = add(h), id = add(h);
    zp_webhook_step steps[2] = {step_of(h, gone, 9), step_of(h, id, 9)};
    assert_int_equal(zp_webhooks_remove(h->store, gone), ZP_OK);
    assert_int_equal(zp_webhooks_advance(h->store, now_ms, steps, 2), ZP_OK);
    assert_true(steps[0].stale && !steps[1].stale);
    assert_int_equal(get(h, id).progress.position, 9);
}

static void the_same_events_are_brought_to_a_url_once(void **state)
{
    hooks *h = *state;
    zp_webhook first = endpoint("https://example.org/hook"), again = first, other = first;
    assert_int_equal(zp_webhooks_add(h->store, &first), ZP_OK);
    assert_int_equal(zp_webhooks_add(h->store, &again), ZP_EXISTS);
    assert_int_equal(again.id, first.id);
    other.wants = ZP_WANT_SCORED;
    assert_int_equal(zp_webhooks_add(h->store, &other), ZP_OK);
    other.year = 2023;
    assert_int_equal(zp_webhooks_add(h->store, &other), ZP_OK);
    assert_int_equal(zp_webhooks_remove(h->store, first.id), ZP_OK);
    assert_int_equal(zp_webhooks_add(h->store, &again), ZP_OK);
}

/* ---- damage ---- */

static bool count_one(void *context, const zp_webhook *webhook)
{
    (void)webhook;
    ++*(int *)context;
    return true;
}

static void a_damaged_endpoint_hides_no_other(void **state)
{
    hooks *h = *state;
    zp_webhook w = endpoint("https://example.org/the-damaged-one");
    int found = 0;
    add(h);
    assert_int_equal(zp_webhooks_add(h->store, &w), ZP_OK);
    add(h);
    zp_webhooks_close(&h->store);
    assert_true(flip_on_disk(&h->where, ZP_STR("the-damaged-one")) > 0);
    reopen(h);
    assert_int_equal(zp_webhooks_get(h->store, w.id, &w), ZP_CORRUPT);
    assert_int_equal(zp_webhooks_each(h->store, count_one, &found), ZP_OK);
    assert_int_equal(found, 2);
}

/* ---- notices ---- */

typedef struct {
    zp_notice items[64];
    size_t count;
} notices;

static bool note(void *context, const zp_notice *notice)
{
    notices *n = context;
    n->items[n->count] = *notice;
    n->items[n->count].address = ZP_STR("https://example.org");
    n->items[n->count++].reason = ZP_STR("gone");
    return n->count < 64;
}

static void disable_by_failure(hooks *h, uint64_t id)
{
    zp_webhook_step step = step_of(h, id, 7);
    step.progress.failing_since_ms = now_ms - 5000;
    step.disable = "gone";
    advance(h, &step);
}

static void a_disabled_endpoint_leaves_one_notice(void **state)
{
    hooks *h = *state;
    zp_notice_mark newest;
    notices found = {.count = 0};
    uint64_t id = add(h);
    assert_int_equal(zp_webhooks_newest_notice(h->store, &newest), ZP_OK);
    assert_int_equal(newest.serial, 0);
    disable_by_failure(h, id);
    disable_by_failure(h, id);
    assert_string_equal(get(h, id).reason, "gone");
    reopen(h);
    assert_int_equal(zp_webhooks_notices(h->store, 0, note, &found), ZP_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].endpoint, id);
    assert_int_equal(found.items[0].failing_since_ms, now_ms - 5000);
    assert_int_equal(found.items[0].mark.serial, 1);
    assert_memory_equal(found.items[0].mark.store, newest.store, sizeof newest.store);
}

static void notices_become_one_event_each(void **state)
{
    hooks *h = *state;
    void *scores = NULL;
    notices found = {.count = 0};
    uint64_t last = 0, seq;
    zp_notice_mark told;
    assert_int_equal(set_up(&scores), 0);
    fixture *f = scores;
    for (int i = 0; i < 3; i++)
        disable_by_failure(h, add(h));
    assert_int_equal(zp_webhooks_notices(h->store, 0, note, &found), ZP_OK);
    zp_status status = status_of(f, "p", 1, 9000);
    commit_one(f, &status);
    assert_int_equal(zp_scores_announced(f->store, &told), ZP_OK);
    assert_int_equal(told.serial, 0);
    assert_int_equal(zp_scores_announce(f->store, now_ms, found.items, 2, &last), ZP_OK);
    assert_int_equal(last, 3);
    assert_int_equal(zp_scores_announce(f->store, now_ms, found.items, 3, &last), ZP_OK);
    assert_int_equal(last, 4);
    assert_int_equal(zp_scores_announced(f->store, &told), ZP_OK);
    assert_int_equal(told.serial, 3);

    found.items[1].mark.at_ms++; /* of the same store, restored from when it had one */
    assert_int_equal(zp_scores_announce(f->store, now_ms, found.items, 2, &last), ZP_OK);
    assert_int_equal(last, 5);
    found.items[0].mark.store[0] ^= 1; /* another store's first */
    assert_int_equal(zp_scores_announce(f->store, now_ms, found.items, 1, &last), ZP_OK);
    assert_int_equal(last, 6);
    assert_int_equal(zp_scores_last(f->reader, &seq), ZP_OK);
    assert_int_equal(seq, 6);
    assert_int_equal(tear_down(&scores), 0);
}

static void a_notice_as_an_event_says_what_it_was_made_of(void **state)
{
    (void)state;
    zp_notice back, notice = {.mark = {.store = {0xab, 1}, .serial = 5, .at_ms = now_ms},
                              .endpoint = 12,
                              .address = ZP_STR("https://example.org"),
                              .reason = ZP_STR("gone"),
                              .failing_since_ms = now_ms - 1000};
    zp_buf frozen = ZP_BUF_INIT, json = ZP_BUF_INIT, again = ZP_BUF_INIT;
    char topic[ZP_TOPIC_MAX];
    uint64_t seq;
    int64_t at_ms;
    zp_notice_pack(&notice, 42, now_ms + 1, &frozen);
    zp_str bytes = zp_buf_view(&frozen);
    assert_int_equal(zp_event_write_json(bytes, &json), ZP_OK);
    zp_buf_char(&json, '\0');
    assert_string_equal(json.p,
                        "{\"specversion\":\"1.0\",\"id\":\"42\",\"source\":\"/webhooks\","
                        "\"type\":\"ziping.webhook.disabled\",\"subject\":\"12\",\"time\":\"2023-11-14T22:13:20.001Z\","
                        "\"datacontenttype\":\"application/json\",\"sequence\":\"00000000000000000042\",\"data\":{"
                        "\"endpoint\":12,\"address\":\"https://example.org\",\"reason\":\"gone\","
                        "\"failing_since\":\"2023-11-14T22:13:19.000Z\",\"disabled_at\":\"2023-11-14T22:13:20.000Z\","
                        "\"store\":\"ab010000000000000000000000000000\",\"notice\":5}}");
    assert_int_equal(zp_event_topic(bytes, topic), ZP_OK);
    assert_string_equal(topic, "webhook/12");
    assert_int_equal(zp_notice_read(bytes, &back, &seq, &at_ms), ZP_OK);
    zp_notice_pack(&back, seq, at_ms, &again);
    assert_true(zp_str_eq(zp_buf_view(&again), bytes));
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_not_equal(zp_notice_read((zp_str){bytes.p, n}, &back, &seq, &at_ms), ZP_OK);
    zp_buf_free(&frozen);
    zp_buf_free(&json);
    zp_buf_free(&again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_hooks, close_hooks)

int main(void)
{
    zp_log_open("test", ZP_ERROR);
    const struct CMUnitTest tests[] = {
        TEST(what_is_added_is_there_after_a_restart),
        TEST(ids_are_never_given_again),
        TEST(the_log_keeps_the_newest_of_each_endpoint),
        TEST(an_operators_position_is_not_undone_by_what_was_under_way),
        TEST(progress_made_beside_another_change_is_kept),
        TEST(a_step_of_an_endpoint_that_is_gone_stops_no_other),
        TEST(the_same_events_are_brought_to_a_url_once),
        TEST(a_damaged_endpoint_hides_no_other),
        TEST(a_disabled_endpoint_leaves_one_notice),
        TEST(notices_become_one_event_each),
        cmocka_unit_test(a_notice_as_an_event_says_what_it_was_made_of),
    };
    return cmocka_run_group_tests_name("webhooks_store", tests, NULL, NULL);
}

/*
 * subscriber.c - the subscribers' library as a C program meets it, towards a notifier that the test plays: what it
 * asks, what it hands out, and what it says when the log and its position do not fit.
 */
#include "base/big_endian.h"
#include "codec/mp.h"
#include "ziping_subscriber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

enum { GUARD_MS = 20000, TURN_MS = 20 };

typedef struct {
    char folder[64], publish_at[96], replay_at[96];
    void *context, *publish, *replay;
    ziping_subscriber *subscriber;
    uint8_t peer[256];
    int peer_n;
} world;

/* {"type": "t", "data": {status, outcome, grade, unit, unit_code, year}} with fixed members: what a topic needs. */
static size_t freeze(char *out, const char *state, const char *unit)
{
    char *p = out;
    const char *const pairs[] = {"status", state, "outcome", "consistent", "grade", "A", "unit", unit};
    p = mempcpy(p,
                "\x82\xa4type\xa1t\xa4"
                "data",
                13);
    *p++ = '\x86';
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        *p++ = (char)(0xa0 | strlen(pairs[i]));
        p = mempcpy(p, pairs[i], strlen(pairs[i]));
    }
    p = mempcpy(p, "\xa9unit_code\xc0\xa4year\xcd\x07\xe6", 19);
    return (size_t)(p - out);
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->folder, "/tmp/zp-subscriber-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->publish_at, sizeof w->publish_at, "ipc://%s/publish", w->folder);
    snprintf(w->replay_at, sizeof w->replay_at, "ipc://%s/replay", w->folder);
    w->context = zmq_ctx_new();
    w->publish = zmq_socket(w->context, ZMQ_XPUB);
    w->replay = zmq_socket(w->context, ZMQ_ROUTER);
    int guard = GUARD_MS, none = 0;
    void *both[] = {w->publish, w->replay};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_setsockopt(both[i], ZMQ_RCVTIMEO, &guard, sizeof guard), 0);
        assert_int_equal(zmq_setsockopt(both[i], ZMQ_LINGER, &none, sizeof none), 0);
    }
    assert_int_equal(zmq_bind(w->publish, w->publish_at), 0);
    assert_int_equal(zmq_bind(w->replay, w->replay_at), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    ziping_subscriber_close(&w->subscriber);
    zmq_close(w->publish);
    zmq_close(w->replay);
    zmq_ctx_term(w->context);
    rmdir(w->folder);
    free(w);
    return 0;
}

static void open_after(world *w, uint64_t after, const char *filter)
{
    ziping_subscriber_options options = ZIPING_SUBSCRIBER_OPTIONS;
    options.publish = w->publish_at;
    options.replay = w->replay_at;
    options.after = after;
    options.filter = filter;
    assert_int_equal(ziping_subscriber_open(&options, &w->subscriber), ZIPING_OK);
    char subscription[8];
    assert_int_equal(zmq_recv(w->publish, subscription, sizeof subscription, 0), 1);
}

/* ---- the notifier's part ---- */

/* The next question, which must be about what comes after this number. Nothing is handed out meanwhile. */
static void take_question(world *w, uint64_t after)
{
    char verb[8];
    uint8_t number[8], credit[4];
    const ziping_subscriber_event *event;
    zmq_pollitem_t item = {.socket = w->replay, .events = ZMQ_POLLIN};
    while (!(item.revents & ZMQ_POLLIN)) {
        assert_int_equal(ziping_subscriber_next(w->subscriber, TURN_MS, &event), ZIPING_TIMEOUT);
        assert_null(event);
        assert_true(zmq_poll(&item, 1, 0) >= 0);
    }
    w->peer_n = zmq_recv(w->replay, w->peer, sizeof w->peer, 0);
    assert_int_equal(zmq_recv(w->replay, verb, sizeof verb, 0), 5);
    assert_memory_equal(verb, "AFTER", 5);
    assert_int_equal(zmq_recv(w->replay, number, sizeof number, 0), 8);
    assert_int_equal(zmq_recv(w->replay, credit, sizeof credit, 0), 4);
    assert_int_equal(zp_be64((const char *)number), after);
}

static void send_number(void *socket, uint64_t n, int flags)
{
    uint8_t number[8];
    zp_be64_put(number, n);
    assert_int_equal(zmq_send(socket, number, sizeof number, flags), 8);
}

static void begin_answer(world *w, const char *verb)
{
    assert_true(zmq_send(w->replay, w->peer, (size_t)w->peer_n, ZMQ_SNDMORE) > 0);
    assert_true(zmq_send(w->replay, verb, strlen(verb), ZMQ_SNDMORE) > 0);
}

/* Events from `from` to `to`, of unit u; `damaged` comes without bytes. */
static void answer(world *w, uint64_t asked, uint64_t newest, uint64_t from, uint64_t to, uint64_t damaged)
{
    char frozen[256];
    begin_answer(w, "EVENTS");
    send_number(w->replay, newest, ZMQ_SNDMORE);
    send_number(w->replay, asked, ZMQ_SNDMORE);
    send_number(w->replay, from <= to ? to : asked, ZMQ_SNDMORE);
    assert_int_equal(zmq_send(w->replay, "\0", 1, ZMQ_SNDMORE), 1);
    zp_buf events = {0};
    msgpack_packer packer;
    zp_mp_packer(&packer, &events);
    for (uint64_t n = from; n <= to; n++) {
        msgpack_pack_array(&packer, 2);
        msgpack_pack_uint64(&packer, n);
        zp_mp_put_bin(&packer, frozen, n == damaged ? 0 : freeze(frozen, "scored", "u"));
    }
    assert_true(zmq_send(w->replay, zp_buf_view(&events).p, events.n, 0) >= 0);
    zp_buf_free(&events);
}

static void publish(world *w, const char *topic, uint64_t number, const char *state, const char *unit)
{
    char frozen[256];
    size_t size = state ? freeze(frozen, state, unit) : 0;
    assert_true(zmq_send(w->publish, topic, strlen(topic), ZMQ_SNDMORE) >= 0);
    send_number(w->publish, number, ZMQ_SNDMORE);
    assert_true(zmq_send(w->publish, frozen, size, 0) >= 0);
}

/* ---- the program's part ---- */

static const ziping_subscriber_event *next(world *w, uint64_t number)
{
    const ziping_subscriber_event *event;
    assert_int_equal(ziping_subscriber_next(w->subscriber, GUARD_MS, &event), ZIPING_OK);
    assert_int_equal(event->number, number);
    return event;
}

static int code_of_next(world *w)
{
    const ziping_subscriber_event *event;
    int code = ziping_subscriber_next(w->subscriber, GUARD_MS, &event);
    assert_null(event);
    return code;
}

static void replay_and_live_are_joined(void **state)
{
    world *w = *state;
    open_after(w, 2, NULL);
    take_question(w, 2);
    publish(w, "scored/2022/u/A/consistent", 5, "scored", "u"); /* while it is asking */
    answer(w, 2, 4, 3, 4, 0);
    next(w, 3);
    const ziping_subscriber_event *event = next(w, 4);
    const char *json;
    assert_string_equal(event->topic, "scored/2022/u/A/consistent");
    assert_int_equal(ziping_subscriber_json(w->subscriber, &json), ZIPING_OK);
    assert_non_null(strstr(json, "\"unit\":\"u\",\"unit_code\":null,\"year\":2022"));
    next(w, 5);
    assert_int_equal(ziping_subscriber_position(w->subscriber), 5);
}

static void a_beat_shows_what_was_lost_in_silence(void **state)
{
    world *w = *state;
    open_after(w, 0, NULL);
    take_question(w, 0);
    answer(w, 0, 1, 1, 1, 0);
    next(w, 1);
    publish(w, "beat", 3, NULL, NULL);
    take_question(w, 1);
    answer(w, 1, 3, 2, 3, 0);
    next(w, 2);
    next(w, 3);
}

static void a_filter_passes_over_and_the_position_moves(void **state)
{
    world *w = *state;
    open_after(w, 0, "failed/");
    take_question(w, 0);
    answer(w, 0, 4, 1, 4, 3);
    const ziping_subscriber_event *event = next(w, 3); /* damaged: nobody knows whether it fits */
    const char *json;
    assert_int_equal(event->size, 0);
    assert_string_equal(event->topic, "");
    assert_int_equal(ziping_subscriber_json(w->subscriber, &json), ZIPING_DAMAGED);
    assert_null(json);
    publish(w, "", 5, "scored", "u");
    publish(w, "", 7, "failed", "u"); /* 6 is lost: a gap is noticed although the filter would have passed it over */
    take_question(w, 5);
    assert_int_equal(ziping_subscriber_position(w->subscriber), 5);
    answer(w, 5, 7, 6, 6, 0);
    take_question(w, 6);
    begin_answer(w, "ERROR");
    assert_true(zmq_send(w->replay, "later", 5, 0) > 0);
    take_question(w, 6);
    answer(w, 6, 7, 7, 7, 0);
    publish(w, "", 8, "failed", "v");
    event = next(w, 8);
    assert_string_equal(event->topic, "failed/2022/v/A/consistent");
    assert_int_equal(ziping_subscriber_position(w->subscriber), 8);
}

static void from_now_begins_with_what_comes(void **state)
{
    world *w = *state;
    open_after(w, ZIPING_FROM_NOW, NULL);
    assert_int_equal(ziping_subscriber_position(w->subscriber), ZIPING_FROM_NOW);
    take_question(w, 0);
    answer(w, 0, 40, 1, 0, 0);
    publish(w, "", 40, "scored", "u");
    publish(w, "", 41, "scored", "u");
    next(w, 41);
}

static void a_log_that_begins_later_says_where(void **state)
{
    world *w = *state;
    open_after(w, 5, NULL);
    take_question(w, 5);
    begin_answer(w, "GONE");
    send_number(w->replay, 6, ZMQ_SNDMORE); /* 6 is what it wants: no answer to this question */
    send_number(w->replay, 5, 0);
    take_question(w, 5);
    begin_answer(w, "GONE");
    send_number(w->replay, 101, ZMQ_SNDMORE);
    send_number(w->replay, 5, 0);
    assert_int_equal(code_of_next(w), ZIPING_GONE);
    assert_int_equal(ziping_subscriber_first(w->subscriber), 101);
    assert_int_equal(ziping_subscriber_position(w->subscriber), 5);
    take_question(w, 5);
}

static void a_log_that_has_become_shorter_is_told(void **state)
{
    world *w = *state;
    open_after(w, 5, NULL);
    take_question(w, 5);
    answer(w, 5, 5, 1, 0, 0);
    publish(w, "beat", 3, NULL, NULL);
    take_question(w, 5);
    answer(w, 5, 3, 1, 0, 0);
    assert_int_equal(code_of_next(w), ZIPING_AHEAD);
}

static void an_answer_that_lacks_the_next_event_is_asked_again_then_told(void **state)
{
    world *w = *state;
    open_after(w, 0, NULL);
    take_question(w, 0);
    answer(w, 0, 3, 2, 3, 0);
    take_question(w, 0);
    answer(w, 0, 3, 1, 3, 0); /* it was there after all */
    next(w, 1);
    next(w, 2);
    next(w, 3);
    publish(w, "beat", 6, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        take_question(w, 3);
        answer(w, 3, 6, 5, 6, 0);
    }
    assert_int_equal(code_of_next(w), ZIPING_MISSING);
    assert_int_equal(ziping_subscriber_position(w->subscriber), 3);
    take_question(w, 3);
    answer(w, 3, 6, 4, 6, 0);
    next(w, 4);
}

static void messages_of_another_shape_change_nothing(void **state)
{
    world *w = *state;
    open_after(w, 0, NULL);
    take_question(w, 0);
    answer(w, 0, 0, 1, 0, 0);
    assert_int_equal(zmq_send(w->publish, "beat", 4, 0), 4);
    assert_int_equal(zmq_send(w->publish, "", 0, ZMQ_SNDMORE), 0);
    assert_int_equal(zmq_send(w->publish, "123", 3, ZMQ_SNDMORE), 3);
    assert_int_equal(zmq_send(w->publish, "x", 1, 0), 1);
    publish(w, "", 1, "scored", "u");
    next(w, 1);
    publish(w, "", 0, "scored", "u");
    publish(w, "", 1, "scored", "u");
    publish(w, "", 2, "scored", "u");
    next(w, 2);
}

static void what_makes_no_sense_is_invalid(void **state)
{
    world *w = *state;
    static const char good[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    const struct {
        const char *publish, *replay, *server_key, *secret_key;
    } wrong[] = {{NULL, "ipc:///r", NULL, NULL},
                 {"ipc:///p", NULL, NULL, NULL},
                 {"nonsense", "ipc:///r", NULL, NULL},
                 {"ipc:///p", "http://x", NULL, NULL},
                 {"ipc:///p", "ipc:///r", good, NULL},
                 {"ipc:///p", "ipc:///r", NULL, good},
                 {"ipc:///p", "ipc:///r", "short", good},
                 {"ipc:///p", "ipc:///r", good, "\"q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ziping_subscriber_options options = ZIPING_SUBSCRIBER_OPTIONS;
        options.publish = wrong[i].publish;
        options.replay = wrong[i].replay;
        options.server_key = wrong[i].server_key;
        options.secret_key = wrong[i].secret_key;
        assert_int_equal(ziping_subscriber_open(&options, &w->subscriber), ZIPING_INVALID);
        assert_null(w->subscriber);
    }
    for (int code = -1; code < 12; code++)
        assert_true(strlen(ziping_subscriber_strerror(code)) > 0);
}

static void nobody_there_is_a_timeout_and_many_share_one_context(void **state)
{
    (void)state;
    ziping_subscriber *many[3];
    const ziping_subscriber_event *event;
    const char *json;
    ziping_subscriber_options options = ZIPING_SUBSCRIBER_OPTIONS;
    options.publish = options.replay = "ipc:///nonexistent-folder/x";
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ziping_subscriber_open(&options, &many[i]), ZIPING_OK);
        assert_int_equal(ziping_subscriber_next(many[i], 0, &event), ZIPING_TIMEOUT);
        assert_int_equal(ziping_subscriber_json(many[i], &json), ZIPING_INVALID);
    }
    for (int i = 0; i < 3; i++) {
        ziping_subscriber_close(&many[i]);
        ziping_subscriber_close(&many[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replay_and_live_are_joined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_beat_shows_what_was_lost_in_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_filter_passes_over_and_the_position_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_now_begins_with_what_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_log_that_begins_later_says_where, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_log_that_has_become_shorter_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_lacks_the_next_event_is_asked_again_then_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(messages_of_another_shape_change_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_invalid, set_up, tear_down),
        cmocka_unit_test(nobody_there_is_a_timeout_and_many_share_one_context),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

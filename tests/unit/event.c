/*
 * event.c - events: CloudEvents 1.0 in the promised order, frozen, with topics that cannot be forged by a unit's name.
 */
#include "codec/event.h"
#include "codec/event_brief.h"
#include "codec/event_read.h"
#include "codec/mp.h"
#include "codec/notice.h"
#include "status_kit.h"

static char *json_of(const zp_buf *frozen)
{
    zp_buf out = ZP_BUF_INIT;
    assert_int_equal(zp_event_write_json(zp_buf_view(frozen), &out), ZP_OK);
    zp_buf_char(&out, '\0');
    assert_false(out.failed);
    return out.p;
}

static void assert_event(const zp_status *status, const char *expected)
{
    zp_buf frozen = ZP_BUF_INIT;
    zp_event_pack(status, kit_received_ms + 20, &frozen);
    char *json = json_of(&frozen);
    assert_string_equal(json, expected);
    free(json);
    zp_buf_free(&frozen);
}

static void a_scored_event_carries_the_totals(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_scored(r);
    assert_event(&status,
                 "{\"specversion\":\"1.0\",\"id\":\"42\",\"source\":\"/v1/submissions\","
                 "\"type\":\"ziping.submission.scored\",\"subject\":\"0195f2d4-7c1a-7b3e-8f00-123456789001\","
                 "\"time\":\"2022-03-01T08:15:30.143Z\",\"datacontenttype\":\"application/json\","
                 "\"sequence\":\"00000000000000000042\",\"data\":{\"status\":\"scored\",\"outcome\":\"discrepant\","
                 "\"declared_total\":\"97.60\",\"computed_total\":\"99.61\",\"confirmed_total\":\"97.60\","
                 "\"grade\":\"优\",\"unit\":\"上海市人力资源和社会保障局咨询服务中心\",\"unit_code\":null,"
                 "\"department\":\"上海市人力资源和社会保障局\",\"project_name\":\"12333热线咨询平台项目经费\","
                 "\"year\":2022,\"revision\":1,"
                 "\"digest\":\"sha-256=:Bzl9Yz8lpxAZkKdYZK4D1aO5rAfE7WrMvFLL/X18E7Q=:\",\"superseded_by\":null}}");
    forget(r);
}

static void what_is_not_known_is_null(void **state)
{
    (void)state;
    zp_status status = {.id = kit_id(1),
                        .state = ZP_FAILED,
                        .seq = UINT64_MAX,
                        .year = 2023,
                        .project_name = ZP_STR("a \"b\"\n"),
                        .unit_code = ZP_STR("310000"),
                        .revision = 2,
                        .has_superseded_by = true,
                        .superseded_by = kit_id(2)};
    assert_event(&status,
                 "{\"specversion\":\"1.0\",\"id\":\"18446744073709551615\",\"source\":\"/v1/submissions\","
                 "\"type\":\"ziping.submission.failed\",\"subject\":\"0195f2d4-7c1a-7b3e-8f00-123456789001\","
                 "\"time\":\"2022-03-01T08:15:30.143Z\",\"datacontenttype\":\"application/json\","
                 "\"sequence\":\"18446744073709551615\",\"data\":{\"status\":\"failed\",\"outcome\":null,"
                 "\"declared_total\":null,\"computed_total\":null,\"confirmed_total\":null,\"grade\":null,"
                 "\"unit\":null,\"unit_code\":\"310000\",\"department\":null,\"project_name\":\"a \\\"b\\\"\\n\","
                 "\"year\":2023,\"revision\":2,"
                 "\"digest\":\"sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\","
                 "\"superseded_by\":\"0195f2d4-7c1a-7b3e-8f00-123456789002\"}}");
}

static void unknown_and_negative_totals_keep_their_meaning(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_everything(r);
    zp_buf frozen = ZP_BUF_INIT;
    zp_event_pack(&status, kit_received_ms, &frozen);
    char *json = json_of(&frozen);
    assert_non_null(strstr(json, "\"type\":\"ziping.submission.superseded\""));
    assert_non_null(strstr(json, "\"declared_total\":null,\"computed_total\":\"-0.05\",\"confirmed_total\":\"97.60\","
                                 "\"grade\":null"));
    free(json);
    zp_buf_free(&frozen);
    forget(r);
}

/* A release that adds members reads older events unchanged, and this one passes later ones on. */
static void later_members_are_passed_on(void **state)
{
    (void)state;
    zp_buf frozen = ZP_BUF_INIT;
    msgpack_packer p;
    zp_mp_packer(&p, &frozen);
    msgpack_pack_map(&p, 2);
    zp_mp_put_c(&p, "specversion");
    zp_mp_put_c(&p, "1.0");
    zp_mp_put_c(&p, "later");
    msgpack_pack_map(&p, 1);
    zp_mp_put_c(&p, "n");
    msgpack_pack_uint64(&p, 7);
    char *json = json_of(&frozen);
    assert_string_equal(json, "{\"specversion\":\"1.0\",\"later\":{\"n\":7}}");
    free(json);
    zp_buf_free(&frozen);
}

static void a_corrupt_event_leaves_the_output_as_it_was(void **state)
{
    (void)state;
    zp_buf out = ZP_BUF_INIT;
    zp_buf_lit(&out, "before");
    assert_int_equal(zp_event_write_json(ZP_STR("\x81\xa1n\xcb\0\0\0\0\0\0\0\0"), &out), ZP_CORRUPT);
    assert_int_equal(zp_event_write_json(ZP_STR("\x81\xa1n\xa1\xff"), &out), ZP_CORRUPT);
    assert_int_equal(zp_event_write_json(ZP_STR("\x81\xc0\xa1x"), &out), ZP_CORRUPT);
    assert_int_equal(zp_event_write_json(ZP_STR("\x80\x80"), &out), ZP_CORRUPT);
    assert_int_equal(zp_event_write_json(ZP_STR(""), &out), ZP_CORRUPT);
    assert_text(zp_buf_view(&out), "before");
    zp_buf_free(&out);
}

/* ---- filters ---- */

static void assert_type_is_known(zp_buf *frozen)
{
    zp_event_brief brief;
    assert_int_equal(zp_event_skim(zp_buf_view(frozen), &brief), ZP_OK);
    if (!zp_event_is_type(brief.type))
        fail_msg("%.*s cannot be filtered by", (int)brief.type.n, brief.type.p);
    zp_event_filter filter = {.type = brief.type};
    assert_true(zp_event_matches(&filter, &brief));
    size_t whole = filter.type.n;
    while (filter.type.p[filter.type.n - 1] != '.')
        filter.type.n--;
    filter.type = (zp_str){brief.type.p + filter.type.n, whole - filter.type.n};
    assert_true(zp_event_is_type(filter.type) && zp_event_matches(&filter, &brief));
    zp_buf_clear(frozen);
}

static void every_type_can_be_filtered_by_and_no_misspelt_one(void **state)
{
    static const char *const wrong[] = {"",  "score",  "Scored",        "scored, failed",    "scored,",
                                        ",", "queued", "ziping.scored", "submission.scored", " scored"};
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_scored(r);
    zp_buf frozen = ZP_BUF_INIT;
    for (zp_state kind = ZP_SCORED; kind < ZP_STATES; kind++) {
        status.state = kind;
        zp_event_pack(&status, kit_received_ms, &frozen);
        assert_type_is_known(&frozen);
    }
    zp_notice_pack(&(zp_notice){.address = ZP_STR("https://a.cn"), .reason = ZP_STR("gone")}, 1, 2, &frozen);
    assert_type_is_known(&frozen);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (zp_event_is_type(zp_str_of(wrong[i])))
            fail_msg("\"%s\" is taken for a type", wrong[i]);
    zp_buf_free(&frozen);
    forget(r);
}

/* ---- topics ---- */

static void assert_topic(const zp_status *status, const char *expected)
{
    char topic[ZP_TOPIC_MAX];
    zp_buf frozen = ZP_BUF_INIT;
    zp_event_pack(status, kit_received_ms, &frozen);
    assert_int_equal(zp_event_topic(zp_buf_view(&frozen), topic), ZP_OK);
    assert_string_equal(topic, expected);
    zp_buf_free(&frozen);
}

static void topics_say_state_year_unit_grade_and_outcome(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_scored(r);
    assert_topic(&status, "scored/2022/上海市人力资源和社会保障局咨询服务中心/优/discrepant");
    status.unit_code = ZP_STR("310000.x-y_z");
    assert_topic(&status, "scored/2022/310000.x-y_z/优/discrepant");
    status.result.discrepant = false;
    assert_topic(&status, "scored/2022/310000.x-y_z/优/consistent");
    status.result.grade = ZP_GRADE_NONE;
    assert_topic(&status, "scored/2022/310000.x-y_z/-/consistent");
    status.state = ZP_FAILED;
    status.has_result = false;
    status.unit = status.unit_code = ZP_ABSENT;
    status.year = 0;
    assert_topic(&status, "failed/0/-/-/-");
    forget(r);
}

static void a_units_name_stays_one_part_of_the_topic(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_scored(r);
    status.unit = ZP_STR("a/b\nc/优");
    assert_topic(&status, "scored/2022/a_b_c_优/优/discrepant");
    char name[ZP_MAX_CELL + 1] = "x", expected[ZP_TOPIC_MAX] = "scored/2022/x";
    for (int i = 0; i < 1000; i++)
        strcat(name, "单");
    for (int i = 0; i < 31; i++) /* 1 + 31 × 3 = 94 bytes; a further character would not fit into 96 */
        strcat(expected, "单");
    strcat(expected, "/优/discrepant");
    status.unit = zp_str_of(name);
    assert_topic(&status, expected);
    forget(r);
}

static void what_has_no_topic_is_corrupt(void **state)
{
    (void)state;
    char topic[ZP_TOPIC_MAX];
    assert_int_equal(zp_event_topic(ZP_STR(""), topic), ZP_CORRUPT);
    assert_int_equal(zp_event_topic(ZP_STR("\x80"), topic), ZP_CORRUPT);
    assert_int_equal(zp_event_topic(ZP_STR("\x81\xa4"
                                           "data\x80"),
                                    topic),
                     ZP_CORRUPT);
}

static void what_was_frozen_is_read_back(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_scored(r);
    char digest[ZP_DIGEST_TEXT + 1];
    zp_buf frozen = ZP_BUF_INIT;
    zp_event event;
    status.state = ZP_SUPERSEDED;
    status.has_superseded_by = true;
    status.superseded_by = kit_id(2);
    zp_event_pack(&status, kit_received_ms + 20, &frozen);
    assert_int_equal(zp_event_read(zp_buf_view(&frozen), &event), ZP_OK);
    zp_digest_format(&status.digest, digest);
    assert_int_equal(event.number, status.seq);
    assert_int_equal(event.sequence, status.seq);
    assert_int_equal(event.time_ms, kit_received_ms + 20);
    assert_string_equal(event.digest, digest);
    assert_true(event.has_result);
    assert_int_equal(event.status.state, ZP_SUPERSEDED);
    assert_int_equal(event.status.year, 2022);
    assert_int_equal(event.status.revision, status.revision);
    assert_memory_equal(&event.status.id, &status.id, sizeof status.id);
    assert_memory_equal(&event.status.superseded_by, &status.superseded_by, sizeof status.superseded_by);
    assert_true(zp_str_eq(event.status.project_name, status.project_name));
    assert_true(zp_str_eq(event.status.unit, status.unit));
    assert_true(zp_str_eq(event.status.department, status.department));
    assert_false(zp_str_present(event.status.unit_code));
    for (size_t n = 0; n < frozen.n; n++)
        assert_int_equal(zp_event_read((zp_str){frozen.p, n}, &event), ZP_CORRUPT);
    zp_buf_free(&frozen);
    forget(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scored_event_carries_the_totals),
        cmocka_unit_test(what_is_not_known_is_null),
        cmocka_unit_test(unknown_and_negative_totals_keep_their_meaning),
        cmocka_unit_test(later_members_are_passed_on),
        cmocka_unit_test(what_was_frozen_is_read_back),
        cmocka_unit_test(a_corrupt_event_leaves_the_output_as_it_was),
        cmocka_unit_test(every_type_can_be_filtered_by_and_no_misspelt_one),
        cmocka_unit_test(topics_say_state_year_unit_grade_and_outcome),
        cmocka_unit_test(a_units_name_stays_one_part_of_the_topic),
        cmocka_unit_test(what_has_no_topic_is_corrupt),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

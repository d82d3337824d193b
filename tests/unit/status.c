/*
 * status.c - the status record and the document that clients read: what the worker wrote is what they see, in the
 * promised order. Documents are read with jansson, which keeps the order of members.
 */
#include "status_kit.h"

#include <jansson.h>

static const unsigned overdue_ms = 60000;

/* ---- documents ---- */

static json_t *document_of(const zp_status *status)
{
    zp_arena *arena = zp_arena_new(4096);
    zp_buf out = ZP_BUF_INIT;
    json_error_t error;
    assert_non_null(arena);
    zp_status_write_json(status, overdue_ms, arena, &out);
    assert_false(out.failed);
    json_t *document = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        fail_msg("%s in %.*s", error.text, (int)out.n, out.p);
    zp_buf_free(&out);
    zp_arena_destroy(&arena);
    return document;
}

/* The names of the object's members, as they stand there. */
static void assert_members(const json_t *object, const char *expected)
{
    char names[512] = "";
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        (void)value;
        if (*names)
            strcat(names, " ");
        strcat(names, name);
    }
    assert_string_equal(names, expected);
}

/* "result.flags.0.code" in the document. */
static const json_t *at(const json_t *value, const char *path)
{
    char copy[128], *rest = copy;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *part; (part = strsep(&rest, "."));) {
        value = json_is_array(value) ? json_array_get(value, strtoul(part, NULL, 10)) : json_object_get(value, part);
        if (!value)
            fail_msg("there is no \"%s\" of \"%s\"", part, path);
    }
    return value;
}

static void assert_at(const json_t *document, const char *path, const char *expected)
{
    const json_t *value = at(document, path);
    if (!json_is_string(value))
        fail_msg("\"%s\" is no text", path);
    assert_string_equal(json_string_value(value), expected);
}

static void assert_null_at(const json_t *document, const char *path)
{
    if (!json_is_null(at(document, path)))
        fail_msg("\"%s\" is not null", path);
}

#define ROOT                                                                                                           \
    "id status outcome year project_name unit department revision superseded_by received_at scored_at overdue_at "     \
    "receipt"

static void the_document_says_what_was_declared_computed_and_confirmed(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_scored(r);
    json_t *d = document_of(&status);
    assert_members(d, ROOT " result");
    assert_members(at(d, "receipt"), "digest received_at idempotency_key");
    assert_members(at(d, "result"), "profile engine declared_total computed_total confirmed_total grade declared_grade "
                                    "machine_verified_weight execution indicators flags");
    assert_members(at(d, "result.profile"), "name version hash");
    assert_members(at(d, "result.execution"), "rate declared computed confirmed basis formula explanation message");
    assert_members(at(d, "result.indicators.0"),
                   "level3 weight declared computed confirmed basis formula explanation message");
    assert_at(d, "id", "0195f2d4-7c1a-7b3e-8f00-123456789001");
    assert_at(d, "status", "scored");
    assert_at(d, "outcome", "discrepant");
    assert_int_equal(json_integer_value(at(d, "year")), 2022);
    assert_at(d, "project_name", "12333热线咨询平台项目经费");
    assert_at(d, "department", "上海市人力资源和社会保障局");
    assert_int_equal(json_integer_value(at(d, "revision")), 1);
    assert_null_at(d, "superseded_by");
    assert_at(d, "received_at", "2022-03-01T08:15:30.123Z");
    assert_at(d, "scored_at", "2022-03-01T08:15:30.135Z");
    assert_at(d, "overdue_at", "2022-03-01T08:16:30.123Z");
    /* printf form | openssl dgst -sha256 -binary | base64 */
    assert_at(d, "receipt.digest", "sha-256=:Bzl9Yz8lpxAZkKdYZK4D1aO5rAfE7WrMvFLL/X18E7Q=:");
    assert_at(d, "receipt.idempotency_key", "k-1");
    assert_at(d, "result.profile.name", "mof-2020");
    assert_at(d, "result.profile.hash", kit_profile.hash);
    assert_at(d, "result.engine", ZP_ENGINE_VERSION);
    assert_at(d, "result.declared_total", "97.60");
    assert_at(d, "result.computed_total", "99.61");
    assert_at(d, "result.confirmed_total", "97.60");
    assert_at(d, "result.grade", "优");
    assert_at(d, "result.declared_grade", "优");
    assert_at(d, "result.machine_verified_weight", "85");
    assert_at(d, "result.execution.rate", "100.00%");
    assert_at(d, "result.execution.declared", "10");
    assert_at(d, "result.execution.computed", "10.00");
    assert_at(d, "result.indicators.5.level3", "综合服务率");
    assert_at(d, "result.indicators.5.declared", "7.6");
    assert_at(d, "result.indicators.5.computed", "9.61");
    assert_at(d, "result.indicators.5.confirmed", "7.60");
    assert_at(d, "result.indicators.5.basis", "formula");
    assert_at(d, "result.indicators.5.formula", "76.89 ÷ 80 × 10");
    assert_int_equal(json_array_size(at(d, "result.indicators.5.explanation")), 2);
    assert_at(d, "result.indicators.5.explanation.0", "ACTUAL_X_WEIGHT");
    assert_at(d, "result.indicators.5.explanation.1", "TRUNC1");
    assert_int_equal(json_array_size(at(d, "result.indicators.0.explanation")), 0);
    assert_at(d, "result.indicators.5.message.en",
              "76.89 ÷ 80 × 10 = 9.61; declared 7.6 looks like 76.89% × 10, cut to one decimal");
    assert_at(d, "result.indicators.5.message.zh", "76.89 ÷ 80 × 10 = 9.61；申报的 7.6 像是 76.89% × 10，截到一位小数");
    assert_null_at(d, "result.indicators.4.formula");
    json_decref(d);
    forget(r);
}

static void what_waits_has_neither_result_nor_outcome(void **state)
{
    (void)state;
    reading *r = read_seed(2);
    zp_status status = kit_queued(&r->form);
    status.idempotency_key = ZP_ABSENT;
    json_t *d = document_of(&status);
    assert_members(d, ROOT " result");
    assert_at(d, "status", "queued");
    assert_null_at(d, "outcome");
    assert_null_at(d, "scored_at");
    assert_null_at(d, "result");
    assert_null_at(d, "receipt.idempotency_key");
    assert_at(d, "overdue_at", "2022-03-01T08:16:30.123Z");
    json_decref(d);
    forget(r);
}

static void what_failed_says_why_in_both_languages(void **state)
{
    (void)state;
    static const struct {
        const char *failure, *code;
    } cases[] = {
        {"not scored: 3 attempts ended without a result", "ATTEMPTS_EXHAUSTED"},
        {"the stored submission cannot be read", "SUBMISSION_UNREADABLE"},
    };
    reading *r = read_seed(2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zp_status status = kit_queued(&r->form);
        status.state = ZP_FAILED;
        status.scored_ms = kit_received_ms;
        status.failure = zp_str_of(cases[i].failure);
        json_t *d = document_of(&status);
        assert_members(d, ROOT " failure result");
        assert_members(at(d, "failure"), "code message");
        assert_members(at(d, "failure.message"), "zh en");
        assert_at(d, "failure.code", cases[i].code);
        assert_true(json_string_length(at(d, "failure.message.zh")) > 10);
        assert_true(json_string_length(at(d, "failure.message.en")) > 10);
        assert_null_at(d, "outcome");
        assert_null_at(d, "result");
        json_decref(d);
    }
    forget(r);
}

static void what_cannot_be_known_is_null(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_everything(r);
    json_t *d = document_of(&status);
    assert_at(d, "status", "superseded");
    assert_at(d, "superseded_by", "0195f2d4-7c1a-7b3e-8f00-123456789002");
    assert_int_equal(json_integer_value(at(d, "revision")), UINT32_MAX);
    assert_null_at(d, "result.declared_total");
    assert_at(d, "result.computed_total", "-0.05");
    assert_null_at(d, "result.grade");
    assert_null_at(d, "result.indicators.0.computed");
    assert_null_at(d, "result.indicators.0.level3");
    json_decref(d);
    forget(r);
}

static void a_flag_shows_its_values_in_both_languages(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    const zp_flag low = {.code = ZP_FLAG_SCORE_TOO_LOW,
                         .severity = ZP_SEV_WARNING,
                         .pointer = ZP_STR("/indicators/5/score"),
                         .value = ZP_STR("7.6"),
                         .expected = ZP_STR("9.61")};
    const zp_flag bare = {.code = ZP_FLAG_FIELD_MISSING, .severity = ZP_SEV_ERROR, .pointer = ZP_STR("/unit")};
    zp_buf out = ZP_BUF_INIT;
    zp_flag_write_json(&low, r->arena, &out);
    json_t *flag = json_loadb(out.p, out.n, 0, NULL);
    assert_members(flag, "code severity pointer value expected message");
    assert_at(flag, "code", "SCORE_TOO_LOW");
    assert_at(flag, "severity", "warning");
    assert_at(flag, "pointer", "/indicators/5/score");
    const char *zh = json_string_value(at(flag, "message.zh")), *en = json_string_value(at(flag, "message.en"));
    assert_true(strstr(zh, "7.6") && strstr(zh, "9.61"));
    assert_true(strstr(en, "7.6") && strstr(en, "9.61"));
    json_decref(flag);
    zp_buf_clear(&out);
    zp_flag_write_json(&bare, r->arena, &out);
    flag = json_loadb(out.p, out.n, 0, NULL);
    assert_members(flag, "code severity pointer message");
    json_decref(flag);
    zp_buf_free(&out);
    forget(r);
}

/* ---- records ---- */

static void assert_comes_back(const zp_status *status)
{
    zp_arena *arena = zp_arena_new(4096);
    zp_buf packed = ZP_BUF_INIT, again = ZP_BUF_INIT;
    zp_status got;
    assert_non_null(arena);
    zp_status_pack(status, &packed);
    assert_int_equal(zp_status_unpack(zp_buf_view(&packed), arena, &got), ZP_OK);
    got.id = status->id; /* the key's, not the record's */
    json_t *before = document_of(status), *after = document_of(&got);
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    assert_int_equal(got.seq, status->seq);
    assert_true(zp_str_eq(got.submitter, status->submitter));
    assert_true(zp_str_eq(got.unit_code, status->unit_code));
    assert_true(zp_str_eq(got.failure, status->failure));
    zp_status_pack(&got, &again);
    assert_int_equal(again.n, packed.n);
    assert_memory_equal(again.p, packed.p, packed.n);
    zp_buf_free(&packed);
    zp_buf_free(&again);
    zp_arena_destroy(&arena);
}

static void records_come_back_as_they_went(void **state)
{
    (void)state;
    for (int number = 1; number <= SEEDS; number++) {
        reading *r = read_seed(number);
        zp_status queued = kit_queued(&r->form), failed = queued, scored = kit_scored(r);
        failed.state = ZP_FAILED;
        failed.failure = ZP_STR("not scored");
        assert_comes_back(&queued);
        assert_comes_back(&failed);
        assert_comes_back(&scored);
        zp_status everything = kit_everything(r);
        assert_comes_back(&everything);
        forget(r);
    }
}

/* What the worker writes when nothing of a submission can be read. */
static void a_status_of_nothing_comes_back(void **state)
{
    (void)state;
    zp_status status = {.id = kit_id(1), .state = ZP_FAILED, .revision = 1, .failure = ZP_FAILURE_UNREADABLE};
    assert_comes_back(&status);
}

static void flags_are_stored_by_name(void **state)
{
    (void)state;
    reading *r = read_seed(1);
    zp_status status = kit_scored(r);
    zp_buf packed = ZP_BUF_INIT;
    zp_status_pack(&status, &packed);
    char *name = memmem(packed.p, packed.n, "SCORE_TOO_LOW", 13);
    assert_non_null(name);
    assert_null(memmem(packed.p, packed.n, "declared score", 14)); /* no sentences */
    name[0] = 'Z';
    assert_int_equal(zp_status_unpack(zp_buf_view(&packed), r->arena, &status), ZP_CORRUPT);
    zp_buf_free(&packed);
    forget(r);
}

static void what_waits_is_read_from_its_submission(void **state)
{
    (void)state;
    reading *r = read_seed(3);
    zp_id id = kit_id(5);
    zp_buf form = ZP_BUF_INIT, record = ZP_BUF_INIT;
    zp_status status;
    zp_form_pack(&r->form, &form);
    zp_submission submission = {.received_ms = kit_received_ms,
                                .revision = 3,
                                .submitter = ZP_STR("unit-1"),
                                .idempotency_key = ZP_STR("k"),
                                .form = zp_buf_view(&form)};
    zp_digest_of(ZP_STR("form"), &submission.digest);
    zp_submission_pack(&submission, &record);
    assert_int_equal(zp_status_queued(&id, zp_buf_view(&record), &status), ZP_OK);
    assert_int_equal(status.state, ZP_QUEUED);
    assert_int_equal(status.year, 2022);
    assert_int_equal(status.revision, 3);
    assert_int_equal(status.seq, 0);
    assert_int_equal(status.received_ms, kit_received_ms);
    assert_false(status.has_result || status.has_superseded_by);
    assert_true(zp_str_eq(status.project_name, r->form.project_name));
    assert_text(status.idempotency_key, "k");
    assert_memory_equal(status.digest.b, submission.digest.b, sizeof status.digest.b);
    zp_buf_free(&form);
    zp_buf_free(&record);
    forget(r);
}

/* ---- names ---- */

static void states_and_entity_tags_have_their_names(void **state)
{
    (void)state;
    static const char *const names[] = {"queued", "scored", "failed", "superseded"};
    char etag[ZP_ETAG_TEXT];
    zp_id id = kit_id(1);
    for (zp_state s = 0; s < ZP_STATES; s++) {
        zp_state found;
        assert_string_equal(zp_state_name(s), names[s]);
        assert_int_equal(zp_state_by_name(zp_str_of(names[s]), &found), ZP_OK);
        assert_int_equal(found, s);
    }
    assert_int_equal(zp_state_by_name(ZP_STR("done"), &(zp_state){0}), ZP_NOTFOUND);
    zp_etag_format(&id, 0, etag);
    assert_string_equal(etag, "\"0195f2d4-7c1a-7b3e-8f00-123456789001.q\"");
    zp_etag_format(&id, UINT64_MAX, etag);
    assert_string_equal(etag, "\"0195f2d4-7c1a-7b3e-8f00-123456789001.18446744073709551615\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_says_what_was_declared_computed_and_confirmed),
        cmocka_unit_test(what_waits_has_neither_result_nor_outcome),
        cmocka_unit_test(what_failed_says_why_in_both_languages),
        cmocka_unit_test(what_cannot_be_known_is_null),
        cmocka_unit_test(a_flag_shows_its_values_in_both_languages),
        cmocka_unit_test(records_come_back_as_they_went),
        cmocka_unit_test(a_status_of_nothing_comes_back),
        cmocka_unit_test(flags_are_stored_by_name),
        cmocka_unit_test(what_waits_is_read_from_its_submission),
        cmocka_unit_test(states_and_entity_tags_have_their_names),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

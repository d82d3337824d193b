/*
 * msgpack.c - the cursor, and every record: what is packed comes back; what was cut or changed anywhere decodes or is
 * refused and never does harm. Records to decode stand in memory of exactly their size, so that a sanitizer sees every
 * read beyond; what decodes is written out, so that it sees every view too. Expected bytes are MessagePack's own.
 */
#include "codec/event.h"
#include "codec/mp.h"
#include "status_kit.h"

#include <msgpack.h>

#define BYTES(literal) ((zp_str){(literal), sizeof(literal) - 1})

/* ---- the cursor ---- */

static void integers_are_read_whatever_their_width(void **state)
{
    (void)state;
    static const struct {
        zp_str bytes;
        int64_t value;
    } cases[] = {
        {{"\x00", 1}, 0},
        {{"\x7f", 1}, 127},
        {{"\xff", 1}, -1},
        {{"\xe0", 1}, -32},
        {{"\xcc\xff", 2}, 255},
        {{"\xcd\x01\x00", 3}, 256},
        {{"\xce\xff\xff\xff\xff", 5}, UINT32_MAX},
        {{"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9}, INT64_MAX},
        {{"\xd0\x80", 2}, -128},
        {{"\xd1\xff\x7f", 3}, -129},
        {{"\xd2\x80\x00\x00\x00", 5}, INT32_MIN},
        {{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9}, INT64_MIN},
        {{"\xd3\x00\x00\x00\x00\x00\x00\x00\x05", 9}, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zp_mp m = zp_mp_of(cases[i].bytes);
        assert_int_equal(zp_mp_int(&m), cases[i].value);
        assert_true(zp_mp_done(&m));
        for (size_t n = 0; n < cases[i].bytes.n; n++) {
            m = zp_mp_of((zp_str){cases[i].bytes.p, n});
            assert_int_equal(zp_mp_int(&m), 0);
            assert_true(m.bad);
        }
    }
    zp_mp m = zp_mp_of(BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"));
    zp_mp_int(&m);
    assert_true(m.bad);
    m = zp_mp_of(BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_true(zp_mp_uint(&m) == UINT64_MAX && zp_mp_done(&m));
    m = zp_mp_of(BYTES("\xff"));
    zp_mp_uint(&m);
    assert_true(m.bad);
}

static void another_type_is_refused_and_stays_refused(void **state)
{
    (void)state;
    /* nil, false, double, ext, map, array, str, bin, int, never used */
    static const zp_str values[] = {{"\xc0", 1},     {"\xc2", 1},     {"\xcb\0\0\0\0\0\0\0\0", 9},
                                    {"\xd4\0\0", 3}, {"\x80", 1},     {"\x90", 1},
                                    {"\xa0", 1},     {"\xc4\x00", 2}, {"\x05", 1},
                                    {"\xc1", 1}};
    enum { NIL, BOOL, DOUBLE, EXT, MAP, ARRAY, STR, BIN, INT, NEVER, KINDS };
    for (int kind = 0; kind < KINDS; kind++) {
        zp_mp m = zp_mp_of(values[kind]);
        zp_mp_array(&m);
        assert_int_equal(m.bad, kind != ARRAY);
        m = zp_mp_of(values[kind]);
        zp_mp_map(&m);
        assert_int_equal(m.bad, kind != MAP);
        m = zp_mp_of(values[kind]);
        zp_mp_str(&m);
        assert_int_equal(m.bad, kind != STR && kind != NIL);
        m = zp_mp_of(values[kind]);
        zp_mp_bin(&m);
        assert_int_equal(m.bad, kind != BIN && kind != NIL);
        m = zp_mp_of(values[kind]);
        zp_mp_bool(&m);
        assert_int_equal(m.bad, kind != BOOL);
        m = zp_mp_of(values[kind]);
        zp_mp_uint(&m);
        assert_int_equal(m.bad, kind != INT);
        m = zp_mp_of(values[kind]);
        zp_mp_skip(&m);
        assert_int_equal(m.bad, kind == DOUBLE || kind == EXT || kind == NEVER);
    }
    zp_mp m = zp_mp_of(BYTES("\xc1\x05\xa1x"));
    zp_mp_uint(&m);
    assert_int_equal(zp_mp_uint(&m), 0);
    assert_false(zp_str_present(zp_mp_str(&m)));
    assert_false(zp_mp_done(&m));
}

static void counts_beyond_the_bytes_are_refused(void **state)
{
    (void)state;
    static const zp_str values[] = {{"\xdd\xff\xff\xff\xff", 5},
                                    {"\xdc\x00\x02\xc0", 4},
                                    {"\x92\xc0", 2},
                                    {"\xdf\x80\x00\x00\x01", 5},
                                    {"\x81\xc0", 2},
                                    {"\xdb\xff\xff\xff\xff", 5},
                                    {"\xa2x", 2},
                                    {"\xc6\xff\xff\xff\xff", 5}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        zp_mp m = zp_mp_of(values[i]);
        zp_mp_skip(&m);
        assert_true(m.bad);
    }
    char deep[64];
    memset(deep, 0x91, sizeof deep);
    deep[sizeof deep - 1] = (char)0xc0;
    zp_mp m = zp_mp_of((zp_str){deep, sizeof deep});
    zp_mp_skip(&m);
    assert_true(m.bad);
}

/* ---- records ---- */

/* Decodes, and uses all that came out. */
typedef zp_rc decoder(zp_str bytes, zp_arena *arena, zp_buf *shown);

static zp_rc decode_form(zp_str bytes, zp_arena *arena, zp_buf *shown)
{
    zp_form form;
    zp_rc rc = zp_form_unpack(bytes, arena, &form);
    if (rc == ZP_OK)
        zp_form_write_json(&form, shown);
    return rc;
}

static zp_rc decode_submission(zp_str bytes, zp_arena *arena, zp_buf *shown)
{
    zp_status status;
    zp_id id = kit_id(3);
    zp_rc rc = zp_status_queued(&id, bytes, &status);
    if (rc == ZP_OK)
        zp_status_write_json(&status, 60000, arena, shown);
    return rc;
}

static zp_rc decode_status(zp_str bytes, zp_arena *arena, zp_buf *shown)
{
    zp_status status;
    zp_rc rc = zp_status_unpack(bytes, arena, &status);
    if (rc)
        return rc;
    zp_status_write_json(&status, 60000, arena, shown);
    return ZP_OK;
}

static zp_rc decode_event(zp_str bytes, zp_arena *arena, zp_buf *shown)
{
    char topic[ZP_TOPIC_MAX];
    (void)arena;
    if (zp_event_topic(bytes, topic) == ZP_OK)
        assert_true(strlen(topic) < sizeof topic);
    return zp_event_write_json(bytes, shown);
}

typedef struct {
    const char *name;
    decoder *decode;
    zp_buf record;
} subject;

static zp_rc decode_exact(const subject *s, zp_str bytes, zp_arena *arena, zp_buf *shown)
{
    zp_arena_reset(arena);
    zp_buf_clear(shown);
    zp_rc rc = s->decode(bytes, arena, shown);
    if (rc != ZP_OK && rc != ZP_CORRUPT)
        fail_msg("%s: %s instead of a value or \"corrupt\"", s->name, zp_rc_name(rc));
    return rc;
}

/* The first n bytes, in memory of exactly that size. */
static char *exact_copy(const subject *s, size_t n)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, s->record.p, n);
    return copy;
}

static zp_rc decode_first(const subject *s, size_t n)
{
    zp_arena *arena = zp_arena_new(4096);
    zp_buf shown = ZP_BUF_INIT;
    char *copy = exact_copy(s, n);
    assert_non_null(arena);
    zp_rc rc = decode_exact(s, (zp_str){copy, n}, arena, &shown);
    free(copy);
    zp_buf_free(&shown);
    zp_arena_destroy(&arena);
    return rc;
}

static zp_rc decode_whole(const subject *s)
{
    return decode_first(s, s->record.n);
}

/* One of each kind of record. */
enum { SUBJECTS = 6 };

static void pack_subjects(subject subjects[SUBJECTS])
{
    static decoder *const decoders[SUBJECTS] = {decode_form,   decode_submission, decode_status,
                                                decode_status, decode_event,      decode_event};
    static const char *const names[SUBJECTS] = {"form",   "submission", "queued or failed",
                                                "scored", "event",      "event of everything"};
    reading *r = read_seed(1);
    zp_status scored = kit_scored(r), failed = kit_queued(&r->form), everything = kit_everything(r);
    failed.state = ZP_FAILED;
    failed.failure = ZP_FAILURE_UNREADABLE;
    for (int i = 0; i < SUBJECTS; i++)
        subjects[i] = (subject){names[i], decoders[i], ZP_BUF_INIT};
    zp_form_pack(&r->form, &subjects[0].record);
    zp_submission submission = {.received_ms = kit_received_ms,
                                .revision = 2,
                                .has_replaces = true,
                                .first = kit_id(6),
                                .replaces = kit_id(9),
                                .submitter = ZP_STR("unit-1"),
                                .idempotency_key = ZP_STR("k-1"),
                                .form = zp_buf_view(&subjects[0].record)};
    zp_submission_pack(&submission, &subjects[1].record);
    zp_status_pack(&failed, &subjects[2].record);
    zp_status_pack(&scored, &subjects[3].record);
    zp_event_pack(&scored, kit_received_ms, &subjects[4].record);
    zp_event_pack(&everything, kit_received_ms, &subjects[5].record);
    for (int i = 0; i < SUBJECTS; i++)
        assert_false(subjects[i].record.failed);
    forget(r);
}

static void free_subjects(subject subjects[SUBJECTS])
{
    for (int i = 0; i < SUBJECTS; i++)
        zp_buf_free(&subjects[i].record);
}

static void records_are_whole_messagepack(void **state)
{
    (void)state;
    subject subjects[SUBJECTS];
    pack_subjects(subjects);
    for (int i = 0; i < SUBJECTS; i++) {
        msgpack_unpacked theirs;
        size_t end = 0;
        msgpack_unpacked_init(&theirs);
        assert_int_equal(msgpack_unpack_next(&theirs, subjects[i].record.p, subjects[i].record.n, &end),
                         MSGPACK_UNPACK_SUCCESS);
        assert_int_equal(end, subjects[i].record.n);
        msgpack_unpacked_destroy(&theirs);
        assert_int_equal(decode_whole(&subjects[i]), ZP_OK);
    }
    free_subjects(subjects);
}

static void a_record_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    subject subjects[SUBJECTS];
    pack_subjects(subjects);
    for (int i = 0; i < SUBJECTS; i++)
        for (size_t n = 0; n < subjects[i].record.n; n++)
            if (decode_first(&subjects[i], n) != ZP_CORRUPT)
                fail_msg("%s cut to %zu bytes was taken", subjects[i].name, n);
    free_subjects(subjects);
}

static void a_byte_too_many_is_corrupt(void **state)
{
    (void)state;
    subject subjects[SUBJECTS];
    pack_subjects(subjects);
    for (int i = 0; i < SUBJECTS; i++) {
        zp_buf_char(&subjects[i].record, (char)0xc0);
        assert_int_equal(decode_whole(&subjects[i]), ZP_CORRUPT);
    }
    free_subjects(subjects);
}

/* How many of the changes still decode: a text with another letter does. */
static size_t change_every_byte(const subject *s)
{
    /* Beside every value for short records: the lead bytes that matter for long ones. */
    static const unsigned char leads[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x91, 0x9f, 0xa0,
                                          0xa1, 0xbf, 0xc0, 0xc1, 0xc2, 0xc4, 0xc7, 0xcb, 0xcc, 0xcf,
                                          0xd3, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff};
    enum { SHORT = 400 };
    size_t n = s->record.n, taken = 0, values = n <= SHORT ? 256 : sizeof leads;
    zp_arena *arena = zp_arena_new(64 * 1024);
    zp_buf shown = ZP_BUF_INIT;
    char *copy = exact_copy(s, n);
    assert_non_null(arena);
    for (size_t at = 0; at < n; at++) {
        for (size_t k = 0; k < values; k++) {
            copy[at] = (char)(n <= SHORT ? k : leads[k]);
            taken += decode_exact(s, (zp_str){copy, n}, arena, &shown) == ZP_OK;
        }
        copy[at] = s->record.p[at];
    }
    free(copy);
    zp_buf_free(&shown);
    zp_arena_destroy(&arena);
    return taken;
}

static void a_byte_changed_anywhere_does_no_harm(void **state)
{
    (void)state;
    subject subjects[SUBJECTS];
    pack_subjects(subjects);
    for (int i = 0; i < SUBJECTS; i++)
        assert_true(change_every_byte(&subjects[i]) > 0);
    free_subjects(subjects);
}

/* One more element than the record's count said. */
static void append_nil(zp_buf *record)
{
    unsigned char *head = (unsigned char *)record->p;
    if (*head == 0x9f) { /* the longest array with a head of one byte */
        zp_buf_add(record, "  ", 2);
        head = (unsigned char *)record->p;
        memmove(head + 3, head + 1, record->n - 3);
        memcpy(head, "\xdc\0\x10", 3);
    } else if (*head == 0xdc)
        head[2]++;
    else
        head[0]++;
    zp_buf_char(record, (char)0xc0);
}

static void fields_of_a_later_release_are_passed_over(void **state)
{
    (void)state;
    subject subjects[SUBJECTS];
    pack_subjects(subjects);
    for (int i = 0; i < 4; i++) { /* the arrays; an event's members are passed on, whatever they are */
        append_nil(&subjects[i].record);
        assert_int_equal(decode_whole(&subjects[i]), ZP_OK);
    }
    free_subjects(subjects);
}

static void another_schema_is_corrupt(void **state)
{
    (void)state;
    subject subjects[SUBJECTS];
    pack_subjects(subjects);
    for (int i = 0; i < 4; i++) {
        char *schema = subjects[i].record.p + ((unsigned char)subjects[i].record.p[0] == 0xdc ? 3 : 1);
        if ((unsigned char)*schema == 0xcc)
            schema++;
        assert_int_equal(*schema, i == 1 ? 2 : 1); /* a submission's is 2 */
        *schema ^= 3;
        assert_int_equal(decode_whole(&subjects[i]), ZP_CORRUPT);
    }
    free_subjects(subjects);
}

static void forms_come_back_byte_for_byte(void **state)
{
    (void)state;
    for (int number = 1; number <= SEEDS; number++) {
        reading *r = read_seed(number);
        zp_buf packed = ZP_BUF_INIT;
        zp_form form;
        zp_form_pack(&r->form, &packed);
        assert_int_equal(zp_form_unpack(zp_buf_view(&packed), r->arena, &form), ZP_OK);
        char *before = canonical(&r->form), *after = canonical(&form);
        assert_string_equal(before, after);
        free(before);
        free(after);
        zp_buf_free(&packed);
        forget(r);
    }
}

static void absent_and_empty_cells_stay_apart(void **state)
{
    (void)state;
    reading *r = read_json(ZP_STR("{\"unit\":\"\",\"unit_code\":\"\",\"indicators\":[]}"));
    zp_buf packed = ZP_BUF_INIT;
    zp_form form;
    zp_form_pack(&r->form, &packed);
    assert_int_equal(zp_form_unpack(zp_buf_view(&packed), r->arena, &form), ZP_OK);
    assert_true(zp_str_present(form.unit) && form.unit.n == 0);
    assert_true(zp_str_present(form.unit_code));
    assert_false(zp_str_present(form.department));
    assert_int_equal(form.indicator_count, 0);
    zp_buf_free(&packed);
    forget(r);
}

static void submissions_come_back(void **state)
{
    (void)state;
    for (int replaces = 0; replaces < 2; replaces++) {
        zp_submission sent = {.received_ms = kit_received_ms,
                              .revision = UINT32_MAX,
                              .has_replaces = replaces,
                              .first = kit_id(replaces ? 6 : 0),
                              .replaces = kit_id(replaces ? 7 : 0),
                              .has_copied_from = !replaces,
                              .copied_from = kit_id(replaces ? 0 : 8),
                              .submitter = ZP_STR("anonymous"),
                              .idempotency_key = replaces ? ZP_STR("") : ZP_ABSENT,
                              .form = BYTES("\x00\xff form")};
        zp_submission got;
        zp_buf packed = ZP_BUF_INIT;
        zp_digest_of(sent.form, &sent.digest);
        zp_submission_pack(&sent, &packed);
        assert_int_equal(zp_submission_unpack(zp_buf_view(&packed), &got), ZP_OK);
        assert_int_equal(got.received_ms, sent.received_ms);
        assert_int_equal(got.revision, UINT32_MAX);
        assert_int_equal(got.has_replaces, replaces);
        if (replaces) {
            assert_int_equal(zp_id_cmp(&got.first, &sent.first), 0);
            assert_int_equal(zp_id_cmp(&got.replaces, &sent.replaces), 0);
        }
        assert_int_equal(got.has_copied_from, !replaces);
        if (!replaces)
            assert_int_equal(zp_id_cmp(&got.copied_from, &sent.copied_from), 0);
        assert_text(got.submitter, "anonymous");
        assert_int_equal(zp_str_present(got.idempotency_key), replaces);
        assert_memory_equal(got.digest.b, sent.digest.b, sizeof got.digest.b);
        assert_true(zp_str_eq(got.form, sent.form));
        zp_buf_free(&packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_whatever_their_width),
        cmocka_unit_test(another_type_is_refused_and_stays_refused),
        cmocka_unit_test(counts_beyond_the_bytes_are_refused),
        cmocka_unit_test(records_are_whole_messagepack),
        cmocka_unit_test(a_record_cut_anywhere_is_corrupt),
        cmocka_unit_test(a_byte_too_many_is_corrupt),
        cmocka_unit_test(a_byte_changed_anywhere_does_no_harm),
        cmocka_unit_test(fields_of_a_later_release_are_passed_over),
        cmocka_unit_test(another_schema_is_corrupt),
        cmocka_unit_test(forms_come_back_byte_for_byte),
        cmocka_unit_test(absent_and_empty_cells_stay_apart),
        cmocka_unit_test(submissions_come_back),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}

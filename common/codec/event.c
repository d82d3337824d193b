/*
 * event.c - see event.h. Pure; any thread. What does not decode to the last byte is ZP_CORRUPT.
 *
 * The bytes that were packed at commit are the event: JSON is written from them, member for member, and never again
 * from the status, so that a replay says what the first delivery said.
 */
#include "codec/event.h"

#include "base/clock.h"
#include "codec/chars.h"
#include "codec/event_head.h"
#include "codec/json_out.h"

#include <stdio.h>

enum { MEMBERS = 9, DATA_MEMBERS = 14, MAX_UNIT = 96, MAX_NAME = 32, MAX_NESTING = 4 };

/* ---- packing ---- */

static void put(msgpack_packer *p, const char *name, zp_str value)
{
    zp_mp_put_c(p, name);
    zp_mp_put_str(p, value);
}

static void put_uint(msgpack_packer *p, const char *name, uint64_t value)
{
    zp_mp_put_c(p, name);
    msgpack_pack_uint64(p, value);
}

static void put_cents(msgpack_packer *p, const char *name, bool known, int64_t cents)
{
    char text[32];
    if (!known || cents == ZP_NO_CENTS) {
        put(p, name, ZP_ABSENT);
        return;
    }
    uint64_t n = cents < 0 ? -(uint64_t)cents : (uint64_t)cents;
    int length = snprintf(text, sizeof text, "%s%llu.%02llu", cents < 0 ? "-" : "", (unsigned long long)(n / 100),
                          (unsigned long long)(n % 100));
    put(p, name, (zp_str){text, (size_t)length});
}

static void put_data(msgpack_packer *p, const zp_status *status)
{
    const zp_result *result = &status->result;
    bool scored = status->has_result, graded = scored && result->grade != ZP_GRADE_NONE;
    char digest[ZP_DIGEST_TEXT + 1], by[ZP_ID_TEXT + 1];
    zp_digest_format(&status->digest, digest);
    zp_id_format(&status->superseded_by, by);
    msgpack_pack_map(p, DATA_MEMBERS);
    put(p, "status", zp_str_of(zp_state_name(status->state)));
    put(p, "outcome", zp_str_of(!scored ? NULL : result->discrepant ? "discrepant" : "consistent"));
    put_cents(p, "declared_total", scored, result->declared_total);
    put_cents(p, "computed_total", scored, result->computed_total);
    put_cents(p, "confirmed_total", scored, result->confirmed_total);
    put(p, "grade", zp_str_of(graded ? zp_grade_name(result->grade) : NULL));
    put(p, "unit", status->unit);
    put(p, "unit_code", status->unit_code);
    put(p, "department", status->department);
    put(p, "project_name", status->project_name);
    put_uint(p, "year", (uint64_t)status->year);
    put_uint(p, "revision", status->revision);
    put(p, "digest", zp_str_of(digest));
    put(p, "superseded_by", status->has_superseded_by ? zp_str_of(by) : ZP_ABSENT);
}

void zp_event_pack_head(msgpack_packer *p, const zp_event_head *head)
{
    char number[32], sequence[32], time[ZP_TIME_TEXT + 1];
    snprintf(number, sizeof number, "%llu", (unsigned long long)head->seq);
    snprintf(sequence, sizeof sequence, "%020llu", (unsigned long long)head->seq);
    zp_time_format(head->now_ms, time);
    msgpack_pack_map(p, MEMBERS);
    put(p, "specversion", ZP_STR("1.0"));
    put(p, "id", zp_str_of(number));
    put(p, "source", zp_str_of(head->source));
    put(p, "type", zp_str_of(head->type));
    put(p, "subject", zp_str_of(head->subject));
    put(p, "time", zp_str_of(time));
    put(p, "datacontenttype", ZP_STR("application/json"));
    put(p, "sequence", zp_str_of(sequence));
    zp_mp_put_c(p, "data");
}

void zp_event_pack(const zp_status *status, int64_t now_ms, zp_buf *out)
{
    char type[64], subject[ZP_ID_TEXT + 1];
    msgpack_packer p;
    snprintf(type, sizeof type, "ziping.submission.%s", zp_state_name(status->state));
    zp_id_format(&status->id, subject);
    zp_mp_packer(&p, out);
    zp_event_pack_head(&p, &(zp_event_head){status->seq, now_ms, "/v1/submissions", type, subject});
    put_data(&p, status);
}

/* ---- JSON ---- */

static bool is_map(const zp_mp *m)
{
    return m->p < m->end && ((*m->p & 0xf0) == 0x80 || *m->p == 0xde || *m->p == 0xdf);
}

static bool is_uint(const zp_mp *m)
{
    return m->p < m->end && (*m->p < 0x80 || (*m->p >= 0xcc && *m->p <= 0xcf));
}

static void write_text(zp_mp *m, zp_buf *out, bool may_be_nil)
{
    zp_str text = zp_mp_str(m);
    m->bad |= text.p ? !zp_utf8_valid(text) : !may_be_nil;
    zp_json_str(out, text);
}

/* An event holds maps, texts, numbers and nil. */
static void write_map(zp_mp *m, zp_buf *out, int depth)
{
    uint32_t members = zp_mp_map(m);
    m->bad |= depth == MAX_NESTING;
    zp_buf_char(out, '{');
    for (uint32_t i = 0; i < members && !m->bad; i++) {
        if (i)
            zp_buf_char(out, ',');
        write_text(m, out, false);
        zp_buf_char(out, ':');
        if (is_map(m))
            write_map(m, out, depth + 1);
        else if (is_uint(m))
            zp_json_uint(out, zp_mp_uint(m));
        else
            write_text(m, out, true);
    }
    zp_buf_char(out, '}');
}

zp_rc zp_event_write_json(zp_str bytes, zp_buf *out)
{
    zp_mp m = zp_mp_of(bytes);
    size_t before = out->n;
    write_map(&m, out, 0);
    if (zp_mp_done(&m))
        return ZP_OK;
    out->n = before;
    return ZP_CORRUPT;
}

/* ---- topics ---- */

/* The value of a map's member, which must be there and come next or later; the cursor ends behind it. */
static void find(zp_mp *m, uint32_t *left, const char *name)
{
    while (*left > 0 && !m->bad) {
        (*left)--;
        if (zp_str_is(zp_mp_str(m), name))
            return;
        zp_mp_skip(m);
    }
    m->bad = true;
}

/* '/' separates the topic's parts, and subscribers match prefixes: neither it nor anything unseen stays in a name. */
static size_t add_name(char *out, zp_str name)
{
    size_t n = zp_utf8_cut(name, MAX_UNIT);
    for (size_t i = 0; i < n; i++)
        out[i] = name.p[i] == '/' || (unsigned char)name.p[i] < 0x20 ? '_' : name.p[i];
    return n;
}

static zp_rc webhook_topic(zp_mp *m, uint32_t *left, char out[ZP_TOPIC_MAX])
{
    find(m, left, "subject");
    zp_str subject = zp_mp_str(m);
    if (m->bad || !subject.p)
        return ZP_CORRUPT;
    int n = snprintf(out, ZP_TOPIC_MAX, "webhook/");
    n += (int)add_name(out + n, subject);
    out[n] = '\0';
    return ZP_OK;
}

zp_rc zp_event_topic(zp_str bytes, char out[ZP_TOPIC_MAX])
{
    zp_mp m = zp_mp_of(bytes);
    uint32_t left = zp_mp_map(&m);
    find(&m, &left, "type");
    zp_str type = zp_mp_str(&m);
    if (zp_str_begins(type, ZP_TYPE_WEBHOOK))
        return webhook_topic(&m, &left, out);
    find(&m, &left, "data");
    left = zp_mp_map(&m);
    find(&m, &left, "status");
    zp_str status = zp_mp_str(&m);
    find(&m, &left, "grade");
    zp_str grade = zp_mp_str(&m);
    find(&m, &left, "unit");
    zp_str unit = zp_mp_str(&m);
    find(&m, &left, "unit_code");
    zp_str code = zp_mp_str(&m);
    find(&m, &left, "year");
    uint64_t year = zp_mp_uint(&m);
    if (m.bad || !status.p || status.n > MAX_NAME || grade.n > MAX_NAME)
        return ZP_CORRUPT;
    zp_str name = zp_str_filled(code) ? code : zp_str_filled(unit) ? unit : ZP_STR("-");
    if (!zp_str_filled(grade))
        grade = ZP_STR("-");
    int n = snprintf(out, ZP_TOPIC_MAX, "%.*s/%llu/", (int)status.n, status.p, (unsigned long long)year);
    n += (int)add_name(out + n, name);
    snprintf(out + n, (size_t)(ZP_TOPIC_MAX - n), "/%.*s", (int)grade.n, grade.p);
    return ZP_OK;
}

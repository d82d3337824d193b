/*
 * event.c - packing events, see event.h. Pure; any thread.
 */
#include "codec/event.h"

#include "base/clock.h"
#include "codec/event_head.h"
#include "codec/mp.h"

#include <stdio.h>

enum { MEMBERS = 9, DATA_MEMBERS = 14 };

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

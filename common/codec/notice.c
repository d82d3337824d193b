/*
 * notice.c - see notice.h.
 */
#include "codec/notice.h"

#include "base/clock.h"
#include "codec/event_head.h"

#include <inttypes.h>
#include <stdio.h>

enum { DATA_MEMBERS = 7, HEX = 2 * ZP_NOTICE_STORE };

static const char disabled[] = ZP_TYPE_WEBHOOK "disabled";

bool zp_notice_is_told(const zp_notice_mark *told, const zp_notice_mark *mark)
{
    return memcmp(told->store, mark->store, sizeof told->store) == 0 && mark->serial <= told->serial &&
           mark->at_ms <= told->at_ms;
}

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

static void put_time(msgpack_packer *p, const char *name, int64_t ms)
{
    char text[ZP_TIME_TEXT + 1];
    zp_time_format(ms, text);
    put(p, name, zp_str_of(text));
}

static void put_store(msgpack_packer *p, const uint8_t *store)
{
    char hex[HEX + 1];
    for (size_t i = 0; i < ZP_NOTICE_STORE; i++)
        snprintf(hex + 2 * i, 3, "%02x", store[i]);
    put(p, "store", (zp_str){hex, HEX});
}

void zp_notice_pack(const zp_notice *notice, uint64_t seq, int64_t now_ms, zp_buf *out)
{
    char subject[32];
    msgpack_packer p;
    snprintf(subject, sizeof subject, "%" PRIu64, notice->endpoint);
    zp_mp_packer(&p, out);
    zp_event_pack_head(&p, &(zp_event_head){seq, now_ms, "/webhooks", disabled, subject});
    msgpack_pack_map(&p, DATA_MEMBERS);
    put_uint(&p, "endpoint", notice->endpoint);
    put(&p, "address", notice->address);
    put(&p, "reason", notice->reason);
    put_time(&p, "failing_since", notice->failing_since_ms);
    put_time(&p, "disabled_at", notice->mark.at_ms);
    put_store(&p, notice->mark.store);
    put_uint(&p, "notice", notice->mark.serial);
}

/* ---- reading ---- */

static unsigned digit(zp_mp *m, char c)
{
    m->bad |= !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

static void store_of(zp_mp *m, uint8_t *store)
{
    zp_str hex = zp_mp_str(m);
    m->bad |= hex.n != HEX;
    for (size_t i = 0; i < ZP_NOTICE_STORE && !m->bad; i++)
        store[i] = (uint8_t)(digit(m, hex.p[2 * i]) << 4 | digit(m, hex.p[2 * i + 1]));
}

/* The members without which it is none, as bits: each must be seen. */
enum { ID = 1, TIME = 2, ENDPOINT = 4, SINCE = 8, AT = 16, STORE = 32, NOTICE = 64, SEQUENCE = 128, ALL = 255 };

static unsigned read_data_member(zp_mp *m, zp_str name, zp_notice *out)
{
    if (zp_str_is(name, "endpoint")) {
        out->endpoint = zp_mp_uint(m);
        return ENDPOINT;
    }
    if (zp_str_is(name, "failing_since")) {
        out->failing_since_ms = zp_event_time(m);
        return SINCE;
    }
    if (zp_str_is(name, "disabled_at")) {
        out->mark.at_ms = zp_event_time(m);
        return AT;
    }
    if (zp_str_is(name, "store")) {
        store_of(m, out->mark.store);
        return STORE;
    }
    if (zp_str_is(name, "notice")) {
        out->mark.serial = zp_mp_uint(m);
        return NOTICE;
    }
    if (zp_str_is(name, "address"))
        out->address = zp_mp_str(m);
    else if (zp_str_is(name, "reason"))
        out->reason = zp_mp_str(m);
    else
        zp_mp_skip(m);
    return 0;
}

static unsigned read_member(zp_mp *m, zp_str name, zp_notice *out, uint64_t *seq, int64_t *at_ms)
{
    unsigned seen = 0;
    if (zp_str_is(name, "id")) {
        *seq = zp_event_number(m);
        return ID;
    }
    if (zp_str_is(name, "sequence")) {
        m->bad |= zp_event_number(m) != *seq;
        return SEQUENCE;
    }
    if (zp_str_is(name, "time")) {
        *at_ms = zp_event_time(m);
        return TIME;
    }
    if (!zp_str_is(name, "data")) {
        zp_mp_skip(m);
        return 0;
    }
    for (uint32_t left = zp_mp_map(m); left > 0 && !m->bad; left--)
        seen |= read_data_member(m, zp_mp_str(m), out);
    return seen;
}

static bool is_notice(zp_str frozen)
{
    zp_mp m = zp_mp_of(frozen);
    for (uint32_t left = zp_mp_map(&m); left > 0 && !m.bad; left--) {
        if (zp_str_is(zp_mp_str(&m), "type"))
            return zp_str_is(zp_mp_str(&m), disabled) && !m.bad;
        zp_mp_skip(&m);
    }
    return false;
}

zp_rc zp_notice_read(zp_str frozen, zp_notice *out, uint64_t *seq, int64_t *at_ms)
{
    zp_mp m = zp_mp_of(frozen);
    unsigned seen = 0;
    *out = (zp_notice){0};
    *seq = 0;
    if (!is_notice(frozen))
        return ZP_NOTFOUND;
    for (uint32_t left = zp_mp_map(&m); left > 0 && !m.bad; left--)
        seen |= read_member(&m, zp_mp_str(&m), out, seq, at_ms);
    return zp_mp_done(&m) && seen == ALL ? ZP_OK : ZP_CORRUPT;
}

/*
 * webhooks_record.c - the layouts of the webhooks store's records: arrays of fixed order. A field that earlier releases
 * may ignore is added at the end; any other change takes a new schema number.
 */
#include "store/webhooks_store.h"

#include "codec/mp.h"

enum { SCHEMA = 1, ENDPOINT_FIELDS = 17, SECRET_FIELDS = 2, ROW_FIELDS = 7, NOTICE_FIELDS = 6 };

static void text_of(zp_mp *m, char *out, size_t size)
{
    zp_str text = zp_mp_str(m);
    m->bad |= !text.p || text.n >= size;
    if (m->bad)
        return;
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
}

static int64_t time_of(zp_mp *m)
{
    int64_t ms = zp_mp_int(m);
    m->bad |= ms < 0;
    return ms;
}

static uint32_t small_of(zp_mp *m)
{
    uint64_t n = zp_mp_uint(m);
    m->bad |= n > UINT32_MAX;
    return (uint32_t)n;
}

/* ---- endpoints ---- */

static void put_secrets(msgpack_packer *p, const zp_webhook *w)
{
    msgpack_pack_array(p, w->secret_count);
    for (size_t i = 0; i < w->secret_count; i++) {
        msgpack_pack_array(p, SECRET_FIELDS);
        zp_mp_put_bin(p, w->secrets[i].bytes, w->secrets[i].n);
        msgpack_pack_int64(p, w->secrets[i].expires_ms);
    }
}

void zp_webhook_pack(const zp_webhook *w, zp_buf *out)
{
    const zp_webhook_progress *at = &w->progress;
    msgpack_packer p;
    zp_mp_packer(&p, out);
    msgpack_pack_array(&p, ENDPOINT_FIELDS);
    msgpack_pack_uint8(&p, SCHEMA);
    msgpack_pack_uint64(&p, w->course);
    zp_mp_put_c(&p, w->url);
    w->allow_private ? msgpack_pack_true(&p) : msgpack_pack_false(&p);
    put_secrets(&p, w);
    msgpack_pack_uint32(&p, w->wants);
    msgpack_pack_int64(&p, w->year);
    zp_mp_put_c(&p, w->unit);
    w->enabled ? msgpack_pack_true(&p) : msgpack_pack_false(&p);
    zp_mp_put_c(&p, w->reason);
    msgpack_pack_int64(&p, w->created_ms);
    msgpack_pack_uint64(&p, at->position);
    msgpack_pack_uint32(&p, at->attempts);
    msgpack_pack_int64(&p, at->failing_since_ms);
    msgpack_pack_int64(&p, at->next_try_ms);
    msgpack_pack_int64(&p, at->wait_ms);
    msgpack_pack_uint64(&p, w->logged);
}

static void read_secrets(zp_mp *m, zp_webhook *out)
{
    uint32_t count = zp_mp_array(m);
    m->bad |= count > ZP_WEBHOOK_SECRETS;
    for (uint32_t i = 0; i < count && !m->bad; i++) {
        zp_webhook_secret *secret = &out->secrets[i];
        m->bad |= zp_mp_array(m) != SECRET_FIELDS;
        zp_str bytes = zp_mp_bin(m);
        m->bad |= !bytes.p || bytes.n > ZP_WEBHOOK_KEY;
        if (m->bad)
            return;
        memcpy(secret->bytes, bytes.p, bytes.n);
        secret->n = bytes.n;
        secret->expires_ms = time_of(m);
    }
    out->secret_count = count;
}

zp_rc zp_webhook_unpack(zp_str bytes, zp_webhook *out)
{
    zp_mp m = zp_mp_of(bytes);
    zp_webhook_progress *at = &out->progress;
    *out = (zp_webhook){0};
    uint32_t beyond = zp_mp_record(&m, SCHEMA, ENDPOINT_FIELDS);
    out->course = zp_mp_uint(&m);
    text_of(&m, out->url, sizeof out->url);
    out->allow_private = zp_mp_bool(&m);
    read_secrets(&m, out);
    out->wants = small_of(&m);
    out->year = (int)zp_mp_int(&m);
    text_of(&m, out->unit, sizeof out->unit);
    out->enabled = zp_mp_bool(&m);
    text_of(&m, out->reason, sizeof out->reason);
    out->created_ms = time_of(&m);
    at->position = zp_mp_uint(&m);
    at->attempts = small_of(&m);
    at->failing_since_ms = time_of(&m);
    at->next_try_ms = time_of(&m);
    at->wait_ms = time_of(&m);
    out->logged = zp_mp_uint(&m);
    return zp_mp_record_end(&m, beyond) ? ZP_OK : ZP_CORRUPT;
}

size_t zp_webhook_valid_secrets(const zp_webhook *webhook, int64_t now_ms,
                                const zp_webhook_secret *out[ZP_WEBHOOK_SECRETS])
{
    size_t count = 0;
    for (size_t i = 0; i < webhook->secret_count; i++)
        if (webhook->secrets[i].expires_ms == 0 || webhook->secrets[i].expires_ms > now_ms)
            out[count++] = &webhook->secrets[i];
    return count;
}

/* ---- attempts ---- */

void zp_webhook_row_pack(const zp_webhook_row *row, zp_buf *out)
{
    msgpack_packer p;
    zp_mp_packer(&p, out);
    msgpack_pack_array(&p, ROW_FIELDS);
    msgpack_pack_uint8(&p, SCHEMA);
    msgpack_pack_int64(&p, row->at_ms);
    msgpack_pack_uint64(&p, row->number);
    msgpack_pack_uint32(&p, row->attempt);
    msgpack_pack_uint32(&p, row->status);
    msgpack_pack_int64(&p, row->took_ms);
    zp_mp_put_c(&p, row->why);
}

zp_rc zp_webhook_row_unpack(zp_str bytes, zp_webhook_row *out)
{
    zp_mp m = zp_mp_of(bytes);
    *out = (zp_webhook_row){0};
    uint32_t beyond = zp_mp_record(&m, SCHEMA, ROW_FIELDS);
    out->at_ms = time_of(&m);
    out->number = zp_mp_uint(&m);
    out->attempt = small_of(&m);
    out->status = small_of(&m);
    out->took_ms = time_of(&m);
    text_of(&m, out->why, sizeof out->why);
    return zp_mp_record_end(&m, beyond) ? ZP_OK : ZP_CORRUPT;
}

/* ---- notices ---- */

void zp_webhook_notice_pack(const zp_notice *notice, zp_buf *out)
{
    msgpack_packer p;
    zp_mp_packer(&p, out);
    msgpack_pack_array(&p, NOTICE_FIELDS);
    msgpack_pack_uint8(&p, SCHEMA);
    msgpack_pack_uint64(&p, notice->endpoint);
    zp_mp_put_str(&p, notice->address);
    zp_mp_put_str(&p, notice->reason);
    msgpack_pack_int64(&p, notice->failing_since_ms);
    msgpack_pack_int64(&p, notice->mark.at_ms);
}

zp_rc zp_webhook_notice_unpack(zp_str bytes, zp_notice *out)
{
    zp_mp m = zp_mp_of(bytes);
    *out = (zp_notice){0};
    uint32_t beyond = zp_mp_record(&m, SCHEMA, NOTICE_FIELDS);
    out->endpoint = zp_mp_uint(&m);
    out->address = zp_mp_str(&m);
    out->reason = zp_mp_str(&m);
    out->failing_since_ms = time_of(&m);
    out->mark.at_ms = time_of(&m);
    return zp_mp_record_end(&m, beyond) ? ZP_OK : ZP_CORRUPT;
}

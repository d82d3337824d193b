/*
 * dispatch.c - see dispatch.h. Pure: bytes to values and back; encoding and decoding stand side by side.
 *
 *   READY [1, 1, credit]      DONE [1, 2, [[id, attempt]…]]      BYE [1, 3]
 *   JOBS  [1, 4, [[id, attempt, mode, submission]…]]             BEAT [1, 5]      FELL [1, 6, [[id, attempt]] or []]
 *
 * Nothing is allocated while decoding. What does not fit this table to the last byte is ZP_INVALID; a message of an
 * array length, kind or version that we do not know is the business of a release that does.
 */
#include "wire/dispatch.h"

#include "codec/mp.h"

enum { BARE = 2, WITH_BODY = 3, DONE_FIELDS = 2, JOB_FIELDS = 4 };

static void encode_done(msgpack_packer *p, const zp_dispatch_msg *msg)
{
    msgpack_pack_array(p, msg->count);
    for (size_t i = 0; i < msg->count; i++) {
        msgpack_pack_array(p, DONE_FIELDS);
        zp_mp_put_bin(p, msg->done[i].id.b, sizeof msg->done[i].id.b);
        msgpack_pack_uint32(p, msg->done[i].attempt);
    }
}

static void decode_done(zp_mp *m, zp_dispatch_msg *msg)
{
    for (size_t i = 0; i < msg->count && !m->bad; i++) {
        zp_done *done = &msg->done[i];
        m->bad |= zp_mp_array(m) != DONE_FIELDS;
        zp_mp_fixed(m, done->id.b, sizeof done->id.b);
        uint64_t attempt = zp_mp_uint(m);
        m->bad |= attempt < 1 || attempt > UINT32_MAX;
        done->attempt = (uint32_t)attempt;
    }
}

static void encode_jobs(msgpack_packer *p, const zp_dispatch_msg *msg)
{
    msgpack_pack_array(p, msg->count);
    for (size_t i = 0; i < msg->count; i++) {
        const zp_job *job = &msg->jobs[i];
        msgpack_pack_array(p, JOB_FIELDS);
        zp_mp_put_bin(p, job->id.b, sizeof job->id.b);
        msgpack_pack_uint32(p, job->attempt);
        msgpack_pack_uint8(p, (uint8_t)job->mode);
        zp_mp_put_bin(p, job->submission.p, job->submission.n);
    }
}

static void decode_jobs(zp_mp *m, zp_dispatch_msg *msg)
{
    for (size_t i = 0; i < msg->count && !m->bad; i++) {
        zp_job *job = &msg->jobs[i];
        m->bad |= zp_mp_array(m) != JOB_FIELDS;
        zp_mp_fixed(m, job->id.b, sizeof job->id.b);
        uint64_t attempt = zp_mp_uint(m), mode = zp_mp_uint(m);
        m->bad |= attempt < 1 || attempt > UINT32_MAX || mode > ZP_JOB_FAIL;
        job->attempt = (uint32_t)attempt;
        job->mode = mode == ZP_JOB_FAIL ? ZP_JOB_FAIL : ZP_JOB_SCORE;
        job->submission = zp_mp_bin(m);
        m->bad |= !zp_str_present(job->submission);
    }
}

void zp_dispatch_encode(const zp_dispatch_msg *msg, zp_buf *out)
{
    msgpack_packer p;
    zp_mp_packer(&p, out);
    msgpack_pack_array(&p, msg->kind == ZP_MSG_BYE || msg->kind == ZP_MSG_BEAT ? BARE : WITH_BODY);
    msgpack_pack_uint8(&p, ZP_DISPATCH_VERSION);
    msgpack_pack_uint8(&p, (uint8_t)msg->kind);
    switch (msg->kind) {
    case ZP_MSG_READY:
        msgpack_pack_uint32(&p, msg->credit);
        break;
    case ZP_MSG_DONE:
    case ZP_MSG_FELL:
        encode_done(&p, msg);
        break;
    case ZP_MSG_JOBS:
        encode_jobs(&p, msg);
        break;
    case ZP_MSG_BYE:
    case ZP_MSG_BEAT:
        break;
    }
}

static void decode_body(zp_mp *m, zp_dispatch_msg *msg)
{
    if (msg->kind == ZP_MSG_READY) {
        uint64_t credit = zp_mp_uint(m);
        m->bad |= credit > UINT32_MAX;
        msg->credit = (uint32_t)credit;
        return;
    }
    bool of_done = msg->kind == ZP_MSG_DONE || msg->kind == ZP_MSG_FELL;
    bool room = of_done ? msg->done != NULL : msg->jobs != NULL;
    msg->count = zp_mp_array(m);
    m->bad |= !room || msg->count > ZP_DISPATCH_MAX_JOBS || (msg->kind == ZP_MSG_FELL && msg->count > 1);
    if (of_done)
        decode_done(m, msg);
    else
        decode_jobs(m, msg);
}

zp_rc zp_dispatch_decode(zp_str bytes, zp_dispatch_msg *msg)
{
    msg->credit = 0;
    msg->count = 0;
    if (bytes.n > ZP_DISPATCH_MAX_BYTES)
        return ZP_INVALID;
    zp_mp m = zp_mp_of(bytes);
    uint32_t fields = zp_mp_array(&m);
    uint64_t version = zp_mp_uint(&m), kind = zp_mp_uint(&m);
    if (m.bad || version != ZP_DISPATCH_VERSION || kind < ZP_MSG_READY || kind > ZP_MSG_FELL)
        return ZP_INVALID;
    msg->kind = (zp_msg_kind)kind;
    bool bare = msg->kind == ZP_MSG_BYE || msg->kind == ZP_MSG_BEAT;
    if (fields != (bare ? BARE : WITH_BODY))
        return ZP_INVALID;
    if (!bare)
        decode_body(&m, msg);
    if (zp_mp_done(&m))
        return ZP_OK;
    msg->count = 0;
    return ZP_INVALID;
}

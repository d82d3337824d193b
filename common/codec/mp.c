/*
 * mp.c - see mp.h. The MessagePack specification's format table, read strictly and in place.
 */
#include "codec/mp.h"

enum { MAX_DEPTH = 16 };
enum { FIXSTR = 0xa0, FIXSTR_MAX = 31, STR_8 = 0xd9 }; /* lead bytes of the format */

static int write_to_buf(void *data, const char *bytes, size_t n)
{
    zp_buf *buf = data;
    zp_buf_add(buf, bytes, n);
    return buf->failed ? -1 : 0;
}

void zp_mp_packer(msgpack_packer *packer, zp_buf *buf)
{
    msgpack_packer_init(packer, buf, write_to_buf);
}

/* The packer's callback would be called twice for each of a record's hundred strings: most are short, and go in at
 * once.
 */
static bool put_short_str(zp_buf *buf, zp_str s)
{
    if (s.n > UINT8_MAX || !(buf->cap - buf->n >= s.n + 2 ? !buf->failed : zp_buf_reserve(buf, s.n + 2)))
        return false;
    uint8_t *p = (uint8_t *)buf->p + buf->n;
    size_t head = 1;
    if (s.n <= FIXSTR_MAX) {
        p[0] = (uint8_t)(FIXSTR | s.n);
    } else {
        p[0] = STR_8;
        p[1] = (uint8_t)s.n;
        head = 2;
    }
    memcpy(p + head, s.p, s.n);
    buf->n += head + s.n;
    return true;
}

void zp_mp_put_str(msgpack_packer *packer, zp_str s)
{
    if (!s.p)
        msgpack_pack_nil(packer);
    else if (!put_short_str(packer->data, s))
        msgpack_pack_str_with_body(packer, s.p, s.n);
}

void zp_mp_put_bin(msgpack_packer *packer, const void *p, size_t n)
{
    msgpack_pack_bin_with_body(packer, p, n);
}

void zp_mp_put_c(msgpack_packer *packer, const char *c_string)
{
    zp_mp_put_str(packer, zp_str_of(c_string));
}

static size_t left(const zp_mp *self)
{
    return (size_t)(self->end - self->p);
}

/* The lead byte, consumed; 0xc1 (never used by the format) when there is none. */
static uint8_t lead(zp_mp *self)
{
    if (self->bad || self->p == self->end) {
        self->bad = true;
        return 0xc1;
    }
    return *self->p++;
}

static uint64_t big_endian(zp_mp *self, size_t n)
{
    uint64_t value = 0;
    if (self->bad || left(self) < n) {
        self->bad = true;
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        value = value << 8 | *self->p++;
    return value;
}

static uint64_t refuse(zp_mp *self)
{
    self->bad = true;
    return 0;
}

/* Elements of `least` bytes at least: a count that the bytes cannot hold is refused before anyone allocates for it. */
static uint32_t counted(zp_mp *self, uint64_t n, uint64_t least)
{
    if (self->bad || n * least > left(self))
        return (uint32_t)refuse(self);
    return (uint32_t)n;
}

uint32_t zp_mp_array(zp_mp *self)
{
    uint8_t b = lead(self);
    uint64_t n = (b & 0xf0) == 0x90 ? b & 0x0f
                 : b == 0xdc        ? big_endian(self, 2)
                 : b == 0xdd        ? big_endian(self, 4)
                                    : refuse(self);
    return counted(self, n, 1);
}

uint32_t zp_mp_map(zp_mp *self)
{
    uint8_t b = lead(self);
    uint64_t n = (b & 0xf0) == 0x80 ? b & 0x0f
                 : b == 0xde        ? big_endian(self, 2)
                 : b == 0xdf        ? big_endian(self, 4)
                                    : refuse(self);
    return counted(self, n, 2);
}

uint64_t zp_mp_uint(zp_mp *self)
{
    uint8_t b = lead(self);
    if (b < 0x80)
        return b;
    if (b >= 0xcc && b <= 0xcf)
        return big_endian(self, (size_t)1 << (b - 0xcc));
    return refuse(self);
}

int64_t zp_mp_int(zp_mp *self)
{
    uint8_t b = lead(self);
    if (b < 0x80 || b >= 0xe0)
        return (int8_t)b;
    if (b >= 0xcc && b <= 0xcf) {
        uint64_t n = big_endian(self, (size_t)1 << (b - 0xcc));
        return n <= INT64_MAX ? (int64_t)n : (int64_t)refuse(self);
    }
    if (b >= 0xd0 && b <= 0xd3) {
        unsigned bytes = 1U << (b - 0xd0);
        uint64_t n = big_endian(self, bytes);
        return bytes == 1 ? (int8_t)n : bytes == 2 ? (int16_t)n : bytes == 4 ? (int32_t)n : (int64_t)n;
    }
    return (int64_t)refuse(self);
}

bool zp_mp_bool(zp_mp *self)
{
    uint8_t b = lead(self);
    if (b != 0xc2 && b != 0xc3)
        refuse(self);
    return b == 0xc3;
}

static zp_str bytes(zp_mp *self, uint64_t n)
{
    n = counted(self, n, 1);
    if (self->bad)
        return ZP_ABSENT;
    zp_str s = {(const char *)self->p, n};
    self->p += n;
    return s;
}

zp_str zp_mp_str(zp_mp *self)
{
    uint8_t b = lead(self);
    if (b == 0xc0)
        return ZP_ABSENT;
    if ((b & 0xe0) == 0xa0)
        return bytes(self, b & 0x1f);
    if (b >= 0xd9 && b <= 0xdb)
        return bytes(self, big_endian(self, (size_t)1 << (b - 0xd9)));
    refuse(self);
    return ZP_ABSENT;
}

zp_str zp_mp_bin(zp_mp *self)
{
    uint8_t b = lead(self);
    if (b == 0xc0)
        return ZP_ABSENT;
    if (b >= 0xc4 && b <= 0xc6)
        return bytes(self, big_endian(self, (size_t)1 << (b - 0xc4)));
    refuse(self);
    return ZP_ABSENT;
}

bool zp_mp_fixed(zp_mp *self, void *out, size_t n)
{
    zp_str s = zp_mp_bin(self);
    if (self->bad || !s.p || s.n != n) {
        self->bad = true;
        memset(out, 0, n);
        return false;
    }
    memcpy(out, s.p, n);
    return true;
}

bool zp_mp_nil(zp_mp *self)
{
    if (self->bad || self->p == self->end || *self->p != 0xc0)
        return false;
    self->p++;
    return true;
}

static void skip(zp_mp *self, int depth)
{
    if (self->bad || self->p == self->end || depth > MAX_DEPTH) {
        self->bad = true;
        return;
    }
    uint8_t b = *self->p;
    uint32_t children = 0;
    if ((b & 0xf0) == 0x90 || b == 0xdc || b == 0xdd)
        children = zp_mp_array(self);
    else if ((b & 0xf0) == 0x80 || b == 0xde || b == 0xdf)
        children = 2 * zp_mp_map(self);
    else if ((b & 0xe0) == 0xa0 || (b >= 0xd9 && b <= 0xdb))
        zp_mp_str(self);
    else if (b >= 0xc4 && b <= 0xc6)
        zp_mp_bin(self);
    else if (b == 0xc0)
        self->p++;
    else if (b == 0xc2 || b == 0xc3)
        zp_mp_bool(self);
    else if (b < 0x80 || b >= 0xe0 || (b >= 0xcc && b <= 0xd3 && b != 0xcf))
        zp_mp_int(self);
    else if (b == 0xcf)
        zp_mp_uint(self);
    else
        self->bad = true; /* floats and extensions have no place in our records */
    while (children-- > 0 && !self->bad)
        skip(self, depth + 1);
}

void zp_mp_skip(zp_mp *self)
{
    skip(self, 0);
}

uint32_t zp_mp_record(zp_mp *self, uint64_t schema, uint32_t known)
{
    uint32_t n = zp_mp_array(self);
    self->bad |= n < known || zp_mp_uint(self) != schema;
    return self->bad ? 0 : n - known;
}

bool zp_mp_record_end(zp_mp *self, uint32_t beyond)
{
    while (beyond-- > 0 && !self->bad)
        zp_mp_skip(self);
    return zp_mp_done(self);
}

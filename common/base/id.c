/*
 * id.c - see id.h. Runs in the one thread that owns the generator: in the gateway, the committer.
 *
 * Random bytes are fetched from the system in blocks, so that an id costs no system call of its own. The counter starts
 * at 0 in each millisecond: uniqueness rests on the 62 random bits, the counter only orders. Without random bytes there
 * is no id (ZP_IO); a guessable one would let strangers read each other's forms.
 */
#include "base/id.h"

#include <errno.h>
#include <sys/random.h>

enum { COUNTER_MAX = 0xfff };

int64_t zp_id_ms(const zp_id *id)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->b[i];
    return ms;
}

static zp_rc fill_random(zp_id_gen *self)
{
    size_t n = 0;
    while (n < sizeof self->random) {
        ssize_t got = getrandom(self->random + n, sizeof self->random - n, 0);
        if (got < 0 && errno != EINTR)
            return ZP_IO;
        n += got > 0 ? (size_t)got : 0;
    }
    self->random_left = sizeof self->random;
    return ZP_OK;
}

zp_rc zp_id_next(zp_id_gen *self, int64_t now_ms, zp_id *out)
{
    if (self->random_left < 8) {
        zp_rc rc = fill_random(self);
        if (rc)
            return rc;
    }
    int64_t ms = zp_id_ms(&self->last);
    unsigned counter = 0;
    if (now_ms > ms) {
        ms = now_ms;
    } else {
        counter = ((self->last.b[6] & 0x0fu) << 8 | self->last.b[7]) + 1;
        if (counter > COUNTER_MAX) {
            counter = 0;
            ms++;
        }
    }
    for (int i = 0; i < 6; i++)
        out->b[i] = (uint8_t)(ms >> (40 - 8 * i));
    out->b[6] = (uint8_t)(0x70 | counter >> 8);
    out->b[7] = (uint8_t)counter;
    self->random_left -= 8;
    memcpy(out->b + 8, self->random + self->random_left, 8);
    out->b[8] = (uint8_t)(0x80 | (out->b[8] & 0x3f));
    self->last = *out;
    return ZP_OK;
}

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

void zp_id_format(const zp_id *id, char out[ZP_ID_TEXT + 1])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;
    for (size_t i = 0; i < sizeof id->b; i++) {
        if (is_dash((size_t)(p - out)))
            *p++ = '-';
        *p++ = digits[id->b[i] >> 4];
        *p++ = digits[id->b[i] & 15];
    }
    *p = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

zp_str zp_id_text(const zp_id *id, zp_arena *arena)
{
    char text[ZP_ID_TEXT + 1];
    zp_id_format(id, text);
    return zp_arena_copy(arena, (zp_str){text, ZP_ID_TEXT});
}

zp_rc zp_id_parse(zp_str text, zp_id *out)
{
    zp_id id;
    size_t nibble = 0;
    if (text.n != ZP_ID_TEXT)
        return ZP_INVALID;
    for (size_t i = 0; i < text.n; i++) {
        if (is_dash(i)) {
            if (text.p[i] != '-')
                return ZP_INVALID;
            continue;
        }
        int value = digit_value(text.p[i]);
        if (value < 0)
            return ZP_INVALID;
        uint8_t *byte = &id.b[nibble / 2];
        *byte = nibble % 2 ? (uint8_t)(*byte << 4 | value) : (uint8_t)value;
        nibble++;
    }
    *out = id;
    return ZP_OK;
}

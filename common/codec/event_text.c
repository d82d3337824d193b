/*
 * event_text.c - an event's JSON and topic, see event.h. Pure; any thread. What does not decode to the last byte is
 * ZP_CORRUPT.
 *
 * The bytes that were packed at commit are the event: JSON is written from them, member for member, and never again
 * from the status, so that a replay says what the first delivery said. Apart from event.c because the subscribers'
 * library reads events and packs none.
 */
#include "base/digits.h"
#include "codec/chars.h"
#include "codec/event.h"
#include "codec/event_head.h"
#include "codec/json_out.h"
#include "codec/mp.h"

enum { MAX_UNIT = 96, MAX_NAME = 32, MAX_NESTING = 4 };
_Static_assert(3 * MAX_NAME + ZP_UINT_DIGITS + MAX_UNIT + sizeof "////" <= ZP_TOPIC_MAX, "the longest topic");

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

/* Passes over a short text, which most of an event is; false, and nothing done, for anything else. */
static inline bool pass_text(zp_mp *m)
{
    size_t left = (size_t)(m->end - m->p), n = 0;
    if (left > 0 && (m->p[0] & 0xe0) == 0xa0)
        n = 1 + (m->p[0] & 0x1fu);
    else if (left > 1 && m->p[0] == 0xd9)
        n = 2 + (size_t)m->p[1];
    if (n == 0 || n > left || m->bad)
        return false;
    m->p += n;
    return true;
}

/*
 * The value of a map's member, which must be there and come next or later; the cursor ends behind it. Each event has
 * its topic found, by the notifier and by every subscriber: names are compared as they were packed.
 */
static void find(zp_mp *m, uint32_t *left, zp_str name)
{
    while (*left > 0 && !m->bad) {
        (*left)--;
        if ((size_t)(m->end - m->p) > name.n && m->p[0] == (0xa0 | name.n) && memcmp(m->p + 1, name.p, name.n) == 0) {
            m->p += 1 + name.n;
            return;
        }
        if (!pass_text(m))
            (void)zp_mp_str(m);
        if (!pass_text(m))
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

static zp_str or_dash(zp_str name)
{
    return zp_str_filled(name) ? name : ZP_STR("-");
}

/* A code that was accepted is of ASCII without blanks, or the cell is empty: then it may be of blanks of any kind. */
static bool is_code(zp_str code)
{
    return code.n && (unsigned char)*code.p > ' ' && (unsigned char)*code.p < 0x80;
}

static char *put(char *out, zp_str text)
{
    memcpy(out, text.p, text.n);
    return out + text.n;
}

static zp_rc webhook_topic(zp_mp *m, uint32_t *left, char out[ZP_TOPIC_MAX])
{
    find(m, left, ZP_STR("subject"));
    zp_str subject = zp_mp_str(m);
    if (m->bad || !subject.p)
        return ZP_CORRUPT;
    char *end = put(out, ZP_STR("webhook/"));
    end += add_name(end, subject);
    *end = '\0';
    return ZP_OK;
}

zp_rc zp_event_topic(zp_str bytes, char out[ZP_TOPIC_MAX])
{
    zp_mp m = zp_mp_of(bytes);
    uint32_t left = zp_mp_map(&m);
    find(&m, &left, ZP_STR("type"));
    zp_str type = zp_mp_str(&m);
    if (zp_str_begins(type, ZP_TYPE_WEBHOOK))
        return webhook_topic(&m, &left, out);
    find(&m, &left, ZP_STR("data"));
    left = zp_mp_map(&m);
    find(&m, &left, ZP_STR("status"));
    zp_str status = zp_mp_str(&m);
    find(&m, &left, ZP_STR("outcome"));
    zp_str outcome = zp_mp_str(&m);
    find(&m, &left, ZP_STR("grade"));
    zp_str grade = zp_mp_str(&m);
    find(&m, &left, ZP_STR("unit"));
    zp_str unit = zp_mp_str(&m);
    find(&m, &left, ZP_STR("unit_code"));
    zp_str code = zp_mp_str(&m);
    find(&m, &left, ZP_STR("year"));
    uint64_t year = zp_mp_uint(&m);
    if (m.bad || !status.p || status.n > MAX_NAME || outcome.n > MAX_NAME || grade.n > MAX_NAME)
        return ZP_CORRUPT;
    zp_str name = is_code(code) ? code : or_dash(unit);
    char digits[ZP_UINT_DIGITS], *first = zp_put_digits(digits + sizeof digits, year);
    char *end = put(put(out, status), ZP_STR("/"));
    end = put(end, (zp_str){first, (size_t)(digits + sizeof digits - first)});
    end = put(end, ZP_STR("/"));
    end += add_name(end, name);
    end = put(put(end, ZP_STR("/")), or_dash(grade));
    end = put(put(end, ZP_STR("/")), or_dash(outcome));
    *end = '\0';
    return ZP_OK;
}

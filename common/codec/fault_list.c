/*
 * fault_list.c - see fault_list.h. One thread's; out of memory shows in the list's `failed`.
 */
#include "codec/fault_list.h"

#include "base/buf.h"
#include "codec/chars.h"
#include "codec/form_reader.h"

enum { MAX_NAME = 128 /* bytes of a sent name that are shown */ };

zp_fault_list zp_faults_in(zp_flags *flags)
{
    return (zp_fault_list){.flags = flags, .before = flags->count};
}

static bool is_blank(zp_str body)
{
    size_t i = 0;
    while (i < body.n && (body.p[i] == ' ' || body.p[i] == '\n' || body.p[i] == '\t' || body.p[i] == '\r'))
        i++;
    return i == body.n;
}

zp_rc zp_fault_check_body(zp_fault_list *self, zp_str body)
{
    const zp_place root = {NULL, ZP_ABSENT, 0};
    if (body.n > ZP_MAX_BODY) {
        zp_fault_add(self, ZP_FLAG_BODY_TOO_LARGE, &root, ZP_ABSENT, zp_fault_number(self, ZP_MAX_BODY));
        return self->flags->failed ? ZP_NOMEM : ZP_TOO_LARGE;
    }
    if (is_blank(body))
        zp_fault_add_malformed(self, ZP_FLAG_BODY_EMPTY, &root, ZP_ABSENT, ZP_ABSENT);
    return zp_faults_rc(self);
}

bool zp_faults_room(const zp_fault_list *self)
{
    return self->flags->count - self->before < ZP_MAX_FAULTS;
}

/* Room for one token, with ~ and / written as RFC 6901 has it. */
static void add_token(zp_buf *out, zp_str token)
{
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] == '~')
            zp_buf_lit(out, "~0");
        else if (token.p[i] == '/')
            zp_buf_lit(out, "~1");
        else
            zp_buf_char(out, token.p[i]);
}

static void add_place(zp_buf *out, const zp_place *at)
{
    if (!at->up)
        return;
    add_place(out, at->up);
    zp_buf_char(out, '/');
    if (at->name.p)
        add_token(out, (zp_str){at->name.p, zp_utf8_cut(at->name, MAX_NAME)});
    else
        zp_buf_printf(out, "%zu", at->index);
}

void zp_fault_add(zp_fault_list *self, zp_flag_code code, const zp_place *at, zp_str value, zp_str expected)
{
    zp_buf text = ZP_BUF_INIT;
    if (!zp_faults_room(self))
        return;
    add_place(&text, at);
    zp_str pointer = zp_arena_copy(self->flags->arena, zp_buf_view(&text));
    if (text.failed || !pointer.p)
        self->flags->failed = true;
    zp_buf_free(&text);
    zp_flags_add(self->flags, code, pointer, value, expected);
}

void zp_fault_add_malformed(zp_fault_list *self, zp_flag_code code, const zp_place *at, zp_str value, zp_str expected)
{
    self->malformed = true;
    zp_fault_add(self, code, at, value, expected);
}

zp_str zp_fault_number(zp_fault_list *self, size_t n)
{
    if (!zp_faults_room(self))
        return ZP_ABSENT;
    zp_str text = zp_arena_printf(self->flags->arena, "%zu", n);
    self->flags->failed |= !text.p;
    return text;
}

zp_str zp_fault_name(zp_fault_list *self, zp_str name)
{
    if (!zp_faults_room(self))
        return ZP_ABSENT;
    size_t n = zp_utf8_cut(name, MAX_NAME);
    zp_str text = zp_arena_printf(self->flags->arena, "%.*s%s", (int)n, name.p, n < name.n ? "…" : "");
    self->flags->failed |= !text.p;
    return text;
}

void zp_fault_check_text(zp_fault_list *self, const zp_place *at, zp_str text)
{
    if (text.n > ZP_MAX_CELL)
        zp_fault_add(self, ZP_FLAG_TEXT_TOO_LONG, at, ZP_ABSENT, zp_fault_number(self, ZP_MAX_CELL));
    uint32_t control = zp_control_in(text);
    if (control != ZP_NO_CONTROL) {
        zp_str shown = zp_arena_printf(self->flags->arena, "U+%04X", control);
        self->flags->failed |= !shown.p;
        zp_fault_add(self, ZP_FLAG_CONTROL_CHARACTER, at, shown, ZP_ABSENT);
    }
}

zp_rc zp_faults_rc(const zp_fault_list *self)
{
    if (self->flags->failed)
        return ZP_NOMEM;
    if (self->malformed)
        return ZP_INVALID;
    return self->flags->count > self->before ? ZP_CONFLICT : ZP_OK;
}

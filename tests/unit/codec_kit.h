/*
 * codec_kit.h - what the codec's tests share: the sample forms, a body as the gateway hands it over, readings and what
 * was found wrong.
 */
#ifndef ZP_TESTS_CODEC_KIT_H
#define ZP_TESTS_CODEC_KIT_H

#include "codec/form_json.h"
#include "codec/form_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEEDS = 6 };

/* One reading: the body, what came out of it, and what was wrong. `forget` frees it. */
typedef struct {
    zp_arena *arena;
    zp_json_reader *reader;
    char *bytes;
    zp_form form;
    zp_flags faults;
    zp_rc rc;
} reading;

static inline void forget(reading *r)
{
    zp_json_reader_destroy(&r->reader);
    zp_arena_destroy(&r->arena);
    free(r->bytes);
    free(r);
}

static inline reading *reading_of(zp_str body)
{
    reading *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->arena = zp_arena_new(64 * 1024);
    r->reader = zp_json_reader_new();
    r->bytes = malloc(body.n + ZP_JSON_PADDING);
    assert_true(r->arena && r->reader && r->bytes);
    memcpy(r->bytes, body.p, body.n);
    memset(r->bytes + body.n, '"', ZP_JSON_PADDING); /* whatever stands behind the body must not count */
    r->faults.arena = r->arena;
    memset(&r->form, 0xee, sizeof r->form);
    return r;
}

static inline reading *read_json(zp_str body)
{
    reading *r = reading_of(body);
    r->rc = zp_form_read_json(r->reader, (zp_str){r->bytes, body.n}, r->arena, &r->form, &r->faults);
    return r;
}

static inline reading *read_urlencoded(zp_str body)
{
    reading *r = reading_of(body);
    r->rc = zp_form_read_urlencoded((zp_str){r->bytes, body.n}, r->arena, &r->form, &r->faults);
    return r;
}

static inline const zp_flag *find_fault(const reading *r, zp_flag_code code, const char *pointer)
{
    for (size_t i = 0; i < r->faults.count; i++)
        if (r->faults.items[i].code == code && zp_str_is(r->faults.items[i].pointer, pointer))
            return &r->faults.items[i];
    return NULL;
}

static inline void print_faults(const reading *r)
{
    for (size_t i = 0; i < r->faults.count; i++) {
        zp_str text = zp_flag_message(&r->faults.items[i], ZP_LANG_EN, r->arena);
        print_message("  %s \"%.*s\" %.*s\n", zp_flag_name(r->faults.items[i].code), (int)r->faults.items[i].pointer.n,
                      r->faults.items[i].pointer.p, (int)text.n, text.p);
    }
}

/* The reading was refused with exactly these many faults, this one among them; value NULL: not looked at. */
static inline void assert_fault(const reading *r, zp_rc rc, size_t count, zp_flag_code code, const char *pointer,
                                const char *value, const char *about)
{
    const zp_flag *fault = find_fault(r, code, pointer);
    if (r->rc == rc && r->faults.count == count && fault && (!value || zp_str_is(fault->value, value)))
        return;
    print_faults(r);
    fail_msg("%s: expected %s, %zu faults, %s at \"%s\" with value %s; got %s", about, zp_rc_name(rc), count,
             zp_flag_name(code), pointer, value ? value : "(any)", zp_rc_name(r->rc));
}

static inline void assert_text(zp_str actual, const char *expected)
{
    if (!zp_str_is(actual, expected) || !actual.p)
        fail_msg("expected \"%s\", got \"%.*s\"", expected, (int)actual.n, actual.p ? actual.p : "(absent)");
}

/* The whole file, with a NUL behind it; the caller frees it. */
static inline char *seed_text(int number)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/forms/seed-%d.json", ZP_SOURCE_DIR, number);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    size_t n = fread(text, 1, 65535, file);
    assert_true(n > 0 && feof(file));
    fclose(file);
    return text;
}

static inline reading *read_seed(int number)
{
    char *text = seed_text(number);
    reading *r = read_json(zp_str_of(text));
    free(text);
    assert_int_equal(r->rc, ZP_OK);
    return r;
}

/* Canonical JSON with a NUL behind it; the caller frees it. */
static inline char *canonical(const zp_form *form)
{
    zp_buf out = ZP_BUF_INIT;
    zp_form_write_json(form, &out);
    zp_buf_char(&out, '\0');
    assert_false(out.failed);
    return out.p;
}

#endif

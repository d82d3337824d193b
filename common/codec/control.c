/*
 * control.c - see control.h. Pure but for nettle's SHA-256; any thread, one at a time.
 */
#include "codec/control.h"

#include "codec/json_out.h"
#include "core/result.h"

void zp_control_begin(zp_control *self, const zp_event_filter *filter)
{
    *self = (zp_control){.filter = *filter};
    sha256_init(&self->sha256);
}

static bool is_kind(zp_str type, const char *kind)
{
    size_t n = strlen(kind);
    return type.n > n && memcmp(type.p + type.n - n, kind, n) == 0;
}

void zp_control_add(zp_control *self, zp_str frozen)
{
    zp_event_brief event;
    if (zp_event_skim(frozen, &event) != ZP_OK) {
        self->damaged++;
        return;
    }
    if (!zp_event_matches(&self->filter, &event))
        return;
    self->events++;
    sha256_update(&self->sha256, frozen.n, (const uint8_t *)frozen.p);
    if (is_kind(event.type, ".submission.failed"))
        self->failed++;
    else if (is_kind(event.type, ".submission.superseded"))
        self->superseded++;
    else if (is_kind(event.type, ".submission.scored")) {
        self->scored++;
        if (event.confirmed_total != ZP_NO_CENTS) {
            self->confirmed++;
            self->confirmed_sum += event.confirmed_total;
        }
    }
}

static void write_count(zp_buf *out, const char *name, uint64_t n)
{
    zp_json_str(out, zp_str_of(name));
    zp_buf_char(out, ':');
    zp_json_uint(out, n);
    zp_buf_char(out, ',');
}

static void write_text(zp_buf *out, const char *name, zp_str text)
{
    if (!zp_str_filled(text))
        return;
    zp_json_str(out, zp_str_of(name));
    zp_buf_char(out, ':');
    zp_json_str(out, text);
    zp_buf_char(out, ',');
}

static void write_filter(const zp_event_filter *filter, zp_buf *out)
{
    write_text(out, "from", zp_str_of(filter->from));
    write_text(out, "before", zp_str_of(filter->before));
    write_text(out, "type", filter->type);
    write_text(out, "unit", filter->unit);
    if (filter->year)
        write_count(out, "year", (uint64_t)filter->year);
}

void zp_control_write_json(zp_control *self, uint64_t after, uint64_t upto, zp_buf *out)
{
    zp_digest digest;
    char text[ZP_DIGEST_TEXT + 1];
    sha256_digest(&self->sha256, sizeof digest.b, digest.b);
    zp_digest_format(&digest, text);
    zp_buf_char(out, '{');
    write_count(out, "after", after);
    write_count(out, "upto", upto);
    write_filter(&self->filter, out);
    write_count(out, "events", self->events);
    write_count(out, "scored", self->scored);
    write_count(out, "failed", self->failed);
    write_count(out, "superseded", self->superseded);
    write_count(out, "damaged", self->damaged);
    write_count(out, "confirmed", self->confirmed);
    zp_buf_lit(out, "\"confirmed_sum\":");
    zp_json_cents(out, self->confirmed_sum);
    zp_buf_lit(out, ",\"digest\":");
    zp_json_str(out, zp_str_of(text));
    zp_buf_lit(out, "}\n");
}

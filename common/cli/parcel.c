/*
 * parcel.c - see parcel.h.
 */
#include "cli/parcel.h"

#include <stdio.h>
#include <stdlib.h>

static bool make_room(zp_parcel *self)
{
    if (self->count < self->cap)
        return true;
    size_t cap = self->cap ? 2 * self->cap : 16;
    zp_parcel_item *items = reallocarray(self->items, cap, sizeof *items);
    if (!items)
        return false;
    self->items = items;
    self->cap = cap;
    return true;
}

static char *origin_of(const char *name, size_t line)
{
    char *origin;
    int n = line ? asprintf(&origin, "%s:%zu", name, line) : asprintf(&origin, "%s", name);
    return n < 0 ? NULL : origin;
}

zp_rc zp_parcel_add(zp_parcel *self, zp_str form, bool on_one_line, const char *name, size_t line)
{
    if (!make_room(self) || !zp_buf_reserve(&self->body, form.n + 1))
        return ZP_NOMEM;
    char *origin = origin_of(name, line);
    if (!origin)
        return ZP_NOMEM;
    self->items[self->count++] = (zp_parcel_item){.origin = origin, .at = self->body.n, .n = form.n};
    char *copy = self->body.p + self->body.n;
    zp_buf_str(&self->body, form);
    zp_buf_char(&self->body, '\n');
    for (size_t i = 0; on_one_line && i < form.n; i++)
        if (copy[i] == '\n' || copy[i] == '\r')
            copy[i] = ' ';
    return ZP_OK;
}

zp_rc zp_parcel_drop_settled(zp_parcel *self)
{
    zp_buf body = ZP_BUF_INIT;
    size_t kept = 0;
    if (!zp_buf_reserve(&body, self->body.n))
        return ZP_NOMEM;
    for (size_t i = 0; i < self->count; i++) {
        zp_parcel_item item = self->items[i];
        if (item.settled) {
            free(item.origin);
            continue;
        }
        zp_str form = {self->body.p + item.at, item.n + 1};
        item.at = body.n;
        zp_buf_str(&body, form);
        self->items[kept++] = item;
    }
    self->count = kept;
    zp_buf_free(&self->body);
    self->body = body;
    return ZP_OK;
}

void zp_parcel_clear(zp_parcel *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->items[i].origin);
    self->count = 0;
    zp_buf_clear(&self->body);
}

void zp_parcel_free(zp_parcel *self)
{
    zp_parcel_clear(self);
    free(self->items);
    zp_buf_free(&self->body);
    *self = (zp_parcel){0};
}

/*
 * follow.c - see follow.h.
 */
#include "follow.h"

#include <stdlib.h>

static zp_str keep(char *to, zp_str text)
{
    if (!zp_str_present(text))
        return ZP_ABSENT;
    memcpy(to, text.p, text.n);
    return (zp_str){to, text.n};
}

zp_follow *zp_follow_new(const zp_event_filter *filter, atomic_uint *counter)
{
    zp_follow *self = calloc(1, sizeof *self + filter->type.n + filter->unit.n);
    if (!self)
        return NULL;
    self->filter = *filter;
    self->filter.type = keep(self->texts, filter->type);
    self->filter.unit = keep(self->texts + filter->type.n, filter->unit);
    self->counter = counter;
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    return self;
}

void zp_follow_destroy(zp_follow **self)
{
    if (!*self)
        return;
    atomic_fetch_sub_explicit((*self)->counter, 1, memory_order_relaxed);
    free(*self);
    *self = NULL;
}

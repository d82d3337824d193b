/*
 * load_histogram.h - how often which time came, to within a sixty-fourth of it, in a table of fixed size.
 */
#ifndef ZP_BENCH_LOAD_HISTOGRAM_H
#define ZP_BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

enum { LOAD_FINE = 64, LOAD_BUCKETS = 59 * LOAD_FINE };

typedef struct {
    uint64_t count, most;
    uint64_t buckets[LOAD_BUCKETS];
} load_histogram;

static inline void load_histogram_add(load_histogram *self, int64_t us)
{
    uint64_t v = us > 0 ? (uint64_t)us : 0;
    unsigned shift = v < 2 * LOAD_FINE ? 0 : 57 - (unsigned)__builtin_clzll(v);
    self->buckets[shift * LOAD_FINE + (v >> shift)]++;
    self->count++;
    if (v > self->most)
        self->most = v;
}

/* The least time that `share` of 1000 do not exceed; 0 when nothing came. */
static inline uint64_t load_histogram_at(const load_histogram *self, unsigned share)
{
    uint64_t wanted = (self->count * share + 999) / 1000, seen = 0;
    for (unsigned i = 0; i < LOAD_BUCKETS && wanted; i++) {
        seen += self->buckets[i];
        if (seen < wanted)
            continue;
        unsigned shift = i < 2 * LOAD_FINE ? 0 : i / LOAD_FINE - 1;
        uint64_t end = ((uint64_t)(i - shift * LOAD_FINE) << shift) + ((UINT64_C(1) << shift) - 1);
        return end < self->most ? end : self->most;
    }
    return 0;
}

#endif

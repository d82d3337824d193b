/*
 * load_answer.h - one HTTP/1.1 answer as its bytes come: where it ends, and what it says. Content-Length and chunks, as
 * nginx and Go write them; nothing else of HTTP.
 */
#ifndef ZP_BENCH_LOAD_ANSWER_H
#define ZP_BENCH_LOAD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *p;
    size_t n, cap;
    int status;      /* 0 until the head is whole */
    size_t body;     /* where it begins */
    size_t body_end; /* as far as it is there; of chunks, without what stands between them */
    size_t raw;      /* the first byte that has not been looked at */
    size_t length;   /* of a body that says so */
    bool chunked, closes;
} load_answer;

typedef enum { LOAD_MORE, LOAD_WHOLE, LOAD_WRONG } load_step;

/* Room for at least `more` bytes behind p + n, and one for a NUL; false: out of memory. */
bool load_answer_room(load_answer *self, size_t more);
/* Looks at what has come, up to n. */
load_step load_answer_look(load_answer *self);
/* How often the text stands in the body. */
size_t load_answer_count(const load_answer *self, const char *text);
/* For the next answer; keeps the memory. */
void load_answer_clear(load_answer *self);

#endif

/*
 * load_answer.c - see load_answer.h. Chunks are put together in place, so that a body is one piece to look into.
 */
#include "load_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool load_answer_room(load_answer *self, size_t more)
{
    if (self->cap - self->n > more)
        return true;
    size_t cap = 2 * (self->n + more) + 1;
    char *bigger = realloc(self->p, cap);
    if (!bigger)
        return false;
    self->p = bigger;
    self->cap = cap;
    return true;
}

void load_answer_clear(load_answer *self)
{
    *self = (load_answer){.p = self->p, .cap = self->cap};
}

static load_step look_at_head(load_answer *self)
{
    char *end = memmem(self->p, self->n, "\r\n\r\n", 4);
    if (!end)
        return LOAD_MORE;
    if (strncmp(self->p, "HTTP/1.1 ", 9) != 0)
        return LOAD_WRONG;
    self->status = atoi(self->p + 9);
    bool sized = self->status == 304 || self->status == 204;
    for (char *line = strstr(self->p, "\r\n"); line < end; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, "content-length:", 15) == 0) {
            self->length = strtoul(line + 15, NULL, 10);
            sized = true;
        } else if (strncasecmp(line, "transfer-encoding: chunked", 26) == 0) {
            self->chunked = true;
        } else if (strncasecmp(line, "connection: close", 17) == 0) {
            self->closes = true;
        }
    }
    self->body = self->body_end = self->raw = (size_t)(end - self->p) + 4;
    return self->status >= 200 && (sized || self->chunked) ? LOAD_WHOLE : LOAD_WRONG;
}

static load_step look_at_chunks(load_answer *self)
{
    for (;;) {
        char *from = self->p + self->raw, *line_end = memmem(from, self->n - self->raw, "\r\n", 2), *digits_end;
        if (!line_end)
            return LOAD_MORE;
        size_t size = strtoul(from, &digits_end, 16), whole = (size_t)(line_end + 2 - from) + size + 2;
        if (digits_end == from)
            return LOAD_WRONG;
        if (self->n - self->raw < whole)
            return LOAD_MORE;
        memmove(self->p + self->body_end, line_end + 2, size);
        self->body_end += size;
        self->raw += whole;
        if (size == 0)
            return self->raw == self->n ? LOAD_WHOLE : LOAD_WRONG;
    }
}

load_step load_answer_look(load_answer *self)
{
    self->p[self->n] = '\0';
    if (!self->status) {
        load_step step = look_at_head(self);
        if (step != LOAD_WHOLE)
            return step;
    }
    if (self->chunked)
        return look_at_chunks(self);
    self->body_end = self->n;
    if (self->n - self->body > self->length)
        return LOAD_WRONG;
    return self->n - self->body == self->length ? LOAD_WHOLE : LOAD_MORE;
}

size_t load_answer_count(const load_answer *self, const char *text)
{
    size_t count = 0, n = strlen(text);
    const char *p = self->p + self->body, *end = self->p + self->body_end;
    while ((p = memmem(p, (size_t)(end - p), text, n))) {
        count++;
        p += n;
    }
    return count;
}

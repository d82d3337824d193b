/*
 * load_request.c - see load_request.h. What does not change from one request to the next is made once: a request costs
 * a copy and eight digits.
 */
#include "load_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 8, MOST_TAG = 64, HEAD = 512 };
static const char place[] = "@PROJECT@";

typedef struct {
    size_t at, size;
} piece;

struct load_requests {
    char *text; /* of forms: head and lines; of paths: all requests, one behind the other */
    size_t size, longest;
    /* forms: where the digits go */
    size_t *digits, digit_count;
    uint64_t number;
    /* paths */
    piece *pieces;
    size_t piece_count, next;
};

static char *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long n = -1;
    if (file && fseek(file, 0, SEEK_END) == 0 && (n = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0)
        text = malloc((size_t)n + 1);
    if (text && fread(text, 1, (size_t)n, file) != (size_t)n) {
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    if (!text) {
        perror(path);
        return NULL;
    }
    text[n] = '\0';
    *size = (size_t)n;
    return text;
}

/* ---- forms ---- */

static void write_line(load_requests *self, const char *form, const char *tag)
{
    const char *hole = strstr(form, place);
    size_t before = (size_t)(hole - form), name = strlen(tag);
    char *p = self->text + self->size;
    memcpy(p, form, before);
    memcpy(p + before, tag, name);
    self->digits[self->digit_count++] = self->size + before + name;
    memset(p + before + name, '0', DIGITS);
    strcpy(p + before + name + DIGITS, hole + strlen(place));
    self->size += strlen(p);
}

load_requests *load_requests_of_forms(const char *path, const char *tag, unsigned lines, const char *header)
{
    size_t form_size, count = lines ? lines : 1;
    char *form = slurp(path, &form_size);
    load_requests *self = calloc(1, sizeof *self);
    if (!self || !form || !strstr(form, place) || strlen(tag) > MOST_TAG || (header && strlen(header) > HEAD / 2)) {
        fprintf(stderr, "load: %s is no form with %s in it, or the tag or the header is too long\n", path, place);
        free(form);
        free(self);
        return NULL;
    }
    size_t line = form_size - strlen(place) + strlen(tag) + DIGITS, body = count * line + (lines ? count : 0);
    self->text = malloc(HEAD + body + 1);
    self->digits = calloc(count, sizeof *self->digits);
    if (!self->text || !self->digits) {
        fprintf(stderr, "load: out of memory\n");
        load_requests_free(self);
        free(form);
        return NULL;
    }
    self->size = (size_t)snprintf(self->text, HEAD,
                                  "POST /v1/submissions%s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/%s\r\n"
                                  "%s%sContent-Length: %zu\r\n\r\n",
                                  lines ? ":batch" : "", lines ? "x-ndjson" : "json", header ? header : "",
                                  header ? "\r\n" : "", body);
    for (size_t i = 0; i < count; i++) {
        write_line(self, form, tag);
        if (lines)
            self->text[self->size++] = '\n';
    }
    self->longest = self->size;
    free(form);
    return self;
}

static void write_number(char *to, uint64_t number)
{
    for (int i = DIGITS; i-- > 0; number /= 10)
        to[i] = (char)('0' + number % 10);
}

/* ---- paths ---- */

static void write_get(load_requests *self, char *line, bool tagged, const char *header)
{
    char *tag = strchr(line, ' '), *p = self->text + self->size;
    if (tag)
        *tag++ = '\0';
    int n = sprintf(p, "GET %s HTTP/1.1\r\nHost: bench\r\n", line);
    if (tagged && tag)
        n += sprintf(p + n, "If-None-Match: %s\r\n", tag);
    n += sprintf(p + n, "%s%s\r\n", header ? header : "", header ? "\r\n" : "");
    self->pieces[self->piece_count++] = (piece){self->size, (size_t)n};
    self->size += (size_t)n;
    if ((size_t)n > self->longest)
        self->longest = (size_t)n;
}

load_requests *load_requests_of_paths(const char *path, bool tagged, const char *header)
{
    size_t size, lines = 0;
    char *list = slurp(path, &size), *rest = NULL;
    load_requests *self = calloc(1, sizeof *self);
    for (const char *p = list; p && (p = strchr(p, '\n')); p++)
        lines++;
    if (self && lines) {
        self->text = malloc(size + lines * (64 + (header ? strlen(header) : 0)));
        self->pieces = calloc(lines, sizeof *self->pieces);
    }
    if (!self || !self->text || !self->pieces) {
        fprintf(stderr, "load: no addresses in %s, or no memory for them\n", path);
        load_requests_free(self);
        free(list);
        return NULL;
    }
    for (char *line = strtok_r(list, "\n", &rest); line && self->piece_count < lines;
         line = strtok_r(NULL, "\n", &rest))
        write_get(self, line, tagged, header);
    free(list);
    return self;
}

/* ---- both ---- */

void load_requests_free(load_requests *self)
{
    if (!self)
        return;
    free(self->text);
    free(self->digits);
    free(self->pieces);
    free(self);
}

size_t load_requests_size(const load_requests *self)
{
    return self->longest;
}

size_t load_requests_next(load_requests *self, char *out)
{
    if (self->pieces) {
        piece next = self->pieces[self->next];
        self->next = (self->next + 1) % self->piece_count;
        memcpy(out, self->text + next.at, next.size);
        return next.size;
    }
    memcpy(out, self->text, self->size);
    for (size_t i = 0; i < self->digit_count; i++)
        write_number(out + self->digits[i], ++self->number);
    return self->size;
}

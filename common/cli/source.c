/*
 * source.c - see source.h. A file that cannot be read is named on standard error, counted, and the next one is taken.
 */
#include "cli/source.h"

#include "core/form.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_stdin(const char *path)
{
    return !strcmp(path, "-");
}

static uint64_t size_of_files(char *const *paths, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        struct stat st;
        if (is_stdin(paths[i]))
            return 0;
        if (!stat(paths[i], &st) && S_ISREG(st.st_mode))
            total += (uint64_t)st.st_size;
    }
    return total;
}

void zp_source_open(zp_source *self, char *const *paths, size_t count)
{
    *self = (zp_source){.paths = paths, .count = count, .bytes_total = size_of_files(paths, count)};
}

static void close_file(zp_source *self)
{
    if (self->file && self->file != stdin)
        fclose(self->file);
    self->file = NULL;
}

void zp_source_close(zp_source *self)
{
    close_file(self);
    free(self->first);
    free(self->buffer);
    *self = (zp_source){0};
}

static void complain(zp_source *self, const char *name)
{
    fprintf(stderr, "ziping: %s: %s; this file was left out\n", name, strerror(errno));
    self->unreadable++;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

/* Whether the line is one complete object: its braces close with its last character. */
static bool is_whole_object(zp_str line)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1 == line.n;
        }
    }
    return false;
}

static zp_str trimmed(const char *p, size_t n)
{
    while (n > 0 && isspace((unsigned char)p[n - 1]))
        n--;
    while (n > 0 && isspace((unsigned char)*p)) {
        p++;
        n--;
    }
    return (zp_str){p, n};
}

/* Opens the next file and reads its first line, from which its format shows. ZP_NOTFOUND: no more files. */
static zp_rc open_next(zp_source *self)
{
    while (self->at < self->count) {
        self->name = self->paths[self->at++];
        self->file = is_stdin(self->name) ? stdin : fopen(self->name, "re");
        if (!self->file) {
            complain(self, self->name);
            continue;
        }
        errno = 0;
        ssize_t n = getline(&self->first, &self->first_cap, self->file);
        if (n < 0) {
            if (ferror(self->file))
                complain(self, self->name);
            else {
                fprintf(stderr, "ziping: %s: the file is empty; this file was left out\n", self->name);
                self->unreadable++;
            }
            close_file(self);
            continue;
        }
        self->first_n = (size_t)n;
        self->bytes_read += self->first_n;
        self->line = 0;
        int more = fgetc(self->file);
        if (more != EOF)
            ungetc(more, self->file);
        self->lines = ends_with(self->name, ".ndjson") || ends_with(self->name, ".jsonl") ||
                      (more != EOF && is_whole_object(trimmed(self->first, self->first_n)));
        return ZP_OK;
    }
    return ZP_NOTFOUND;
}

static zp_rc next_line(zp_source *self, zp_str *text)
{
    for (;;) {
        const char *p = self->first;
        size_t n = self->first_n;
        if (n) {
            self->first_n = 0;
        } else {
            ssize_t got = getline(&self->buffer, &self->buffer_cap, self->file);
            if (got < 0) {
                if (ferror(self->file))
                    complain(self, self->name);
                close_file(self);
                return ZP_NOTFOUND;
            }
            p = self->buffer;
            n = (size_t)got;
            self->bytes_read += n;
        }
        self->line++;
        *text = trimmed(p, n);
        if (text->n)
            return ZP_OK;
    }
}

/* The whole file, up to one byte above the largest submission: the service then says that it is too large. */
static zp_rc whole_file(zp_source *self, zp_str *text)
{
    size_t n = self->first_n, most = ZP_MAX_BODY + 1;
    if (n > most)
        n = most;
    if (self->buffer_cap < most) {
        char *buffer = realloc(self->buffer, most);
        if (!buffer)
            return ZP_NOMEM;
        self->buffer = buffer;
        self->buffer_cap = most;
    }
    memcpy(self->buffer, self->first, n);
    size_t more = fread(self->buffer + n, 1, most - n, self->file);
    if (ferror(self->file))
        complain(self, self->name);
    self->bytes_read += more;
    self->first_n = 0;
    close_file(self);
    *text = (zp_str){self->buffer, n + more};
    return ZP_OK;
}

zp_rc zp_source_next(zp_source *self, zp_str *text, const char **name, size_t *line)
{
    for (;;) {
        zp_rc rc = self->file ? ZP_OK : open_next(self);
        if (rc)
            return rc;
        rc = self->lines ? next_line(self, text) : whole_file(self, text);
        if (rc == ZP_NOTFOUND)
            continue;
        *name = self->name;
        *line = self->lines ? self->line : 0;
        return rc;
    }
}

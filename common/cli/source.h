/*
 * source.h - one form after another out of files: JSON (the file is one form) or NDJSON (each line is one).
 *
 * A file named *.ndjson or *.jsonl, or one whose first line is a whole object with more behind it, is read line by
 * line, without holding it in memory; anything else is one form. "-" is standard input.
 */
#ifndef ZP_CLI_SOURCE_H
#define ZP_CLI_SOURCE_H

#include "base/error.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>

typedef struct {
    char *const *paths; /* of `count` files */
    size_t count, at;
    FILE *file;
    const char *name;     /* of the file that is open */
    size_t line;          /* of the form that was given last; 0 when the file is one form */
    char *first, *buffer; /* getline's */
    size_t first_cap, buffer_cap;
    size_t first_n; /* bytes of a first line that is still to be given */
    bool lines;
    uint64_t bytes_read, bytes_total; /* for progress; total is 0 when it cannot be known */
    size_t unreadable;                /* files that could not be read; each was named on standard error */
} zp_source;

void zp_source_open(zp_source *self, char *const *paths, size_t count);
void zp_source_close(zp_source *self);
/*
 * The next form: *text is valid until the next call, *line is 0 when the file holds just one. ZP_NOTFOUND at the end,
 * ZP_NOMEM.
 */
zp_rc zp_source_next(zp_source *self, zp_str *text, const char **name, size_t *line);

#endif

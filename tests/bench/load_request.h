/*
 * load_request.h - the requests that a load consists of: forms under names of their own, alone or in batches, or GETs
 * of listed addresses in turn. One thread.
 */
#ifndef ZP_BENCH_LOAD_REQUEST_H
#define ZP_BENCH_LOAD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct load_requests load_requests;

/*
 * POST of the form in the file, with tag and a number that goes on where it says @PROJECT@. `lines` 0: each alone to
 * /v1/submissions; else that many in a batch. `header` is one more line of the head, or NULL. NULL and a line on stderr
 * when the file cannot be used.
 */
load_requests *load_requests_of_forms(const char *path, const char *tag, unsigned lines, const char *header);
/*
 * GETs of the addresses in the file, one a line: the path, and after a blank the entity tag, if there is one; `tagged`
 * sends it along. From the first on, round and round.
 */
load_requests *load_requests_of_paths(const char *path, bool tagged, const char *header);
void load_requests_free(load_requests *self);

/* The most bytes that one may have. */
size_t load_requests_size(const load_requests *self);
/* Writes the next one to `out`, with room for load_requests_size; its size. */
size_t load_requests_next(load_requests *self, char *out);

#endif

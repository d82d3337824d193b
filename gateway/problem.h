/*
 * problem.h - errors as RFC 9457 application/problem+json, in two languages; as a page for browsers.
 *
 * {"type": "urn:ziping:problem:<code in lower case>", "title", "status", "code", "detail", "detail_zh", "instance",
 *  "current": {"id", "etag"} (409 only), "year" or "log_start" (what is archived), "errors": [flags]}
 */
#ifndef ZP_GATEWAY_PROBLEM_H
#define ZP_GATEWAY_PROBLEM_H

#include "core/flag.h"
#include "request.h"

/*
 * Fills the response: status, title (the HTTP reason), a stable upper-case code, detail in English and Chinese, and the
 * faults (may be NULL). Headers that have been added stay. Always ZP_DONE_ANSWER, so that a handler can
 * `return zp_problem (…)`.
 */
zp_handled zp_problem(zp_request *request, int status, const char *code, const char *en, const char *zh,
                      const zp_flags *faults);

/* The same without faults, and with one more member: a number of that name. */
zp_handled zp_problem_number(zp_request *request, int status, const char *code, const char *en, const char *zh,
                             const char *name, uint64_t value);

/* 409 that names the submission that stands instead, by its id and the number of its state, and its Location. */
zp_handled zp_problem_current(zp_request *request, const char *code, const char *en, const char *zh,
                              const zp_flags *faults, const zp_id *current, uint64_t seq);

/* For a store that could not be read: 500 for a record that is damaged, else 503 with Retry-After. */
zp_handled zp_problem_store(const zp_gateway *gateway, zp_request *request, zp_rc rc);

#endif

/*
 * problem.h - errors as RFC 9457 application/problem+json, in two languages.
 *
 * {"type": "about:blank"-style URN, "title", "status", "detail": {"zh","en"}-free English text, "detail_zh", "instance", "errors": [flags]}
 */
#ifndef ZP_GATEWAY_PROBLEM_H
#define ZP_GATEWAY_PROBLEM_H

#include "core/flag.h"
#include "request.h"

/*
 * Fills the response: status, title (the HTTP reason), a stable upper-case code, detail in English and Chinese, and the
 * faults (may be NULL). Always ZP_DONE_ANSWER, so that a handler can `return zp_problem (…)`.
 */
zp_handled zp_problem(zp_request *request, int status, const char *code, const char *en, const char *zh, const zp_flags *faults);

#endif

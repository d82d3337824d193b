/*
 * page.h - what a browser shows: a status or a problem as one small HTML page in Chinese and English.
 *
 * No script, no resource from anywhere; every text that is not ours is escaped. A page of a queued submission asks the
 * browser to load its address again.
 */
#ifndef ZP_GATEWAY_PAGE_H
#define ZP_GATEWAY_PAGE_H

#include "codec/status.h"
#include "request.h"

#define ZP_TYPE_HTML "text/html; charset=utf-8"

typedef struct {
    int status;
    const char *title, *code, *en, *zh;
} zp_problem_text;

/* The headers that keep a browser from doing anything else with the page. */
void zp_page_headers(zp_request *request);
void zp_page_status(const zp_status *status, unsigned refresh_s, zp_arena *arena, zp_buf *out);
/* faults and current may be NULL. */
void zp_page_problem(const zp_problem_text *problem, const zp_flags *faults, const zp_id *current, zp_arena *arena,
                     zp_buf *out);

#endif

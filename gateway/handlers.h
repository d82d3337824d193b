/*
 * handlers.h - the handlers behind zp_route, and the few pieces that they share. Only files of the HTTP side include
 * this; the loop knows request.h.
 *
 * Each runs in the request thread that owns desk and request, answers at once unless it says otherwise, and has been
 * called for the right method.
 */
#ifndef ZP_GATEWAY_HANDLERS_H
#define ZP_GATEWAY_HANDLERS_H

#include "codec/status.h"
#include "query.h"
#include "request.h"

#define ZP_TYPE_JSON "application/json"

/* body.c */
/* The form in the body. Faults of reading go into `faults` (its arena set). False: answered, 400 to 422 or 503. */
bool zp_body_read(zp_desk *desk, zp_request *request, zp_form *out, zp_flags *faults);
/* The answer to a form that is not taken: ZP_INVALID cannot be read, ZP_TOO_LARGE, ZP_CONFLICT has faults, ZP_NOMEM. */
zp_handled zp_refuse_form(zp_desk *desk, zp_request *request, zp_rc rc, const zp_flags *faults);

/* batch.c */
zp_handled zp_submit_batch(zp_desk *desk, zp_request *request); /* may wait for the committer */
/* Whether the committer has a line of this batch with this key. */
bool zp_batch_has_open(const zp_batch *batch, const zp_form_key *key);

/* dry_run.c */
zp_handled zp_dry_run(zp_desk *desk, zp_request *request);

/* submit.c */
/* May wait for the committer. ZP_GO_ON, only for a line of a batch: what it must be compared with is on its way to the
 * store; nothing was done. */
zp_handled zp_submit(zp_desk *desk, zp_request *request);
/* The receipt of a stored submission, after a wait with its score: 201, 202, or 200 when it had been stored before. */
zp_handled zp_answer_receipt(zp_desk *desk, zp_request *request);

/* status.c */
zp_handled zp_get_status(zp_desk *desk, zp_request *request, const zp_id *id); /* may park */
/*
 * The submission as it stands: from scores, else from intake. Views are in desk->scratch (until its next use) and in
 * arena. ZP_NOTFOUND, ZP_CORRUPT, ZP_NOMEM, ZP_IO.
 */
zp_rc zp_load_status(zp_desk *desk, const zp_id *id, zp_arena *arena, zp_status *out);
/* The number of the event that brought it into its state; 0 when it has no result, be it queued or unknown. */
zp_rc zp_seq_of(zp_desk *desk, const zp_id *id, uint64_t *seq);
/* Answers with the status document, or its page, and the headers that go with it. */
zp_handled zp_answer_status(zp_desk *desk, zp_request *request, int http_status, const zp_status *status);
/* Preference-Applied, when a wait was granted. */
void zp_header_waited(zp_request *request);
/* Whether one more long poll may be parked. */
bool zp_has_room_to_wait(const zp_gateway *gateway);
zp_handled zp_not_found(zp_request *request);

/* archived.c */
/* 404, or 410 when the submission has gone to an archive with its season. */
zp_handled zp_no_such_submission(zp_desk *desk, zp_request *request, const zp_id *id);
/* 409: the season takes no submissions any more. */
zp_handled zp_season_closed(zp_request *request, int year);
/* Whether events behind `after` have gone to an archive: then it is answered, with 410. For every reader of the log. */
bool zp_events_are_gone(zp_desk *desk, zp_request *request, uint64_t after);
/* 409: what was asked for lies beyond the newest number, so the asker knows another log. */
zp_handled zp_events_are_ahead(zp_request *request, uint64_t newest);

/* again.c */
zp_handled zp_try_again(zp_desk *desk, zp_request *request, const zp_id *id);
/* After the commit. */
zp_handled zp_answer_again(zp_desk *desk, zp_request *request);

/* form.c */
zp_handled zp_get_form(zp_desk *desk, zp_request *request, const zp_id *id);
/* changes.c */
zp_handled zp_get_changes(zp_desk *desk, zp_request *request, const zp_id *id);
/* list.c */
zp_handled zp_get_list(zp_desk *desk, zp_request *request);
/* events.c */
zp_handled zp_get_events(zp_desk *desk, zp_request *request); /* may wait for news, or stream */
/* event_totals.c */
zp_handled zp_get_event_totals(zp_desk *desk, zp_request *request); /* takes turns */
/* totals.c */
zp_handled zp_get_totals(zp_desk *desk, zp_request *request);
/* metrics.c */
zp_handled zp_get_health(zp_desk *desk, zp_request *request);
zp_handled zp_get_ready(zp_desk *desk, zp_request *request);
zp_handled zp_get_metrics(zp_desk *desk, zp_request *request);

/* routes.c */
/* Why intake refuses now, or ZP_OPEN. */
static inline zp_shut zp_gate(const zp_gateway *gateway)
{
    return atomic_load_explicit(&gateway->shut, memory_order_relaxed);
}
zp_handled zp_refuse_shut(zp_desk *desk, zp_request *request, zp_shut shut); /* 503 */
zp_handled zp_refuse_too_large(zp_request *request, unsigned most);          /* 413 */
/* 400, or 503 when it was memory: what zp_query_read and its kin returned. */
zp_handled zp_refuse_query(zp_desk *desk, zp_request *request, zp_rc rc, const zp_query_fault *fault);
/* Location: /v1/submissions/<id> */
void zp_header_location(zp_request *request, const zp_id *id);

#endif

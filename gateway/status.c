/*
 * status.c - where a submission stands: the hottest answer of the service, polled by everybody who submitted.
 *
 * Request threads. A poll whose tag is still right touches one number in the scores store and nothing else; the tag
 * changes exactly when the number does, since every change of state is an event. A client that asks to wait is parked
 * (the loop holds it, no thread does) until that number changes, its time is up or the gateway stops.
 */
#include "handlers.h"

#include "fields.h"
#include "page.h"
#include "prefer.h"
#include "problem.h"
#include "retry.h"

#include "base/clock.h"

/* ---- looks into the stores ---- */

zp_rc zp_seq_of(zp_desk *desk, const zp_id *id, uint64_t *seq)
{
    zp_rc rc = zp_scores_seq(desk->scores, id, seq);
    if (rc == ZP_NOTFOUND)
        *seq = 0;
    return rc == ZP_NOTFOUND ? ZP_OK : rc;
}

zp_rc zp_load_status(zp_desk *desk, const zp_id *id, zp_arena *arena, zp_status *out)
{
    zp_buf_clear(&desk->scratch);
    zp_rc rc = zp_scores_get(desk->scores, id, &desk->scratch);
    if (rc == ZP_OK) {
        rc = zp_status_unpack(zp_buf_view(&desk->scratch), arena, out);
        out->id = *id;
        return rc;
    }
    if (rc != ZP_NOTFOUND)
        return rc;
    /* Intake keeps every form as long as a service runs, so it needs no second look for what is scored in this moment.
     */
    zp_buf_clear(&desk->scratch);
    rc = zp_intake_get(desk->intake, id, &desk->scratch);
    return rc ? rc : zp_status_queued(id, zp_buf_view(&desk->scratch), out);
}

/* ---- the answer ---- */

/* Headers that a 200 and its 304 have in common. */
static void write_validators(zp_desk *desk, zp_request *request, const zp_id *id, uint64_t seq)
{
    char etag[ZP_ETAG_TEXT];
    zp_etag_format(id, seq, etag);
    zp_header(request, "ETag", zp_str_of(etag));
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    zp_header(request, "Vary", ZP_STR("Accept"));
    if (seq == 0)
        zp_retry_after(desk->gateway, request, id);
}

void zp_header_waited(zp_request *request)
{
    char text[] = "wait=00";
    if (request->wait_s == 0)
        return;
    text[5] = (char)('0' + request->wait_s / 10 % 10);
    text[6] = (char)('0' + request->wait_s % 10);
    if (request->wait_s < 10)
        text[5] = text[6];
    zp_header(request, "Preference-Applied", (zp_str){text, request->wait_s < 10 ? 6 : 7});
}

/* A page is another representation, so the document's strong tag would be wrong on it: it carries none. */
static zp_handled answer_page(zp_desk *desk, zp_request *request, const zp_status *status)
{
    unsigned refresh = zp_retry_after_s(desk->gateway, zp_clock_wall_ms(), status->id.b[15]);
    request->response.content_type = ZP_TYPE_HTML;
    zp_header(request, "Cache-Control", ZP_STR("private, no-cache"));
    zp_header(request, "Vary", ZP_STR("Accept"));
    zp_header(request, "Content-Language", ZP_STR("zh, en"));
    zp_page_headers(request);
    zp_page_status(status, refresh, request->arena, &request->response.body);
    return ZP_DONE_ANSWER;
}

zp_handled zp_answer_status(zp_desk *desk, zp_request *request, int http_status, const zp_status *status)
{
    request->response.status = http_status;
    if (zp_accept_is_html(request->accept))
        return answer_page(desk, request, status);
    request->response.content_type = ZP_TYPE_JSON;
    write_validators(desk, request, &status->id, status->seq);
    zp_status_write_json(status, desk->gateway->config->gateway.overdue_ms, request->arena, &request->response.body);
    return ZP_DONE_ANSWER;
}

static zp_handled answer_unchanged(zp_desk *desk, zp_request *request, const zp_id *id, uint64_t seq)
{
    request->response.status = 304;
    write_validators(desk, request, id, seq);
    return ZP_DONE_ANSWER;
}

static zp_handled answer_in_full(zp_desk *desk, zp_request *request, const zp_id *id)
{
    zp_status status;
    zp_rc rc = zp_load_status(desk, id, request->arena, &status);
    if (rc == ZP_NOTFOUND)
        return zp_no_such_submission(desk, request, id);
    return rc ? zp_problem_store(desk->gateway, request, rc) : zp_answer_status(desk, request, 200, &status);
}

/* ---- GET ---- */

/* Whether the client has this state already. A page has no tag that could have been sent back. */
static zp_tag_match find_tag(const zp_request *request, const zp_id *id, uint64_t seq)
{
    char etag[ZP_ETAG_TEXT];
    if (!zp_str_present(request->if_none_match) || zp_accept_is_html(request->accept))
        return ZP_TAG_NONE;
    zp_etag_format(id, seq, etag);
    return zp_tag_find(request->if_none_match, zp_str_of(etag));
}

bool zp_has_room_to_wait(const zp_gateway *gateway)
{
    return atomic_load_explicit(&gateway->parked, memory_order_relaxed) < gateway->config->gateway.max_parked &&
           atomic_load_explicit(&gateway->shut, memory_order_relaxed) != ZP_SHUT_STOPPING;
}

/* There, with a result or waiting for one. */
static bool exists(zp_desk *desk, const zp_id *id, uint64_t seq)
{
    bool pending = false;
    return seq || (zp_intake_is_pending(desk->intake, id, &pending) == ZP_OK && pending);
}

zp_handled zp_get_status(zp_desk *desk, zp_request *request, const zp_id *id)
{
    uint64_t seq;
    zp_rc rc = zp_seq_of(desk, id, &seq);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    zp_tag_match match = find_tag(request, id, seq);
    unsigned wait_s = zp_prefer_wait(request->prefer, desk->gateway->config->gateway.max_wait_s);
    bool has_seen = match != ZP_TAG_NONE || (seq == 0 && !zp_str_present(request->if_none_match));
    if (wait_s && has_seen && zp_has_room_to_wait(desk->gateway) && exists(desk, id, seq)) {
        request->wait_id = *id;
        request->wait_s = wait_s;
        request->wait_seen_seq = seq;
        return ZP_WAIT_SCORE;
    }
    if (match != ZP_TAG_NONE && exists(desk, id, seq))
        return answer_unchanged(desk, request, id, seq);
    return answer_in_full(desk, request, id);
}

/* ---- after a wait ---- */

bool zp_wait_is_over(zp_desk *desk, const zp_request *request)
{
    uint64_t seq;
    /* What cannot be read is answered, and the answer says so. */
    return zp_seq_of(desk, &request->wait_id, &seq) != ZP_OK || seq != request->wait_seen_seq;
}

zp_handled zp_wait_over(zp_desk *desk, zp_request *request)
{
    uint64_t seq;
    zp_header_waited(request);
    if (request->after_commit)
        return zp_answer_receipt(desk, request);
    if (zp_seq_of(desk, &request->wait_id, &seq) == ZP_OK && find_tag(request, &request->wait_id, seq) != ZP_TAG_NONE)
        return answer_unchanged(desk, request, &request->wait_id, seq);
    return answer_in_full(desk, request, &request->wait_id);
}

/*
 * submit.c - POST /v1/submissions: read, check, hand to the committer; then say what came of it.
 *
 * Request threads. Before the commit nothing is promised; what the committer gets lives in the request's arena, since
 * the reader and the scratch buffer serve other requests while the disk is synced. After the commit the form is ours,
 * whatever happens: from there on no failure of a look into a store may turn the answer into an error.
 */
#include "handlers.h"

#include "codec/form_json.h"
#include "codec/form_reader.h"
#include "committer.h"
#include "core/score.h"
#include "fields.h"
#include "last_year.h"
#include "prefer.h"
#include "problem.h"
#include "retry.h"

enum { MAX_SUBMITTER = 255 };

/* ---- before the commit ---- */

/* What the header fields say. False: answered. */
static bool read_fields(zp_desk *desk, zp_request *request)
{
    zp_put *put = &request->put;
    if (request->repeated_field) {
        (void)zp_problem(request, 400, "FIELD_REPEATED", "Send Idempotency-Key and If-Match once.",
                         "Idempotency-Key 和 If-Match 只能出现一次。", NULL);
        return false;
    }
    put->submitter = request->submitter;
    if (put->submitter.n > MAX_SUBMITTER) {
        (void)zp_problem(request, 400, "SUBMITTER_TOO_LONG", "The submitter's name has more than 255 bytes.",
                         "提交者名称超过 255 字节。", NULL);
        return false;
    }
    put->idempotency_key = ZP_ABSENT;
    request->wait_s = zp_prefer_wait(request->prefer, desk->gateway->config->gateway.max_wait_s);
    if (zp_str_present(request->idempotency_key) && zp_key_of(request->idempotency_key, &put->idempotency_key)) {
        (void)zp_problem(request, 400, "IDEMPOTENCY_KEY_INVALID",
                         "Idempotency-Key must be 1 to 255 visible ASCII characters, for instance a UUID.",
                         "Idempotency-Key 必须是 1 至 255 个可见 ASCII 字符，例如 UUID。", NULL);
        return false;
    }
    put->has_if_match = zp_str_present(request->if_match);
    if (put->has_if_match && zp_tag_id(request->if_match, &put->if_match)) {
        (void)zp_problem(request, 400, "IF_MATCH_INVALID",
                         "If-Match must name the revision that this one replaces: its ETag, or its id in quotes.",
                         "If-Match 必须指明被替换的版本：其 ETag，或加引号的受理编号。", NULL);
        return false;
    }
    return true;
}

/* Digest, key and packed form; the latter in the arena, for the committer. ZP_NOMEM. */
static zp_rc pack(zp_desk *desk, zp_request *request, const zp_form_key *last_years, const zp_form *form)
{
    zp_put *put = &request->put;
    zp_buf *scratch = &desk->scratch;
    put->has_copied_from = zp_repeats_last_year(desk, request, last_years, form, &put->copied_from);
    zp_buf_clear(scratch);
    zp_form_write_json(form, scratch);
    if (scratch->failed)
        return ZP_NOMEM;
    zp_digest_of(zp_buf_view(scratch), &put->digest);
    zp_buf_clear(scratch);
    zp_form_pack(form, scratch);
    if (scratch->failed)
        return ZP_NOMEM;
    put->form = zp_arena_copy(request->arena, zp_buf_view(scratch));
    put->year = zp_form_year(form);
    zp_form_key_of(put->year, form->unit, form->project_name, &put->form_key);
    return put->form.p ? ZP_OK : ZP_NOMEM;
}

zp_handled zp_submit(zp_desk *desk, zp_request *request)
{
    zp_form form;
    zp_flags faults = {.arena = request->arena};
    if (!read_fields(desk, request) || !zp_body_read(desk, request, &form, &faults))
        return ZP_DONE_ANSWER;
    zp_rc rc = zp_check(&form, zp_choose_profile(&form, desk->gateway->profiles, &faults), &faults);
    zp_form_point_at_rows(&form, &faults);
    if (!rc && faults.errors)
        return zp_refuse_form(desk, request, faults.failed ? ZP_NOMEM : ZP_CONFLICT, &faults);
    if (rc || faults.failed)
        return zp_refuse_form(desk, request, ZP_NOMEM, &faults);
    zp_form_key last_years = zp_last_years_key(&form);
    if (request->parent && zp_batch_has_open(request->parent->batch, &last_years))
        return ZP_GO_ON;
    rc = pack(desk, request, &last_years, &form);
    if (rc)
        return zp_refuse_form(desk, request, rc, &faults);
    /* From here the request is the committer's, until the loop gets it back. */
    zp_committer_submit(desk->gateway->committer, request);
    return ZP_WAIT_COMMIT;
}

/* ---- after the commit ---- */

/* The status of what has just been stored, from memory: the record says nothing that is not at hand. */
static zp_rc status_of_new(const zp_request *request, zp_status *out)
{
    const zp_put *put = &request->put;
    zp_form form;
    zp_rc rc = zp_form_unpack_header(put->form, &form);
    if (rc)
        return rc;
    memset(out, 0, sizeof *out);
    out->id = put->id;
    out->state = ZP_QUEUED;
    out->year = zp_form_year(&form);
    out->project_name = form.project_name;
    out->unit = form.unit;
    out->unit_code = form.unit_code;
    out->department = form.department;
    out->revision = put->revision;
    out->received_ms = put->received_ms;
    out->submitter = put->submitter;
    out->idempotency_key = put->idempotency_key;
    out->digest = put->digest;
    return ZP_OK;
}

static zp_handled answer_new(zp_desk *desk, zp_request *request)
{
    zp_status status;
    uint64_t seq = 0;
    if (request->after_commit && zp_seq_of(desk, &request->put.id, &seq) == ZP_OK && seq &&
        zp_load_status(desk, &request->put.id, request->arena, &status) == ZP_OK)
        return zp_answer_status(desk, request, 201, &status);
    zp_rc rc = zp_str_present(request->put.form) ? status_of_new(request, &status)
                                                 : zp_load_status(desk, &request->put.id, request->arena, &status);
    /* Without memory for a document: 503, and the retry that it asks for finds the receipt. */
    return rc ? zp_problem_store(desk->gateway, request, rc) : zp_answer_status(desk, request, 202, &status);
}

zp_handled zp_answer_receipt(zp_desk *desk, zp_request *request)
{
    zp_status status;
    if (request->put.verdict == ZP_PUT_NEW) {
        zp_header_location(request, &request->put.id);
        return answer_new(desk, request);
    }
    zp_rc rc = zp_load_status(desk, &request->put.id, request->arena, &status);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    zp_header_location(request, &request->put.id);
    zp_header(request, "Idempotency-Replayed", ZP_STR("true"));
    return zp_answer_status(desk, request, status.state == ZP_QUEUED ? 202 : 200, &status);
}

/* Stored, now or before: wait for the score if that was asked for and there is room, else answer. */
static zp_handled accepted(zp_desk *desk, zp_request *request)
{
    if (request->wait_s && zp_has_room_to_wait(desk->gateway)) {
        request->after_commit = true;
        request->wait_id = request->put.id;
        request->wait_seen_seq = 0;
        return ZP_WAIT_SCORE;
    }
    return zp_answer_receipt(desk, request);
}

static zp_handled conflict(zp_desk *desk, zp_request *request, const char *code, const char *en, const char *zh)
{
    uint64_t seq = 0;
    zp_flags faults = {.arena = request->arena};
    if (request->put.verdict == ZP_PUT_STALE)
        zp_flags_add(&faults, ZP_FLAG_STALE_REVISION, ZP_STR(""), ZP_ABSENT, ZP_ABSENT);
    zp_rc rc = zp_seq_of(desk, &request->put.current, &seq);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    return zp_problem_current(request, code, en, zh, &faults, &request->put.current, seq);
}

static zp_handled verdict(zp_desk *desk, zp_request *request)
{
    switch (request->put.verdict) {
    case ZP_PUT_NEW:
    case ZP_PUT_SAME:
        return accepted(desk, request);
    case ZP_PUT_KEY_REUSED:
        return zp_problem(request, 422, "IDEMPOTENCY_KEY_REUSED",
                          "This Idempotency-Key stands for other content. Take a new key for a new form.",
                          "此 Idempotency-Key 已用于其他内容。新的自评表请使用新的键。", NULL);
    case ZP_PUT_ON_FILE:
        return conflict(
            desk, request, "ON_FILE",
            "This form is on file with other content. To replace it, send If-Match with the ETag in current.",
            "该项目的自评表已提交且内容不同。如需替换，请在 If-Match 中给出 current 的 ETag。");
    case ZP_PUT_STALE:
        return conflict(desk, request, "STALE_REVISION",
                        "The revision that If-Match names is not the current one; current says which is.",
                        "If-Match 所指的版本不是最新版本，最新版本见 current。");
    case ZP_PUT_NO_SUCH:
        return zp_problem(request, 409, "NOT_ON_FILE",
                          "If-Match names a revision, but this form is not on file. Check year, unit and project, or "
                          "leave If-Match out.",
                          "If-Match 指明了版本，但该项目的自评表尚未提交。请核对年度、单位和项目，或去掉 If-Match。",
                          NULL);
    case ZP_PUT_CLOSED:
        return zp_season_closed(request, request->put.year);
    case ZP_PUT_AGAIN:
        return zp_answer_again(desk, request);
    case ZP_PUT_QUEUED:
        return zp_problem(request, 409, "IN_QUEUE",
                          "It is in the queue: to be tried again already, or its failure is just being written down.",
                          "该自评表仍在队列中：已安排重新评分，或其失败状态正在写入。", NULL);
    case ZP_PUT_REFUSED:
        zp_retry_after(desk->gateway, request, NULL);
        return zp_problem(request, 503, "STORE_FULL", "There is no room to store it. Nothing was stored; try again.",
                          "存储空间不足。本次未受理，请稍后重试。", NULL);
    case ZP_PUT_IN_DOUBT:
        break;
    }
    zp_retry_after(desk->gateway, request, NULL);
    return zp_problem(
        request, 503, "OUTCOME_UNKNOWN",
        "Whether it was stored is not known. Send it again with the same Idempotency-Key: it counts once.",
        "无法确定是否已受理。请使用相同的 Idempotency-Key 重新提交，不会重复计入。", NULL);
}

zp_handled zp_submit_committed(zp_desk *desk, zp_request *request)
{
    zp_handled handled = verdict(desk, request);
    if (handled == ZP_DONE_ANSWER && request->response.status >= 400 && request->response.status < 500)
        zp_tally(&desk->gateway->counters.refused, 1);
    return handled;
}

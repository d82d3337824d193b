/*
 * status.h - where a submission stands: the record in `scores`, and the document that clients read.
 */
#ifndef ZP_CODEC_STATUS_H
#define ZP_CODEC_STATUS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/id.h"
#include "codec/submission.h"
#include "core/result.h"

typedef enum { ZP_QUEUED, ZP_SCORED, ZP_FAILED, ZP_SUPERSEDED, ZP_STATES } zp_state;
const char *zp_state_name(zp_state state); /* "queued" … */
zp_rc zp_state_by_name(zp_str name, zp_state *out);

/* As `failure`, what cannot be read; any other text says what became of the attempts to score it. */
#define ZP_FAILURE_UNREADABLE ZP_STR("the stored submission cannot be read")
#define ZP_FAILURE_NO_PROFILE ZP_STR("no rule profile fits")

typedef struct {
    zp_id id;
    zp_state state;
    uint64_t seq; /* the event that brought it into this state; 0 while queued */
    int year;
    zp_str project_name, unit, unit_code, department;
    uint32_t revision;
    bool has_first;
    zp_id first; /* revision 1, of a revision above; told by the submission, not in the store's record */
    bool has_superseded_by;
    zp_id superseded_by;
    int64_t received_ms;
    int64_t scored_ms; /* when it left `queued`; 0 while queued */
    zp_str submitter, idempotency_key;
    zp_digest digest;
    zp_str failure;  /* why it is `failed`; absent otherwise */
    bool has_result; /* scored, or superseded after having been scored */
    zp_result result;
} zp_status;

/* The status of a submission that waits: from its record and the header of the form in it. Views as
 * zp_submission_unpack. */
zp_rc zp_status_queued(const zp_id *id, zp_str submission_bytes, zp_status *out);

/* The record in the scores store. */
void zp_status_pack(const zp_status *status, zp_buf *out);
/* Views into bytes, arrays in arena. The id is not in the record: the caller sets it. ZP_CORRUPT, ZP_NOMEM. */
zp_rc zp_status_unpack(zp_str bytes, zp_arena *arena, zp_status *out);

/* The status document (README, "The status document"). overdue_ms is the promise, added to received_ms. */
void zp_status_write_json(const zp_status *status, unsigned overdue_ms, zp_arena *arena, zp_buf *out);
/* One flag as JSON: {"code", "severity", "pointer", "value", "message": {"zh", "en"}}; `value`/`expected` left out when
 * absent. */
void zp_flag_write_json(const zp_flag *flag, zp_arena *arena, zp_buf *out);
/* The "result" object alone, as `ziping score --json` prints it. */
void zp_result_write_json(const zp_result *result, zp_arena *arena, zp_buf *out);

#define ZP_ETAG_TEXT 64
/* The strong entity tag with its quotes: "<id>.q" while queued, "<id>.<seq>" after. */
void zp_etag_format(const zp_id *id, uint64_t seq, char out[ZP_ETAG_TEXT]);

#endif

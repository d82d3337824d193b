/*
 * submission.h - the record of an accepted submission, MessagePack, kept for ever.
 *
 * [schema, received_ms, revision, first | nil, replaces | nil, copied_from | nil, submitter, idempotency_key | nil,
 * digest, form] The form is its own array, packed once in the request thread and copied as bytes from then on.
 */
#ifndef ZP_CODEC_SUBMISSION_H
#define ZP_CODEC_SUBMISSION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/id.h"
#include "core/form.h"

typedef struct {
    int64_t received_ms;
    uint32_t revision; /* 1, 2, … of this year, unit and project */
    bool has_replaces; /* it is a revision above 1, and has both */
    zp_id first;       /* revision 1 */
    zp_id replaces;    /* the revision before */
    bool has_copied_from;
    zp_id copied_from;      /* last year's submission of the same project, which this one repeats */
    zp_str submitter;       /* "anonymous" or the authenticated name */
    zp_str idempotency_key; /* absent when none was given */
    zp_digest digest;       /* of the canonical JSON */
    zp_str form;            /* the packed form */
} zp_submission;

/* Appends the packed form. Failure shows in out->failed. */
void zp_form_pack(const zp_form *form, zp_buf *out);
/* Views point into bytes; the indicator array is in arena. ZP_CORRUPT for anything but a form of a known schema,
 * ZP_NOMEM. */
zp_rc zp_form_unpack(zp_str bytes, zp_arena *arena, zp_form *out);
/* The year and what ZP_FORM_HEADER names, nothing else of *out is set: for whoever wants to know whose form it is, at a
 * tenth of the price. What comes behind them is not looked at. */
zp_rc zp_form_unpack_header(zp_str bytes, zp_form *out);

void zp_submission_pack(const zp_submission *submission, zp_buf *out);
/* Views point into bytes. ZP_CORRUPT when it isn't one. */
zp_rc zp_submission_unpack(zp_str bytes, zp_submission *out);

#endif

/*
 * dispatch.h - every message between the gateway's dispatcher (ROUTER, binds) and a worker (DEALER, connects).
 *
 * One frame of MessagePack a message: [version, kind, …]. A decoder refuses unknown versions and kinds, wrong types and
 * leftover bytes (ZP_INVALID); the receiver drops such a message and counts it.
 *
 * worker → gateway
 * - READY credit: I hold the lease on the store; keep up to `credit` jobs with me. Repeated as heartbeat.
 * - DONE [[id, attempt]…]: these are committed; an expired attempt changes nothing.
 * - BYE: I am leaving; everything not done goes back to the queue.
 * - FELL [[id, attempt]]: the holder of the lease before me ended while it was at this one; what else it had, it had
 * not begun or was through with. FELL []: it ended while it was at none. Said once, before the first READY, and not at
 * all by who does not know.
 *
 * gateway → worker
 * - JOBS [[id, attempt, mode, submission]…]
 * - BEAT: I am here (answer to READY).
 *
 * A worker that does not hold the lease says nothing.
 */
#ifndef ZP_WIRE_DISPATCH_H
#define ZP_WIRE_DISPATCH_H

#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"

enum { ZP_DISPATCH_VERSION = 1, ZP_DISPATCH_MAX_JOBS = 1024, ZP_DISPATCH_MAX_BYTES = 64 * 1024 * 1024 };

typedef enum { ZP_MSG_READY = 1, ZP_MSG_DONE, ZP_MSG_BYE, ZP_MSG_JOBS, ZP_MSG_BEAT, ZP_MSG_FELL } zp_msg_kind;
typedef enum { ZP_JOB_SCORE = 0, ZP_JOB_FAIL = 1 } zp_job_mode; /* FAIL: record as failed without scoring */

typedef struct {
    zp_id id;
    uint32_t attempt; /* 1, 2, … */
    zp_job_mode mode;
    zp_str submission; /* the intake record, a view into the message */
} zp_job;

typedef struct {
    zp_id id;
    uint32_t attempt;
} zp_done;

typedef struct {
    zp_msg_kind kind;
    uint32_t credit;
    size_t count; /* of jobs or done; FELL has one done or none */
    zp_job *jobs; /* caller's array, see zp_dispatch_decode */
    zp_done *done;
} zp_dispatch_msg;

/* Appends the encoded message to out. */
void zp_dispatch_encode(const zp_dispatch_msg *msg, zp_buf *out);
/* msg->jobs and msg->done must point to room for ZP_DISPATCH_MAX_JOBS (either may be NULL: that kind is then
 * ZP_INVALID). */
zp_rc zp_dispatch_decode(zp_str bytes, zp_dispatch_msg *msg);

#endif

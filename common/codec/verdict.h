/*
 * verdict.h - what becomes of a stored submission: the one way from its record to the status that the scores store
 * keeps, for whoever scores and whoever derives results again.
 */
#ifndef ZP_CODEC_VERDICT_H
#define ZP_CODEC_VERDICT_H

#include "codec/status.h"
#include "core/profile.h"

/*
 * Scores the record, or makes the status `failed`: for the given reason (absent: none), or since the record cannot be
 * read or no profile fits. scored_ms and seq are the commit's. Views into record and arena. ZP_NOMEM. Pure; any thread.
 */
zp_rc zp_verdict(const zp_id *id, zp_str record, const zp_profiles *profiles, zp_str failure, zp_arena *arena,
                 zp_status *out);

#endif

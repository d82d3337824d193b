/*
 * score.h - check and score one form. Pure: no clock, file, log or global.
 */
#ifndef ZP_CORE_SCORE_H
#define ZP_CORE_SCORE_H

#include "core/form.h"
#include "core/profile.h"
#include "core/result.h"

/*
 * The profile that the form is to be scored by; where none fits, PROFILE_UNKNOWN goes into flags (unless the year is no
 * year, which zp_check says) and the first one is returned, so that the rest can be checked all the same.
 */
const zp_profile *zp_choose_profile(const zp_form *form, const zp_profiles *profiles, zp_flags *flags);

/*
 * Every reason to refuse the form (severity error), all at once, into flags
 * (flags->arena set by the caller). Returns ZP_OK when the check ran (look at
 * flags->errors), ZP_NOMEM otherwise. Cheap enough for the request thread.
 */
zp_rc zp_check(const zp_form *form, const zp_profile *profile, zp_flags *flags);

/*
 * Scores the form by the profile and reconciles it with what was declared
 * (DOMAIN rules: 财预〔2020〕10号 for mof-2020). Gives a full result, with all flags
 * (errors included), also for a form that zp_check would refuse; what cannot be
 * known is ZP_NO_CENTS or absent. Views in *out live in arena and in the form.
 * ZP_OK or ZP_NOMEM.
 */
zp_rc zp_score(const zp_form *form, const zp_profile *profile, zp_arena *arena, zp_result *out);

/*
 * The same for a form beside last year's: COPIED_LAST_YEAR where it repeats the submission that `copied_from` names
 * (absent: none). No rule about the form alone, so the caller finds that out.
 */
zp_rc zp_score_beside(const zp_form *form, const zp_profile *profile, zp_str copied_from, zp_arena *arena,
                      zp_result *out);

#endif

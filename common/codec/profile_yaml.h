/*
 * profile_yaml.h - a rule profile from YAML (libcyaml, one schema, every value checked).
 */
#ifndef ZP_CODEC_PROFILE_YAML_H
#define ZP_CODEC_PROFILE_YAML_H

#include "base/error.h"
#include "core/profile.h"

/*
 * Reads the file, checks it, hashes it. On failure writes "<file>:<line>: what is wrong; what to do" into
 * message: ZP_NOTFOUND, ZP_IO (not readable; both without a line), ZP_INVALID, ZP_NOMEM. *out is untouched then.
 */
zp_rc zp_profile_load(const char *path, zp_profile *out, char *message, size_t message_size);

/* All of them (1 to ZP_MAX_PROFILES), in this order. Two of one name are refused. Otherwise as zp_profile_load. */
zp_rc zp_profiles_load(char *const *paths, size_t count, zp_profiles *out, char *message, size_t message_size);

#endif

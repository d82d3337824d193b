/*
 * prefer.h - the Prefer header (RFC 7240), of which this service honours `wait`.
 */
#ifndef ZP_GATEWAY_PREFER_H
#define ZP_GATEWAY_PREFER_H

#include "base/str.h"

/*
 * The seconds of the first `wait` preference, at most `cap`; 0 when the header is absent, names none, or its value is
 * not a number: a preference that is not understood is ignored (section 2), never an error.
 */
unsigned zp_prefer_wait(zp_str header, unsigned cap);

#endif

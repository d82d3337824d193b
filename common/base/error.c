/*
 * error.c - the names of outcomes, for log lines. Any thread; literals only.
 *
 * A value that is none of the outcomes is a fault of ours somewhere; it gets a name of its own, so that the line about
 * it is still written.
 */
#include "base/error.h"

const char *zp_rc_name(zp_rc rc)
{
    static const char *const names[] = {
        [ZP_OK] = "ok",
        [ZP_AGAIN] = "try later",
        [ZP_NOTFOUND] = "not found",
        [ZP_EXISTS] = "exists",
        [ZP_CONFLICT] = "conflict",
        [ZP_INVALID] = "invalid",
        [ZP_TOO_LARGE] = "too large",
        [ZP_CORRUPT] = "corrupt",
        [ZP_FULL] = "full",
        [ZP_NOMEM] = "out of memory",
        [ZP_IO] = "system error",
        [ZP_IN_DOUBT] = "in doubt",
        [ZP_TIMEOUT] = "timeout",
        [ZP_CLOSED] = "closed",
    };
    return (unsigned)rc < sizeof names / sizeof *names ? names[rc] : "unknown";
}

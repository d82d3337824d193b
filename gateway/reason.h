/*
 * reason.h - the words that go with an HTTP status, in the status line and as the title of a problem document
 * (RFC 9110, section 15; RFC 9457, section 4.2.1). Pure.
 */
#ifndef ZP_GATEWAY_REASON_H
#define ZP_GATEWAY_REASON_H

/* A literal, for each status that the gateway answers with; "Unknown" for others. */
const char *zp_reason(int status);

#endif

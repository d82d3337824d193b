/*
 * error.h - the one enum of outcomes that every module of Ziping returns.
 *
 * Library codes (errno, LMDB, ZeroMQ) are turned into these at the edge where
 * they arise, and logged once, there. ZP_OK is 0, so `if (rc)` means "not ok".
 */
#ifndef ZP_BASE_ERROR_H
#define ZP_BASE_ERROR_H

typedef enum {
    ZP_OK = 0,
    ZP_AGAIN,     /* nothing to do now, or interrupted: try later */
    ZP_NOTFOUND,  /* no such record, file, peer */
    ZP_EXISTS,    /* there is one already; nothing was changed */
    ZP_CONFLICT,  /* the caller's view is stale (revision, idempotency) */
    ZP_INVALID,   /* malformed or out of the documented bounds */
    ZP_TOO_LARGE, /* beyond a documented bound on size */
    ZP_CORRUPT,   /* a stored record fails its checksum or does not decode */
    ZP_FULL,      /* disk, map or quota is full; nothing was changed */
    ZP_NOMEM,     /* out of memory; nothing was changed */
    ZP_IO,        /* the system refused; nothing was changed */
    ZP_IN_DOUBT,  /* a commit failed: it may or may not be on disk. Stop and let the successor look */
    ZP_TIMEOUT,   /* not in the time that was given */
    ZP_CLOSED,    /* the peer or the component has gone or is stopping */
} zp_rc;

/* A short English word for logs, such as "full". Never NULL. */
const char *zp_rc_name(zp_rc rc);

#endif

/*
 * fields.h - what clients say in header fields, understood: media types, entity tags, idempotency keys.
 *
 * Pure functions over borrowed bytes.
 */
#ifndef ZP_GATEWAY_FIELDS_H
#define ZP_GATEWAY_FIELDS_H

#include "base/error.h"
#include "base/id.h"

typedef enum { ZP_MEDIA_OTHER, ZP_MEDIA_JSON, ZP_MEDIA_URLENCODED } zp_media;

/* Of a Content-Type. Another charset than UTF-8 makes it ZP_MEDIA_OTHER; further parameters are allowed. */
zp_media zp_media_of(zp_str content_type);

bool zp_media_is_ndjson(zp_str content_type);

typedef struct {
    int quality; /* in thousandths; 0: not wanted */
    bool named;  /* in full, not by a "*" */
} zp_liking;
/* What an Accept says about a type (lower case), by RFC 9110, section 12.5.1; without one everything is as welcome. */
zp_liking zp_accept_of(zp_str accept, const char *type, const char *subtype);

/* Whether Accept likes text/html better than application/json. */
bool zp_accept_is_html(zp_str accept);

typedef enum { ZP_TAG_NONE, ZP_TAG_LISTED, ZP_TAG_ANY } zp_tag_match;
/* Whether an If-None-Match lists etag (with its quotes), by weak comparison; ZP_TAG_ANY for "*". */
zp_tag_match zp_tag_find(zp_str if_none_match, zp_str etag);

/*
 * The submission that an If-Match names: one strong tag, "<id>" or "<id>.<state>". ZP_INVALID for anything else, "*",
 * weak tags and lists included: which revision is replaced must be said.
 */
zp_rc zp_tag_id(zp_str if_match, zp_id *out);

/*
 * An Idempotency-Key: 1-255 visible ASCII characters; the quotes of the draft's string form are taken off, escapes
 * inside are kept as they are. ZP_INVALID otherwise.
 */
zp_rc zp_key_of(zp_str header, zp_str *key);

/*
 * Whether another site's page made the browser send it, by Sec-Fetch-Site or, without that, by Origin's host against
 * Host. Programs send neither.
 */
bool zp_is_cross_site(zp_str fetch_site, zp_str origin, zp_str host);

#endif

/*
 * post.h - one signed POST to an endpoint: libcurl held to what a webhook may do.
 *
 * https (or http for a URL that says so), no redirect followed, no proxy, no cookie, no user name in the URL; the
 * resolved address is judged before a connection is made, and again before a kept one is used; the answer's body is
 * bounded and thrown away but for its beginning. A zp_post is one thread's and does one request at a time; it keeps
 * what it can of the connection for the next.
 */
#ifndef ZP_WEBHOOK_POST_H
#define ZP_WEBHOOK_POST_H

#include "webhook/sign.h"

#include <curl/curl.h>

enum { ZP_POST_SECRETS = 2, ZP_POST_WHY = 160, ZP_POST_ANSWER = 512 };

typedef struct zp_post zp_post;

typedef struct {
    const char *url;
    bool allow_private;
    unsigned timeout_ms;
    const char *ca_file; /* NULL: the system's */
} zp_post_target;

typedef struct {
    zp_str id, body;
    int64_t seconds; /* of this attempt */
    zp_secret secrets[ZP_POST_SECRETS];
    size_t secret_count;
} zp_post_message;

typedef enum { ZP_POST_DELIVERED, ZP_POST_FAILED, ZP_POST_GONE } zp_post_outcome;

typedef struct {
    zp_post_outcome outcome;
    unsigned status;        /* 0: no answer */
    int64_t retry_after_ms; /* 0: not said */
    int64_t took_ms;
    char why[ZP_POST_WHY]; /* empty when delivered */
} zp_post_result;

/* curl_global_init must have been called. Copies what target points to. ZP_NOMEM, ZP_INVALID (libcurl refuses). */
zp_rc zp_post_new(const zp_post_target *target, zp_post **out);
void zp_post_destroy(zp_post **self);

/* The handle to perform, or to add to a multi handle; its CURLOPT_PRIVATE is the caller's. */
CURL *zp_post_handle(zp_post *self);
/* Copies and signs the message; body may go afterwards. ZP_NOMEM. */
zp_rc zp_post_prepare(zp_post *self, const zp_post_message *message);
/* What came of it, by libcurl's code for the transfer. */
void zp_post_finish(zp_post *self, CURLcode code, zp_post_result *out);

/* The answer's first ZP_POST_ANSWER bytes, whatever they are; valid until the next request. */
zp_str zp_post_answer(const zp_post *self);

#endif

/*
 * http.h - libcurl set up the way every verb wants it: timeouts, collected answer, one readable error.
 */
#ifndef ZP_CLI_HTTP_H
#define ZP_CLI_HTTP_H

#include "base/buf.h"

#include <curl/curl.h>

typedef struct {
    CURL *easy;
    struct curl_slist *headers;
    zp_buf body;        /* of the answer */
    long retry_after_s; /* 0 when there was none */
    bool replayed;      /* Idempotency-Replayed: true */
    char error[CURL_ERROR_SIZE];
} zp_http;

/* False after one line on standard error. */
bool zp_http_open(zp_http *self);
void zp_http_close(zp_http *self);
/* Forgets the last answer and sets the URL; the connection stays. */
void zp_http_prepare(zp_http *self, const char *url);
/* Adds a request header; false when out of memory. */
bool zp_http_header(zp_http *self, const char *name, const char *value);
/* The HTTP status of the answer; 0 when there was none. */
long zp_http_status(const zp_http *self);
/* GET; the HTTP status, or 0 with the reason in self->error. */
long zp_http_get(zp_http *self, const char *url);
/* POST without a body; the same. */
long zp_http_post_nothing(zp_http *self, const char *url);

#endif

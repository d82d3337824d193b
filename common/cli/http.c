/*
 * http.c - see http.h.
 */
#include "cli/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static size_t on_body(char *p, size_t size, size_t n, void *context)
{
    zp_http *self = context;
    zp_buf_add(&self->body, p, size * n);
    return self->body.failed ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *context)
{
    static const char retry[] = "retry-after:", replayed[] = "idempotency-replayed: true";
    zp_http *self = context;
    size_t length = size * n;
    if (length > sizeof retry && !strncasecmp(p, retry, sizeof retry - 1))
        self->retry_after_s = strtol(p + sizeof retry - 1, NULL, 10);
    if (length >= sizeof replayed - 1 && !strncasecmp(p, replayed, sizeof replayed - 1))
        self->replayed = true;
    return length;
}

bool zp_http_open(zp_http *self)
{
    *self = (zp_http){.easy = curl_easy_init()};
    CURL *easy = self->easy;
    if (!easy || curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ||
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, self) || curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) ||
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, self) || curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->error) ||
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) || curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 5L) ||
        curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L) || curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ||
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "ziping/" ZP_VERSION)) {
        fprintf(stderr, "ziping: libcurl cannot be set up\n");
        zp_http_close(self);
        return false;
    }
    return true;
}

void zp_http_close(zp_http *self)
{
    curl_easy_cleanup(self->easy);
    curl_slist_free_all(self->headers);
    zp_buf_free(&self->body);
    *self = (zp_http){0};
}

void zp_http_prepare(zp_http *self, const char *url)
{
    curl_slist_free_all(self->headers);
    self->headers = NULL;
    zp_buf_clear(&self->body);
    self->retry_after_s = 0;
    self->replayed = false;
    self->error[0] = '\0';
    curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(self->easy, CURLOPT_URL, url);
}

bool zp_http_header(zp_http *self, const char *name, const char *value)
{
    char line[512];
    int n = snprintf(line, sizeof line, "%s: %s", name, value);
    if (n < 0 || (size_t)n >= sizeof line)
        return false;
    struct curl_slist *longer = curl_slist_append(self->headers, line);
    if (!longer)
        return false;
    self->headers = longer;
    return curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, longer) == CURLE_OK;
}

long zp_http_status(const zp_http *self)
{
    long status = 0;
    return curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status) ? 0 : status;
}

static long perform(zp_http *self)
{
    CURLcode rc = curl_easy_perform(self->easy);
    if (rc) {
        if (!self->error[0])
            snprintf(self->error, sizeof self->error, "%s", curl_easy_strerror(rc));
        return 0;
    }
    return zp_http_status(self);
}

long zp_http_get(zp_http *self, const char *url)
{
    zp_http_prepare(self, url);
    return perform(self);
}

long zp_http_post_nothing(zp_http *self, const char *url)
{
    zp_http_prepare(self, url);
    if (curl_easy_setopt(self->easy, CURLOPT_COPYPOSTFIELDS, ""))
        return 0;
    return perform(self);
}

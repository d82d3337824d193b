/*
 * post.c - see post.h.
 *
 * CURLOPT_QUICK_EXIT: a name that does not resolve is waited for in a thread of libcurl's; without it the one thread
 * that serves all endpoints would join it when its time is up, and wait for the resolver's.
 */
#include "webhook/post.h"

#include "base/buf.h"
#include "webhook/address.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    MAX_ANSWER = 64 * 1024,
    MAX_HEADERS = 64 * 1024,
    STATUS_OK = 200,
    STATUS_REDIRECT = 300,
    STATUS_MISTAKE = 400,
    STATUS_GONE = 410,
    MOST_RETRY_S = INT32_MAX
};

struct zp_post {
    CURL *easy;
    struct curl_slist *headers;
    zp_buf body;
    bool allow_private;
    /* the transfer at hand */
    size_t answered, headed; /* bytes of its body; of its headers and trailers */
    char answer[ZP_POST_ANSWER];
    char refused[INET6_ADDRSTRLEN]; /* the address that may not be */
    zp_address_kind refused_kind;
    char error[CURL_ERROR_SIZE];
};

/* ---- where to ---- */

static bool may_go(zp_post *self, const struct sockaddr *address)
{
    zp_address_kind kind = zp_address_kind_of(address);
    if (kind == ZP_ADDRESS_PUBLIC || (kind == ZP_ADDRESS_PRIVATE && self->allow_private))
        return true;
    const void *bytes = address->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                                                      : &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (!inet_ntop(address->sa_family, bytes, self->refused, sizeof self->refused))
        snprintf(self->refused, sizeof self->refused, "?");
    self->refused_kind = kind;
    return false;
}

/* Before anything is sent: not even a SYN reaches an address that is refused. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    if (purpose != CURLSOCKTYPE_IPCXN || !may_go(context, &address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A kept connection may have been opened for an endpoint that is allowed more. */
static int before_request(void *context, char *peer, char *local, int peer_port, int local_port)
{
    (void)local;
    (void)peer_port;
    (void)local_port;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, peer, &v4.sin_addr) == 1)
        return may_go(context, (struct sockaddr *)&v4) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    if (inet_pton(AF_INET6, peer, &v6.sin6_addr) == 1)
        return may_go(context, (struct sockaddr *)&v6) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    return CURL_PREREQFUNC_ABORT;
}

/* ---- the handle ---- */

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
    zp_post *self = context;
    size_t n = size * count, room = self->answered < ZP_POST_ANSWER ? ZP_POST_ANSWER - self->answered : 0;
    memcpy(self->answer + ZP_POST_ANSWER - room, bytes, n < room ? n : room);
    self->answered += n;
    return self->answered > MAX_ANSWER ? 0 : n;
}

/* libcurl bounds the headers in front of a body, but not the trailers behind it, and keeps them all. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    zp_post *self = context;
    (void)bytes;
    self->headed += size * count;
    return self->headed > MAX_HEADERS ? 0 : size * count;
}

zp_str zp_post_answer(const zp_post *self)
{
    return (zp_str){self->answer, self->answered < ZP_POST_ANSWER ? self->answered : ZP_POST_ANSWER};
}

static CURLcode restrict_it(zp_post *self, const zp_post_target *target)
{
    CURL *easy = self->easy;
    bool tls = strncasecmp(target->url, "https:", 6) == 0;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_URL, target->url);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, self);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_PREREQDATA, self);
    if (!rc && target->ca_file)
        rc = curl_easy_setopt(easy, CURLOPT_CAINFO, target->ca_file);
    return rc;
}

static CURLcode set_up(zp_post *self, const zp_post_target *target)
{
    CURL *easy = self->easy;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)target->timeout_ms);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_USERAGENT, "ziping-webhooks/" ZP_VERSION);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->error);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERDATA, self);
    return rc ? rc : restrict_it(self, target);
}

zp_rc zp_post_new(const zp_post_target *target, zp_post **out)
{
    zp_post *self = calloc(1, sizeof *self);
    *out = NULL;
    if (!self)
        return ZP_NOMEM;
    self->allow_private = target->allow_private;
    self->easy = curl_easy_init();
    CURLcode rc = self->easy ? set_up(self, target) : CURLE_OUT_OF_MEMORY;
    if (rc) {
        zp_post_destroy(&self);
        return rc == CURLE_OUT_OF_MEMORY ? ZP_NOMEM : ZP_INVALID;
    }
    *out = self;
    return ZP_OK;
}

void zp_post_destroy(zp_post **self)
{
    if (!*self)
        return;
    curl_easy_cleanup((*self)->easy);
    curl_slist_free_all((*self)->headers);
    zp_buf_free(&(*self)->body);
    free(*self);
    *self = NULL;
}

CURL *zp_post_handle(zp_post *self)
{
    return self->easy;
}

/* ---- one request ---- */

static bool add_header(zp_post *self, const char *line)
{
    struct curl_slist *longer = curl_slist_append(self->headers, line);
    if (longer)
        self->headers = longer;
    return longer != NULL;
}

static bool add_headers(zp_post *self, const zp_post_message *message)
{
    char line[512];
    snprintf(line, sizeof line, "webhook-id: %.*s", (int)message->id.n, message->id.p);
    bool added = add_header(self, "Content-Type: application/cloudevents+json") && add_header(self, "Expect:") &&
                 add_header(self, line);
    snprintf(line, sizeof line, "webhook-timestamp: %" PRId64, message->seconds);
    added = added && add_header(self, line);
    int n = snprintf(line, sizeof line, "webhook-signature:");
    for (size_t i = 0; i < message->secret_count && i < ZP_POST_SECRETS; i++) {
        line[n++] = ' ';
        zp_webhook_sign(&message->secrets[i], message->id, message->seconds, zp_buf_view(&self->body), line + n);
        n += ZP_SIGNATURE_TEXT;
    }
    return added && add_header(self, line);
}

zp_rc zp_post_prepare(zp_post *self, const zp_post_message *message)
{
    curl_slist_free_all(self->headers);
    self->headers = NULL;
    self->answered = self->headed = 0;
    self->refused[0] = self->error[0] = '\0';
    zp_buf_clear(&self->body);
    zp_buf_str(&self->body, message->body);
    if (self->body.failed || !add_headers(self, message))
        return ZP_NOMEM;
    bool set = curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, self->headers) == CURLE_OK &&
               curl_easy_setopt(self->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)self->body.n) == CURLE_OK &&
               curl_easy_setopt(self->easy, CURLOPT_POSTFIELDS, zp_buf_view(&self->body).p) == CURLE_OK;
    return set ? ZP_OK : ZP_NOMEM;
}

static void explain(const zp_post *self, CURLcode code, zp_post_result *out)
{
    char *why = out->why;
    if (out->status >= STATUS_REDIRECT && out->status < STATUS_MISTAKE)
        snprintf(why, ZP_POST_WHY, "status %u: redirects are refused", out->status);
    else if (out->status)
        snprintf(why, ZP_POST_WHY, "status %u", out->status);
    else if (self->refused[0])
        snprintf(why, ZP_POST_WHY, "its address, %s, is %s", self->refused,
                 self->refused_kind == ZP_ADDRESS_PRIVATE ? "private: refused without --allow-private"
                                                          : "never allowed: link-local, multicast or reserved");
    else if (code)
        snprintf(why, ZP_POST_WHY, "%.*s", ZP_POST_WHY - 1, self->error[0] ? self->error : curl_easy_strerror(code));
    else
        snprintf(why, ZP_POST_WHY, "no status");
}

/* libcurl takes a number of more digits than it can hold for none. */
static int64_t seconds_of(const char *text)
{
    int64_t seconds = 0;
    while (*text >= '0' && *text <= '9' && seconds < MOST_RETRY_S)
        seconds = seconds * 10 + (*text++ - '0');
    return seconds < MOST_RETRY_S ? seconds : MOST_RETRY_S;
}

/* Retry-After, as seconds or as a date; 0: not said, or a date that is past. */
static int64_t retry_after_ms(CURL *easy)
{
    struct curl_header *header;
    curl_off_t seconds = 0;
    bool digits = curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
                  header->value[0] && header->value[strspn(header->value, "0123456789")] == '\0';
    if (digits)
        return seconds_of(header->value) * 1000;
    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0)
        return 0;
    return (seconds < MOST_RETRY_S ? seconds : MOST_RETRY_S) * 1000;
}

/* The status decides, also when its body was too long or did not end in time: the receiver has said what it did. */
void zp_post_finish(zp_post *self, CURLcode code, zp_post_result *out)
{
    long status = 0;
    curl_off_t took_us = 0;
    *out = (zp_post_result){.outcome = ZP_POST_FAILED};
    if (curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= STATUS_OK)
        out->status = (unsigned)status;
    if (curl_easy_getinfo(self->easy, CURLINFO_TOTAL_TIME_T, &took_us) == CURLE_OK)
        out->took_ms = took_us / 1000;
    out->retry_after_ms = retry_after_ms(self->easy);
    if (out->status >= STATUS_OK && out->status < STATUS_REDIRECT) {
        out->outcome = ZP_POST_DELIVERED;
        return;
    }
    if (out->status == STATUS_GONE)
        out->outcome = ZP_POST_GONE;
    explain(self, code, out);
}

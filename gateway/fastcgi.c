/*
 * fastcgi.c - see fastcgi.h. Runs in the request thread that owns the connection.
 *
 * libfcgi parses and frames; accepting, waiting and closing are ours. Two dangers of the library decide the shape:
 *
 * - It ends a request without reading the rest of its body, and drops its read-ahead. On a kept connection the next
 *   request would then be parsed from the middle of a client's body: a forged request. So `receive` always reads to
 *   the end of the body before anybody sees the request, and a connection on which that failed is never kept.
 * - It takes an error between two parameters for their end. So the stream's error is looked at after the parameters.
 *
 * A peer that stalls costs its timeout and then its connection; a body is also bounded as a whole (READ_BUDGET_MS).
 */
#include "fastcgi.h"

#include "base/clock.h"
#include "base/log.h"
#include "codec/form_reader.h"

#include <fcgiapp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

/* We set fields that the header calls private (the only way to bring one's own accept): pin the layout. */
_Static_assert(sizeof(FCGX_Request) == 80, "libfcgi 2.4.2 is expected; check the use of FCGX_Request's fields");

enum { RESPONDER = 1, READ_BUDGET_MS = 4000, MAX_LENGTH_DIGITS = 7 };
enum { DRAIN_CAP = ZP_MAX_BATCH + ZP_MAX_BATCH / 4 }; /* bytes of a refused body that are read: what nginx lets pass */

enum { LISTS = 3 };

struct zp_fastcgi {
    FCGX_Request r;
    bool drained;        /* the body of the current request has been read to its end */
    zp_buf lists[LISTS]; /* fields of the current request that came in several lines, made one */
};

zp_rc zp_fastcgi_init(void)
{
    if (setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 1) < 0 ||
        setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", "100", 1) < 0 || FCGX_Init() != 0) {
        zp_log(ZP_ERROR, "fastcgi-init-failed", "remedy=\"start again\"");
        return ZP_IO;
    }
    return ZP_OK;
}

zp_fastcgi *zp_fastcgi_new(void)
{
    zp_fastcgi *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (FCGX_InitRequest(&self->r, -1, 0) != 0) {
        free(self);
        return NULL;
    }
    self->r.ipcFd = -1;
    return self;
}

void zp_fastcgi_destroy(zp_fastcgi **self)
{
    if (!*self)
        return;
    zp_fastcgi_drop(*self);
    for (int i = 0; i < LISTS; i++)
        zp_buf_free(&(*self)->lists[i]);
    free(*self);
    *self = NULL;
}

void zp_fastcgi_attach(zp_fastcgi *self, int fd)
{
    self->r.ipcFd = fd;
    self->r.keepConnection = 1; /* FCGX_Accept_r first ends the "last" request: it shall not close this */
    self->r.detached = 1;       /* close at once; the default lingers, polling, in this thread */
    self->drained = true;
}

int zp_fastcgi_fd(const zp_fastcgi *self)
{
    return self->r.ipcFd;
}

void zp_fastcgi_drop(zp_fastcgi *self)
{
    if (self->r.ipcFd < 0)
        return;
    self->r.detached = 1;
    FCGX_Free(&self->r, 1);
}

/* Bytes that are at hand, after waiting for the first; 0 at the end of the stream or on an error. */
static size_t fill(FCGX_Stream *in)
{
    if (in->rdNext == in->stop) {
        int c = FCGX_GetChar(in);
        if (c == EOF || FCGX_UnGetChar(c, in) == EOF)
            return 0;
    }
    return (size_t)(in->stop - in->rdNext);
}

/* Reads at most n bytes; to = NULL throws them away. Stops at the end, on an error or when the time is up. */
static size_t take(FCGX_Stream *in, char *to, size_t n, int64_t deadline)
{
    size_t got = 0, ready;
    while (got < n && (ready = fill(in)) > 0) {
        size_t piece = ready < n - got ? ready : n - got;
        if (to)
            memcpy(to + got, in->rdNext, piece);
        in->rdNext += piece;
        got += piece;
        if (got < n && zp_clock_mono_ms() > deadline)
            break;
    }
    return got;
}

static bool is_at_end(FCGX_Stream *in)
{
    return fill(in) == 0 && FCGX_GetError(in) == 0;
}

/* 1 to 7 digits, or nothing at all for no body. */
static bool parse_length(zp_str text, size_t *out)
{
    size_t n = 0;
    if (text.n > MAX_LENGTH_DIGITS)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        n = n * 10 + (size_t)(text.p[i] - '0');
    }
    *out = n;
    return true;
}

static bool is_all_digits(zp_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return text.n > 0;
}

static void read_body(zp_fastcgi *self, zp_str length, size_t max_body, zp_buf *body, zp_request *request)
{
    FCGX_Stream *in = self->r.in;
    int64_t deadline = zp_clock_mono_ms() + READ_BUDGET_MS;
    size_t n = 0;
    bool valid = parse_length(length, &n);

    zp_buf_clear(body);
    request->body = ZP_STR("");
    if ((valid && n > max_body) || (!valid && is_all_digits(length)))
        request->body_too_large = true;
    else if (!valid || !zp_buf_reserve(body, n + ZP_JSON_PADDING) || take(in, body->p, n, deadline) != n)
        request->body_broken = true;
    else if (is_at_end(in)) {
        body->n = n;
        request->body = zp_buf_view(body);
        self->drained = true;
        return;
    } else {
        request->body_broken = true; /* more than announced, or cut off */
    }
    (void)take(in, NULL, DRAIN_CAP, deadline);
    self->drained = is_at_end(in);
}

typedef struct {
    zp_str method, length, user, path, query, content_type, key, if_match, if_none_match, prefer, accept, last_event_id,
        fetch_site, origin, host;
    bool repeated;
} params;

/* nginx passes each line of a repeated field; where the field is a list, the lines make one (RFC 9110, section 5.3). */
static void again(zp_fastcgi *self, zp_str *value, const char *more, params *out)
{
    if (value == &out->key || value == &out->if_match)
        out->repeated = true;
    zp_buf *list = value == &out->if_none_match ? &self->lists[0]
                   : value == &out->prefer      ? &self->lists[1]
                   : value == &out->accept      ? &self->lists[2]
                                                : NULL;
    if (!list)
        return;
    if (!list->n)
        zp_buf_str(list, *value);
    zp_buf_lit(list, ", ");
    zp_buf_str(list, zp_str_of(more));
    if (!list->failed)
        *value = zp_buf_view(list);
}

/* One pass over the parameters; of others than these the first of a name counts, as with FCGX_GetParam. */
static void read_params(zp_fastcgi *self, char *const *envp, params *out)
{
    const struct {
        zp_str name;
        zp_str *value;
    } wanted[] = {
        {ZP_STR("REQUEST_METHOD"), &out->method},
        {ZP_STR("CONTENT_LENGTH"), &out->length},
        {ZP_STR("REMOTE_USER"), &out->user},
        {ZP_STR("DOCUMENT_URI"), &out->path},
        {ZP_STR("QUERY_STRING"), &out->query},
        {ZP_STR("CONTENT_TYPE"), &out->content_type},
        {ZP_STR("HTTP_IDEMPOTENCY_KEY"), &out->key},
        {ZP_STR("HTTP_IF_MATCH"), &out->if_match},
        {ZP_STR("HTTP_IF_NONE_MATCH"), &out->if_none_match},
        {ZP_STR("HTTP_PREFER"), &out->prefer},
        {ZP_STR("HTTP_ACCEPT"), &out->accept},
        {ZP_STR("HTTP_LAST_EVENT_ID"), &out->last_event_id},
        {ZP_STR("HTTP_SEC_FETCH_SITE"), &out->fetch_site},
        {ZP_STR("HTTP_ORIGIN"), &out->origin},
        {ZP_STR("HTTP_HOST"), &out->host},
    };
    for (; *envp; envp++) {
        const char *equals = strchr(*envp, '=');
        zp_str name = {*envp, equals ? (size_t)(equals - *envp) : 0};
        for (size_t i = 0; equals && i < sizeof wanted / sizeof *wanted; i++)
            if (!zp_str_eq(name, wanted[i].name))
                continue;
            else if (zp_str_present(*wanted[i].value))
                again(self, wanted[i].value, equals + 1, out);
            else
                *wanted[i].value = zp_str_of(equals + 1);
    }
}

static zp_method method_of(zp_str text)
{
    if (zp_str_is(text, "GET"))
        return ZP_GET;
    if (zp_str_is(text, "POST"))
        return ZP_POST;
    return zp_str_is(text, "HEAD") ? ZP_HEAD : ZP_OTHER_METHOD;
}

/* nginx passes some variables also when the header was not sent; empty is "not sent" there. */
static zp_str or_absent(zp_str s)
{
    return zp_str_filled(s) ? s : ZP_ABSENT;
}

zp_rc zp_fastcgi_receive(zp_fastcgi *self, size_t max_body, zp_buf *body, zp_request *request)
{
    self->drained = false;
    if (FCGX_Accept_r(&self->r) != 0)
        return ZP_CLOSED; /* the library has closed the descriptor, and failed to accept on -1 */
    if (FCGX_GetError(self->r.in) != 0 || self->r.role != RESPONDER) {
        zp_fastcgi_drop(self);
        return ZP_CLOSED;
    }
    params p = {0};
    for (int i = 0; i < LISTS; i++)
        zp_buf_clear(&self->lists[i]);
    read_params(self, self->r.envp, &p);
    request->method = method_of(p.method);
    request->path = zp_str_present(p.path) ? p.path : ZP_STR("");
    request->query = zp_str_present(p.query) ? p.query : ZP_STR("");
    request->content_type = or_absent(p.content_type);
    request->idempotency_key = p.key;
    request->if_match = p.if_match;
    request->if_none_match = p.if_none_match;
    request->prefer = p.prefer;
    request->accept = p.accept;
    request->last_event_id = or_absent(p.last_event_id);
    request->fetch_site = p.fetch_site;
    request->origin = p.origin;
    request->host = p.host;
    request->repeated_field = p.repeated;
    request->submitter = zp_str_filled(p.user) ? p.user : ZP_STR("anonymous");
    if (max_body && zp_str_is(request->path, ZP_BATCH_PATH))
        max_body = ZP_MAX_BATCH;
    read_body(self, p.length, max_body, body, request);
    return ZP_OK;
}

size_t zp_fastcgi_room(const zp_fastcgi *self)
{
    int size, queued;
    socklen_t n = sizeof size;
    if (getsockopt(self->r.ipcFd, SOL_SOCKET, SO_SNDBUF, &size, &n) < 0 || ioctl(self->r.ipcFd, SIOCOUTQ, &queued) < 0)
        return 0;
    /* The kernel counts its own overhead too, hence half. */
    return size / 2 > queued ? (size_t)(size / 2 - queued) : 0;
}

zp_rc zp_fastcgi_send_part(zp_fastcgi *self, zp_str part)
{
    FCGX_Stream *out = self->r.out;
    bool sent = part.n <= INT_MAX && FCGX_PutStr(part.p, (int)part.n, out) == (int)part.n && FCGX_FFlush(out) == 0;
    return sent && FCGX_GetError(out) == 0 ? ZP_OK : ZP_IO;
}

zp_rc zp_fastcgi_send(zp_fastcgi *self, zp_str answer, bool keep)
{
    FCGX_Request *r = &self->r;
    if (!keep || !self->drained)
        r->keepConnection = 0;
    r->detached = 1;
    bool sent = answer.n <= INT_MAX && FCGX_PutStr(answer.p, (int)answer.n, r->out) == (int)answer.n;
    /* err first: closing an empty err last would cost a write of its own. Only the streams' errors tell the truth. */
    sent = FCGX_FClose(r->err) == 0 && sent;
    sent = FCGX_FClose(r->out) == 0 && FCGX_GetError(r->out) == 0 && sent;
    if (!sent)
        r->keepConnection = 0;
    FCGX_Finish_r(r);
    if (!sent)
        return ZP_IO;
    return r->ipcFd < 0 ? ZP_CLOSED : ZP_OK;
}

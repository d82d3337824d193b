/*
 * url.c - see url.h.
 *
 * The parts are taken as RFC 3986 has them: scheme "://" host [":" port] and what follows. libcurl has the last word,
 * since it is what will be asked to go there.
 */
#include "webhook/url.h"

#include "webhook/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_NAME = 253, MOST_LABEL = 63, MOST_PORT = 65535, PORT_DIGITS = 5, SHOWN = 40 };

static const char digits[] = "0123456789";
static const char name_bytes[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

typedef struct {
    const char *p;
    size_t n;
} part;

/* Says it; false, for the caller to return. */
#define FAULT(...) (snprintf(fault, ZP_URL_FAULT, __VA_ARGS__), false)

static int shown(part text)
{
    return text.n < SHOWN ? (int)text.n : SHOWN;
}

/* ---- scheme ---- */

/* The rest behind "://"; NULL: it was said what is wrong. */
static const char *behind_scheme(const char *url, bool allow_http, char *fault)
{
    const char *colon = strstr(url, "://");
    size_t n = colon ? (size_t)(colon - url) : 0;
    bool tls = n == 5 && strncasecmp(url, "https", n) == 0, plain = n == 4 && strncasecmp(url, "http", n) == 0;
    if (tls || (plain && allow_http))
        return colon + 3;
    if (plain)
        (void)FAULT("http is refused without --allow-http; use https");
    else if (n > 0 && strspn(url, name_bytes) == n)
        (void)FAULT("only https and http are for webhooks, not %.*s; write https://host/path", shown((part){url, n}),
                    url);
    else
        (void)FAULT("it is no absolute URL; write https://host/path");
    return NULL;
}

/* ---- host ---- */

static bool judge(const struct sockaddr *address, part host, bool allow_private, char *fault)
{
    zp_address_kind kind = zp_address_kind_of(address);
    if (kind == ZP_ADDRESS_PUBLIC || (kind == ZP_ADDRESS_PRIVATE && allow_private))
        return true;
    if (kind == ZP_ADDRESS_PRIVATE)
        return FAULT("its address, %.*s, is private: refused without --allow-private", shown(host), host.p);
    return FAULT("its address, %.*s, is never allowed: link-local, multicast or reserved; name another", shown(host),
                 host.p);
}

/* [address]; `host` is without the brackets. */
static bool is_v6(part host, bool allow_private, char *fault)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    char text[INET6_ADDRSTRLEN];
    if (memchr(host.p, '%', host.n))
        return FAULT("its address, [%.*s], names a zone, which is one machine's own; leave it out", shown(host),
                     host.p);
    snprintf(text, sizeof text, "%.*s", (int)host.n, host.p);
    if (host.n >= sizeof text || inet_pton(AF_INET6, text, &address.sin6_addr) != 1)
        return FAULT("[%.*s] is no IPv6 address; write one as in https://[2400:3200::1]/path", shown(host), host.p);
    return judge((struct sockaddr *)&address, host, allow_private, fault);
}

/* Four numbers. What else resolvers take for an address (2130706433, 0x7f.1) nobody reads as the one it is. */
static bool is_v4(part host, bool allow_private, char *fault)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char text[INET_ADDRSTRLEN];
    snprintf(text, sizeof text, "%.*s", (int)host.n, host.p);
    if (host.n >= sizeof text || inet_pton(AF_INET, text, &address.sin_addr) != 1)
        return FAULT("%.*s is no IPv4 address; write four numbers up to 255, as in 114.114.114.114", shown(host),
                     host.p);
    return judge((struct sockaddr *)&address, host, allow_private, fault);
}

static bool is_label(part label)
{
    return label.n > 0 && label.n <= MOST_LABEL && strspn(label.p, name_bytes) >= label.n && label.p[0] != '-' &&
           label.p[label.n - 1] != '-';
}

static bool is_number(part label)
{
    bool hex = label.n > 1 && label.p[0] == '0' && (label.p[1] == 'x' || label.p[1] == 'X');
    return hex || strspn(label.p, digits) >= label.n;
}

static bool is_host(part host, bool allow_private, char *fault)
{
    part label = {host.p, 0};
    if (host.n == 0)
        return FAULT("it names no host; write https://host/path");
    size_t n = host.n > 1 && host.p[host.n - 1] == '.' ? host.n - 1 : host.n; /* the root's dot may stand */
    for (size_t at = 0; at < n; at += label.n + 1) {
        const char *dot = memchr(host.p + at, '.', n - at);
        label = (part){host.p + at, dot ? (size_t)(dot - host.p) - at : n - at};
        if (!is_label(label) || host.n > MOST_NAME || (dot && dot == host.p + n - 1))
            return FAULT("%.*s is no host's name; it takes letters, digits and hyphens between dots (others as xn--…)",
                         shown(host), host.p);
    }
    return !is_number(label) || is_v4(host, allow_private, fault);
}

/* ---- port ---- */

static bool is_port(part port, char *fault)
{
    unsigned long number =
        port.n > 0 && port.n <= PORT_DIGITS && strspn(port.p, digits) >= port.n ? strtoul(port.p, NULL, 10) : 0;
    return (number >= 1 && number <= MOST_PORT) ||
           FAULT("its port, \"%.*s\", is none; write one from 1 to 65535, or leave out the colon", shown(port), port.p);
}

/* ---- the whole ---- */

static bool is_authority(part whole, bool allow_private, char *fault)
{
    bool bracketed = whole.n > 0 && whole.p[0] == '[';
    const char *close = bracketed ? memchr(whole.p, ']', whole.n) : NULL;
    if (memchr(whole.p, '@', whole.n))
        return FAULT("it names a user; leave that out, signatures are what a receiver should check");
    if (bracketed && !close)
        return FAULT("its IPv6 address lacks the closing bracket; write it as in https://[2400:3200::1]/path");
    const char *from = close ? close + 1 : whole.p, *end = whole.p + whole.n;
    const char *colon = memchr(from, ':', (size_t)(end - from));
    if (!close && colon && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
        return FAULT("its host has several colons; an IPv6 address stands in brackets, as in "
                     "https://[2400:3200::1]/path");
    if (close && (colon ? colon : end) != from)
        return FAULT("only a port may follow the brackets of its address, as in https://[2400:3200::1]:8443/path");
    part host = close ? (part){whole.p + 1, (size_t)(close - whole.p - 1)}
                      : (part){whole.p, (size_t)((colon ? colon : end) - whole.p)};
    bool good = close ? is_v6(host, allow_private, fault) : is_host(host, allow_private, fault);
    return good && (!colon || is_port((part){colon + 1, (size_t)(end - colon - 1)}, fault));
}

/* Bytes that RFC 3986 has in no URL. libcurl sends some of them as they are, and others not at all. */
static bool has_fitting_bytes(const char *url, char *fault)
{
    for (const char *p = url; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
            return FAULT("its byte %zu, %%%02X, may not stand in a URL; write it so, or in the host's name as xn--…",
                         (size_t)(p - url) + 1, c);
    }
    return strchr(url, '#') ? FAULT("it has a fragment, which is never sent; leave out what begins with #") : true;
}

bool zp_url_is_endpoint(const char *url, const zp_url_allowance *allowed, char fault[ZP_URL_FAULT])
{
    size_t length = strlen(url);
    if (length > allowed->longest)
        return FAULT("it is too long: %zu bytes; at most %zu are taken", length, allowed->longest);
    if (!has_fitting_bytes(url, fault))
        return false;
    const char *rest = behind_scheme(url, allowed->http, fault);
    if (!rest || !is_authority((part){rest, strcspn(rest, "/?")}, allowed->private_net, fault))
        return false;
    CURLU *parsed = curl_url();
    CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    curl_url_cleanup(parsed);
    return !code || FAULT("libcurl does not take it: %s; write https://host/path", curl_url_strerror(code));
}

void zp_url_origin(const char *text, char *out, size_t size)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        bool usual = curl_url_get(url, CURLUPART_PORT, &port, 0) != CURLUE_OK;
        snprintf(out, size, "%s://%s%s%s", scheme, host, usual ? "" : ":", usual ? "" : port);
    } else {
        snprintf(out, size, "?");
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
}

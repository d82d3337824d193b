/*
 * url.h - whether a URL may be a webhook endpoint's, judged when an operator registers it.
 *
 * Stricter than libcurl, which takes "https:///x" for the host "x" and port 0 for a port: what is taken here and wrong
 * would show only when the first event is not delivered. Pure; any thread.
 */
#ifndef ZP_WEBHOOK_URL_H
#define ZP_WEBHOOK_URL_H

#include <stdbool.h>
#include <stddef.h>

enum { ZP_URL_FAULT = 240 };

typedef struct {
    bool http;        /* without TLS */
    bool private_net; /* an address of this machine or of a private network */
    size_t longest;   /* in bytes */
} zp_url_allowance;

/*
 * Absolute, https or http, visible ASCII, a host by name or by address, without user or fragment. An address is judged
 * (address.h); what a name resolves to is judged at each delivery. False: what is wrong with which part, and what to
 * write instead.
 */
bool zp_url_is_endpoint(const char *url, const zp_url_allowance *allowed, char fault[ZP_URL_FAULT]);
/* "https://name:port" of the URL, cut to size: what may be told about an endpoint. "?" for what is no URL. */
void zp_url_origin(const char *url, char *out, size_t size);

#endif

/*
 * resolver.c - preloaded into ziping-webhooks: names that begin with "hang" are never resolved, as with a name server
 * that does not answer. Whoever waits for it waits for ever.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    resolve *next = (resolve *)dlsym(RTLD_NEXT, "getaddrinfo");
    while (node && strncmp(node, "hang", 4) == 0)
        pause();
    return next(node, service, hints, out);
}

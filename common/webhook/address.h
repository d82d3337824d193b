/*
 * address.h - where a webhook may go, judged by the address that a name was resolved to, not by the name.
 *
 * After IANA's registries of special-purpose addresses. What embeds an IPv4 address (mapped, NAT64, 6to4) is judged by
 * that one.
 */
#ifndef ZP_WEBHOOK_ADDRESS_H
#define ZP_WEBHOOK_ADDRESS_H

#include <sys/socket.h>

typedef enum {
    ZP_ADDRESS_PUBLIC,
    ZP_ADDRESS_PRIVATE, /* this machine, a private network, a carrier's: only where the operator says so */
    ZP_ADDRESS_NEVER,   /* link-local, a cloud's metadata service, multicast, documentation, unassigned */
} zp_address_kind;

/* AF_INET and AF_INET6; any other family is ZP_ADDRESS_NEVER. Pure; any thread. */
zp_address_kind zp_address_kind_of(const struct sockaddr *address);

#endif

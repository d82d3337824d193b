/*
 * address.c - see address.h. The first row that fits decides.
 */
#include "webhook/address.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint8_t prefix[16];
    unsigned bits;
    zp_address_kind kind;
} range;

static const range v4[] = {
    {{100, 100, 100, 200}, 32, ZP_ADDRESS_NEVER}, /* a cloud's metadata service, within a carrier's range */
    {{168, 63, 129, 16}, 32, ZP_ADDRESS_NEVER},   /* another's, among public addresses */
    {{0}, 8, ZP_ADDRESS_NEVER},
    {{10}, 8, ZP_ADDRESS_PRIVATE},
    {{100, 64}, 10, ZP_ADDRESS_PRIVATE},
    {{127}, 8, ZP_ADDRESS_PRIVATE},
    {{169, 254}, 16, ZP_ADDRESS_NEVER},
    {{172, 16}, 12, ZP_ADDRESS_PRIVATE},
    {{192, 0, 0}, 24, ZP_ADDRESS_NEVER},
    {{192, 0, 2}, 24, ZP_ADDRESS_NEVER},
    {{192, 88, 99}, 24, ZP_ADDRESS_NEVER},
    {{192, 168}, 16, ZP_ADDRESS_PRIVATE},
    {{198, 18}, 15, ZP_ADDRESS_PRIVATE},
    {{198, 51, 100}, 24, ZP_ADDRESS_NEVER},
    {{203, 0, 113}, 24, ZP_ADDRESS_NEVER},
    {{224}, 3, ZP_ADDRESS_NEVER},
    {{0}, 0, ZP_ADDRESS_PUBLIC},
};

static const range v6[] = {
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, ZP_ADDRESS_NEVER},       /* metadata */
    {{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, ZP_ADDRESS_NEVER},       /* metadata */
    {{0xfd, 0x00, 0x00, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0xfe, 0xa9, 0xfe}, 128, ZP_ADDRESS_NEVER}, /* metadata */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, ZP_ADDRESS_PRIVATE},
    {{0xfc}, 7, ZP_ADDRESS_PRIVATE},
    {{0x20, 0x01}, 23, ZP_ADDRESS_NEVER}, /* protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, ZP_ADDRESS_NEVER},
    {{0x3f, 0xff}, 20, ZP_ADDRESS_NEVER},
    {{0x20}, 3, ZP_ADDRESS_PUBLIC}, /* all that is assigned as global unicast */
    {{0}, 0, ZP_ADDRESS_NEVER},
};

static bool fits(const range *row, const uint8_t *address)
{
    size_t whole = row->bits / 8;
    unsigned rest = row->bits % 8;
    if (memcmp(row->prefix, address, whole) != 0)
        return false;
    return rest == 0 || (row->prefix[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static zp_address_kind look_up(const range *row, const uint8_t *address)
{
    while (!fits(row, address))
        row++; /* the last row fits all */
    return row->kind;
}

/* Where the IPv4 address stands that this one only wraps; NULL when it is one of its own. */
static const uint8_t *embedded(const uint8_t *address)
{
    static const range mapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, ZP_ADDRESS_NEVER};
    static const range nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96, ZP_ADDRESS_NEVER};
    static const range six_to_four = {{0x20, 0x02}, 16, ZP_ADDRESS_NEVER};
    if (fits(&mapped, address) || fits(&nat64, address))
        return address + 12;
    return fits(&six_to_four, address) ? address + 2 : NULL;
}

zp_address_kind zp_address_kind_of(const struct sockaddr *address)
{
    uint8_t bytes[16];
    if (address->sa_family == AF_INET) {
        memcpy(bytes, (const char *)address + offsetof(struct sockaddr_in, sin_addr), 4);
        return look_up(v4, bytes);
    }
    if (address->sa_family != AF_INET6)
        return ZP_ADDRESS_NEVER;
    memcpy(bytes, (const char *)address + offsetof(struct sockaddr_in6, sin6_addr), sizeof bytes);
    const uint8_t *inner = embedded(bytes);
    return inner ? look_up(v4, inner) : look_up(v6, bytes);
}

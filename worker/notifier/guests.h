/*
 * guests.h - the list of public keys that may subscribe: a file of key lines, or a folder of files NAME.pub.
 */
#ifndef ZP_NOTIFIER_GUESTS_H
#define ZP_NOTIFIER_GUESTS_H

#include "wire/curve.h"

enum { ZP_GUESTS_MAX = 10000, ZP_GUESTS_MESSAGE = 512 };

typedef struct {
    uint8_t key[ZP_KEY_BYTES];
    char name[ZP_KEY_NAME]; /* what stands behind the key, else the file's name; for logs */
} zp_guest;

typedef struct {
    zp_guest *list; /* by key, each once */
    size_t count, room;
} zp_guests;

/*
 * On failure one line in message, and *out is empty. An empty list is fine: nobody may. A file in a folder that holds
 * no key is passed over, and told in message, which is empty otherwise. ZP_NOTFOUND: there is no such list. As
 * zp_key_file.
 */
zp_rc zp_guests_read(const char *path, zp_guests *out, char *message, size_t message_size);
void zp_guests_free(zp_guests *self);
/* NULL when the key is not listed. Valid until the list is freed. */
const zp_guest *zp_guests_find(const zp_guests *self, const uint8_t key[ZP_KEY_BYTES]);
/* Whether every key of self is in other too. */
bool zp_guests_within(const zp_guests *self, const zp_guests *other);

#endif

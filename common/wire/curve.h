/*
 * curve.h - CURVE: key files, and the options that make a socket a server or a client.
 *
 * A key file holds one key a line: 40 characters of Z85, then a name if you like. A line whose first word is not 40
 * characters long and begins with '#' is a comment ('#' is a character of Z85 too). Nothing here is kept between
 * calls.
 */
#ifndef ZP_WIRE_CURVE_H
#define ZP_WIRE_CURVE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZP_KEY_TEXT = 40, ZP_KEY_BYTES = 32, ZP_KEY_NAME = 64, ZP_KEY_FILE_MAX = 1024 * 1024 };

typedef struct {
    char text[ZP_KEY_TEXT + 1];
} zp_key;

/* Called for each key of a file, its name without blanks around it, cut to ZP_KEY_NAME. Anything but ZP_OK ends it. */
typedef zp_rc (*zp_key_each)(void *context, const zp_key *key, const char *name);
/*
 * Reads the keys of a file in order. On failure one line in message: ZP_NOTFOUND, ZP_IO, ZP_INVALID (a line that is no
 * key), ZP_TOO_LARGE, ZP_NOMEM, or what `each` returned (then without a line).
 */
zp_rc zp_key_file(const char *path, zp_key_each each, void *context, char *message, size_t message_size);
/* The file's one key. A secret one must not be readable by everybody: ZP_INVALID. Otherwise as zp_key_file. */
zp_rc zp_key_read(const char *path, bool secret, zp_key *out, char *message, size_t message_size);

/* ZP_INVALID unless it is 40 characters of Z85; bytes may be NULL. */
zp_rc zp_key_decode(const char *text, uint8_t bytes[ZP_KEY_BYTES]);
/* A new pair, and the public half of a secret key. ZP_IO when libzmq was built without CURVE. */
zp_rc zp_key_pair(zp_key *public_half, zp_key *secret);
zp_rc zp_key_public(const zp_key *secret, zp_key *out);

/*
 * Before bind or connect. A server asks the ZAP handler of its context about each client, and turns all away while
 * there is none. ZP_INVALID.
 */
zp_rc zp_curve_server(void *socket, const zp_key *secret);
zp_rc zp_curve_client(void *socket, const zp_key *server, const zp_key *public_half, const zp_key *secret);

#endif

/*
 * curve.c - see curve.h. Any thread.
 *
 * Without ZMQ_ZAP_ENFORCE_DOMAIN a CURVE server whose ZAP handler is missing admits everybody; Debian's zmq.h hides the
 * option behind its draft API, the library has it.
 */
#include "wire/curve.h"

#include "wire/zmq_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENFORCE_DOMAIN = 93, OTHERS = 0027 };

static const char blanks[] = " \t\r";

/* ---- keys ---- */

zp_rc zp_key_decode(const char *text, uint8_t bytes[ZP_KEY_BYTES])
{
    uint8_t own[ZP_KEY_BYTES];
    return strlen(text) == ZP_KEY_TEXT && zmq_z85_decode(bytes ? bytes : own, text) ? ZP_OK : ZP_INVALID;
}

zp_rc zp_key_pair(zp_key *public_half, zp_key *secret)
{
    return zmq_curve_keypair(public_half->text, secret->text) == 0 ? ZP_OK : ZP_IO;
}

zp_rc zp_key_public(const zp_key *secret, zp_key *out)
{
    return zmq_curve_public(out->text, secret->text) == 0 ? ZP_OK : ZP_IO;
}

/* ---- files ---- */

static zp_rc fail(zp_rc rc, const char *path, const char *what, char *message, size_t message_size)
{
    snprintf(message, message_size, "%s: %s", path, what);
    return rc;
}

/* The whole file with a NUL behind it; the caller frees *out. */
static zp_rc slurp(int fd, const char *path, char **out, char *message, size_t message_size)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return fail(ZP_IO, path, strerror(errno), message, message_size);
    if (!S_ISREG(status.st_mode))
        return fail(ZP_INVALID, path, "is not a file; name a file of keys", message, message_size);
    if (status.st_size > ZP_KEY_FILE_MAX)
        return fail(ZP_TOO_LARGE, path, "is larger than 1 MiB; name a file of keys", message, message_size);
    size_t room = (size_t)status.st_size, n = 0;
    char *text = malloc(room + 1);
    if (!text)
        return fail(ZP_NOMEM, path, "out of memory; free some and start again", message, message_size);
    for (ssize_t got = 1; got != 0 && n < room;) {
        got = read(fd, text + n, room - n);
        if (got < 0 && errno != EINTR) {
            free(text);
            return fail(ZP_IO, path, strerror(errno), message, message_size);
        }
        n += got > 0 ? (size_t)got : 0;
    }
    text[n] = '\0';
    *out = text;
    return ZP_OK;
}

/* ZP_AGAIN: nothing on this line. */
static zp_rc read_line(char *line, zp_key *key, char name[ZP_KEY_NAME])
{
    line += strspn(line, blanks);
    size_t n = strcspn(line, blanks);
    if (n != ZP_KEY_TEXT)
        return n == 0 || *line == '#' ? ZP_AGAIN : ZP_INVALID;
    memcpy(key->text, line, ZP_KEY_TEXT);
    key->text[ZP_KEY_TEXT] = '\0';
    line += n + strspn(line + n, blanks);
    n = strlen(line);
    while (n > 0 && strchr(blanks, line[n - 1]))
        n--;
    snprintf(name, ZP_KEY_NAME, "%.*s", n < ZP_KEY_NAME ? (int)n : ZP_KEY_NAME - 1, line);
    return zp_key_decode(key->text, NULL);
}

static zp_rc read_lines(char *text, const char *path, zp_key_each each, void *context, char *message,
                        size_t message_size)
{
    char *rest = text;
    unsigned number = 0;
    zp_rc rc = ZP_OK;
    for (char *line; !rc && (line = strsep(&rest, "\n"));) {
        zp_key key;
        char name[ZP_KEY_NAME];
        number++;
        zp_rc found = read_line(line, &key, name);
        if (found == ZP_OK)
            rc = each(context, &key, name);
        else if (found == ZP_INVALID)
            snprintf(message, message_size, "%s:%u: is not a key; write 40 characters of Z85, as ziping keygen does",
                     path, number);
        if (found == ZP_INVALID)
            rc = ZP_INVALID;
    }
    return rc;
}

static zp_rc open_file(const char *path, bool secret, int *out, char *message, size_t message_size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(errno == ENOENT ? ZP_NOTFOUND : ZP_IO, path, strerror(errno), message, message_size);
    if (secret && fstat(fd, &status) == 0 && (status.st_mode & OTHERS)) {
        close(fd);
        return fail(ZP_INVALID, path, "others may read or change this secret key; chmod 600 it", message, message_size);
    }
    *out = fd;
    return ZP_OK;
}

static zp_rc read_file(const char *path, bool secret, zp_key_each each, void *context, char *message,
                       size_t message_size)
{
    int fd;
    char *text = NULL;
    zp_rc rc = open_file(path, secret, &fd, message, message_size);
    if (rc)
        return rc;
    rc = slurp(fd, path, &text, message, message_size);
    close(fd);
    if (!rc) {
        size_t n = strlen(text);
        rc = read_lines(text, path, each, context, message, message_size);
        explicit_bzero(text, n);
    }
    free(text);
    return rc;
}

zp_rc zp_key_file(const char *path, zp_key_each each, void *context, char *message, size_t message_size)
{
    return read_file(path, false, each, context, message, message_size);
}

typedef struct {
    zp_key *out;
    unsigned count;
} only_key;

static zp_rc take_only(void *context, const zp_key *key, const char *name)
{
    only_key *self = context;
    (void)name;
    *self->out = *key;
    self->count++;
    return ZP_OK;
}

zp_rc zp_key_read(const char *path, bool secret, zp_key *out, char *message, size_t message_size)
{
    only_key one = {.out = out};
    zp_rc rc = read_file(path, secret, take_only, &one, message, message_size);
    if (!rc && one.count != 1)
        return fail(ZP_INVALID, path, "must hold one key", message, message_size);
    return rc;
}

/* ---- sockets ---- */

static zp_rc set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text)) < 0 ? ZP_INVALID : ZP_OK;
}

zp_rc zp_curve_server(void *socket, const zp_key *secret)
{
    zp_rc rc = zp_zmq_set(socket, ZMQ_CURVE_SERVER, 1);
    if (!rc)
        rc = set_text(socket, ZMQ_CURVE_SECRETKEY, secret->text);
    if (!rc)
        rc = set_text(socket, ZMQ_ZAP_DOMAIN, "ziping");
    return rc ? rc : zp_zmq_set(socket, ENFORCE_DOMAIN, 1);
}

zp_rc zp_curve_client(void *socket, const zp_key *server, const zp_key *public_half, const zp_key *secret)
{
    zp_rc rc = set_text(socket, ZMQ_CURVE_SERVERKEY, server->text);
    if (!rc)
        rc = set_text(socket, ZMQ_CURVE_PUBLICKEY, public_half->text);
    return rc ? rc : set_text(socket, ZMQ_CURVE_SECRETKEY, secret->text);
}

/*
 * keygen.c - `ziping keygen`: CURVE key pairs for the service and for each of its subscribers.
 */
#include "cli/cli.h"
#include "wire/curve.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_NAME = ZP_KEY_NAME - 1 };

static int usage(FILE *to)
{
    fprintf(to,
            "Usage: ziping keygen [--dir DIR] NAME…\n\n"
            "Makes a pair of CURVE keys for each name: NAME.secret, for its owner's eyes only (mode 0600), and\n"
            "NAME.pub, for the other side. Nothing is written over.\n\n"
            "  --dir DIR   where, default: here\n\n"
            "The service keeps its own secret key (notifier.curve.secret_key_file) and a list of the public keys\n"
            "that may subscribe (notifier.curve.allowed_keys): a folder of .pub files, or one file of their lines.\n"
            "A subscriber keeps its own secret key and the service's public one.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

/* A file's name, and a word in the list of keys. */
static bool is_name(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return n > 0 && n <= LONGEST_NAME && text[n] == '\0' && text[0] != '.' && text[0] != '-';
}

static bool say(const char *path)
{
    fprintf(stderr, "ziping keygen: %s: %s\n", path, strerror(errno));
    return false;
}

static bool write_key(const char *path, mode_t mode, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return say(path);
    bool written = write(fd, text, n) == (ssize_t)n && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    if (!written) {
        say(path);
        if (unlink(path) < 0)
            say(path);
    }
    return close(fd) == 0 && written;
}

static bool write_pair(const char *secret_path, const char *public_path, const char *name)
{
    zp_key secret, public_half;
    if (zp_key_pair(&public_half, &secret)) {
        fprintf(stderr, "ziping keygen: this libzmq was built without CURVE\n");
        return false;
    }
    char text[256];
    int n = snprintf(text, sizeof text, "%s %s\n", secret.text, name);
    bool written = write_key(secret_path, 0600, text, (size_t)n);
    explicit_bzero(text, sizeof text);
    explicit_bzero(&secret, sizeof secret);
    if (!written)
        return false;
    n = snprintf(text, sizeof text, "%s %s\n", public_half.text, name);
    if (write_key(public_path, 0644, text, (size_t)n))
        return printf("%s\n%s\n", secret_path, public_path) >= 0;
    if (unlink(secret_path) < 0)
        say(secret_path);
    return false;
}

static int make_pair(const char *folder, const char *name)
{
    char *secret_path = NULL, *public_path = NULL;
    int code = ZP_EXIT_USAGE;
    if (!is_name(name))
        fprintf(stderr, "ziping keygen: \"%s\" is no name; use at most %d letters, digits, '-', '_' and '.'\n", name,
                LONGEST_NAME);
    else if (asprintf(&secret_path, "%s/%s.secret", folder, name) < 0 ||
             asprintf(&public_path, "%s/%s.pub", folder, name) < 0)
        fprintf(stderr, "ziping keygen: out of memory\n");
    else if (write_pair(secret_path, public_path, name))
        code = ZP_EXIT_OK;
    free(secret_path);
    free(public_path);
    return code;
}

int zp_cli_keygen(int argc, char **argv)
{
    static const struct option longs[] = {{"dir", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *folder = ".";
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (c == 'd')
            folder = optarg;
        else
            return usage(c == 'h' ? stdout : stderr);
    }
    if (optind == argc)
        return usage(stderr);
    int code = ZP_EXIT_OK;
    for (int i = optind; i < argc && code == ZP_EXIT_OK; i++)
        code = make_pair(folder, argv[i]);
    return code;
}

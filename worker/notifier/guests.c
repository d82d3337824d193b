/*
 * guests.c - see guests.h. Any thread, one list at a time.
 */
#include "guests.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ".pub";

typedef struct {
    zp_guests *guests;
    const char *file; /* names keys that have no name */
} reading;

static zp_rc add(void *context, const zp_key *key, const char *name)
{
    const reading *self = context;
    zp_guests *guests = self->guests;
    if (guests->count == ZP_GUESTS_MAX)
        return ZP_TOO_LARGE;
    if (guests->count == guests->room) {
        size_t room = guests->room ? guests->room * 2 : 16;
        zp_guest *list = realloc(guests->list, room * sizeof *list);
        if (!list)
            return ZP_NOMEM;
        guests->list = list;
        guests->room = room;
    }
    zp_guest *guest = &guests->list[guests->count];
    snprintf(guest->name, sizeof guest->name, "%s", *name ? name : self->file);
    zp_rc rc = zp_key_decode(key->text, guest->key);
    guests->count += !rc;
    return rc;
}

static zp_rc read_one(zp_guests *guests, const char *path, const char *file, char *message, size_t message_size)
{
    reading self = {guests, file};
    zp_rc rc = zp_key_file(path, add, &self, message, message_size);
    if (rc == ZP_TOO_LARGE && guests->count == ZP_GUESTS_MAX)
        snprintf(message, message_size, "%s: more than %d keys; list those that are in use", path, ZP_GUESTS_MAX);
    if (rc == ZP_NOMEM)
        snprintf(message, message_size, "%s: out of memory; free some and start again", path);
    return rc;
}

/* A file that is no key's changes nothing for the others: else a stray one would keep a withdrawn key in force. */
static zp_rc read_folder(zp_guests *guests, DIR *folder, const char *path, char *message, size_t message_size)
{
    char fault[ZP_GUESTS_MESSAGE];
    for (const struct dirent *entry; (entry = readdir(folder));) {
        size_t n = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || n < sizeof suffix ||
            strcmp(entry->d_name + n - (sizeof suffix - 1), suffix) != 0)
            continue;
        char *file;
        if (asprintf(&file, "%s/%s", path, entry->d_name) < 0) {
            snprintf(message, message_size, "%s: out of memory; free some and start again", path);
            return ZP_NOMEM;
        }
        zp_rc rc = read_one(guests, file, entry->d_name, fault, sizeof fault);
        free(file);
        if (rc && (!*message || (rc != ZP_INVALID && rc != ZP_NOTFOUND)))
            snprintf(message, message_size, "%s", fault);
        if (rc && rc != ZP_INVALID && rc != ZP_NOTFOUND)
            return rc;
    }
    return ZP_OK;
}

static int by_key(const void *a, const void *b)
{
    return memcmp(((const zp_guest *)a)->key, ((const zp_guest *)b)->key, ZP_KEY_BYTES);
}

static void sort(zp_guests *self)
{
    size_t kept = 0;
    if (self->count == 0)
        return;
    qsort(self->list, self->count, sizeof *self->list, by_key);
    for (size_t i = 1; i < self->count; i++)
        if (by_key(&self->list[kept], &self->list[i]) != 0)
            self->list[++kept] = self->list[i];
    self->count = kept + 1;
}

zp_rc zp_guests_read(const char *path, zp_guests *out, char *message, size_t message_size)
{
    *out = (zp_guests){0};
    *message = '\0';
    DIR *folder = opendir(path);
    zp_rc rc;
    if (folder) {
        rc = read_folder(out, folder, path, message, message_size);
        closedir(folder);
    } else if (errno == ENOTDIR) {
        const char *slash = strrchr(path, '/');
        rc = read_one(out, path, slash ? slash + 1 : path, message, message_size);
    } else {
        rc = errno == ENOENT ? ZP_NOTFOUND : ZP_IO;
        snprintf(message, message_size, "%s: %s; name a file of public keys, or a folder of .pub files", path,
                 strerror(errno));
    }
    if (rc)
        zp_guests_free(out);
    else
        sort(out);
    return rc;
}

void zp_guests_free(zp_guests *self)
{
    free(self->list);
    *self = (zp_guests){0};
}

const zp_guest *zp_guests_find(const zp_guests *self, const uint8_t key[ZP_KEY_BYTES])
{
    zp_guest wanted;
    memcpy(wanted.key, key, ZP_KEY_BYTES);
    return self->count ? bsearch(&wanted, self->list, self->count, sizeof *self->list, by_key) : NULL;
}

bool zp_guests_within(const zp_guests *self, const zp_guests *other)
{
    for (size_t i = 0; i < self->count; i++)
        if (!zp_guests_find(other, self->list[i].key))
            return false;
    return true;
}

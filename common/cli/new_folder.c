/*
 * new_folder.c - see new_folder.h.
 */
#include "cli/new_folder.h"

#include "base/sync.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0750, DESCRIPTORS = 8 };

static zp_rc fail(const char *path, int code, char *message, size_t message_size)
{
    snprintf(message, message_size, "%s: %s", path, strerror(code));
    return code == ENOSPC || code == EDQUOT ? ZP_FULL : code == EEXIST || code == ENOTEMPTY ? ZP_EXISTS : ZP_IO;
}

static char *without_slashes(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return strndup(path, n);
}

zp_rc zp_new_folder_begin(const char *place, zp_new_folder *out, char *message, size_t message_size)
{
    struct stat stat;
    *out = (zp_new_folder){.place = without_slashes(place)};
    snprintf(message, message_size, "out of memory; free some and start again");
    if (!out->place || asprintf(&out->building, "%s.unfinished-XXXXXX", out->place) < 0) {
        out->building = NULL;
        return ZP_NOMEM;
    }
    int code = lstat(out->place, &stat) == 0 ? EEXIST : errno == ENOENT ? 0 : errno;
    if (!code && !mkdtemp(out->building))
        code = errno;
    if (!code && chmod(out->building, MODE) < 0)
        code = errno;
    if (!code)
        return ZP_OK;
    free(out->building);
    out->building = NULL;
    return fail(out->place, code, message, message_size);
}

static int sync_above(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return zp_sync_folder(".");
    if (slash == path)
        return zp_sync_folder("/");
    char *above = strndup(path, (size_t)(slash - path));
    int code = above ? zp_sync_folder(above) : ENOMEM;
    free(above);
    return code;
}

/* rename would take an empty folder's place, which harms nobody; anything else that has come to be there is refused. */
zp_rc zp_new_folder_finish(zp_new_folder *self, char *message, size_t message_size)
{
    int code = zp_sync_folder(self->building);
    if (!code && rename(self->building, self->place) < 0)
        code = errno;
    if (code)
        return fail(self->place, code, message, message_size);
    free(self->building);
    self->building = NULL;
    code = sync_above(self->place);
    return code ? fail(self->place, code, message, message_size) : ZP_OK;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat;
    (void)type;
    (void)where;
    return remove(path);
}

void zp_new_folder_end(zp_new_folder *self)
{
    if (self->building && nftw(self->building, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) < 0)
        fprintf(stderr, "ziping: %s could not be removed: %s\n", self->building, strerror(errno));
    free(self->building);
    free(self->place);
    *self = (zp_new_folder){0};
}

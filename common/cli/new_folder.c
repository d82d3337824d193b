/*
 * new_folder.c - see new_folder.h.
 */
#include "cli/new_folder.h"

#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_folder(const char *path)
{
    if (nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) < 0)
        fprintf(stderr, "ziping: %s could not be removed: %s\n", path, strerror(errno));
}

/* The folder, as a descriptor that nobody else has locked; -1 otherwise. */
static int lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Removes what has been begun for the same place by processes that are no more. */
static void sweep(const char *place)
{
    char *pattern;
    glob_t found;
    if (asprintf(&pattern, "%s.unfinished-??????", place) < 0)
        return;
    bool any = !strpbrk(place, "*?[\\") && glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
    for (size_t i = 0; any && i < found.gl_pathc; i++) {
        int lock = lock_folder(found.gl_pathv[i]);
        if (lock < 0)
            continue;
        remove_folder(found.gl_pathv[i]);
        close(lock);
    }
    if (any)
        globfree(&found);
    free(pattern);
}

static int make_building(zp_new_folder *self)
{
    if (!mkdtemp(self->building))
        return errno;
    self->lock = lock_folder(self->building);
    return self->lock < 0 || chmod(self->building, MODE) < 0 ? errno : 0;
}

zp_rc zp_new_folder_begin(const char *place, zp_new_folder *out, char *message, size_t message_size)
{
    struct stat stat;
    *out = (zp_new_folder){.place = without_slashes(place), .lock = -1};
    snprintf(message, message_size, "out of memory; free some and start again");
    if (!out->place || asprintf(&out->building, "%s.unfinished-XXXXXX", out->place) < 0) {
        out->building = NULL;
        return ZP_NOMEM;
    }
    int code = lstat(out->place, &stat) == 0 ? EEXIST : errno == ENOENT ? 0 : errno;
    if (!code) {
        sweep(out->place);
        code = make_building(out);
    }
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

void zp_new_folder_end(zp_new_folder *self)
{
    if (self->building)
        remove_folder(self->building);
    if (self->place && self->lock >= 0) /* begun */
        close(self->lock);
    free(self->building);
    free(self->place);
    *self = (zp_new_folder){0};
}

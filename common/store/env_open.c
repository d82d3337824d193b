/*
 * env_open.c - see env.h: opening and closing an environment, at the start and the end of a program.
 *
 * Two openers of a new store (gateway and worker start together) are serialised by a flock on the folder itself: no
 * file is left behind, and whoever comes second finds everything synced. The table of open paths exists because LMDB
 * lets a process open a path twice, and by that wipes the reader table under its own live readers. LMDB syncs neither
 * directory entries nor the file's creation; that is done here, on every open by a writer, since a predecessor may have
 * died between creating and syncing. On failure nothing stays open and the message says what to do.
 */
#include "base/log.h"
#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_OPEN = 16, FOLDER_MODE = 0750, FILE_MODE = 0640 };
enum { MAX_READERS = 510, LOCK_BYTES = 32 * 1024 }; /* 64 bytes a reader, and 192 */

/* ---- the process's table of open paths ---- */

static struct {
    pthread_mutex_t lock;
    struct {
        dev_t device;
        ino_t inode;
        pid_t owner; /* 0 = free; another process's entry was inherited by fork and counts for nothing */
    } at[MAX_OPEN];
} opened = {.lock = PTHREAD_MUTEX_INITIALIZER};

static zp_rc claim(const struct stat *folder, int *place)
{
    zp_rc rc = ZP_FULL;
    pid_t self = getpid();
    pthread_mutex_lock(&opened.lock);
    for (int i = 0; i < MAX_OPEN; i++) {
        bool used = opened.at[i].owner == self;
        if (used && opened.at[i].device == folder->st_dev && opened.at[i].inode == folder->st_ino) {
            rc = ZP_EXISTS;
            break;
        }
        if (!used && rc == ZP_FULL) {
            rc = ZP_OK;
            *place = i;
        }
    }
    if (!rc) {
        opened.at[*place].device = folder->st_dev;
        opened.at[*place].inode = folder->st_ino;
        opened.at[*place].owner = self;
    }
    pthread_mutex_unlock(&opened.lock);
    return rc;
}

static void unclaim(int place)
{
    pthread_mutex_lock(&opened.lock);
    opened.at[place].owner = 0;
    pthread_mutex_unlock(&opened.lock);
}

/* ---- what went wrong, and what to do ---- */

static const char *remedy(int code)
{
    switch (code) {
    case ENOENT:
        return "its parent folder is missing; create it, owned by this user";
    case ENOTDIR:
        return "a file stands in the way of a folder; move it, or set another data_dir";
    case EACCES:
    case EPERM:
        return "this user may not write there; chown or chmod the folder and the files in it";
    case EROFS:
        return "remount the file system for writing, or set another data_dir";
    case ENOSPC:
    case EDQUOT:
    case MDB_MAP_FULL:
        return "free some space on this disk (or raise map_size), then start again";
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return "data.mdb is damaged or of another program; restore it from a backup";
    case MDB_VERSION_MISMATCH:
        return "written by another version of LMDB; convert it with that version's mdb_dump and mdb_load";
    case MDB_NOTFOUND:
        return "the store was never begun; start the gateway or a worker, which create it";
    default:
        return "see the system's log and start again";
    }
}

void zp_env_explain(const char *path, uint64_t map_size, int code, char *message, size_t message_size)
{
    if (code == ENOMEM)
        snprintf(message, message_size,
                 "%s: %" PRIu64 " bytes of address space cannot be had; lower map_size or raise ulimit -v", path,
                 map_size);
    else
        snprintf(message, message_size, "%s: %s; %s", path, mdb_strerror(code), remedy(code));
}

static zp_rc open_rc(int code, zp_access access)
{
    switch (code) {
    case ENOENT:
        return access != ZP_READ_WRITE ? ZP_NOTFOUND : ZP_IO;
    case ENOMEM:
        return ZP_NOMEM;
    case ENOSPC:
    case EDQUOT:
        return ZP_FULL;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
        return ZP_CORRUPT;
    default:
        return ZP_IO;
    }
}

/* ---- opening ---- */

/* The folder, as a locked descriptor for writers; errno otherwise. */
static int open_folder(const char *path, zp_access access, int *fd)
{
    if (access == ZP_READ_WRITE && mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST)
        return errno;
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return errno;
    /* LMDB would leave a lock file behind where there is no store. */
    if (access != ZP_READ_WRITE)
        return faccessat(*fd, "data.mdb", F_OK, 0) < 0 ? errno : 0;
    while (flock(*fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/*
 * LMDB makes lock.mdb sparse and writes it through its map, so on a full disk a process dies of SIGBUS when it opens or
 * takes a reader slot on a page not yet there. Its blocks are therefore had beforehand. Closing this descriptor drops
 * no lock: the path is not open in this process (see claim). A file that others may have mapped keeps its size.
 */
static int reserve_lock_file(int folder)
{
    struct stat stat;
    int code = 0, fd = openat(folder, "lock.mdb", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? errno
                                                  : 0; /* for LMDB to decide, which reads without it if it can */
    if (fstat(fd, &stat) < 0 || fallocate(fd, 0, 0, stat.st_size ? stat.st_size : LOCK_BYTES) < 0)
        code = errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
    close(fd);
    return code;
}

static int write_first_pages(const char *path, uint64_t map_size)
{
    MDB_env *mdb;
    int file, code = mdb_env_create(&mdb);
    if (code)
        return code;
    code = mdb_env_set_mapsize(mdb, map_size);
    if (!code)
        code = mdb_env_open(mdb, path, MDB_NOTLS | MDB_NOLOCK, FILE_MODE);
    if (!code)
        code = mdb_env_get_fd(mdb, &file);
    if (!code && fsync(file) < 0)
        code = errno;
    mdb_env_close(mdb);
    return code;
}

/*
 * LMDB does not sync the first pages of a new file: a power cut would leave one of zeros that nobody can open, and that
 * looks like a damaged store. So it is begun in a folder beside, and gets its name when it is whole and on disk.
 */
static int begin_file(const zp_env *self, int folder)
{
    char path[PATH_MAX];
    if (faccessat(folder, "data.mdb", F_OK, 0) == 0)
        return 0;
    if (snprintf(path, sizeof path, "%s/new", self->path) >= (int)sizeof path)
        return ENAMETOOLONG;
    if (mkdirat(folder, "new", FOLDER_MODE) < 0 && errno != EEXIST)
        return errno;
    if (unlinkat(folder, "new/data.mdb", 0) < 0 && errno != ENOENT) /* what a predecessor did not finish */
        return errno;
    int code = write_first_pages(path, self->map_size);
    if (!code &&
        (renameat(folder, "new/data.mdb", folder, "data.mdb") < 0 || unlinkat(folder, "new", AT_REMOVEDIR) < 0))
        code = errno;
    return code;
}

static int open_mdb(zp_env *self, unsigned max_dbs)
{
    int code = mdb_env_create(&self->mdb);
    if (code) {
        self->mdb = NULL;
        return code;
    }
    code = mdb_env_set_mapsize(self->mdb, self->map_size);
    if (!code)
        code = mdb_env_set_maxdbs(self->mdb, max_dbs);
    if (!code)
        code = mdb_env_set_maxreaders(self->mdb, MAX_READERS);
    if (!code)
        code = mdb_env_open(self->mdb, self->path,
                            MDB_NOTLS | (self->read_only ? MDB_RDONLY : 0) | (self->read_ahead ? 0 : MDB_NORDAHEAD),
                            FILE_MODE);
    return code;
}

static int sync_folder_above(int folder, const char *which)
{
    int above = openat(folder, which, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0)
        return errno;
    int code = fsync(above) < 0 ? errno : 0;
    close(above);
    return code;
}

/*
 * The file, the folder, the folder's own name above it, and the name of data_dir, which a first start has made as well:
 * whoever may not open the place of data_dir has not made it there. data.mdb through LMDB's descriptor: closing another
 * one would be harmless for this file, but not for lock.mdb, so neither is opened here.
 */
static int make_durable(zp_env *self, int folder)
{
    int file, code = mdb_env_get_fd(self->mdb, &file);
    if (code)
        return code;
    if (fsync(file) < 0 || fsync(folder) < 0)
        return errno;
    code = sync_folder_above(folder, "..");
    if (code)
        return code;
    code = sync_folder_above(folder, "../..");
    return code == EACCES ? 0 : code;
}

static int open_inside(zp_env *self, int folder, unsigned max_dbs)
{
    int dead = 0, code = reserve_lock_file(folder);
    if (!code && !self->read_only)
        code = begin_file(self, folder);
    if (!code)
        code = open_mdb(self, max_dbs);
    if (!code && !self->read_only)
        code = mdb_reader_check(self->mdb, &dead);
    if (!code && !self->read_only)
        code = make_durable(self, folder);
    if (!code && dead)
        zp_log(ZP_WARN, "stale-readers-freed", "path=%s count=%d", self->path, dead);
    return code;
}

static zp_rc claim_folder(zp_env *self, int folder, char *message, size_t message_size)
{
    struct stat stat;
    if (fstat(folder, &stat) < 0) {
        zp_env_explain(self->path, self->map_size, errno, message, message_size);
        return ZP_IO;
    }
    zp_rc rc = claim(&stat, &self->claim);
    if (rc)
        snprintf(message, message_size, "%s: %s", self->path,
                 rc == ZP_EXISTS ? "open in this process already; use the handle that is there"
                                 : "too many stores open in this process; close one");
    return rc;
}

/* A file that is cut short, or a disk that does not read, is a page that is not there: the process ends of it. */
static void say_that_it_cannot_be_read(int number)
{
    static const char text[] = "ziping: a store's file is cut short, or its disk cannot be read; see the system's log, "
                               "then restore the store from a backup\n";
    (void)number;
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n; /* the handler has been taken away: the same access ends the process now */
}

/* Unless the program, or a sanitizer, has its own way to say it. */
static void expect_damage(void)
{
    const struct sigaction action = {.sa_handler = say_that_it_cannot_be_read, .sa_flags = (int)SA_RESETHAND};
    struct sigaction now;
    if (sigaction(SIGBUS, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL)
        (void)sigaction(SIGBUS, &action, NULL);
}

zp_rc zp_env_open(zp_env *self, const char *path, uint64_t map_size, unsigned max_dbs, zp_access access, char *message,
                  size_t message_size)
{
    int folder = -1;
    *self = (zp_env){.map_size = map_size,
                     .path = strdup(path),
                     .read_only = access != ZP_READ_WRITE,
                     .read_ahead = access == ZP_READ_ONLY,
                     .claim = -1};
    if (!self->path) {
        snprintf(message, message_size, "%s: out of memory; free some and start again", path);
        return ZP_NOMEM;
    }
    expect_damage();
    zp_rc rc = ZP_OK;
    int code = open_folder(path, access, &folder);
    if (!code)
        rc = claim_folder(self, folder, message, message_size);
    if (!code && !rc)
        code = open_inside(self, folder, max_dbs);
    if (code) {
        zp_env_explain(path, map_size, code, message, message_size);
        /* Nothing is there to be read: not the folder above, but the store is missing. */
        if (code == ENOENT && access != ZP_READ_WRITE)
            zp_env_explain(path, map_size, MDB_NOTFOUND, message, message_size);
        rc = open_rc(code, access);
    }
    if (folder >= 0)
        close(folder); /* and with it the lock */
    if (rc)
        zp_env_close(self);
    return rc;
}

void zp_env_close(zp_env *self)
{
    if (self->mdb)
        mdb_env_close(self->mdb);
    if (self->path && self->claim >= 0)
        unclaim(self->claim);
    free(self->path);
    *self = (zp_env){.claim = -1};
}

/* ---- databases ---- */

static zp_rc open_all(MDB_txn *txn, const zp_env_db *dbs, size_t count, unsigned flags, bool read_only, int *code)
{
    *code = 0;
    for (size_t i = 0; i < count && !*code; i++) {
        *code = mdb_dbi_open(txn, dbs[i].name, flags, dbs[i].dbi);
        if (*code == MDB_NOTFOUND && dbs[i].later && read_only)
            *code = *dbs[i].dbi = 0;
    }
    if (*code == MDB_NOTFOUND)
        return ZP_NOTFOUND;
    return *code ? zp_env_rc(*code, "open-database") : ZP_OK;
}

zp_rc zp_env_open_dbs(zp_env *self, const zp_env_db *dbs, size_t count, char *message, size_t message_size)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(self->mdb, NULL, MDB_RDONLY, &txn);
    zp_rc rc = code ? zp_env_rc(code, "begin") : open_all(txn, dbs, count, 0, self->read_only, &code);
    if (!rc) {
        code = mdb_txn_commit(txn); /* which keeps the handles */
        rc = code ? zp_env_rc(code, "open-database") : ZP_OK;
    } else if (txn) {
        mdb_txn_abort(txn);
    }
    if (rc == ZP_NOTFOUND && !self->read_only) {
        rc = zp_env_begin(self, &txn);
        if (!rc)
            rc = open_all(txn, dbs, count, MDB_CREATE, false, &code);
        if (!rc)
            rc = zp_env_commit(self, txn);
        else if (txn)
            mdb_txn_abort(txn);
    }
    if (rc)
        zp_env_explain(self->path, self->map_size, rc == ZP_FULL ? ENOSPC : code ? code : EIO, message, message_size);
    return rc;
}

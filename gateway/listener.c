/*
 * listener.c - see listener.h.
 *
 * libfcgi's own FCGX_OpenSocket would unlink the path first (and so steal a live gateway's socket), exit on errors and
 * leave the mode to the umask; therefore the socket is made here. Any process that can connect could crash libfcgi's
 * record parser, so besides the file mode the kernel is asked who the peer is: only our own user and the configured
 * ones are let in. TCP has no such question and is not offered.
 *
 * Opened and closed by the main thread, accepted from by every request thread. Start-up errors become one line.
 */
#include "listener.h"

#include "base/clock.h"
#include "base/log.h"
#include "lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, IO_TIMEOUT_S = 2, REFUSAL_LOG_MS = 1000 };

struct zp_listener {
    int fd;
    int lock_fd; /* -1 when the socket was inherited */
    char *path;  /* NULL when the socket was inherited */
    ino_t inode; /* of what stands there */
    uid_t own;
    uid_t *users;
    size_t user_count;
    atomic_llong refusal_logged_ms;
    atomic_ullong refusals_unlogged;
};

static zp_rc resolve_users(zp_listener *self, const zp_config *config, char *message, size_t message_size)
{
    size_t count = config->gateway.peer_users_count;
    self->own = geteuid();
    self->users = calloc(count ? count : 1, sizeof *self->users);
    if (!self->users) {
        snprintf(message, message_size, "gateway.peer_users: out of memory; free some and start again");
        return ZP_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = config->gateway.peer_users[i];
        const struct passwd *user = getpwnam(name);
        if (!user) {
            snprintf(message, message_size,
                     "gateway.peer_users: there is no user \"%s\" on this machine; name the user nginx runs as", name);
            return ZP_INVALID;
        }
        self->users[self->user_count++] = user->pw_uid;
    }
    return ZP_OK;
}

static zp_rc take_inherited(zp_listener *self, char *message, size_t message_size)
{
    int listening = 0, domain = 0;
    socklen_t n = sizeof listening, m = sizeof domain;
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) < 0 || !listening ||
        getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &m) < 0 || domain != AF_UNIX) {
        snprintf(message, message_size,
                 "gateway.listen: \"-\" needs a listening unix socket as descriptor 0; "
                 "start by socket activation (StandardInput=socket) or set a path");
        return ZP_INVALID;
    }
    /* A copy above 2, so that nothing that thinks of 0 as standard input ever touches it. */
    self->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int flags = self->fd < 0 ? -1 : fcntl(self->fd, F_GETFL);
    if (flags < 0 || fcntl(self->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        snprintf(message, message_size, "gateway.listen: descriptor 0: %s; pass a fresh listening socket",
                 strerror(errno));
        return ZP_IO;
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        close(null);
    }
    return ZP_OK;
}

static zp_rc make_folder(const char *path, char *message, size_t message_size)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return ZP_OK;
    *slash = '\0';
    if (mkdir(folder, 0750) < 0 && errno != EEXIST) {
        snprintf(message, message_size, "%s: %s; create the folder, owned by this user, mode 0750", folder,
                 strerror(errno));
        return ZP_IO;
    }
    return ZP_OK;
}

/* Held for life: whoever holds it may replace a stale socket. */
static zp_rc lock_path(zp_listener *self, const char *path, char *message, size_t message_size)
{
    char lock[sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof ".lock"];
    snprintf(lock, sizeof lock, "%s.lock", path);
    return zp_lock_file(lock, &self->lock_fd, message, message_size);
}

static ino_t inode_at(const char *path)
{
    struct stat there;
    return lstat(path, &there) == 0 ? there.st_ino : 0;
}

static zp_rc bind_path(zp_listener *self, const char *path, char *message, size_t message_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        snprintf(message, message_size, "gateway.listen: %s is longer than %zu bytes; choose a shorter path", path,
                 sizeof address.sun_path - 1);
        return ZP_INVALID;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    zp_rc rc = make_folder(path, message, message_size);
    if (!rc)
        rc = lock_path(self, path, message, message_size);
    if (rc)
        return rc;
    struct stat there;
    if (lstat(path, &there) == 0 && !S_ISSOCK(there.st_mode)) {
        snprintf(message, message_size, "%s: exists and is not a socket; move it away", path);
        return ZP_IO;
    }
    (void)unlink(path); /* a dead gateway's: the lock says so */
    self->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0117); /* 0660 from its first moment; there are no other threads yet */
    bool bound = self->fd >= 0 && bind(self->fd, (struct sockaddr *)&address, sizeof address) == 0;
    umask(before);
    if (bound)
        self->path = strdup(path);
    if (!bound || !self->path || listen(self->fd, BACKLOG) < 0) {
        snprintf(message, message_size, "%s: %s; make its folder writable for this user", path, strerror(errno));
        return ZP_IO;
    }
    self->inode = inode_at(path);
    return ZP_OK;
}

zp_rc zp_listener_open(const zp_config *config, zp_listener **out, char *message, size_t message_size)
{
    zp_listener *self = calloc(1, sizeof *self);
    if (!self) {
        snprintf(message, message_size, "gateway.listen: out of memory; free some and start again");
        return ZP_NOMEM;
    }
    self->fd = self->lock_fd = -1;
    zp_rc rc = resolve_users(self, config, message, message_size);
    if (!rc)
        rc = strcmp(config->gateway.listen, "-") == 0 ? take_inherited(self, message, message_size)
                                                      : bind_path(self, config->gateway.listen, message, message_size);
    if (rc)
        zp_listener_close(&self);
    else
        *out = self;
    return rc;
}

void zp_listener_close(zp_listener **self)
{
    zp_listener *listener = *self;
    if (!listener)
        return;
    /* Not another gateway's, should somebody have removed this one's files under it. */
    if (listener->path && inode_at(listener->path) == listener->inode)
        (void)unlink(listener->path);
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->lock_fd >= 0)
        close(listener->lock_fd);
    free(listener->path);
    free(listener->users);
    free(listener);
    *self = NULL;
}

bool zp_listener_is_inherited(const zp_listener *self)
{
    return !self->path;
}

int zp_listener_fd(const zp_listener *self)
{
    return self->fd;
}

static bool peer_is_welcome(const zp_listener *self, uid_t uid)
{
    if (uid == self->own)
        return true;
    for (size_t i = 0; i < self->user_count; i++)
        if (uid == self->users[i])
            return true;
    return false;
}

/* At most one line a second: a peer that hammers must not fill the log as well. */
static void log_refusal(zp_listener *self, const struct ucred *peer)
{
    long long now = zp_clock_mono_ms(), last = atomic_load(&self->refusal_logged_ms);
    atomic_fetch_add(&self->refusals_unlogged, 1);
    if ((last && now - last < REFUSAL_LOG_MS) || !atomic_compare_exchange_strong(&self->refusal_logged_ms, &last, now))
        return;
    zp_log(ZP_WARN, "peer-refused", "uid=%ld pid=%ld count=%llu remedy=\"name its user in gateway.peer_users\"",
           (long)peer->uid, (long)peer->pid, (unsigned long long)atomic_exchange(&self->refusals_unlogged, 0));
}

zp_rc zp_listener_accept(zp_listener *self, int *fd)
{
    int peer = accept4(self->fd, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            zp_log(ZP_ERROR, "accept-failed", "error=\"%s\" remedy=\"raise the descriptor limit\"", strerror(errno));
            return ZP_IO;
        }
        return errno == EINTR || errno == ECONNABORTED ? ZP_INVALID : ZP_AGAIN;
    }
    struct ucred who = {.pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1};
    socklen_t n = sizeof who;
    if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 || !peer_is_welcome(self, who.uid)) {
        close(peer);
        log_refusal(self, &who);
        return ZP_INVALID;
    }
    /* The socket blocks, but never for long: libfcgi reads and writes in one go. */
    const struct timeval limit = {.tv_sec = IO_TIMEOUT_S};
    if (setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0) {
        close(peer);
        return ZP_INVALID;
    }
    *fd = peer;
    return ZP_OK;
}

/*
 * zmq_socket.c - see zmq_socket.h. Called by whichever thread owns the socket; keeps no state of its own.
 *
 * Each option answers a measured behaviour of libzmq 4.3.4: without LINGER the end of the process waits for ever for an
 * absent peer; without IMMEDIATE a connecting socket queues into nowhere; without ROUTER_MANDATORY a full or unknown
 * peer swallows messages with a success; without keep-alives a half-open connection stays for ever. Those are TCP's:
 * libzmq's own (ZMQ_HEARTBEAT_IVL) end the process with an assertion, "!_io_error", when a peer goes whose messages
 * nobody has read for a while (zeromq/libzmq#4364).
 */
#include "wire/zmq_socket.h"

#include "base/lock.h"
#include "wire/dispatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    DEFAULT_HWM = 1000,
    HANDSHAKE_MS = 3000,
    IDLE_S = 2, /* then it is probed, once a second */
    PROBES = 4,
    UNHEARD_MS = 6000,
    RECONNECT_MS = 100,
    RECONNECT_MAX_MS = 5000,
};

static const char ipc[] = "ipc://";

static zp_rc outcome(int error)
{
    switch (error) {
    case EAGAIN:
        return ZP_AGAIN;
    case EHOSTUNREACH:
        return ZP_NOTFOUND;
    case ETERM:
        return ZP_CLOSED;
    case ENOMEM:
    case EMFILE:
        return ZP_NOMEM;
    default:
        return ZP_IO;
    }
}

zp_rc zp_zmq_set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) < 0 ? ZP_INVALID : ZP_OK;
}

zp_rc zp_zmq_limit(void *socket, int64_t max_bytes)
{
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes) < 0 ? ZP_INVALID : ZP_OK;
}

static zp_rc set_all(void *socket, int type, int hwm)
{
    const struct {
        int option, value;
    } always[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, hwm > 0 ? hwm : DEFAULT_HWM},
        {ZMQ_RCVHWM, hwm > 0 ? hwm : DEFAULT_HWM},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, IDLE_S},
        {ZMQ_TCP_KEEPALIVE_INTVL, 1},
        {ZMQ_TCP_KEEPALIVE_CNT, PROBES},
        {ZMQ_TCP_MAXRT, UNHEARD_MS},
        {ZMQ_RECONNECT_IVL, RECONNECT_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
    };
    zp_rc rc = zp_zmq_limit(socket, ZP_DISPATCH_MAX_BYTES);
    for (size_t i = 0; !rc && i < sizeof always / sizeof *always; i++)
        rc = zp_zmq_set(socket, always[i].option, always[i].value);
    if (!rc && (type == ZMQ_DEALER || type == ZMQ_PUSH))
        rc = zp_zmq_set(socket, ZMQ_IMMEDIATE, 1);
    if (!rc && type == ZMQ_ROUTER)
        rc = zp_zmq_set(socket, ZMQ_ROUTER_MANDATORY, 1);
    return rc ? ZP_IO : ZP_OK;
}

zp_rc zp_zmq_open(void *context, int type, int hwm, void **out)
{
    void *socket = zmq_socket(context, type);
    if (!socket)
        return outcome(errno);
    zp_rc rc = set_all(socket, type, hwm);
    if (rc)
        zp_zmq_close(&socket);
    else
        *out = socket;
    return rc;
}

/* ---- bind, connect ---- */

/* The file of an ipc endpoint; NULL for other transports and for names that are not files. */
static const char *file_of(const char *endpoint)
{
    if (strncmp(endpoint, ipc, sizeof ipc - 1) != 0)
        return NULL;
    const char *path = endpoint + sizeof ipc - 1;
    return *path == '@' || *path == '*' ? NULL : path;
}

/* On success the descriptor stays open on purpose: the lock ends with the process. */
static zp_rc lock(const char *path)
{
    char name[sizeof((struct sockaddr_un *)0)->sun_path + sizeof ".lock"];
    snprintf(name, sizeof name, "%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return errno == ENOENT ? ZP_NOTFOUND : ZP_IO;
    zp_rc rc = zp_lock(fd);
    if (rc) {
        int error = errno;
        close(fd);
        errno = error;
    }
    return rc;
}

/* Whoever listens there without our lock, or keeps something else there, loses it when libzmq removes the file. */
static zp_rc is_free(const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return errno == ENOENT ? ZP_OK : ZP_IO;
    errno = EADDRINUSE;
    if (!S_ISSOCK(status.st_mode))
        return ZP_EXISTS;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return ZP_IO;
    bool dead = connect(probe, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED;
    close(probe);
    errno = EADDRINUSE;
    return dead ? ZP_OK : ZP_EXISTS;
}

static zp_rc claim(const char *path)
{
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        errno = ENAMETOOLONG;
        return ZP_INVALID;
    }
    zp_rc rc = lock(path);
    return rc ? rc : is_free(path);
}

static zp_rc bind_now(void *socket, const char *endpoint)
{
    mode_t before = umask(0117); /* libzmq makes the socket with what the umask leaves */
    int bound = zmq_bind(socket, endpoint);
    int error = errno;
    umask(before);
    if (bound == 0)
        return ZP_OK;
    errno = error;
    if (error == EADDRINUSE)
        return ZP_EXISTS;
    return error == EINVAL || error == EPROTONOSUPPORT || error == ENODEV ? ZP_INVALID : ZP_IO;
}

zp_rc zp_zmq_bind(void *socket, const char *endpoint)
{
    const char *path = file_of(endpoint);
    zp_rc rc = path ? claim(path) : ZP_OK;
    return rc ? rc : bind_now(socket, endpoint);
}

/* libzmq removes an ipc path when it binds, not when it closes: the socket before takes nothing away from this one. */
zp_rc zp_zmq_bind_again(void *socket, const char *endpoint)
{
    return bind_now(socket, endpoint);
}

static const char *remedy_of(zp_rc rc)
{
    switch (rc) {
    case ZP_EXISTS:
        return "it is taken; stop the process that has it or choose another endpoint";
    case ZP_INVALID:
        return "use ipc:///path of at most 107 bytes, or tcp://address:port";
    case ZP_NOTFOUND:
        return "make the folder, owned by this user";
    default:
        return "choose an endpoint that this user may use";
    }
}

zp_rc zp_zmq_bind_or_say(void *socket, const char *endpoint, char *message, size_t message_size)
{
    zp_rc rc = zp_zmq_bind(socket, endpoint);
    if (rc)
        snprintf(message, message_size, "%s: %s; %s", endpoint, zmq_strerror(errno), remedy_of(rc));
    return rc;
}

zp_rc zp_zmq_listen(void *context, int type, int hwm, int64_t max_bytes, const char *endpoint, void **out,
                    char *message, size_t message_size)
{
    *out = NULL;
    zp_rc rc = zp_zmq_open(context, type, hwm, out);
    if (!rc)
        rc = zp_zmq_limit(*out, max_bytes);
    if (rc)
        snprintf(message, message_size, "%s: %s; %s", endpoint, zmq_strerror(errno), remedy_of(rc));
    else
        rc = zp_zmq_bind_or_say(*out, endpoint, message, message_size);
    if (rc)
        zp_zmq_close(out);
    return rc;
}

zp_rc zp_zmq_connect(void *socket, const char *endpoint)
{
    if (zmq_connect(socket, endpoint) == 0)
        return ZP_OK;
    return errno == EINVAL || errno == EPROTONOSUPPORT || errno == ENAMETOOLONG ? ZP_INVALID : outcome(errno);
}

/* ---- send, receive ---- */

zp_rc zp_zmq_send(void *socket, const void *bytes, size_t n, int flags)
{
    int sent;
    do
        sent = zmq_send(socket, bytes, n, flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? outcome(errno) : ZP_OK;
}

zp_rc zp_zmq_send_msg(void *socket, zmq_msg_t *frame, int flags)
{
    int sent;
    do
        sent = zmq_msg_send(frame, socket, flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? outcome(errno) : ZP_OK;
}

zp_rc zp_zmq_recv(void *socket, zmq_msg_t *frame, int flags)
{
    int received;
    do
        received = zmq_msg_recv(frame, socket, flags);
    while (received < 0 && errno == EINTR);
    return received < 0 ? outcome(errno) : ZP_OK;
}

zp_rc zp_zmq_recv_message(void *socket, zmq_msg_t *frames, size_t max, size_t *count)
{
    zmq_msg_t beyond;
    zmq_msg_init(&beyond);
    zp_rc rc;
    bool more = true;
    *count = 0;
    do {
        zmq_msg_t *frame = *count < max ? &frames[*count] : &beyond;
        rc = zp_zmq_recv(socket, frame, ZMQ_DONTWAIT);
        if (!rc) {
            more = zmq_msg_more(frame);
            ++*count;
        }
    } while (!rc && more);
    zmq_msg_close(&beyond);
    return rc;
}

zp_rc zp_zmq_poll(zmq_pollitem_t *items, int count, long timeout_ms)
{
    if (zmq_poll(items, count, timeout_ms) >= 0)
        return ZP_OK;
    if (errno != EINTR)
        return outcome(errno);
    for (int i = 0; i < count; i++)
        items[i].revents = 0;
    return ZP_OK;
}

/* ---- end ---- */

void zp_zmq_close(void **socket)
{
    if (*socket)
        zmq_close(*socket);
    *socket = NULL;
}

void zp_zmq_term(void **context)
{
    while (*context && zmq_ctx_term(*context) < 0 && errno == EINTR)
        ;
    *context = NULL;
}

/*
 * door.c - see door.h.
 */
#include "door.h"

#include "base/clock.h"
#include "base/log.h"
#include "wire/zmq_socket.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A CURVE handshake carries the peer's metadata, at most some 600 bytes; nothing longer is of use to us. */
enum { CURVE_LIMIT = 1024, RENEW_MS = 5000, RETRY_MS = 5, ENDPOINT_MAX = 512, LEAST_QUEUE = 2 };

/*
 * A replay over ipc stops and wakes both sides each time the kernel's buffer is full: with the usual 208 KiB that took
 * twice as long. The kernel gives what net.core.wmem_max allows. tcp sizes its own, and better.
 */
enum { LOCAL_SEND_BUFFER = 1024 * 1024 };

/*
 * Each subscription as it is made, also those that somebody else has made already (wishes.h). The queue is as short as
 * it can be, since libzmq takes all that is in it at once (and what comes meanwhile as well: flood_guard.h): two,
 * because with CURVE the name of the client's key is in it for good (libzmq 4.3.4 counts it in, and never out).
 */
static zp_rc report_subscriptions(void *socket)
{
    zp_rc rc = zp_zmq_set(socket, ZMQ_XPUB_VERBOSER, 1);
    return rc ? rc : zp_zmq_set(socket, ZMQ_RCVHWM, LEAST_QUEUE);
}

static zp_rc prepare(zp_door *self, void **socket)
{
    zp_rc rc = zp_zmq_open(self->context, self->type, self->queue, socket);
    if (!rc)
        rc = zp_zmq_limit(*socket, self->secret ? CURVE_LIMIT : ZP_ZMQ_LEAST_LIMIT);
    if (!rc && self->type == ZMQ_ROUTER && self->local)
        rc = zp_zmq_set(*socket, ZMQ_SNDBUF, LOCAL_SEND_BUFFER);
    if (!rc && self->type == ZMQ_XPUB)
        rc = report_subscriptions(*socket);
    if (!rc && self->secret)
        rc = zp_curve_server(*socket, self->secret);
    if (rc)
        zp_zmq_close(socket);
    return rc;
}

zp_rc zp_door_open(zp_door *self, void *context, int type, int queue, const char *endpoint, const zp_key *secret,
                   char *message, size_t message_size)
{
    char bound[ENDPOINT_MAX];
    size_t n = sizeof bound;
    *self = (zp_door){.context = context, .type = type, .queue = queue, .secret = secret};
    self->local = strncmp(endpoint, "ipc://", 6) == 0;
    zp_rc rc = prepare(self, &self->socket);
    if (rc)
        snprintf(message, message_size, "%s: no socket: %s; look at limits of memory and descriptors", endpoint,
                 zp_rc_name(rc));
    else
        rc = zp_zmq_bind_or_say(self->socket, endpoint, message, message_size);
    if (!rc && (zmq_getsockopt(self->socket, ZMQ_LAST_ENDPOINT, bound, &n) < 0 || !(self->endpoint = strdup(bound)))) {
        snprintf(message, message_size, "out of memory; free some and start again");
        rc = ZP_NOMEM;
    }
    if (rc)
        zp_door_close(self);
    return rc;
}

void zp_door_close(zp_door *self)
{
    zp_zmq_close(&self->socket);
    free(self->endpoint);
    self->endpoint = NULL;
}

/* libzmq lets go of an endpoint some time after the call that closes it. */
zp_rc zp_door_renew(zp_door *self)
{
    int64_t until = zp_clock_mono_ms() + RENEW_MS;
    void *socket;
    zp_zmq_close(&self->socket);
    zp_rc rc = prepare(self, &socket);
    if (!rc) {
        while ((rc = zp_zmq_bind_again(socket, self->endpoint)) == ZP_EXISTS && zp_clock_mono_ms() < until)
            (void)poll(NULL, 0, RETRY_MS);
        if (rc)
            zp_zmq_close(&socket);
        else
            self->socket = socket;
    }
    if (rc)
        zp_log(ZP_ERROR, "door-stays-closed", "endpoint=%s reason=\"%s\"", self->endpoint, zp_rc_name(rc));
    return rc ? ZP_IO : ZP_OK;
}

bool zp_door_is_exposed(const char *endpoint)
{
    static const char *const loopback[] = {"tcp://127.", "tcp://[::1]:", "tcp://localhost:", "tcp://lo:"};
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
        if (strncmp(endpoint, loopback[i], strlen(loopback[i])) == 0)
            return false;
    return strncmp(endpoint, "tcp://", 6) == 0;
}

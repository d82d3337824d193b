/*
 * link.c - see link.h.
 *
 * A CURVE server that does not open our box for want of the right key ends the connection without a word, which a
 * server that is just ending does too: only several in a row are taken for a wrong key, on one connection and with the
 * server there all the time. One that says nothing until our own patience ends has no time for us, or no descriptor:
 * that is no answer, and is tried again as long as it takes.
 *
 * The DEALER goes without ZMQ_IMMEDIATE: with it libzmq 4.3.4 drops the rest of a message that is being read when the
 * connection breaks, and then ends the process (assertion !_more in fq.cpp). What may then be queued towards nobody is
 * one question, since the queue is no longer than that.
 */
#include "client/link.h"

#include "base/clock.h"
#include "wire/zmq_socket.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    WANTED = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
             ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
             ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
    MANY = 5,
    SILENT_MS = 2000,
    QUESTIONS = 1,
    PIECES = 64,
    LIVE_MESSAGES = 1000,
    LARGEST_FRAME = 4 * 1024 * 1024
};

/* ---- the context ---- */

static pthread_mutex_t context_lock = PTHREAD_MUTEX_INITIALIZER;
static void *shared_context;
static unsigned context_users;

void *zp_link_take_context(void)
{
    pthread_mutex_lock(&context_lock);
    if (!shared_context)
        shared_context = zmq_ctx_new();
    if (shared_context)
        context_users++;
    void *context = shared_context;
    pthread_mutex_unlock(&context_lock);
    return context;
}

void zp_link_give_context(void)
{
    pthread_mutex_lock(&context_lock);
    if (--context_users == 0)
        zp_zmq_term(&shared_context);
    pthread_mutex_unlock(&context_lock);
}

/* ---- lines ---- */

/* Names of monitors are the context's, which may be shared with others: the socket's address makes them unique. */
static zp_rc watch(zp_dialled *line, void *context)
{
    char name[64];
    snprintf(name, sizeof name, "inproc://ziping-monitor-%" PRIxPTR, (uintptr_t)line->socket);
    if (zmq_socket_monitor(line->socket, name, WANTED) < 0)
        return ZP_IO;
    zp_rc rc = zp_zmq_open(context, ZMQ_PAIR, 0, &line->monitor);
    return rc ? rc : zp_zmq_connect(line->monitor, name);
}

static zp_rc dial(zp_dialled *line, void *context, int type, const char *endpoint, const zp_address *address)
{
    zp_rc rc = zp_zmq_open(context, type, type == ZMQ_DEALER ? QUESTIONS : LIVE_MESSAGES, &line->socket);
    if (!rc && type == ZMQ_DEALER)
        rc = zp_zmq_set(line->socket, ZMQ_IMMEDIATE, 0);
    if (!rc && type == ZMQ_DEALER)
        rc = zp_zmq_set(line->socket, ZMQ_RCVHWM, PIECES);
    if (!rc)
        rc = zp_zmq_limit(line->socket, LARGEST_FRAME);
    if (!rc && type == ZMQ_SUB && zmq_setsockopt(line->socket, ZMQ_SUBSCRIBE, "", 0) < 0)
        rc = ZP_IO;
    if (!rc && address->encrypted)
        rc = zp_curve_client(line->socket, &address->server, &address->public_half, &address->secret);
    if (!rc)
        rc = watch(line, context);
    return rc ? rc : zp_zmq_connect(line->socket, endpoint);
}

static void hang_up(zp_dialled *line)
{
    if (line->socket)
        (void)zmq_socket_monitor(line->socket, NULL, 0);
    zp_zmq_close(&line->socket);
    zp_zmq_close(&line->monitor);
}

/* Subscribes before it can ask: what is published in between shows at the latest by the next beat. */
zp_rc zp_link_open(zp_link *self, void *context, const zp_address *address)
{
    *self = (zp_link){.context = context, .address = address};
    zp_rc rc = dial(&self->live, context, ZMQ_SUB, address->publish, address);
    if (!rc)
        rc = dial(&self->replay, context, ZMQ_DEALER, address->replay, address);
    if (rc)
        zp_link_close(self);
    return rc;
}

void zp_link_close(zp_link *self)
{
    hang_up(&self->live);
    hang_up(&self->replay);
}

/* ---- news ---- */

static bool is_of_a_wrong_key(const zp_link *self, const zp_dialled *line, int64_t now_ms)
{
    return self->address->encrypted && now_ms - line->connected_ms < SILENT_MS;
}

static zp_link_news judge(const zp_link *self, zp_dialled *line, unsigned event)
{
    int64_t now_ms = zp_clock_mono_ms();
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        line->connected_ms = now_ms;
        return ZP_LINK_GOOD;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return ZP_LINK_DENIED;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return ZP_LINK_NO_HANDSHAKE;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        if (!is_of_a_wrong_key(self, line, now_ms) || ++line->broken_off < MANY)
            return ZP_LINK_GOOD;
        line->broken_off = 0;
        return ZP_LINK_NO_HANDSHAKE;
    default: /* it is in, or nobody was there */
        line->broken_off = 0;
        return ZP_LINK_GOOD;
    }
}

/* A report is [event u16, value u32, in the machine's order][endpoint]. */
static zp_link_news take_reports(zp_link *self, zp_dialled *line)
{
    zp_link_news worst = ZP_LINK_GOOD;
    zmq_msg_t frame;
    size_t frames;
    zmq_msg_init(&frame);
    while (zp_zmq_recv_message(line->monitor, &frame, 1, &frames) == ZP_OK) {
        uint16_t event = 0;
        if (zmq_msg_size(&frame) >= sizeof event)
            memcpy(&event, zmq_msg_data(&frame), sizeof event);
        zp_link_news news = judge(self, line, event);
        if (worst == ZP_LINK_GOOD)
            worst = news;
    }
    zmq_msg_close(&frame);
    return worst;
}

zp_link_news zp_link_take_news(zp_link *self)
{
    zp_link_news live = take_reports(self, &self->live), replay = take_reports(self, &self->replay);
    return live != ZP_LINK_GOOD ? live : replay;
}

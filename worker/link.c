/*
 * link.c - see link.h. The worker's one thread. When the gateway goes away, ZeroMQ connects again by itself.
 */
#include "link.h"

#include "base/log.h"
#include "wire/feed.h"
#include "wire/zmq_socket.h"

#include <stdio.h>
#include <stdlib.h>

enum { LAST_WORDS_MS = 1000, POKE_HWM = 16 };

struct zp_link {
    void *context, *dealer, *poke;
    zmq_msg_t taken; /* holds the bytes of the jobs that were taken last */
    zp_buf out;
    uint64_t heard, dropped;
    zp_job jobs[ZP_DISPATCH_MAX_JOBS];
};

static zp_rc connect_to(zp_link *self, int type, int hwm, const zp_config *config, const char *name, void **out,
                        char *message, size_t message_size)
{
    char *endpoint = zp_config_ipc(config, name);
    zp_rc rc = endpoint ? zp_zmq_open(self->context, type, hwm, out) : ZP_NOMEM;
    if (!rc && type == ZMQ_DEALER)
        rc = zp_zmq_set(*out, ZMQ_LINGER, LAST_WORDS_MS);
    if (!rc)
        rc = zp_zmq_connect(*out, endpoint);
    if (rc)
        snprintf(message, message_size, "%s: %s; use a data_dir with a shorter path or free some memory",
                 endpoint ? endpoint : name, zp_rc_name(rc));
    free(endpoint);
    return rc;
}

zp_rc zp_link_open(const zp_config *config, zp_link **out, char *message, size_t message_size)
{
    zp_link *self = calloc(1, sizeof *self);
    snprintf(message, message_size, "out of memory; free some and start again");
    if (!self)
        return ZP_NOMEM;
    zmq_msg_init(&self->taken);
    self->context = zmq_ctx_new();
    zp_rc rc = self->context ? ZP_OK : ZP_NOMEM;
    if (!rc)
        rc = connect_to(self, ZMQ_DEALER, 0, config, "run/dispatch.sock", &self->dealer, message, message_size);
    if (!rc)
        rc = connect_to(self, ZMQ_PUSH, POKE_HWM, config, "run/poke.sock", &self->poke, message, message_size);
    if (rc)
        zp_link_close(&self);
    else
        *out = self;
    return rc;
}

void zp_link_close(zp_link **self)
{
    zp_link *link = *self;
    if (!link)
        return;
    zmq_msg_close(&link->taken);
    zp_zmq_close(&link->dealer);
    zp_zmq_close(&link->poke);
    zp_zmq_term(&link->context);
    zp_buf_free(&link->out);
    free(link);
    *self = NULL;
}

zp_rc zp_link_wait(zp_link *self, int signals, int64_t timeout_ms, bool for_gateway)
{
    short room = for_gateway ? ZMQ_POLLOUT : 0;
    zmq_pollitem_t news[2] = {{.socket = self->dealer, .events = (short)(ZMQ_POLLIN | room)},
                              {.fd = signals, .events = ZMQ_POLLIN}};
    return zp_zmq_poll(news, 2, timeout_ms > 0 ? (long)timeout_ms : 0);
}

static bool say(zp_link *self, const zp_dispatch_msg *msg)
{
    zp_buf_clear(&self->out);
    zp_dispatch_encode(msg, &self->out);
    return !self->out.failed && zp_zmq_send(self->dealer, self->out.p, self->out.n, ZMQ_DONTWAIT) == ZP_OK;
}

bool zp_link_say_ready(zp_link *self, unsigned credit)
{
    return say(self, &(zp_dispatch_msg){.kind = ZP_MSG_READY, .credit = credit});
}

void zp_link_say_done(zp_link *self, const zp_done *done, size_t count)
{
    while (count > 0) {
        size_t n = count < ZP_DISPATCH_MAX_JOBS ? count : ZP_DISPATCH_MAX_JOBS;
        zp_dispatch_msg msg = {.kind = ZP_MSG_DONE, .count = n, .done = (zp_done *)done};
        if (!say(self, &msg))
            zp_log(ZP_WARN, "done-not-said", "jobs=%zu reason=\"the gateway is away; it will send them again\"", n);
        done += n;
        count -= n;
    }
}

void zp_link_say_bye(zp_link *self)
{
    (void)say(self, &(zp_dispatch_msg){.kind = ZP_MSG_BYE}); /* unsaid, silence will tell */
}

bool zp_link_say_fell(zp_link *self, const zp_done *job)
{
    return say(self, &(zp_dispatch_msg){.kind = ZP_MSG_FELL, .count = job->attempt > 0, .done = (zp_done *)job});
}

void zp_link_poke(zp_link *self, uint64_t last_seq)
{
    uint8_t number[8];
    zp_be64_put(number, last_seq);
    (void)zp_zmq_send(self->poke, number, sizeof number, ZMQ_DONTWAIT); /* a hint; the notifier looks by itself */
}

static void drop(zp_link *self, size_t bytes)
{
    self->dropped++;
    zp_log(ZP_WARN, "message-dropped", "bytes=%zu dropped=%llu", bytes, (unsigned long long)self->dropped);
}

zp_rc zp_link_take(zp_link *self, const zp_job **jobs, size_t *count)
{
    size_t frames;
    zp_rc rc;
    while ((rc = zp_zmq_recv_message(self->dealer, &self->taken, 1, &frames)) == ZP_OK) {
        zp_dispatch_msg msg = {.jobs = self->jobs};
        zp_str bytes = {zmq_msg_data(&self->taken), zmq_msg_size(&self->taken)};
        if (frames != 1 || zp_dispatch_decode(bytes, &msg) != ZP_OK ||
            (msg.kind != ZP_MSG_JOBS && msg.kind != ZP_MSG_BEAT)) {
            drop(self, bytes.n);
            continue;
        }
        self->heard++;
        if (msg.kind == ZP_MSG_JOBS) {
            *jobs = msg.jobs;
            *count = msg.count;
            return ZP_OK;
        }
    }
    return rc;
}

uint64_t zp_link_heard(const zp_link *self)
{
    return self->heard;
}

uint64_t zp_link_dropped(const zp_link *self)
{
    return self->dropped;
}

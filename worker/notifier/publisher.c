/*
 * publisher.c - see publisher.h. The notifier's one thread.
 *
 * A subscriber that does not keep up loses messages at its high-water mark (XPUB drops, nobody waits for anybody) and
 * finds the gap by the numbers. An event that cannot be read is logged and skipped: it shows as a gap too, and the
 * others must not wait for it.
 */
#include "publisher.h"

#include "base/hook.h"
#include "base/log.h"
#include "codec/event.h"
#include "door.h"
#include "wire/feed.h"
#include "wire/zmq_socket.h"
#include "wishes.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_EVENTS = 256, PAGE_BYTES = 1024 * 1024 };

struct zp_publisher {
    zp_door door;
    zp_scores_reader *reader;
    uint64_t position;
    bool failing; /* the log cannot be read: said once */
    zp_wishes wishes;
};

zp_rc zp_publisher_open(void *context, const zp_config *config, const zp_key *secret, zp_scores_reader *reader,
                        zp_publisher **out, char *message, size_t message_size)
{
    zp_publisher *self = calloc(1, sizeof *self);
    if (!self) {
        snprintf(message, message_size, "out of memory; free some and start again");
        return ZP_NOMEM;
    }
    self->reader = reader;
    zp_rc rc = zp_scores_last(reader, &self->position);
    if (rc)
        snprintf(message, message_size, "scores: the newest event cannot be read: %s; check the store", zp_rc_name(rc));
    else
        rc = zp_door_open(&self->door, context, ZMQ_XPUB, (int)config->notifier.queue, config->notifier.publish, secret,
                          message, message_size);
    if (rc)
        zp_publisher_close(&self);
    else
        *out = self;
    return rc;
}

void zp_publisher_close(zp_publisher **self)
{
    if (!*self)
        return;
    zp_door_close(&(*self)->door);
    zp_wishes_free(&(*self)->wishes);
    free(*self);
    *self = NULL;
}

zp_rc zp_publisher_renew(zp_publisher *self)
{
    return zp_door_renew(&self->door);
}

void *zp_publisher_socket(zp_publisher *self)
{
    return self->door.socket;
}

uint64_t zp_publisher_position(const zp_publisher *self)
{
    return self->position;
}

static zp_rc publish(zp_publisher *self, const char *topic, uint64_t seq, zp_str body)
{
    uint8_t number[8];
    zp_be64_put(number, seq);
    zp_rc rc = zp_zmq_send(self->door.socket, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (!rc)
        rc = zp_zmq_send(self->door.socket, number, sizeof number, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    return rc ? rc : zp_zmq_send(self->door.socket, body.p, body.n, ZMQ_DONTWAIT);
}

static bool publish_event(void *context, uint64_t seq, zp_str frozen)
{
    zp_publisher *self = context;
    char topic[ZP_TOPIC_MAX];
    if (zp_event_topic(frozen, topic) != ZP_OK) {
        /* No topic: the others must not wait for it. Who misses the number asks the log, which says so. */
        zp_log(ZP_ERROR, "event-skipped", "seq=%llu reason=\"damaged\"", (unsigned long long)seq);
        self->position = seq;
        return true;
    }
    zp_rc rc = publish(self, topic, seq, frozen);
    if (rc) {
        zp_log(ZP_ERROR, "not-published", "seq=%llu reason=\"%s\"", (unsigned long long)seq, zp_rc_name(rc));
        return false;
    }
    self->position = seq;
    return true;
}

bool zp_publisher_look(zp_publisher *self)
{
    uint64_t before = self->position;
    zp_rc rc = zp_scores_events(self->reader, before, PAGE_EVENTS, PAGE_BYTES, publish_event, self);
    if (rc && !self->failing)
        zp_log(ZP_ERROR, "log-not-read", "after=%llu reason=\"%s\"", (unsigned long long)before, zp_rc_name(rc));
    self->failing = rc != ZP_OK;
    if (self->position != before)
        ZP_HOOK("published", ZP_STR(""));
    return self->position != before;
}

void zp_publisher_beat(zp_publisher *self)
{
    zp_rc rc = publish(self, "beat", self->position, ZP_STR(""));
    if (rc)
        zp_log(ZP_ERROR, "beat-not-published", "reason=\"%s\"", zp_rc_name(rc));
}

void zp_publisher_take_subscriptions(zp_publisher *self)
{
    zmq_msg_t frame;
    size_t frames;
    zmq_msg_init(&frame);
    while (zp_zmq_recv_message(self->door.socket, &frame, 1, &frames) == ZP_OK) /* ends: flood_guard.h */
        zp_wishes_count(&self->wishes, zmq_msg_get(&frame, ZMQ_SRCFD), zmq_msg_size(&frame));
    zmq_msg_close(&frame);
}

uint64_t zp_publisher_cut_off(const zp_publisher *self)
{
    return self->wishes.cut_off;
}

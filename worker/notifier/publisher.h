/*
 * publisher.h - tails the event log and publishes it in order (XPUB; frames and topics: wire/feed.h).
 *
 * Begins with what is committed after its start: what came before, also while no notifier ran, is replay's business,
 * and every subscriber sees from the first number or beat that it has something to ask for. The notifier's one thread.
 */
#ifndef ZP_NOTIFIER_PUBLISHER_H
#define ZP_NOTIFIER_PUBLISHER_H

#include "base/config.h"
#include "store/scores.h"
#include "wire/curve.h"

typedef struct zp_publisher zp_publisher;

/*
 * Binds; the position is the log's newest number. secret: of CURVE, or NULL. reader and secret must outlive it. On
 * failure one line in message.
 */
zp_rc zp_publisher_open(void *context, const zp_config *config, const zp_key *secret, zp_scores_reader *reader,
                        zp_publisher **out, char *message, size_t message_size);
void zp_publisher_close(zp_publisher **self);
/* Has all subscribers connect again. ZP_IO: they cannot. */
zp_rc zp_publisher_renew(zp_publisher *self);
/* For polling; another one after renew. */
void *zp_publisher_socket(zp_publisher *self);

/* Publishes what is new, a bounded number of events; true: there may be more, look again soon. */
bool zp_publisher_look(zp_publisher *self);
void zp_publisher_beat(zp_publisher *self);
/* Subscriptions are libzmq's business, but would pile up unread; who makes too many is cut off (wishes.h). */
void zp_publisher_take_subscriptions(zp_publisher *self);
/* Connections that were. */
uint64_t zp_publisher_cut_off(const zp_publisher *self);

/* The newest number that was published (or found at the start). */
uint64_t zp_publisher_position(const zp_publisher *self);

#endif

/*
 * link.h - the worker's sockets: a DEALER to the gateway's dispatcher and a PUSH to the notifier's poke.
 *
 * Nothing here is the only copy of anything: a lost READY is repeated, a lost DONE brings the job again, which is
 * harmless, a lost poke is made good by the notifier's next look. So no send ever waits. One thread's.
 */
#ifndef ZP_WORKER_LINK_H
#define ZP_WORKER_LINK_H

#include "base/config.h"
#include "wire/dispatch.h"

typedef struct zp_link zp_link;

/* Neither peer need be there. On failure one line in message: ZP_NOMEM, ZP_INVALID, ZP_IO. */
zp_rc zp_link_open(const zp_config *config, zp_link **out, char *message, size_t message_size);
/* Gives what was said last a second to leave. */
void zp_link_close(zp_link **self);

/*
 * Waits for jobs or a signal, at most timeout_ms; with for_gateway also for the gateway's coming, so that a READY which
 * found nobody can be said again. ZP_IO when ZeroMQ itself fails.
 */
zp_rc zp_link_wait(zp_link *self, int signals, int64_t timeout_ms, bool for_gateway);

/* False: nobody is there to hear it. */
bool zp_link_say_ready(zp_link *self, unsigned credit);
void zp_link_say_done(zp_link *self, const zp_done *done, size_t count);
void zp_link_say_bye(zp_link *self);
/* The job that the active worker before this one was at when it ended; attempt 0: at none. False: nobody hears it. */
bool zp_link_say_fell(zp_link *self, const zp_done *job);
/* The notifier, not the gateway: there are events up to this number. */
void zp_link_poke(zp_link *self, uint64_t last_seq);

/*
 * The next message with jobs, without waiting; beats are taken on the way, anything else is dropped and counted. Views
 * are valid until the next take. ZP_AGAIN when there is none, ZP_IO.
 */
zp_rc zp_link_take(zp_link *self, const zp_job **jobs, size_t *count);

/* Messages of the gateway, beats included; messages dropped as malformed. */
uint64_t zp_link_heard(const zp_link *self);
uint64_t zp_link_dropped(const zp_link *self);

#endif

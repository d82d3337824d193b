/*
 * porter.h - the ZAP handler: says who may connect to a CURVE door, by the list of public keys.
 *
 * A thread of its own, which owns the list and the REP socket at inproc://zeromq.zap.01; nobody else touches either.
 * It reads the list again when a client connects, once a second, and on SIGHUP, which is blocked in every thread and
 * read by this one. A list that cannot be read changes nothing: the one before stays in force, and a line says so.
 * Whoever is turned away is logged with its address and public key, at most ten lines in ten seconds, and counted.
 */
#ifndef ZP_NOTIFIER_PORTER_H
#define ZP_NOTIFIER_PORTER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zp_porter zp_porter;

/*
 * Before any socket of the context is bound and any other thread started. path: the list, which must be readable; it
 * must outlive the porter. On failure one line in message.
 */
zp_rc zp_porter_start(void *context, const char *path, zp_porter **out, char *message, size_t message_size);
/* After all other sockets of the context were closed: shuts the context down. NULL inside is fine. */
void zp_porter_stop(zp_porter **self);

/* The owner's thread: */
/* It has ended, and nobody can connect any more. */
bool zp_porter_has_failed(const zp_porter *self);
/* A key was taken off the list since the last call: whoever is in must be asked again. */
bool zp_porter_take_withdrawn(zp_porter *self);
uint64_t zp_porter_denied(const zp_porter *self);

#endif

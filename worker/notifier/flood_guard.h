/*
 * flood_guard.h - how much a peer may send while the notifier takes one turn: keeps libzmq from taking in without end.
 *
 * An XPUB takes in every subscription that lies in its queue, and what comes meanwhile as well, before any call on it
 * returns; who sends as quickly as it takes would hold the notifier's thread there, and fill its memory, before
 * zp_wishes could count anything. The bound that no queue of libzmq gives is one of bytes: flood_guard.c stands before
 * libc's recv, and ends the connection of a peer that has sent too much since the last turn began. Its libzmq dials
 * again.
 */
#ifndef ZP_NOTIFIER_FLOOD_GUARD_H
#define ZP_NOTIFIER_FLOOD_GUARD_H

#include <stdint.h>

/* What zp_wishes allows a connection in its whole life, encrypted, takes some 80 KiB. */
enum { ZP_FLOOD_BYTES = 128 * 1024 };

/* The notifier's thread: what came before is dealt with. Returns the number of connections that were ended so far. */
uint64_t zp_flood_guard_turn(void);

#endif

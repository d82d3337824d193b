/*
 * flood_guard.h - how much all peers together may send while the notifier takes one turn: keeps libzmq from taking in
 * without end.
 *
 * An XPUB takes in every subscription that lies in its queues, and what comes meanwhile as well, before any call on it
 * returns; peers that send as quickly as it takes would hold the notifier's thread there, and fill its memory, before
 * zp_wishes could count anything. The bound that no queue of libzmq gives is one of bytes: flood_guard.c stands before
 * libc's recv, and says "later" to everybody once so much has come since the turn began. The turn then ends for want of
 * input, who has sent too many subscriptions is cut off (wishes.h), and the others go on where they were.
 */
#ifndef ZP_NOTIFIER_FLOOD_GUARD_H
#define ZP_NOTIFIER_FLOOD_GUARD_H

enum { ZP_FLOOD_BYTES = 512 * 1024 };

/* The notifier's thread: a turn begins, all that came before is dealt with. */
void zp_flood_guard_turn(void);

#endif

/*
 * wishes.h - what each subscriber has wished for: keeps one from filling the notifier's memory with subscriptions.
 *
 * libzmq keeps every subscription of every connection, a node for each byte, and knows a bound for their length only
 * (MAXMSGSIZE); an XPUB in manual mode keeps them too. What it does tell is each subscription as it was made
 * (XPUB_VERBOSER) and the descriptor that it came from. So they are counted by connection, over its whole life, since
 * nobody can tell whether what is cancelled was ever there; a connection that has sent too many is shut down, and
 * libzmq forgets what it wished for. A subscriber's libzmq dials again, and sends what is in force. One thread's.
 */
#ifndef ZP_NOTIFIER_WISHES_H
#define ZP_NOTIFIER_WISHES_H

#include "lines.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* For one connection: messages (subscriptions, cancellations, anything else), and their bytes together. */
enum { ZP_WISHES_MAX = 1000, ZP_WISHES_BYTES = 32 * 1024 };

typedef struct {
    ino_t socket; /* tells a connection from the one before that had the same descriptor */
    unsigned count;
    size_t bytes;
} zp_wisher;

typedef struct {
    zp_wisher *wishers; /* by descriptor */
    size_t room;
    uint64_t cut_off; /* connections that were shut down */
    zp_lines lines;
} zp_wishes;

void zp_wishes_free(zp_wishes *self);
/*
 * Counts a message of `bytes` that came from this descriptor (-1: from nobody, as what libzmq itself cancels), and
 * shuts the connection down when it was one too many: logged, and counted. Also when memory for counting is out.
 */
void zp_wishes_count(zp_wishes *self, int fd, size_t bytes);

#endif

/*
 * feed.h - every message of the event feed. Numbers are big-endian, frozen events MessagePack.
 *
 * publish (XPUB, the notifier binds):
 *     [topic][number u64][frozen event]    <state>/<year>/<unit>/<grade or ->/<outcome or ->
 *     ["beat"][newest number u64][]        so that a lost tail is noticed
 *
 * Whoever reads too slowly loses messages beyond notifier.queue, nobody waits for anybody; the next event or beat shows
 * the gap, and the replay has what is missing. A raw SUB that subscribes to a prefix cannot tell a lost event from one
 * of another topic: to miss nothing subscribe to everything, follow the numbers, and choose by topic afterwards. Who
 * prefers the prefix subscribes to "beat" as well, and asks the replay now and then for what came after its number.
 *
 * replay (ROUTER, the notifier binds; subscribers use DEALER):
 *     asked    ["AFTER"][number u64][limit u32]
 *     answered ["EVENTS"][newest number u64][the number that was asked with, u64][the last one of this answer u64]
 *              [events]: a MessagePack array [number, frozen event as bin] for each, one behind the other, at most
 *              `limit` and about 1 MiB of them. With the last number the next question can go out before these are
 *              read; without events it is the one that was asked with. An event that is damaged in the store keeps its
 *              number, and its bin is empty.
 *     answered ["GONE"][number u64][the number that was asked with, u64] when events behind that number have gone to an
 *              archive: the log starts with `number`. A limit of 0 is never answered so.
 *     answered ["ERROR"][text] to anything else.
 *
 * With notifier.curve both sockets are CURVE servers of the same key. libzmq does not dial again after a refusal: a
 * client whose key is listed later has to connect again.
 *
 * poke (PULL, the notifier binds; workers PUSH):
 *     [newest number u64]                  losing one loses nothing
 */
#ifndef ZP_WIRE_FEED_H
#define ZP_WIRE_FEED_H

#include "base/big_endian.h"

enum { ZP_REPLAY_MAX_EVENTS = 10000, ZP_REPLAY_MAX_BYTES = 1024 * 1024 };

#endif

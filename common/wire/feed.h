/*
 * feed.h - every message of the event feed. Numbers are big-endian, frozen events MessagePack.
 *
 * publish (XPUB, the notifier binds):
 *     [topic][number u64][frozen event]    topics are prefixes, such as "scored/2022/"
 *     ["beat"][newest number u64][]        so that a lost tail is noticed
 *
 * replay (ROUTER, the notifier binds; subscribers use DEALER):
 *     asked    ["AFTER"][number u64][limit u32]
 *     answered ["EVENTS"][newest number u64][the number that was asked with, u64] and then, for each event,
 *              [number u64][frozen event]: at most 1000 events or 1 MiB. An event that is damaged in the store keeps
 *              its number, and its frame is empty.
 *     answered ["GONE"][number u64][the number that was asked with, u64] when events behind that number have gone to an
 *              archive: the log starts with `number`. A limit of 0 is never answered so.
 *     answered ["ERROR"][text] to anything else.
 *
 * poke (PULL, the notifier binds; workers PUSH):
 *     [newest number u64]                  losing one loses nothing
 */
#ifndef ZP_WIRE_FEED_H
#define ZP_WIRE_FEED_H

#include "base/big_endian.h"

enum { ZP_REPLAY_MAX_EVENTS = 1000, ZP_REPLAY_MAX_BYTES = 1024 * 1024 };

#endif

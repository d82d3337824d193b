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
 *     asked    ["AFTER"][number u64][credit u32]
 *              The credit is how many bytes of `events` the asker is ready to take, 4 MiB at most; 0 asks for the
 * newest number only. One question at a time: answers to two may come mixed. answered ["EVENTS"][newest u64][after
 * u64][upto u64][more u8][events], one or several messages: the events behind `after` up to `upto`, and with more = 1
 * the next message goes on behind `upto`. The first begins behind the number that was asked with. With more = 0 the
 * question is answered: as much as the credit bought, one event at least, or all up to `newest`; the next question may
 * go out before these are read. `events` is a MessagePack array [number, frozen event as bin] for each, one behind the
 * other. An event that is damaged in the store keeps its number, and its bin is empty. answered ["GONE"][number
 * u64][after u64] when events behind `after` have gone to an archive: the log starts with `number`. A credit of 0 is
 * never answered so. answered ["ERROR"][text] to anything else.
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
#include "base/str.h"

/*
 * A message of an answer is large enough for its own cost and for waking its receiver not to count, and small enough to
 * be read from the store in a fraction of a millisecond, which whoever else is to be told of something waits.
 */
enum { ZP_REPLAY_MAX_CREDIT = 4 * 1024 * 1024, ZP_REPLAY_PIECE = 256 * 1024, ZP_BATCH_HEAD = 15 };

/* Writes [number, bin] to the end of `events`, which has room for ZP_BATCH_HEAD + frozen.n bytes; what was written. */
size_t zp_batch_put(char *to, uint64_t number, zp_str frozen);
/* Takes the next event from the front of `events`; false: none, or it is none of ours (then something is left). */
bool zp_batch_take(zp_str *events, uint64_t *number, zp_str *frozen);

#endif

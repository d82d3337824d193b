/*
 * warm.h - has the disk read a large database with many requests at a time.
 *
 * Who walks through a database whose pages are not in memory waits for each page in turn, since they lie scattered
 * among those of the others: a quarter of a minute for ten million records. Where many look, each at a part of it, the
 * disk works on all of them at once, and the walk that follows finds the pages in memory.
 */
#ifndef ZP_STORE_WARM_H
#define ZP_STORE_WARM_H

#include "store/env.h"

/* From here on it is worth the threads: with fewer records the walk takes a second. */
enum { ZP_WARM_FROM = 1000000 };

/*
 * For keys that begin with eight bytes which grow evenly, as ids do. Uses threads of its own, which have ended when it
 * returns; changes nothing, and where memory, threads or readers are short, it does less.
 */
void zp_warm(zp_env *env, MDB_dbi dbi);

#endif

/*
 * scores.h - the store of results and the event log. One writing thread of one process: the active worker's loop.
 *
 * Databases, all keys of fixed size, all values sealed: results (id → event number, status record), events (u64 BE →
 * frozen event, without gaps from where the log starts), meta (see meta.h; also which notice about a webhook endpoint
 * was told last), latest (form key → revision and id that counts; only of forms that have a result above revision 1,
 * since its keys lie anywhere, and each would be a page to write), index (kind, value, id → nothing: for listings),
 * totals (year, department → counts and sums). All of a batch's effects are in one transaction. Readers: any thread and
 * process, each with its own zp_scores_reader.
 */
#ifndef ZP_STORE_SCORES_H
#define ZP_STORE_SCORES_H

#include "codec/notice.h"
#include "codec/status.h"
#include "store/env.h"

typedef struct zp_scores zp_scores;

zp_rc zp_scores_open(const char *path, uint64_t map_size, zp_access access, zp_scores **out, char *message,
                     size_t message_size);
void zp_scores_close(zp_scores **self);
zp_env *zp_scores_env(zp_scores *self);
/* Creates an empty store when there is none, so that readers may start before the first worker; safe against a worker
 * doing the same. */
zp_rc zp_scores_ensure(const char *path, uint64_t map_size, char *message, size_t message_size);

/*
 * Commits a batch: for each status (state ZP_SCORED or ZP_FAILED, id set, first set above revision 1, seq ignored), if
 * there is no result for its id: numbers and freezes its event, writes result, indexes and totals. A revision above 1
 * makes the earlier one `superseded` (event, and it leaves the totals); one that arrives after a later revision has
 * been scored is itself superseded at once. An id that has a result is skipped: delivered twice counts once. A `failed`
 * one may later be replaced by a scored one. Whatever the order of arrival, each scored submission gets its `scored`
 * event (then, if late, `superseded`), and the highest revision that has a result, scored or failed, is the one that
 * stands. A status whose scored_ms is 0 gets now_ms. A damaged record of an earlier result or total is logged and left
 * as it is; it does not stop the batch. *last_seq: the newest number after the commit. ZP_OK, ZP_FULL or ZP_NOMEM
 * (nothing changed), ZP_IN_DOUBT, ZP_CORRUPT (the file's pages are damaged; nothing changed).
 */
zp_rc zp_scores_commit(zp_scores *self, int64_t now_ms, zp_status *const *batch, size_t count, uint64_t *last_seq);

/* Where such a commit is: in front of the writing of each status, and NULL in front of the sync. */
typedef void zp_scores_at(void *context, const zp_status *status);
/* Has the writer thread's commits say so. */
void zp_scores_watch(zp_scores *self, zp_scores_at *at, void *context);

/*
 * Tells of webhook endpoints that were disabled: numbers and freezes an event for each notice that is newer than the
 * last one told, and keeps its mark, in one transaction: each is told once. Notices of one store, in order. Writer
 * thread. As zp_scores_commit; *last_seq as there.
 */
zp_rc zp_scores_announce(zp_scores *self, int64_t now_ms, const zp_notice *notices, size_t count, uint64_t *last_seq);
/* The mark of the last notice told; serial 0 before the first. A handle that writes. */
zp_rc zp_scores_announced(zp_scores *self, zp_notice_mark *out);

typedef struct zp_scores_reader zp_scores_reader; /* one thread's */
zp_rc zp_scores_reader_new(zp_scores *self, zp_scores_reader **out);
void zp_scores_reader_destroy(zp_scores_reader **self);

/* Appends the status record (unsealed, checked) to out. ZP_NOTFOUND, ZP_CORRUPT, ZP_NOMEM. */
zp_rc zp_scores_get(zp_scores_reader *self, const zp_id *id, zp_buf *out);
/* Only the event number that the ETag needs: no copy, no decode of the rest. ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_scores_seq(zp_scores_reader *self, const zp_id *id, uint64_t *seq);

/* The newest number ever given to an event; 0 when there was none. */
zp_rc zp_scores_last(zp_scores_reader *self, uint64_t *last);
/* The number from which on events are here: 1, or behind those that have gone to archives. */
zp_rc zp_scores_log_start(zp_scores_reader *self, uint64_t *start);
/* Has the numbers of a new, empty store begin there. Writer thread. As zp_scores_commit. */
zp_rc zp_scores_begin_log(zp_scores *self, uint64_t start);
/*
 * Takes an event over from another store as it is, under its own number; no result comes with it. ZP_CONFLICT when that
 * number lies behind the newest one. Writer thread. Otherwise as zp_scores_commit.
 */
zp_rc zp_scores_adopt(zp_scores *self, uint64_t seq, zp_str frozen);
/* Events after number n, in order, at most `limit` and about max_bytes: calls `each` with the frozen bytes, empty for
 * an event that is damaged (valid during the call; false stops). */
typedef bool (*zp_event_each)(void *context, uint64_t seq, zp_str frozen);
zp_rc zp_scores_events(zp_scores_reader *self, uint64_t after, size_t limit, size_t max_bytes, zp_event_each each,
                       void *context);

typedef struct {
    int year;    /* 0 = any */
    zp_str unit; /* absent = any; exact name */
    bool has_state, has_grade, has_outcome, has_flag;
    zp_state state; /* not ZP_QUEUED: that is intake's */
    zp_grade grade;
    bool discrepant; /* with has_outcome */
    zp_flag_code flag;
    bool has_before;
    zp_id before; /* cursor: ids below this one */
} zp_list_query;
/*
 * Ids of results that match, newest first, at most max. Walks the narrowest index and looks at no more than 2 000
 * entries a call; *next is the cursor when *more (also when the bound ended the walk before a full page).
 */
zp_rc zp_scores_list(zp_scores_reader *self, const zp_list_query *query, zp_id *ids, size_t max, size_t *count,
                     bool *more, zp_id *next);

typedef struct {
    int year;
    char department[ZP_MAX_CELL + 1];
    uint64_t scored, failed, superseded, consistent, discrepant; /* scored counts what stands: not superseded */
    uint64_t grades[ZP_GRADES];
    int64_t declared_sum, computed_sum, confirmed_sum; /* cents over what stands and is known */
} zp_totals;
typedef struct {
    uint8_t b[114];
} zp_totals_place;
typedef struct {
    int year;          /* 0 = every year */
    zp_str department; /* absent = all; exact name */
    bool has_after;
    zp_totals_place after; /* cursor: rows behind this one */
    size_t max;            /* rows at most, at least 1 */
} zp_totals_query;
/*
 * Rows that match: `each` for every one (false stops), in order of year and of the department's first 96 bytes. Looks
 * at no row that does not match but one for each year. *next is the cursor when *more. ZP_OK, also when there is none;
 * ZP_CORRUPT at a damaged row.
 */
typedef bool (*zp_totals_each)(void *context, const zp_totals *row);
zp_rc zp_scores_totals(zp_scores_reader *self, const zp_totals_query *query, zp_totals_each each, void *context,
                       bool *more, zp_totals_place *next);

typedef struct {
    uint64_t results, events, log_start, last_seq, index_entries;
} zp_scores_stats;
zp_rc zp_scores_stat(zp_scores_reader *self, zp_scores_stats *out);

#endif

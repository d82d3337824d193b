/*
 * intake.h - the store of accepted submissions. One writing thread of one process: the gateway's committer.
 *
 * Databases, all keys of fixed size, all values sealed: forms (id → submission, until its season is archived), pending
 * (id → attempts; not yet acknowledged by a worker), revisions (id → 16 bytes of SHA-256 of year, unit, project as
 * spelt; digest, revision), idempotency (an id of the time when the key was first sent, the submission's own if it made
 * one → 16 bytes of SHA-256 of submitter and key, id; kept until expired), archived (id → year: what went to an
 * archive), meta (see meta.h). The time of everything is the milliseconds of its id. Readers: any thread and any
 * process, each with its own zp_intake_reader.
 *
 * Which revision of a form is the current one, and where a key stands, is known to the process that writes, in its
 * memory: see memo.h for what a form (whatever the number of its revisions) and a key take there. Opening for writing
 * reads all of revisions and idempotency, one page after the other; whoever opens to read only has none of it.
 */
#ifndef ZP_STORE_INTAKE_H
#define ZP_STORE_INTAKE_H

#include "base/digest.h"
#include "base/id.h"
#include "store/env.h"
#include "store/seasons.h"

typedef struct zp_intake zp_intake;

zp_rc zp_intake_open(const char *path, uint64_t map_size, zp_access access, zp_intake **out, char *message,
                     size_t message_size);
void zp_intake_close(zp_intake **self);
zp_env *zp_intake_env(zp_intake *self);
/* As they were when it was opened. The store's. */
const zp_seasons *zp_intake_seasons(const zp_intake *self);
/* The year of an archive. ZP_NOTFOUND: it is none. ZP_CORRUPT, ZP_IO. */
zp_rc zp_intake_archive_of(zp_intake *self, int *year);

typedef struct {
    uint8_t b[16];
} zp_form_key;
static inline bool zp_form_key_eq(const zp_form_key *a, const zp_form_key *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
/*
 * Which form this is, whatever its revision: the one of that year, unit and project. Names are the same where
 * zp_name_spell (core/typed.h) gives the same for both: how wide their characters are, and blanks anywhere, make no
 * other form.
 */
void zp_form_key_of(int year, zp_str unit, zp_str project, zp_form_key *out);

typedef enum {
    ZP_PUT_NEW,        /* stored: answer 202 after the commit */
    ZP_PUT_SAME,       /* the same key or the same content was there: id and revision are the first one's */
    ZP_PUT_KEY_REUSED, /* the key stands for other content: 422 */
    ZP_PUT_ON_FILE,    /* the form is on file and no revision was named: 409; `current` is it */
    ZP_PUT_STALE,      /* the named revision is not the current one: 409; `current` is it */
    ZP_PUT_NO_SUCH,    /* a revision was named, but the form is not on file: 409 */
    ZP_PUT_CLOSED,     /* the season is archived: 409 */
    ZP_PUT_AGAIN,      /* pending once more: answer 202 after the commit */
    ZP_PUT_QUEUED,     /* to be tried again, but pending as it is: 409 */
    ZP_PUT_REFUSED,    /* nothing stored, 503: no space, or what is on file about this form or key is damaged */
    ZP_PUT_IN_DOUBT,   /* the commit failed: outcome unknown, 503, the process must stop */
} zp_put_verdict;

/* One submission on its way into the store, or on its way to being tried again: in-fields by the request thread,
 * out-fields by the commit. */
typedef struct {
    /* in; all views stay valid until the commit has returned */
    bool again;             /* it is on file, under `id`, and is to be pending once more; no other in-field counts */
    zp_str submitter;       /* not absent */
    zp_str idempotency_key; /* absent = none; at most 255 bytes */
    int year;               /* of the form */
    zp_form_key form_key;
    bool has_if_match;
    zp_id if_match; /* the revision that this one replaces */
    bool has_copied_from;
    zp_id copied_from; /* last year's submission, which the form repeats */
    zp_digest digest;
    zp_str form; /* packed form */
    /* out */
    zp_put_verdict verdict;
    zp_id id; /* of the new or the first submission; with `again` given */
    uint32_t revision;
    zp_id first;         /* with NEW of a revision above 1: revision 1 */
    int64_t received_ms; /* with NEW */
    bool adopts_key; /* with SAME: the content was there, the key was not; it stands for the first one from now on */
    zp_id current;   /* with ON_FILE and STALE */
} zp_put;

typedef struct {
    zp_id id;
    uint32_t attempts; /* attempts that ended without an acknowledgement */
    bool again;        /* only in a bump: put it back although it had been acknowledged */
} zp_pending;

/*
 * One group commit, one sync: puts in order (ids from the store's own generator at now_ms), then `acks` leave pending,
 * then `bumps` get their new attempts. Whatever is returned, every put has a verdict. Items of one batch see each other
 * (two equal ones: NEW and SAME). ZP_OK, ZP_FULL (nothing changed), ZP_IN_DOUBT. Nothing is written or synced when all
 * puts are refusals or SAME without a new key, and there are no acks or bumps.
 */
zp_rc zp_intake_commit(zp_intake *self, int64_t now_ms, zp_put **puts, size_t put_count, const zp_id *acks,
                       size_t ack_count, const zp_pending *bumps, size_t bump_count);
/* Forgets up to `max` idempotency keys that were stored before `before_ms`. Writer thread. */
zp_rc zp_intake_expire_keys(zp_intake *self, int64_t before_ms, size_t max, size_t *removed);

typedef struct zp_intake_reader zp_intake_reader; /* one thread's */
zp_rc zp_intake_reader_new(zp_intake *self, zp_intake_reader **out);
void zp_intake_reader_destroy(zp_intake_reader **self);

/* Appends the submission's record (unsealed, checked) to out. ZP_NOTFOUND, ZP_CORRUPT, ZP_NOMEM. */
zp_rc zp_intake_get(zp_intake_reader *self, const zp_id *id, zp_buf *out);
/* The current revision of a form, in the process that writes (else ZP_INVALID). ZP_NOTFOUND, ZP_CORRUPT, ZP_NOMEM. */
zp_rc zp_intake_current(zp_intake_reader *self, const zp_form_key *key, zp_id *out);
/* The year of a submission that has gone to an archive. ZP_NOTFOUND, ZP_CORRUPT. */
zp_rc zp_intake_archived(zp_intake_reader *self, const zp_id *id, int *year);
/* By idempotency key, in the process that writes (else ZP_INVALID). ZP_NOTFOUND, ZP_CORRUPT, ZP_NOMEM. */
zp_rc zp_intake_by_key(zp_intake_reader *self, zp_str submitter, zp_str key, zp_id *out);
/* Up to max pending entries with id > *after (NULL: from the first), in id order. */
zp_rc zp_intake_pending(zp_intake_reader *self, const zp_id *after, zp_pending *items, size_t max, size_t *count);
/* The same, id < *before (NULL: from the last), newest first: for listings. */
zp_rc zp_intake_pending_back(zp_intake_reader *self, const zp_id *before, zp_pending *items, size_t max, size_t *count);
zp_rc zp_intake_is_pending(zp_intake_reader *self, const zp_id *id, bool *out);

typedef struct {
    uint64_t forms, pending, keys, revisions, archived;
    bool has_oldest;
    zp_id oldest_pending;
} zp_intake_stats;
zp_rc zp_intake_stat(zp_intake_reader *self, zp_intake_stats *out);

#endif

/*
 * verify_log.c - what must hold for each event. See verify.h.
 */
#include "store/verify_store.h"

#include "codec/event_read.h"

#include <inttypes.h>

/* An archive holds the events of one year, which others stood between. */
static void check_gap(zp_check *self, uint64_t seq)
{
    uint64_t first = self->last_event + 1;
    if (self->is_archive)
        first = seq;
    if (seq < first)
        zp_check_fault(self, "the log starts behind it, with %" PRIu64, first);
    if (seq == first + 1)
        zp_check_fault(self, "the event before it, %" PRIu64 ", is missing", first);
    else if (seq > first)
        zp_check_fault(self, "the events before it, %" PRIu64 " to %" PRIu64 ", are missing", first, seq - 1);
    self->last_event = seq;
}

/* The newest event of a submission says what its result says; the earlier ones have lower numbers. */
static void compare(zp_check *self, const zp_event *event, const zp_status *result)
{
    char digest[ZP_DIGEST_TEXT + 1];
    const zp_status *said = &event->status;
    zp_digest_format(&result->digest, digest);
    if (said->seq > result->seq)
        zp_check_fault(self, "the result of its subject only knows events up to %" PRIu64, result->seq);
    if (said->seq != result->seq)
        return;
    if (said->state != result->state)
        zp_check_fault(self, "it says %s, the result %s", zp_state_name(said->state), zp_state_name(result->state));
    if (strcmp(event->digest, digest) != 0 || said->revision != result->revision || said->year != result->year)
        zp_check_fault(self, "the result has another digest, revision or year");
}

/* An event about a webhook endpoint has no result to compare with. */
static void check_notice(zp_check *self, uint64_t seq, uint64_t number)
{
    if (number != seq)
        zp_check_fault(self, "it calls itself %" PRIu64, number);
}

zp_rc zp_check_event(void *context, zp_str key, MDB_val value)
{
    zp_check *self = context;
    zp_str frozen;
    zp_event event;
    zp_notice notice;
    uint64_t number;
    int64_t at_ms;
    zp_status result;
    char id[ZP_ID_TEXT + 1];
    if (key.n != sizeof(zp_seq_key)) {
        zp_check_fault(self, "the key has %zu bytes, not %zu", key.n, sizeof(zp_seq_key));
        return ZP_OK;
    }
    uint64_t seq = zp_be64(key.p);
    check_gap(self, seq);
    if (!zp_check_seal(self, value, &frozen)) {
        self->counts->unread++;
        return ZP_OK;
    }
    if (zp_notice_read(frozen, &notice, &number, &at_ms) == ZP_OK) {
        check_notice(self, seq, number);
        return ZP_OK;
    }
    if (zp_event_read(frozen, &event) != ZP_OK) {
        zp_check_undecoded(self);
        self->counts->unread++;
        return ZP_OK;
    }
    if (event.number != seq || event.sequence != seq) {
        zp_check_fault(self, "it calls itself %" PRIu64 " and %" PRIu64, event.number, event.sequence);
        return ZP_OK;
    }
    zp_id_format(&event.status.id, id);
    zp_rc rc = zp_check_find_result(self, &event.status.id, &result);
    bool may_be_gone = zp_seasons_state(&self->seasons, event.status.year) != ZP_SEASON_OPEN;
    if (rc == ZP_NOTFOUND && !may_be_gone)
        zp_check_fault(self, "its subject, %s, has no result", id);
    else if (!rc)
        compare(self, &event, &result);
    return rc == ZP_NOTFOUND || rc == ZP_CORRUPT ? ZP_OK : rc;
}

/*
 * verify.c - see verify.h: the order of the look, slices, and how a fault is named.
 *
 * Beside a running service each slice sees another moment, and the two stores are never seen at the same one. No race
 * is taken for a fault, because whatever refers to something is read before what it refers to, and what is referred to
 * never goes while a service runs (seasons are archived when it is stopped, and that shows in meta): a form is
 * committed before it can have a result, and a result before its form leaves `pending`. So a slice of the forms begins
 * its view of intake first (what is not pending there has a result, and the view of scores begun after it has that
 * result), and a slice of the results begins its view of scores first (each has its form in the view of intake begun
 * after). Within one store a view is one moment, and each record is compared with others of the same view. What a whole
 * scan adds up to is brought to one moment by the event log: see verify_totals.c.
 */
#include "store/verify_store.h"

#include "codec/chars.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { ARENA = 256 * 1024, WHERE = 256, WHAT = 512 };

/* ---- naming ---- */

typedef enum { KEY_ID, KEY_HASH, KEY_NUMBER, KEY_INDEX, KEY_TOTALS } key_kind;

static void hex(zp_str bytes, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < bytes.n && at + 3 <= size; i++, at += 2)
        snprintf(out + at, size - at, "%02x", (unsigned char)bytes.p[i]);
}

static void id_text(zp_str key, char *out)
{
    zp_id id;
    memcpy(id.b, key.p, sizeof id.b);
    zp_id_format(&id, out);
}

static key_kind kind_of(const char *database, size_t n)
{
    if (!strcmp(database, "scores.events") && n == sizeof(zp_seq_key))
        return KEY_NUMBER;
    if (!strcmp(database, "scores.index") && n == sizeof(zp_index_key))
        return KEY_INDEX;
    if (!strcmp(database, "scores.totals") && n == sizeof(zp_totals_key))
        return KEY_TOTALS;
    return n == sizeof(zp_id) && strcmp(database, "scores.latest") != 0 ? KEY_ID : KEY_HASH;
}

static void key_text(const char *database, zp_str key, char out[WHERE])
{
    const uint8_t *b = (const uint8_t *)key.p;
    char id[ZP_ID_TEXT + 1];
    switch (kind_of(database, key.n)) {
    case KEY_ID:
        id_text(key, out);
        break;
    case KEY_NUMBER:
        snprintf(out, WHERE, "%" PRIu64, zp_be64(key.p));
        break;
    case KEY_INDEX:
        id_text((zp_str){key.p + ZP_INDEX_PREFIX, sizeof(zp_id)}, id);
        snprintf(out, WHERE, "%c/%" PRIx64 "/%s", b[0], zp_be64(key.p + 1), id);
        break;
    case KEY_TOTALS: {
        zp_str name = {key.p + 2, strnlen(key.p + 2, ZP_TOTALS_NAME)};
        while (name.n > 0 && !zp_utf8_valid(name)) /* cut within a character */
            name.n--;
        snprintf(out, WHERE, "%d/%.*s", b[0] << 8 | b[1], (int)name.n, name.p);
        break;
    }
    case KEY_HASH:
        hex(key, out, WHERE);
    }
}

void zp_check_fault(zp_check *self, const char *format, ...)
{
    char text[WHERE] = "", where[WHERE + 32], what[WHAT];
    va_list arguments;
    if (self->key.p)
        key_text(self->database, self->key, text);
    snprintf(where, sizeof where, "%s%s%s", self->database, *text ? " " : "", text);
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    self->counts->faults++;
    self->report->fault(self->report->context, where, what);
}

/* ---- what every look begins with ---- */

bool zp_check_id(zp_check *self, zp_str key, zp_id *out)
{
    if (key.n != sizeof out->b) {
        zp_check_fault(self, "the key has %zu bytes, not %zu", key.n, sizeof out->b);
        return false;
    }
    memcpy(out->b, key.p, sizeof out->b);
    return true;
}

bool zp_check_seal(zp_check *self, MDB_val value, zp_str *payload)
{
    if (zp_unseal(value, payload) == ZP_OK)
        return true;
    zp_check_fault(self, "the checksum does not hold");
    return false;
}

void zp_check_undecoded(zp_check *self)
{
    zp_check_fault(self, "the record does not decode");
}

bool zp_check_has(MDB_txn *txn, MDB_dbi dbi, zp_str key, zp_rc *rc)
{
    MDB_val k = zp_val(key), value;
    *rc = zp_env_rc(mdb_get(txn, dbi, &k, &value), "verify");
    bool found = *rc == ZP_OK;
    if (*rc == ZP_NOTFOUND)
        *rc = ZP_OK;
    return found;
}

zp_rc zp_check_find_result(zp_check *self, const zp_id *id, zp_status *out)
{
    zp_str record;
    zp_rc rc = zp_get_sealed(self->scores_read.txn, self->scores->results, ZP_BYTES(*id), &record);
    if (!rc && record.n < ZP_RESULT_HEAD)
        rc = ZP_CORRUPT;
    if (!rc)
        rc = zp_status_unpack((zp_str){record.p + ZP_RESULT_HEAD, record.n - ZP_RESULT_HEAD}, self->arena, out);
    if (!rc)
        out->id = *id;
    return rc;
}

zp_rc zp_check_find_form(zp_check *self, const zp_id *id, zp_submission *out)
{
    zp_str record;
    zp_rc rc = zp_get_sealed(self->intake_read.txn, self->intake->forms, ZP_BYTES(*id), &record);
    return rc ? rc : zp_submission_unpack(record, out);
}

zp_rc zp_check_last_event(zp_check *self, uint64_t *last)
{
    zp_log_bounds log = {0};
    zp_rc rc = zp_log_find_bounds(self->scores, self->scores_read.txn, &log);
    *last = log.last;
    return rc;
}

/* ---- the scans ---- */

typedef struct {
    const char *database;
    MDB_dbi dbi;
    bool scores_first;
    zp_scan_each each;
    uint64_t *count;
} pass;

typedef struct {
    zp_check *check;
    const pass *pass;
} look;

static zp_rc look_at(void *context, zp_str key, MDB_val value)
{
    const look *l = context;
    l->check->key = key;
    zp_arena_reset(l->check->arena);
    ++*l->pass->count;
    return l->pass->each(l->check, key, value);
}

static zp_rc begin_views(zp_check *self, bool scores_first)
{
    zp_rc rc = zp_read_begin(scores_first ? &self->scores->env : &self->intake->env,
                             scores_first ? &self->scores_read : &self->intake_read);
    if (rc)
        return rc;
    rc = zp_read_begin(scores_first ? &self->intake->env : &self->scores->env,
                       scores_first ? &self->intake_read : &self->scores_read);
    if (rc)
        zp_read_end(scores_first ? &self->scores_read : &self->intake_read);
    return rc;
}

static void end_views(zp_check *self)
{
    self->key = ZP_ABSENT;
    zp_read_end(&self->intake_read);
    zp_read_end(&self->scores_read);
}

static zp_rc scan(zp_check *self, const pass *p)
{
    zp_scan_place place = {.begun = false};
    look l = {self, p};
    zp_rc rc = ZP_OK;
    self->database = p->database;
    for (bool more = true; more && !rc;) {
        if (self->report->stop(self->report->context))
            return ZP_CLOSED;
        rc = begin_views(self, p->scores_first);
        if (rc)
            return rc;
        if (p->each == zp_check_result)
            rc = zp_tally_open_slice(self, &place);
        if (!rc)
            rc = zp_scan_slice(p->scores_first ? self->scores_read.txn : self->intake_read.txn, p->dbi, &place, look_at,
                               &l, &more);
        end_views(self);
    }
    if (rc != ZP_CORRUPT)
        return rc;
    self->key = (zp_str){(const char *)place.key, place.n};
    zp_check_fault(self, "the pages behind this key are damaged: what else they held is unknown");
    self->key = ZP_ABSENT;
    self->counts->unread++;
    return ZP_OK;
}

static zp_rc verify_all(zp_check *self)
{
    zp_verify_counts *n = self->counts;
    zp_intake *intake = self->intake;
    zp_scores *scores = self->scores;
    const pass passes[] = {{"intake.forms", intake->forms, false, zp_check_form, &n->forms},
                           {"intake.pending", intake->pending, false, zp_check_pending, &n->pending},
                           {"intake.idempotency", intake->idempotency, false, zp_check_idempotency, &n->keys},
                           {"intake.revisions", intake->revisions, false, zp_check_revision, &n->revisions},
                           {"intake.archived", intake->archived, false, zp_check_archived, &n->archived},
                           {"scores.results", scores->results, true, zp_check_result, &n->results},
                           {"scores.events", scores->events, true, zp_check_event, &n->events},
                           {"scores.latest", scores->latest, true, zp_check_latest, &n->latest},
                           {"scores.index", scores->index, true, zp_check_index, &n->index_entries}};
    zp_rc rc = zp_check_open_seasons(self);
    for (size_t i = 0; i < sizeof passes / sizeof *passes && !rc; i++)
        if (passes[i].dbi) /* 0: in stores of an earlier version */
            rc = scan(self, &passes[i]);
    if (!rc)
        rc = zp_tally_settle(self);
    return rc ? rc : zp_check_close_seasons(self);
}

zp_rc zp_verify(zp_intake *intake, zp_scores *scores, const zp_verify_report *report, zp_verify_counts *counts)
{
    zp_check self = {.intake = intake, .scores = scores, .report = report, .counts = counts};
    *counts = (zp_verify_counts){0};
    self.arena = zp_arena_new(ARENA);
    zp_rc rc = self.arena ? zp_tally_new(&self.tally) : ZP_NOMEM;
    if (!rc)
        rc = zp_memo_new(NULL, &self.numbers);
    if (!rc)
        rc = zp_memo_new(NULL, &self.keys);
    if (!rc)
        rc = verify_all(&self);
    zp_tally_destroy(&self.tally);
    zp_memo_destroy(&self.numbers);
    zp_memo_destroy(&self.keys);
    zp_buf_free(&self.found);
    zp_read_close(&self.intake_read);
    zp_read_close(&self.scores_read);
    zp_buf_free(&self.json);
    if (self.arena)
        zp_arena_destroy(&self.arena);
    return rc;
}

/*
 * main.c - ziping-worker: the active worker's one loop, and the waiting to become it. One thread.
 *
 *   standby ──lease──▶ READY ⟳ take what is there → score → commit → DONE → poke ──SIGTERM──▶ BYE
 *                        ▲                            │
 *                        └── works again ── STUCK ◀───┤ no space: BYE, keep the batch, try again with back-off
 *                                                     └ in doubt: exit 75 at once, the successor looks
 *
 * A job is acknowledged after the commit that holds its result and never before; what is lost on the way (a message,
 * this process) is sent again by the gateway and takes effect once.
 */
#include "announcer.h"
#include "base/clock.h"
#include "base/log.h"
#include "batch.h"
#include "begun.h"
#include "codec/profile_yaml.h"
#include "lease.h"
#include "link.h"
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { SILENT_BEATS = 3, READER_CHECK_MS = 30 * 1000, ANNOUNCE_MS = 1000, BACK_OFF_MS = 100, BACK_OFF_MAX_MS = 5000 };

typedef struct {
    zp_program program;
    zp_profiles profiles;
    zp_scores *scores;
    zp_batch *batch;
    zp_link *link;
    zp_announcer *announcer;
    zp_begun *begun; /* NULL: there was no room for it */
    zp_ended ended;  /* how the active worker before did, as long as the gateway has not been told */
    zp_done fell;    /* at what */
    int64_t now;     /* monotonic ms, of this turn of the loop */
    int64_t next_ready, next_reader_check, next_announce, next_commit;
    bool unsaid; /* the last READY found nobody */
    uint64_t heard;
    unsigned silent_beats;
    bool stuck; /* the store takes nothing: the batch waits for next_try */
    int64_t next_try, back_off;
} worker;

/* ---- what time demands ---- */

/* Connecting again is ZeroMQ's business; that it is needed should be seen. */
static void watch_gateway(worker *self)
{
    uint64_t heard = zp_link_heard(self->link);
    if (heard != self->heard) {
        if (self->silent_beats >= SILENT_BEATS)
            zp_log(ZP_INFO, "gateway-heard", "silent_beats=%u", self->silent_beats);
        self->heard = heard;
        self->silent_beats = 0;
    } else if (++self->silent_beats == SILENT_BEATS) {
        zp_log(ZP_WARN, "gateway-silent", "beats=%u", self->silent_beats);
    }
}

static void check_readers(worker *self)
{
    int freed = 0;
    self->next_reader_check = self->now + READER_CHECK_MS;
    if (zp_env_reader_check(zp_scores_env(self->scores), &freed) == ZP_OK && freed > 0)
        zp_log(ZP_INFO, "readers-freed", "count=%d", freed);
}

/* What the predecessor fell over comes first: it must not be among the jobs that READY brings. */
static bool introduce(worker *self)
{
    if (self->ended != ZP_ENDED_SOMEHOW && !zp_link_say_fell(self->link, &self->fell))
        return false;
    self->ended = ZP_ENDED_SOMEHOW;
    return zp_link_say_ready(self->link, self->program.config->worker.credit);
}

static void keep_time(worker *self)
{
    if (self->now >= self->next_reader_check)
        check_readers(self);
    if (self->stuck)
        return;
    bool due = self->now >= self->next_ready;
    if (due) {
        self->next_ready = self->now + self->program.config->worker.heartbeat_ms;
        watch_gateway(self);
    }
    if (due || self->unsaid)
        self->unsaid = !introduce(self);
}

static int64_t time_to_wait(const worker *self)
{
    int64_t next = self->stuck ? self->next_try : self->next_ready;
    if (!self->stuck && zp_batch_count(self->batch) && self->next_commit < next)
        next = self->next_commit;
    if (self->next_reader_check < next)
        next = self->next_reader_check;
    if (!self->stuck && self->next_announce < next)
        next = self->next_announce;
    return next - self->now;
}

/* ---- take and score ---- */

static void score_all(worker *self, const zp_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        zp_begun_note(self->begun, &jobs[i].id, jobs[i].attempt);
        if (zp_batch_add(self->batch, &jobs[i]) != ZP_OK)
            zp_log(ZP_ERROR, "job-not-scored", "reason=\"out of memory; it comes again\"");
    }
    zp_begun_clear(self->begun);
}

/* While stuck, jobs that still come are dropped: after our BYE the gateway has them back in its queue. */
static zp_rc take(worker *self)
{
    const zp_job *jobs;
    size_t count;
    zp_rc rc = ZP_OK;
    while (!rc && (self->stuck || zp_batch_has_room(self->batch))) {
        rc = zp_link_take(self->link, &jobs, &count);
        if (!rc && !self->stuck)
            score_all(self, jobs, count);
    }
    return rc == ZP_AGAIN ? ZP_OK : rc;
}

/* ---- commit and tell ---- */

static void tell(worker *self, uint64_t last_seq)
{
    size_t count = zp_batch_count(self->batch);
    /* From here on the results are the store's: the gateway may forget the jobs. */
    zp_link_say_done(self->link, zp_batch_done(self->batch), count);
    zp_link_poke(self->link, last_seq);
    zp_log(ZP_DEBUG, "committed", "jobs=%zu last_seq=%llu", count, (unsigned long long)last_seq);
    zp_batch_clear(self->batch);
    if (self->stuck)
        zp_log(ZP_INFO, "store-writable", "jobs=%zu", count);
    self->stuck = false;
}

/* BYE rather than silence: a lease that runs out would count as the form's failure, and it is the disk's. */
static void get_stuck(worker *self, zp_rc rc)
{
    if (!self->stuck) {
        zp_log(ZP_ERROR, "store-refuses", "reason=\"%s\" jobs=%zu remedy=\"free some space; nothing is lost\"",
               zp_rc_name(rc), zp_batch_count(self->batch));
        zp_link_say_bye(self->link);
        self->stuck = true;
        self->unsaid = false;
        self->back_off = BACK_OFF_MS;
        self->next_ready = self->now;
    } else if (self->back_off < BACK_OFF_MAX_MS) {
        self->back_off *= 2;
    }
    self->next_try = self->now + self->back_off;
}

/* A commit's writing hangs on each form, its sync on none. */
static void note_where(void *context, const zp_status *status)
{
    zp_begun *begun = ((worker *)context)->begun;
    if (status)
        zp_begun_note(begun, &status->id, zp_batch_attempt(status));
    else
        zp_begun_rest(begun);
}

static void leave_in_doubt(const worker *self)
{
    zp_log(ZP_ERROR, "commit-in-doubt", "jobs=%zu action=\"exit; the successor looks\"", zp_batch_count(self->batch));
    _exit(ZP_EXIT_IN_DOUBT); /* not a word more: whatever we could say may be wrong */
}

static void commit(worker *self)
{
    uint64_t last_seq = 0;
    zp_rc rc = zp_batch_commit(self->batch, self->scores, zp_clock_wall_ms(), &last_seq);
    self->next_commit = zp_clock_mono_ms() + self->program.config->worker.pace_ms;
    if (rc == ZP_IN_DOUBT)
        leave_in_doubt(self);
    if (rc)
        get_stuck(self, rc);
    else
        tell(self, last_seq);
}

/* The first batch after a pause goes at once; while more keeps coming, commits keep their distance and grow instead:
 * each costs two syncs and rewrites the same few pages, whether it holds one result or two hundred. With all credit in
 * hand nothing more comes. */
static bool commit_is_due(const worker *self)
{
    size_t count = zp_batch_count(self->batch);
    if (count == 0)
        return false;
    if (self->stuck)
        return self->now >= self->next_try;
    return self->now >= self->next_commit || !zp_batch_has_room(self->batch) ||
           count >= self->program.config->worker.credit;
}

/* Any other error than doubt waits for the next look: nothing hangs on these events. */
static void announce(worker *self)
{
    uint64_t last_seq = 0;
    if (self->stuck || self->now < self->next_announce)
        return;
    self->next_announce = self->now + ANNOUNCE_MS;
    zp_rc rc = zp_announcer_look(self->announcer, self->scores, zp_clock_wall_ms(), &last_seq);
    if (rc == ZP_IN_DOUBT)
        leave_in_doubt(self);
    if (rc)
        zp_log(ZP_ERROR, "not-announced", "reason=\"%s\"", zp_rc_name(rc));
    if (last_seq)
        zp_link_poke(self->link, last_seq);
}

static zp_rc run(worker *self)
{
    zp_rc rc = ZP_OK;
    while (!rc) {
        self->now = zp_clock_mono_ms();
        keep_time(self);
        zp_begun_rest(self->begun);
        rc = zp_link_wait(self->link, self->program.signals, time_to_wait(self), self->unsaid);
        zp_begun_clear(self->begun);
        if (rc || zp_program_is_told_to_stop(&self->program))
            break;
        self->now = zp_clock_mono_ms();
        rc = take(self);
        if (commit_is_due(self))
            commit(self);
        announce(self);
    }
    if (!self->stuck && zp_batch_count(self->batch))
        commit(self);
    if (!self->stuck)
        zp_link_say_bye(self->link);
    return rc;
}

/* ---- start and end ---- */

static zp_rc open_store(worker *self)
{
    zp_program *program = &self->program;
    char *path = zp_config_path(program->config, "scores");
    zp_rc rc = path ? zp_scores_open(path, program->config->map_size, ZP_READ_WRITE, &self->scores, program->message,
                                     sizeof program->message)
                    : ZP_NOMEM;
    free(path);
    return rc;
}

/* Without it a form that ends its worker is found all the same, only less quickly. */
static void open_begun(worker *self, const char *path)
{
    if (zp_begun_open(path, &self->begun, &self->ended, &self->fell) != ZP_OK) {
        zp_log(ZP_WARN, "begun-not-kept", "file=\"%s\" error=\"%s\"", path, strerror(errno));
    } else if (self->fell.attempt) {
        char id[ZP_ID_TEXT + 1];
        zp_id_format(&self->fell.id, id);
        zp_log(ZP_WARN, "predecessor-fell", "id=%s attempt=%u", id, self->fell.attempt);
    }
}

static zp_rc take_lease(worker *self)
{
    zp_program *program = &self->program;
    char *path = zp_config_path(program->config, "run/worker.lock");
    zp_rc rc = path ? zp_lease_take(path, program->signals, program->message, sizeof program->message) : ZP_NOMEM;
    if (!rc)
        open_begun(self, path);
    free(path);
    return rc;
}

/* The store is opened under the lease, so that there is never a second writing process. */
static zp_rc start(worker *self)
{
    zp_program *program = &self->program;
    zp_rc rc = zp_program_folders(program);
    if (!rc)
        rc = take_lease(self);
    if (!rc)
        rc = open_store(self);
    if (!rc)
        zp_scores_watch(self->scores, note_where, self);
    if (!rc)
        rc = zp_batch_new(&self->profiles, program->config->worker.batch, &self->batch);
    if (!rc)
        rc = zp_announcer_new(program->config, &self->announcer);
    if (!rc)
        rc = zp_link_open(program->config, &self->link, program->message, sizeof program->message);
    return rc;
}

static void end(worker *self)
{
    zp_link_close(&self->link);
    zp_announcer_destroy(&self->announcer);
    zp_batch_destroy(&self->batch);
    zp_begun_close(&self->begun);
    zp_scores_close(&self->scores);
}

int main(int argc, char **argv)
{
    static worker self = {.program = {.name = "worker",
                                      .summary = "Scores submissions and keeps the results. Start as many as you like: "
                                                 "one works, the others stand by.",
                                      .message = "out of memory; free some and start again"}};
    zp_program *program = &self.program;
    int exit_code = zp_program_options(program, argc, argv);
    if (exit_code != ZP_PROGRAM_GOES_ON)
        return exit_code;
    zp_rc rc = zp_program_begin(program);
    if (!rc)
        rc = zp_profiles_load(program->config->profiles, program->config->profiles_count, &self.profiles,
                              program->message, sizeof program->message);
    if (!rc && program->check)
        return zp_program_good(program);
    if (!rc)
        rc = start(&self);
    if (!rc) {
        for (size_t i = 0; i < self.profiles.count; i++)
            zp_log(ZP_INFO, "profile", "name=%s version=%s hash=%.12s", self.profiles.items[i].name,
                   self.profiles.items[i].version, self.profiles.items[i].hash);
        zp_log(ZP_INFO, "ready", "profiles=%zu", self.profiles.count);
        rc = run(&self);
        exit_code = rc ? EXIT_FAILURE : EXIT_SUCCESS;
    } else if (rc == ZP_CLOSED) {
        exit_code = zp_program_is_told_to_stop(program) ? EXIT_SUCCESS : EXIT_FAILURE;
    } else {
        end(&self);
        return zp_program_fail(program);
    }
    end(&self);
    zp_log(ZP_INFO, "stopped", "exit_code=%d", exit_code);
    zp_program_end(program);
    return exit_code;
}

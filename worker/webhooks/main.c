/*
 * main.c - ziping-webhooks: brings the event log to the endpoints that an operator has registered. One thread, one
 * loop.
 *
 * Positions are in the webhooks store: at least once, in order for each endpoint. It reads the scores and writes
 * nothing there; that an endpoint was disabled is a notice in its own store, of which the active worker makes an event.
 */
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "program.h"
#include "round.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAST_ANSWERS_MS = 3000, LOCK_MODE = 0640 };

typedef struct {
    zp_program program;
    int lock;
    zp_scores *scores;
    zp_scores_reader *reader;
    zp_webhooks *webhooks;
    zp_round *round;
} service;

/* ---- the loop ---- */

static zp_rc turn(service *self, bool go_on)
{
    zp_rc rc = zp_round_wait(self->round, self->program.signals);
    if (!rc)
        rc = zp_round_turn(self->round, go_on);
    if (rc == ZP_IN_DOUBT)
        _exit(ZP_EXIT_IN_DOUBT); /* whether the positions were stored is for the successor to see */
    return rc;
}

/* Whoever has been asked may answer yet: what is taken now is not sent twice. */
static zp_rc finish(service *self)
{
    int64_t until = zp_clock_mono_ms() + LAST_ANSWERS_MS;
    zp_rc rc = ZP_OK;
    while (!rc && zp_round_in_flight(self->round) > 0 && zp_clock_mono_ms() < until)
        rc = turn(self, false);
    zp_rc stored = zp_round_store(self->round);
    if (stored == ZP_IN_DOUBT)
        _exit(ZP_EXIT_IN_DOUBT);
    return rc ? rc : stored;
}

static zp_rc run(service *self)
{
    zp_rc rc = ZP_OK;
    while (!rc && !zp_program_is_told_to_stop(&self->program))
        rc = turn(self, true);
    return rc ? rc : finish(self);
}

/* ---- start and end ---- */

static zp_rc take_lock(service *self)
{
    zp_program *program = &self->program;
    char *path = zp_config_path(program->config, "run/webhooks.lock");
    if (!path)
        return ZP_NOMEM;
    self->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
    zp_rc rc = self->lock < 0 ? ZP_IO : zp_lock(self->lock);
    if (rc)
        snprintf(program->message, sizeof program->message, "%s: %s", path,
                 rc == ZP_EXISTS ? "another ziping-webhooks is at work here; one is enough" : strerror(errno));
    free(path);
    return rc;
}

static zp_rc open_webhooks(service *self)
{
    zp_program *program = &self->program;
    char *path = zp_config_path(program->config, "webhooks");
    zp_rc rc = path ? zp_webhooks_open(path, ZP_READ_WRITE, &self->webhooks, program->message, sizeof program->message)
                    : ZP_NOMEM;
    free(path);
    return rc;
}

static zp_rc start(service *self)
{
    zp_program *program = &self->program;
    zp_rc rc = zp_program_folders(program);
    if (!rc)
        rc = take_lock(self);
    if (!rc)
        rc = zp_program_read_scores(&self->program, &self->scores, &self->reader);
    if (!rc)
        rc = open_webhooks(self);
    if (!rc) {
        snprintf(program->message, sizeof program->message, "libcurl cannot be set up; start again");
        rc = curl_global_init(CURL_GLOBAL_DEFAULT) ? ZP_NOMEM : ZP_OK;
    }
    return rc ? rc : zp_round_new(program->config, self->webhooks, self->reader, &self->round);
}

static void end(service *self)
{
    zp_round_destroy(&self->round);
    curl_global_cleanup();
    zp_webhooks_close(&self->webhooks);
    zp_scores_reader_destroy(&self->reader);
    zp_scores_close(&self->scores);
    if (self->lock >= 0)
        close(self->lock);
}

int main(int argc, char **argv)
{
    static service self = {.program = {.name = "webhooks",
                                       .summary = "Brings the event log to registered endpoints, as signed webhooks.",
                                       .message = "out of memory; free some and start again"},
                           .lock = -1};
    zp_program *program = &self.program;
    int exit_code = zp_program_options(program, argc, argv);
    if (exit_code != ZP_PROGRAM_GOES_ON)
        return exit_code;
    zp_rc rc = zp_program_begin(program);
    if (!rc && program->check)
        return zp_program_good(program);
    if (!rc)
        rc = start(&self);
    if (rc) {
        end(&self);
        return zp_program_fail(program);
    }
    zp_log(ZP_INFO, "ready", "timeout_ms=%u retries=%u", program->config->webhooks.timeout_ms,
           program->config->webhooks.retry_count);
    rc = run(&self);
    exit_code = rc ? EXIT_FAILURE : EXIT_SUCCESS;
    end(&self);
    zp_log(ZP_INFO, "stopped", "exit_code=%d", exit_code);
    zp_program_end(program);
    return exit_code;
}

/*
 * main.c - ziping-notifier: tells everyone who subscribed, from the event log and nothing else. One loop.
 *
 * It writes nothing and keeps nothing: pokes from workers only say "look now", the log is looked at every 200 ms
 * anyhow, and what a subscriber misses it asks for. With CURVE a second thread says who may connect (porter.h). Killed
 * and started again, it begins with what is committed then.
 */
#include "base/clock.h"
#include "base/log.h"
#include "door.h"
#include "flood_guard.h"
#include "porter.h"
#include "program.h"
#include "publisher.h"
#include "replay.h"
#include "wire/zmq_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 200, TALLY_MS = 10 * 1000, POKE_HWM = 1000, POKE_BYTES = 8, POKE_BURST = 1024 };
enum { POKE, REPLAY, SUBSCRIPTIONS, SIGNALS, SOURCES };

typedef struct {
    zp_program program;
    zp_scores *scores;
    zp_scores_reader *reader;
    void *context, *poke;
    zp_key secret;     /* of CURVE */
    zp_porter *porter; /* NULL without CURVE */
    zp_publisher *publisher;
    zp_replay *replay;
    int64_t next_look, next_beat, next_tally; /* monotonic ms */
    uint64_t bad_pokes;
    uint64_t told; /* malformed, dropped, denied and cut off, as last logged */
} notifier;

/* Any poke will do: the log says better than its number what is new. */
static bool take_pokes(notifier *self)
{
    zmq_msg_t frame;
    size_t frames;
    bool poked = false;
    zmq_msg_init(&frame);
    for (int i = 0; i < POKE_BURST && zp_zmq_recv_message(self->poke, &frame, 1, &frames) == ZP_OK; i++) {
        bool good = frames == 1 && zmq_msg_size(&frame) == POKE_BYTES;
        poked |= good;
        self->bad_pokes += !good;
    }
    zmq_msg_close(&frame);
    return poked;
}

static void tally(notifier *self, int64_t now)
{
    zp_replay_counts counts = zp_replay_tally(self->replay);
    uint64_t denied = self->porter ? zp_porter_denied(self->porter) : 0;
    uint64_t cut_off = zp_publisher_cut_off(self->publisher);
    uint64_t trouble = counts.malformed + counts.dropped + self->bad_pokes + denied + cut_off;
    self->next_tally = now + TALLY_MS;
    if (trouble == self->told)
        return;
    self->told = trouble;
    zp_log(ZP_WARN, "tally", "replays=%llu malformed=%llu dropped=%llu bad_pokes=%llu denied=%llu cut_off=%llu",
           (unsigned long long)counts.answered, (unsigned long long)counts.malformed,
           (unsigned long long)counts.dropped, (unsigned long long)self->bad_pokes, (unsigned long long)denied,
           (unsigned long long)cut_off);
}

static zp_rc wait(notifier *self, bool more)
{
    zmq_pollitem_t news[SOURCES] = {
        [POKE] = {.socket = self->poke, .events = ZMQ_POLLIN},
        [REPLAY] = {.socket = zp_replay_socket(self->replay), .events = ZMQ_POLLIN},
        [SUBSCRIPTIONS] = {.socket = zp_publisher_socket(self->publisher), .events = ZMQ_POLLIN},
        [SIGNALS] = {.fd = self->program.signals, .events = ZMQ_POLLIN},
    };
    int64_t next = self->next_look < self->next_beat ? self->next_look : self->next_beat;
    int64_t left = next - zp_clock_mono_ms();
    return zp_zmq_poll(news, SOURCES, more || left < 0 ? 0 : (long)left);
}

/* A key was withdrawn: everybody connects again, and whoever is still listed goes on by replay. */
static zp_rc look_at_the_doors(notifier *self)
{
    if (!self->porter)
        return ZP_OK;
    if (zp_porter_has_failed(self->porter))
        return ZP_CLOSED;
    if (!zp_porter_take_withdrawn(self->porter))
        return ZP_OK;
    zp_log(ZP_INFO, "doors-renewed", "reason=\"a key was withdrawn\"");
    zp_rc rc = zp_publisher_renew(self->publisher);
    return rc ? rc : zp_replay_renew(self->replay);
}

static zp_rc run(notifier *self)
{
    bool more = false, replaying = false;
    for (;;) {
        zp_rc rc = wait(self, more || replaying);
        zp_flood_guard_turn();
        if (rc || zp_program_is_told_to_stop(&self->program))
            return rc;
        rc = look_at_the_doors(self);
        if (rc)
            return rc;
        int64_t now = zp_clock_mono_ms();
        bool poked = take_pokes(self);
        if (poked || more || now >= self->next_look) {
            more = zp_publisher_look(self->publisher);
            self->next_look = now + LOOK_MS;
        }
        if (now >= self->next_beat) {
            zp_publisher_beat(self->publisher);
            self->next_beat = now + self->program.config->notifier.beat_ms;
        }
        zp_publisher_take_subscriptions(self->publisher);
        replaying = zp_replay_serve(self->replay);
        if (now >= self->next_tally)
            tally(self, now);
    }
}

/* ---- start and end ---- */

static zp_rc open_poke(notifier *self)
{
    zp_program *program = &self->program;
    char *endpoint = zp_config_ipc(program->config, "run/poke.sock");
    zp_rc rc = endpoint ? zp_zmq_listen(self->context, ZMQ_PULL, POKE_HWM, ZP_ZMQ_LEAST_LIMIT, endpoint, &self->poke,
                                        program->message, sizeof program->message)
                        : ZP_NOMEM;
    free(endpoint);
    return rc;
}

/* What is published names units and scores: beyond this machine only encrypted, unless the settings say otherwise. */
static zp_rc check_exposure(notifier *self)
{
    zp_program *program = &self->program;
    const zp_config *config = program->config;
    const char *const endpoints[] = {config->notifier.publish, config->notifier.replay};
    for (int i = 0; i < 2 && !config->notifier.curve.secret_key_file && !config->notifier.allow_plain; i++)
        if (zp_door_is_exposed(endpoints[i])) {
            snprintf(program->message, sizeof program->message,
                     "%s: other machines could read every event unencrypted; set notifier.curve, or say "
                     "notifier.allow_plain: true",
                     endpoints[i]);
            return ZP_INVALID;
        }
    return ZP_OK;
}

static zp_rc read_secret(notifier *self)
{
    zp_program *program = &self->program;
    const char *path = program->config->notifier.curve.secret_key_file;
    return path ? zp_key_read(path, true, &self->secret, program->message, sizeof program->message) : ZP_OK;
}

static zp_rc start_porter(notifier *self)
{
    zp_program *program = &self->program;
    const char *path = program->config->notifier.curve.allowed_keys;
    return path ? zp_porter_start(self->context, path, &self->porter, program->message, sizeof program->message)
                : ZP_OK;
}

static zp_rc open_doors(notifier *self)
{
    zp_program *program = &self->program;
    const zp_key *secret = self->porter ? &self->secret : NULL;
    zp_rc rc = zp_publisher_open(self->context, program->config, secret, self->reader, &self->publisher,
                                 program->message, sizeof program->message);
    return rc ? rc
              : zp_replay_open(self->context, program->config, secret, self->reader, &self->replay, program->message,
                               sizeof program->message);
}

/* The sockets before the store: a second notifier is refused before it has touched anything. */
static zp_rc start(notifier *self)
{
    zp_program *program = &self->program;
    zp_rc rc = zp_program_folders(program);
    self->context = zmq_ctx_new();
    if (!rc && !self->context)
        rc = ZP_NOMEM;
    if (!rc)
        rc = start_porter(self);
    if (!rc)
        rc = open_poke(self);
    if (!rc)
        rc = zp_program_read_scores(&self->program, &self->scores, &self->reader);
    if (!rc)
        rc = open_doors(self);
    return rc;
}

static void end(notifier *self)
{
    zp_replay_close(&self->replay);
    zp_publisher_close(&self->publisher);
    zp_zmq_close(&self->poke);
    zp_porter_stop(&self->porter);
    explicit_bzero(&self->secret, sizeof self->secret);
    zp_zmq_term(&self->context);
    zp_scores_reader_destroy(&self->reader);
    zp_scores_close(&self->scores);
}

int main(int argc, char **argv)
{
    static notifier self = {.program = {.name = "notifier",
                                        .summary = "Publishes the event log to subscribers and replays it.",
                                        .message = "out of memory; free some and start again"}};
    zp_program *program = &self.program;
    int exit_code = zp_program_options(program, argc, argv);
    if (exit_code != ZP_PROGRAM_GOES_ON)
        return exit_code;
    zp_rc rc = zp_program_begin(program);
    if (!rc)
        rc = check_exposure(&self);
    if (!rc)
        rc = read_secret(&self);
    if (!rc && program->check)
        return zp_program_good(program);
    if (!rc)
        rc = start(&self);
    if (rc) {
        end(&self);
        return zp_program_fail(program);
    }
    zp_log(ZP_INFO, "ready", "publish=%s replay=%s curve=%s position=%llu", program->config->notifier.publish,
           program->config->notifier.replay, self.porter ? "on" : "off",
           (unsigned long long)zp_publisher_position(self.publisher));
    rc = run(&self);
    tally(&self, zp_clock_mono_ms());
    exit_code = rc ? EXIT_FAILURE : EXIT_SUCCESS;
    end(&self);
    zp_log(ZP_INFO, "stopped", "exit_code=%d", exit_code);
    zp_program_end(program);
    return exit_code;
}

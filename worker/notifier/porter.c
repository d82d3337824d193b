/*
 * porter.c - see porter.h.
 *
 * A request of ZAP 1.0 is [version][request][domain][address][identity][mechanism][credentials]; the answer
 * [version][request][status][text][user][metadata]. The list is read again for a client, so that a
 * key that was listed a moment ago is good at once, but not for each of a crowd.
 */
#include "porter.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "guests.h"
#include "lines.h"
#include "wire/zmq_socket.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { VERSION, REQUEST, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS, FRAMES };
enum { LOOK_MS = 1000, FRESH_MS = 100 };

struct zp_porter {
    pthread_t thread;
    void *context, *socket;
    const char *path;
    zp_guests guests;
    int hangups;                     /* readable when SIGHUP came */
    char trouble[ZP_GUESTS_MESSAGE]; /* with the list, as last logged */
    int64_t read_ms;                 /* when the list was read last */
    zp_lines lines;
    zmq_msg_t frames[FRAMES];
    atomic_bool failed, withdrawn, stopping;
    atomic_uint_fast64_t denied;
};

/* ---- the list ---- */

/* What is wrong with the list is said once, not once a second. */
static void tell_trouble(zp_porter *self, const char *message, size_t in_force)
{
    if (*message && strcmp(message, self->trouble) != 0)
        zp_log(ZP_ERROR, "keys-not-read", "reason=\"%s\" in_force=%zu", message, in_force);
    snprintf(self->trouble, sizeof self->trouble, "%s", message);
}

/* A list that has gone lists nobody. One that cannot be read now (no memory, a mistake in a file of many lines) leaves
 * the one before in force. */
static void read_list(zp_porter *self)
{
    zp_guests now;
    char message[ZP_GUESTS_MESSAGE];
    self->read_ms = zp_clock_mono_ms();
    zp_rc rc = zp_guests_read(self->path, &now, message, sizeof message);
    bool taken = !rc || rc == ZP_NOTFOUND;
    tell_trouble(self, message, taken ? now.count : self->guests.count);
    if (!taken)
        return;
    bool fewer = !zp_guests_within(&self->guests, &now), more = !zp_guests_within(&now, &self->guests);
    if (fewer || more)
        zp_log(ZP_INFO, "keys-read", "keys=%zu before=%zu", now.count, self->guests.count);
    zp_guests_free(&self->guests);
    self->guests = now;
    if (fewer)
        atomic_store(&self->withdrawn, true);
}

/* ---- requests ---- */

static zp_str frame(zp_porter *self, int which)
{
    return (zp_str){zmq_msg_data(&self->frames[which]), zmq_msg_size(&self->frames[which])};
}

static void log_visit(zp_porter *self, const zp_guest *guest)
{
    char key[ZP_KEY_TEXT + 1] = "-";
    zp_str address = frame(self, ADDRESS), credentials = frame(self, CREDENTIALS);
    if (!zp_lines_may(&self->lines))
        return;
    if (credentials.n == ZP_KEY_BYTES)
        zmq_z85_encode(key, (const uint8_t *)credentials.p, ZP_KEY_BYTES);
    zp_log(guest ? ZP_INFO : ZP_WARN, guest ? "admitted" : "denied", "address=%.*s key=%s name=\"%s\"", (int)address.n,
           address.p, key, guest ? guest->name : "");
}

/* A REP socket must answer each request, whatever was in it; a failed send shows in the next receive. */
static void answer(zp_porter *self, const zp_guest *guest)
{
    zp_str request = frame(self, REQUEST), user = zp_str_of(guest ? guest->name : "");
    zp_str parts[] = {
        ZP_STR("1.0"), request,   guest ? ZP_STR("200") : ZP_STR("400"), guest ? ZP_STR("OK") : ZP_STR("not listed"),
        user,          ZP_STR("")};
    const size_t count = sizeof parts / sizeof *parts;
    zp_rc rc = ZP_OK;
    for (size_t i = 0; i < count && !rc; i++)
        rc = zp_zmq_send(self->socket, parts[i].p, parts[i].n, i + 1 < count ? ZMQ_SNDMORE : 0);
    if (rc)
        zp_log(ZP_ERROR, "visitor-not-answered", "reason=\"%s\"", zp_rc_name(rc));
}

static zp_rc serve(zp_porter *self)
{
    size_t frames;
    zp_rc rc = zp_zmq_recv_message(self->socket, self->frames, FRAMES, &frames);
    if (rc)
        return rc == ZP_AGAIN ? ZP_OK : rc;
    zp_str key = frame(self, CREDENTIALS);
    bool sound = frames == FRAMES && zp_str_is(frame(self, VERSION), "1.0") &&
                 zp_str_is(frame(self, MECHANISM), "CURVE") && key.n == ZP_KEY_BYTES;
    if (sound && zp_clock_mono_ms() - self->read_ms >= FRESH_MS)
        read_list(self);
    const zp_guest *guest = sound ? zp_guests_find(&self->guests, (const uint8_t *)key.p) : NULL;
    if (!guest)
        atomic_fetch_add(&self->denied, 1);
    log_visit(self, guest);
    answer(self, guest);
    return ZP_OK;
}

/* ---- the thread ---- */

static zp_rc turn(zp_porter *self)
{
    struct signalfd_siginfo hangup;
    zmq_pollitem_t news[] = {{.socket = self->socket, .events = ZMQ_POLLIN},
                             {.fd = self->hangups, .events = ZMQ_POLLIN}};
    zp_rc rc = zp_zmq_poll(news, sizeof news / sizeof *news, LOOK_MS);
    if (rc)
        return rc;
    if (read(self->hangups, &hangup, sizeof hangup) == (ssize_t)sizeof hangup)
        zp_log(ZP_INFO, "reading-keys", "signal=%u", hangup.ssi_signo);
    if (!(news[0].revents & ZMQ_POLLIN))
        read_list(self);
    return serve(self);
}

static void *run(void *context)
{
    zp_porter *self = context;
    zp_rc rc;
    (void)pthread_setname_np(pthread_self(), "zp-porter"); /* for top -H; without it, nothing is lost */
    do
        rc = turn(self);
    while (!rc);
    if (!atomic_load(&self->stopping)) {
        zp_log(ZP_ERROR, "porter-failed", "reason=\"%s\"", zp_rc_name(rc));
        atomic_store(&self->failed, true);
    }
    zp_zmq_close(&self->socket);
    return NULL;
}

/* ---- start and stop ---- */

static zp_rc watch_hangups(zp_porter *self)
{
    const struct sigaction heed = {.sa_handler = SIG_DFL}; /* else it is dropped before a descriptor shows it */
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &wanted, NULL) == 0 && sigaction(SIGHUP, &heed, NULL) == 0)
        self->hangups = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return self->hangups < 0 ? ZP_IO : ZP_OK;
}

static zp_rc begin(zp_porter *self)
{
    zp_rc rc = watch_hangups(self);
    if (!rc)
        rc = zp_zmq_open(self->context, ZMQ_REP, 0, &self->socket);
    if (!rc)
        rc = zp_zmq_bind(self->socket, "inproc://zeromq.zap.01");
    if (!rc && pthread_create(&self->thread, NULL, run, self) != 0)
        rc = ZP_NOMEM;
    return rc;
}

static void destroy(zp_porter *self)
{
    for (int i = 0; i < FRAMES; i++)
        zmq_msg_close(&self->frames[i]);
    zp_zmq_close(&self->socket);
    zp_guests_free(&self->guests);
    if (self->hangups >= 0)
        close(self->hangups);
    free(self);
}

zp_rc zp_porter_start(void *context, const char *path, zp_porter **out, char *message, size_t message_size)
{
    zp_porter *self = calloc(1, sizeof *self);
    if (!self) {
        snprintf(message, message_size, "out of memory; free some and start again");
        return ZP_NOMEM;
    }
    self->context = context;
    self->path = path;
    self->hangups = -1;
    for (int i = 0; i < FRAMES; i++)
        zmq_msg_init(&self->frames[i]);
    zp_rc rc = zp_guests_read(path, &self->guests, message, message_size);
    if (!rc) {
        rc = begin(self);
        if (rc)
            snprintf(message, message_size, "CURVE: no thread for handshakes: %s; start again", zp_rc_name(rc));
    }
    if (rc)
        destroy(self);
    else
        *out = self;
    return rc;
}

void zp_porter_stop(zp_porter **out)
{
    zp_porter *self = *out;
    if (!self)
        return;
    atomic_store(&self->stopping, true);
    (void)zmq_ctx_shutdown(self->context);
    pthread_join(self->thread, NULL);
    destroy(self);
    *out = NULL;
}

bool zp_porter_has_failed(const zp_porter *self)
{
    return atomic_load(&self->failed);
}

bool zp_porter_take_withdrawn(zp_porter *self)
{
    return atomic_exchange(&self->withdrawn, false);
}

uint64_t zp_porter_denied(const zp_porter *self)
{
    return atomic_load(&self->denied);
}

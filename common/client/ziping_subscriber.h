/*
 * ziping_subscriber.h - follow the event log of a Ziping service: every event, in order, each once.
 *
 * THE LOG
 *
 * Each submission that was scored, has failed or was superseded is an event. Events have numbers: 1, 2, 3, …, in the
 * order of the commits, without gaps. ziping-notifier publishes them as they are committed, and replays any that
 * somebody asks for by number. This library does both: it begins after the number you name, replays what lies between
 * it and now, and goes on live. A message that was lost on the way, a connection that broke, a notifier that was
 * killed: it notices by the numbers, within seconds even when nothing else is published, and asks for what is missing.
 * What you see has no gap and no repeat.
 *
 * A PROGRAM
 *
 *     ziping_subscriber_options options = ZIPING_SUBSCRIBER_OPTIONS;
 *     options.publish = "tcp://scores.example:7301";
 *     options.replay = "tcp://scores.example:7302";
 *     options.after = last_number_of_mine();
 *
 *     ziping_subscriber *subscriber;
 *     int error = ziping_subscriber_open(&options, &subscriber);
 *     while (!error) {
 *         const ziping_subscriber_event *event;
 *         error = ziping_subscriber_next(subscriber, 1000, &event);
 *         if (!error)
 *             use_and_remember(event->number, event->bytes, event->size);
 *         else if (error == ZIPING_TIMEOUT && !told_to_stop())
 *             error = ZIPING_OK;
 *     }
 *     fprintf(stderr, "%s\n", ziping_subscriber_strerror(error));
 *     ziping_subscriber_close(&subscriber);
 *
 *     cc program.c $(pkg-config --cflags --libs ziping-subscriber)
 *
 * examples/subscriber.c, installed with this library's documentation, is a whole one.
 *
 * EXACTLY ONCE
 *
 * The library hands out each event once as long as the process lives. For more, write the number into the same
 * transaction as whatever you do for the event, and open after that number when you start again.
 *
 * FILTERS
 *
 * An event's topic is <state>/<year>/<unit>/<grade or ->/<outcome or ->, for instance
 * "scored/2022/310000/优/consistent": state is scored, failed or superseded; unit the unit's code, or its name when it
 * has none, with '/' as '_' and at most 96 bytes; outcome consistent or discrepant. With options.filter you see only
 * events whose topic begins so. All events still travel, since only their numbers without gaps show that nothing was
 * lost; ziping_subscriber_position tells how far you are, over what was passed over too.
 *
 * ENCRYPTION
 *
 * Where the service has CURVE switched on, you need its public key and a pair of your own (`ziping keygen NAME`), whose
 * public half the service lists. Set options.server_key and options.secret_key; ziping_subscriber_read_key gets them
 * from files. Where it is off, leave both NULL: the two sides must agree.
 *
 * THREADS AND SIGNALS
 *
 * A subscriber belongs to one thread at a time; handing it over takes a lock, as for any object. Several subscribers in
 * several threads are fine; opening and closing may happen in any of them. A signal that is handled while
 * ziping_subscriber_next waits makes it return ZIPING_TIMEOUT early. A child after fork must not touch a subscriber.
 *
 * ZeroMQ does the work below, in one context that all subscribers of the process share and that has a thread of its
 * own. A program that uses ZeroMQ itself gives its context in options.context: two contexts in one process that both
 * use CURVE get in each other's way when one ends (libzmq 4.3.4).
 *
 * COMPATIBILITY
 *
 * Structs may grow at their ends, and ZIPING_SUBSCRIBER_OPTIONS says how large yours is; functions and codes stay. The
 * library's file name changes when that does not hold (libziping_subscriber.so.1).
 */
#ifndef ZIPING_SUBSCRIBER_H
#define ZIPING_SUBSCRIBER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ZIPING_SUBSCRIBER_API __attribute__((visibility("default")))
#else
#define ZIPING_SUBSCRIBER_API
#endif

/* ---- outcomes ---- */

/*
 * What functions return. After any code of ziping_subscriber_next the subscriber keeps its position and may be asked
 * again; what each asks of you stands behind it.
 */
enum {
    ZIPING_OK = 0,
    ZIPING_TIMEOUT = 1, /* no event in the time given: nothing is wrong */
    ZIPING_GONE = 2,    /* the log no longer has the next event: see ziping_subscriber_first */
    ZIPING_AHEAD = 3,   /* the log ends before your position: it is another log, or an older copy of yours */
    ZIPING_DENIED = 4,  /* the service does not list your key; the library tries again every second */
    ZIPING_HANDSHAKE =
        5,              /* no common language: CURVE on one side only, another server key, or not ZeroMQ; tries again */
    ZIPING_INVALID = 6, /* an option that makes no sense: an endpoint, a key, a missing member */
    ZIPING_NO_MEMORY = 7, /* out of memory or descriptors */
    ZIPING_DAMAGED = 8,   /* the event cannot be read: it is damaged in the service's store */
    ZIPING_SYSTEM = 9,    /* anything else that ZeroMQ or the system refuses */
    ZIPING_MISSING = 10   /* the log has later events and not the next one: its store is damaged; tries again */
};

/* One English line without a full stop for a code, also for one that is none. Never NULL, never to be freed. */
ZIPING_SUBSCRIBER_API const char *ziping_subscriber_strerror(int code);

/* ---- opening ---- */

typedef struct ziping_subscriber ziping_subscriber;

/* As options.after: only what comes from now on. */
#define ZIPING_FROM_NOW UINT64_MAX

typedef struct {
    size_t size;         /* of this struct; ZIPING_SUBSCRIBER_OPTIONS sets it */
    const char *publish; /* where events come from: the service's notifier.publish, as tcp://host:port or ipc:///path */
    const char *replay;  /* where they are asked for: notifier.replay */
    uint64_t after;      /* the number of the last event you have; 0: from the first, ZIPING_FROM_NOW */
    const char *filter;  /* the beginning of topics that you want; NULL: all */
    const char *server_key; /* CURVE: the service's public key, 40 characters of Z85; NULL: not encrypted */
    const char *secret_key; /* CURVE: your secret key; the public half follows from it */
    void *context;          /* a ZeroMQ context of yours, which must outlive the subscriber; NULL: the library's own */
} ziping_subscriber_options;

#define ZIPING_SUBSCRIBER_OPTIONS                                                                                      \
    {                                                                                                                  \
        sizeof(ziping_subscriber_options), NULL, NULL, ZIPING_FROM_NOW, NULL, NULL, NULL, NULL                         \
    }

/*
 * Begins to connect and returns at once: the service need not be up, neither now nor later. Everything in options is
 * copied, but for the context. *out is the caller's, to be closed; NULL on failure. ZIPING_INVALID, ZIPING_NO_MEMORY,
 * ZIPING_SYSTEM.
 */
ZIPING_SUBSCRIBER_API int ziping_subscriber_open(const ziping_subscriber_options *options, ziping_subscriber **out);

/* Ends the connections at once and sets *self to NULL; NULL inside is fine. No call may be under way. */
ZIPING_SUBSCRIBER_API void ziping_subscriber_close(ziping_subscriber **self);

#define ZIPING_KEY_SIZE 41
/*
 * Reads the one key of a file as `ziping keygen` writes it, NAME.secret or NAME.pub, into key as a text. ZIPING_INVALID
 * when the file does not hold exactly one key, ZIPING_SYSTEM when it cannot be read.
 */
ZIPING_SUBSCRIBER_API int ziping_subscriber_read_key(const char *path, char key[ZIPING_KEY_SIZE]);

/* ---- events ---- */

typedef struct {
    uint64_t number;   /* 1, 2, 3, … */
    const char *topic; /* for instance "scored/2022/310000/优/consistent"; "" when the event is damaged */
    const void *bytes; /* the event as it was frozen at its commit: a CloudEvents 1.0 map in MessagePack */
    size_t size; /* of bytes; 0 when the event is damaged in the service's store: its number is all that is left */
} ziping_subscriber_event;

/*
 * The next event. Waits at most timeout_ms milliseconds for it; 0: not at all, negative: for ever. *event and what it
 * points to belong to the subscriber and stay until the next call with it; NULL unless the outcome is ZIPING_OK. A
 * damaged event is handed out whatever the filter says. ZIPING_TIMEOUT, ZIPING_GONE, ZIPING_AHEAD, ZIPING_DENIED,
 * ZIPING_HANDSHAKE, ZIPING_MISSING, ZIPING_NO_MEMORY, ZIPING_SYSTEM.
 */
ZIPING_SUBSCRIBER_API int ziping_subscriber_next(ziping_subscriber *self, int timeout_ms,
                                                 const ziping_subscriber_event **event);

/*
 * The event that was handed out last as a JSON text, the same for the same bytes; the subscriber's, until the next call
 * with it. *json is NULL on failure. ZIPING_INVALID when there is none, ZIPING_DAMAGED, ZIPING_NO_MEMORY.
 */
ZIPING_SUBSCRIBER_API int ziping_subscriber_json(ziping_subscriber *self, const char **json);

/*
 * The number of the last event that was handed out or passed over by the filter: open after it to go on from here.
 * ZIPING_FROM_NOW as long as that is what you asked for and the service has not yet said what now is.
 */
ZIPING_SUBSCRIBER_API uint64_t ziping_subscriber_position(const ziping_subscriber *self);

/*
 * After ZIPING_GONE: the number of the first event that the log still has. What lies before it is for the service's
 * archive to tell; to go on without, close, and open after this number minus 1. 0 as long as nothing was found gone.
 */
ZIPING_SUBSCRIBER_API uint64_t ziping_subscriber_first(const ziping_subscriber *self);

/*
 * Milliseconds since the service was heard last, or since open when it never was. It speaks once a second, also when
 * nothing happens: after some seconds it is away, or these are not its endpoints.
 */
ZIPING_SUBSCRIBER_API int64_t ziping_subscriber_silence_ms(const ziping_subscriber *self);

#ifdef __cplusplus
}
#endif

#endif

/*
 * config.h - ziping.yaml, read by libcyaml against one schema.
 *
 * Unknown keys, wrong types and values out of range are refused with a line
 * that names file, line, key and remedy. Every setting has a default, so an
 * absent file section is fine. Sizes are in bytes, times in milliseconds; the
 * sample file conf/ziping.yaml says unit, range, default and reason.
 * Relative paths, those of sockets and of ipc endpoints included, are taken
 * from the file's folder.
 */
#ifndef ZP_BASE_CONFIG_H
#define ZP_BASE_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZP_RETRIES_MOST = 32 };

typedef struct {
    char *data_dir;  /* absolute after loading; relative paths are taken from the file's folder */
    char **profiles; /* paths of the rule profiles (YAML), absolute; at least one */
    unsigned profiles_count;
    char *log_level;   /* debug | info | warn | error */
    uint64_t map_size; /* bytes of address space per store; fixed, sparse */
    struct {
        char *listen;      /* unix socket path, default <data_dir>/run/gateway.sock; "-" = descriptor 0 */
        char **peer_users; /* users that may connect, besides the gateway's own */
        unsigned peer_users_count;
        unsigned threads;       /* request threads; 0 = one for each core */
        unsigned max_body;      /* bytes, at most 1 MiB */
        unsigned batch;         /* submissions in one commit, at most 1024 */
        unsigned max_pending;   /* above: 503 */
        unsigned max_parked;    /* long polls at once; above: answered at once */
        unsigned max_followers; /* event streams and waiting readers of events at once; above: 503 */
        uint64_t max_in_hand;   /* bytes of submissions between their arrival and their commit; above: 503 */
        unsigned max_wait_s;    /* upper bound of Prefer: wait, at most 25 */
        uint64_t min_free_disk; /* bytes; below: 503 */
        unsigned lease_ms;      /* a job not answered by then goes to another worker */
        unsigned max_attempts;  /* then recorded as failed */
        unsigned overdue_ms;    /* the promise in overdue_at */
    } gateway;
    struct {
        unsigned batch;        /* jobs in one commit, at most 1024 */
        unsigned credit;       /* jobs in flight to this worker */
        unsigned heartbeat_ms; /* silence of three beats = lost */
        unsigned pace_ms;      /* from one commit to the next, unless a batch is full */
    } worker;
    struct {
        unsigned beat_ms; /* XPUB beat with the newest number */
        unsigned queue;   /* messages held for a slow subscriber, then it must replay */
        char *publish;    /* endpoint, default ipc://<data_dir>/run/events.sock */
        char *replay;     /* endpoint, default ipc://<data_dir>/run/replay.sock */
        bool allow_plain; /* listen beyond this machine without curve */
        struct {
            char *secret_key_file; /* NULL: no encryption; else both are there */
            char *allowed_keys;    /* a file, or a folder of .pub files */
        } curve;
    } notifier;
    struct {
        unsigned timeout_ms; /* of one attempt */
        char *ca_file;       /* certificates that are trusted instead of the system's; NULL = the system's */
        unsigned retry_ms[ZP_RETRIES_MOST]; /* the wait before each further attempt */
        unsigned retry_count;               /* at least one; behind the last the endpoint is disabled */
    } webhooks;
    struct {
        char *server_key_file, *key_file; /* both or neither (NULL) */
    } subscriber;                         /* ziping tail's keys */
} zp_config;

/*
 * Loads `path` and fills in every default. On failure writes one line
 * "<file>[:line]: what is wrong; what to do" into message and returns
 * ZP_NOTFOUND, ZP_IO (not readable), ZP_INVALID or ZP_NOMEM; *out is then
 * untouched.
 */
zp_rc zp_config_load(const char *path, zp_config **out, char *message, size_t message_size);
void zp_config_destroy(zp_config **self);

/* <data_dir>/<name>, e.g. "intake", "scores", "run/dispatch.sock". Caller frees; NULL when out of memory. */
char *zp_config_path(const zp_config *self, const char *name);
/* "ipc://" + the path. Caller frees. The gateway binds run/dispatch.sock, the notifier run/poke.sock. */
char *zp_config_ipc(const zp_config *self, const char *name);

#endif

/*
 * request.h - one HTTP request as the handlers see it, and its answer. The only file besides loop.c and
 * request.c that must never include fcgiapp.h: handlers know nothing of FastCGI.
 *
 * A request belongs to the zp_loop (thread) that accepted its connection, for all its life. While it waits for the
 * committer, the committer reads and writes `put` only. Its memory is one arena, freed whole when it is answered.
 */
#ifndef ZP_GATEWAY_REQUEST_H
#define ZP_GATEWAY_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "gateway.h"

enum { ZP_MAX_BATCH = 4 * 1024 * 1024 }; /* bytes of a batch's body */
enum { ZP_REQUEST_CHUNK = 32 * 1024 };   /* of its arena: a usual form and its status document fit */

typedef enum { ZP_GET, ZP_HEAD, ZP_POST, ZP_OTHER_METHOD } zp_method;

typedef struct {
    int status;  /* HTTP */
    zp_buf head; /* further header lines, each "Name: value\r\n"; written through zp_header only */
    const char *content_type;
    zp_buf body;
    bool begun;  /* the head has been sent */
    size_t sent; /* bytes of body that have been sent; more of an answer may be written behind them */
} zp_response;

#define ZP_BATCH_PATH "/v1/submissions:batch" /* its body may be larger: ZP_MAX_BATCH */
typedef struct zp_batch zp_batch;             /* batch.c */

typedef enum {
    ZP_DONE_ANSWER, /* response is complete: send it */
    ZP_WAIT_COMMIT, /* zp_committer_submit has been called: the loop calls zp_submit_committed later */
    ZP_WAIT_SCORE,  /* park: the loop calls zp_wait_over when wait_id is scored, the time is up, or the gateway stops */
    ZP_GO_ON,       /* too much for one turn: the loop calls go_on when the client has taken what is written so far and
                     * others have had their turn */
    ZP_WAIT_NEWS,   /* the same, when the log has grown, `follow->until` is over, or the gateway stops */
} zp_handled;

struct zp_desk;

typedef struct zp_request {
    zp_loop *loop;
    zp_arena *arena;
    zp_method method;
    zp_str path;  /* decoded by nginx (DOCUMENT_URI), no query */
    zp_str query; /* raw */
    zp_str content_type, idempotency_key, if_match, if_none_match, prefer, accept; /* absent = not sent */
    zp_str last_event_id;
    zp_str fetch_site, origin, host;  /* who made a browser send it (Fetch Metadata), absent = not sent */
    bool repeated_field;              /* Idempotency-Key or If-Match came more than once */
    zp_str submitter;                 /* "anonymous" or the name that nginx authenticated */
    zp_str body;                      /* whole, with ZP_JSON_PADDING bytes allocated behind it */
    bool body_too_large, body_broken; /* then body is empty and has been drained */
    bool body_declined;               /* the same, for want of memory: too much is in hand already */
    zp_response response;

    /* waiting for the committer */
    zp_put put;
    struct zp_request *next; /* link of the committer's and the loop's queues */

    /* a batch: the whole has `batch`, each of its lines is a request without a connection that has `parent` */
    zp_batch *batch;
    struct zp_request *parent;
    size_t line;

    /* work of many turns, after ZP_GO_ON or ZP_WAIT_NEWS */
    zp_handled (*go_on)(struct zp_desk *desk, struct zp_request *request);
    void *task;               /* what go_on works on, in the arena */
    struct zp_follow *follow; /* the same while it waits for news, when there is no arena; owned */

    /* waiting for a score (long poll) */
    zp_id wait_id;
    unsigned wait_s;        /* granted seconds; 0 = none asked */
    bool after_commit;      /* a POST with Prefer: wait, else a GET */
    uint64_t wait_seen_seq; /* the state the client has seen; wakes when it changes */
} zp_request;

/* request.c: makes a used or zeroed request ready for the next one; arena and buffers keep their memory. */
void zp_request_reset(zp_request *request);
/* Frees what the request owns, not the request. */
void zp_request_free(zp_request *request);
/* Before a long wait: gives up all memory that the answer can do without: the packed form in `put` is then absent, and
 * what the client sent too. */
void zp_request_shed(zp_request *request);
/* After it: memory for the answer. False when there is none. */
bool zp_request_refit(zp_request *request);
/* Appends the whole answer as FastCGI's CGI text: Status, headers, blank line, body (none for HEAD, 304); of one
 * that has begun, the rest. */
void zp_request_render(const zp_request *request, zp_buf *out);
/* Appends the head alone, of an answer whose body follows in parts, the last of it by zp_request_render. */
void zp_request_render_head(zp_request *request, zp_buf *out);

/* Appends a header line. Names are literals; a value with CR, LF or NUL is refused (dropped and logged). */
void zp_header(zp_request *request, const char *name, zp_str value);
void zp_header_uint(zp_request *request, const char *name, uint64_t value);

/*
 * What a loop lends to handlers: its readers, parser and scratch buffers (all owned by the loop's thread).
 */
typedef struct zp_desk {
    zp_gateway *gateway;
    zp_intake_reader *intake;
    zp_scores_reader *scores;
    struct zp_json_reader *json;
    struct zp_news *news; /* the newest events, for all who follow */
    bool draining;        /* the gateway ends: nothing waits any longer */
    zp_buf scratch;       /* for records read from stores; cleared by whoever uses it */
} zp_desk;

/* routes.c: finds the handler; answers 404, 405 (with Allow), 413, 400 itself. */
zp_handled zp_route(zp_desk *desk, zp_request *request);
/* submit.c: the verdict is in request->put. May answer or park. */
zp_handled zp_submit_committed(zp_desk *desk, zp_request *request);
/* batch.c: the same for a line of a batch. When all of them have been told that were given back together, the whole
 * goes on by its go_on. */
void zp_batch_committed(zp_desk *desk, zp_request *line);
/* status.c: a parked request's time has come; always answers. */
zp_handled zp_wait_over(zp_desk *desk, zp_request *request);
/* status.c: whether a parked request's submission has a state that it has not seen (a look into the store). */
bool zp_wait_is_over(zp_desk *desk, const zp_request *request);

#endif

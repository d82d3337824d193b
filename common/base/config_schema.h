/*
 * config_schema.h - the settings of ziping.yaml: one row a number, with range, default and meaning; libcyaml's schema
 * made from the same rows. Part of config.c.
 *
 * Every value is loaded as text and absent is NULL, so that an explicit 0 differs from nothing and a wrong number is
 * refused in our words.
 */
#ifndef ZP_BASE_CONFIG_SCHEMA_H
#define ZP_BASE_CONFIG_SCHEMA_H

#include "base/config.h"

#include <cyaml/cyaml.h>

/* X(key, least, most, default, meaning); sizes in bytes. */
#define ZP_TOP_NUMBERS(X)                                                                                              \
    X(map_size, UINT64_C(1048576), UINT64_C(17592186044416), UINT64_C(68719476736), "bytes of address space per store")

#define ZP_GATEWAY_NUMBERS(X)                                                                                          \
    X(threads, 0, 256, 0, "request threads, 0 = one for each core")                                                    \
    X(max_body, 1024, 1048576, 262144, "bytes of a request")                                                           \
    X(batch, 1, 1024, 256, "submissions in one commit")                                                                \
    X(max_pending, 1, 100000000, 1000000, "submissions that wait for a score")                                         \
    X(max_parked, 0, 1000000, 4096, "long polls at once")                                                              \
    X(max_followers, 0, 1000000, 4096, "event streams and waiting readers of events at once")                          \
    X(max_in_hand, 1048576, UINT64_C(17179869184), 67108864, "bytes of submissions at once")                           \
    X(max_wait_s, 0, 25, 25, "seconds")                                                                                \
    X(min_free_disk, 0, UINT64_C(1125899906842624), 268435456, "bytes")                                                \
    X(lease_ms, 100, 3600000, 10000, "milliseconds")                                                                   \
    X(max_attempts, 1, 100, 3, "deliveries of one submission")                                                         \
    X(overdue_ms, 1000, 86400000, 60000, "milliseconds")

#define ZP_WORKER_NUMBERS(X)                                                                                           \
    X(batch, 1, 1024, 256, "jobs in one commit")                                                                       \
    X(credit, 1, 1024, 1024, "jobs in flight to one worker")                                                           \
    X(heartbeat_ms, 10, 60000, 500, "milliseconds")                                                                    \
    X(pace_ms, 0, 1000, 5, "milliseconds")

#define ZP_NOTIFIER_NUMBERS(X)                                                                                         \
    X(beat_ms, 10, 60000, 1000, "milliseconds")                                                                        \
    X(queue, 1, 1000000, 10000, "messages for one subscriber")

#define ZP_WEBHOOKS_NUMBERS(X) X(timeout_ms, 100, 120000, 15000, "milliseconds")

#define MEMBER(key, least, most, initial, meaning) char *key;

typedef struct {
    char *listen;
    char **peer_users;
    unsigned peer_users_count;
    ZP_GATEWAY_NUMBERS(MEMBER)
} raw_gateway;

typedef struct {
    ZP_WORKER_NUMBERS(MEMBER)
} raw_worker;

typedef struct {
    char *secret_key_file, *allowed_keys;
} raw_curve;

typedef struct {
    char *publish, *replay, *allow_plain;
    raw_curve *curve;
    ZP_NOTIFIER_NUMBERS(MEMBER)
} raw_notifier;

typedef struct {
    char *ca_file;
    char **retry_ms;
    unsigned retry_ms_count;
    ZP_WEBHOOKS_NUMBERS(MEMBER)
} raw_webhooks;

typedef struct {
    char *server_key_file, *key_file;
} raw_subscriber;

typedef struct {
    char *data_dir, *log_level;
    char **profiles;
    unsigned profiles_count;
    ZP_TOP_NUMBERS(MEMBER)
    raw_gateway *gateway;
    raw_worker *worker;
    raw_notifier *notifier;
    raw_webhooks *webhooks;
    raw_subscriber *subscriber;
} raw_config;

#undef MEMBER

enum { MAX_PEER_USERS = 64, MAX_PROFILES = 16 };

#define TEXT(structure, key)                                                                                           \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, key, 0, CYAML_UNLIMITED)
/* A block whose lines are all commented out is empty, and fine. */
#define BLOCK(structure, key, fields)                                                                                  \
    CYAML_FIELD_MAPPING_PTR(#key, CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, structure, key, fields)

static const cyaml_schema_value_t text_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

#define FIELD(key, least, most, initial, meaning) TEXT(raw_gateway, key),
static const cyaml_schema_field_t gateway_fields[] = {
    TEXT(raw_gateway, listen),
    CYAML_FIELD_SEQUENCE("peer_users", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, raw_gateway, peer_users,
                         &text_schema, 0, MAX_PEER_USERS),
    ZP_GATEWAY_NUMBERS(FIELD) CYAML_FIELD_END};
#undef FIELD

#define FIELD(key, least, most, initial, meaning) TEXT(raw_worker, key),
static const cyaml_schema_field_t worker_fields[] = {ZP_WORKER_NUMBERS(FIELD) CYAML_FIELD_END};
#undef FIELD

static const cyaml_schema_field_t curve_fields[] = {TEXT(raw_curve, secret_key_file), TEXT(raw_curve, allowed_keys),
                                                    CYAML_FIELD_END};

#define FIELD(key, least, most, initial, meaning) TEXT(raw_notifier, key),
static const cyaml_schema_field_t notifier_fields[] = {
    TEXT(raw_notifier, publish), TEXT(raw_notifier, replay), TEXT(raw_notifier, allow_plain),
    BLOCK(raw_notifier, curve, curve_fields), ZP_NOTIFIER_NUMBERS(FIELD) CYAML_FIELD_END};
#undef FIELD

#define FIELD(key, least, most, initial, meaning) TEXT(raw_webhooks, key),
static const cyaml_schema_field_t webhooks_fields[] = {
    TEXT(raw_webhooks, ca_file),
    CYAML_FIELD_SEQUENCE("retry_ms", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, raw_webhooks, retry_ms,
                         &text_schema, 0, ZP_RETRIES_MOST),
    ZP_WEBHOOKS_NUMBERS(FIELD) CYAML_FIELD_END};
#undef FIELD
static const cyaml_schema_field_t subscriber_fields[] = {TEXT(raw_subscriber, server_key_file),
                                                         TEXT(raw_subscriber, key_file), CYAML_FIELD_END};

#define FIELD(key, least, most, initial, meaning) TEXT(raw_config, key),
static const cyaml_schema_field_t config_fields[] = {
    TEXT(raw_config, data_dir),
    CYAML_FIELD_SEQUENCE("profiles", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, raw_config, profiles, &text_schema,
                         0, MAX_PROFILES),
    TEXT(raw_config, log_level),
    BLOCK(raw_config, gateway, gateway_fields),
    BLOCK(raw_config, worker, worker_fields),
    BLOCK(raw_config, notifier, notifier_fields),
    BLOCK(raw_config, webhooks, webhooks_fields),
    BLOCK(raw_config, subscriber, subscriber_fields),
    ZP_TOP_NUMBERS(FIELD) CYAML_FIELD_END};
#undef FIELD

static const cyaml_schema_value_t config_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, raw_config, config_fields)};

#undef TEXT
#undef BLOCK

#endif

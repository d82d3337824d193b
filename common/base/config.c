/*
 * config.c - see config.h. Runs at start, in the main thread.
 *
 * yaml.c reads the file and libcyaml loads it into texts (config_schema.h); here they become numbers within their
 * ranges, absolute paths and endpoints. The first thing that is wrong ends it with one line that names the key.
 */
#include "base/config.h"

#include "base/config_schema.h"
#include "base/log.h"
#include "base/yaml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1, QUOTED_MAX = 60 };

static const char ipc[] = "ipc://", tcp[] = "tcp://";

typedef struct {
    zp_yaml *yaml;
    const raw_config *raw;
    zp_config *config;
    char *folder; /* of the file: absolute */
} load;

/* ---- numbers ---- */

typedef struct {
    const char *key;
    size_t from; /* offset of the text in its raw block */
    size_t to;   /* offset of the number in zp_config */
    size_t size; /* of the number */
    uint64_t least, most, initial;
    const char *meaning;
} number;

#define ROW(block, path, member, name, low, high, standard, what)                                                      \
    {(path),                                                                                                           \
     offsetof(block, name),                                                                                            \
     offsetof(zp_config, member),                                                                                      \
     sizeof(((zp_config *)0)->member),                                                                                 \
     (low),                                                                                                            \
     (high),                                                                                                           \
     (standard),                                                                                                       \
     (what)},
#define TOP_ROW(name, low, high, standard, what) ROW(raw_config, #name, name, name, low, high, standard, what)
#define GATEWAY_ROW(name, low, high, standard, what)                                                                   \
    ROW(raw_gateway, "gateway." #name, gateway.name, name, low, high, standard, what)
#define WORKER_ROW(name, low, high, standard, what)                                                                    \
    ROW(raw_worker, "worker." #name, worker.name, name, low, high, standard, what)
#define NOTIFIER_ROW(name, low, high, standard, what)                                                                  \
    ROW(raw_notifier, "notifier." #name, notifier.name, name, low, high, standard, what)

#define WEBHOOKS_ROW(name, low, high, standard, what)                                                                  \
    ROW(raw_webhooks, "webhooks." #name, webhooks.name, name, low, high, standard, what)

static const number top_numbers[] = {ZP_TOP_NUMBERS(TOP_ROW)};
static const number gateway_numbers[] = {ZP_GATEWAY_NUMBERS(GATEWAY_ROW)};
static const number worker_numbers[] = {ZP_WORKER_NUMBERS(WORKER_ROW)};
static const number notifier_numbers[] = {ZP_NOTIFIER_NUMBERS(NOTIFIER_ROW)};
static const number webhooks_numbers[] = {ZP_WEBHOOKS_NUMBERS(WEBHOOKS_ROW)};

static zp_rc read_number(load *self, const number *row, const char *text)
{
    uint64_t value = row->initial;
    if (text && (!zp_yaml_number(text, &value) || value < row->least || value > row->most))
        return zp_yaml_refuse(self->yaml, row->key,
                              "is \"%.*s\"; write a whole number from %" PRIu64 " to %" PRIu64 " (%s)", QUOTED_MAX,
                              text, row->least, row->most, row->meaning);
    char *to = (char *)self->config + row->to;
    if (row->size == sizeof(uint64_t))
        memcpy(to, &value, sizeof value);
    else
        memcpy(to, &(unsigned){(unsigned)value}, sizeof(unsigned));
    return ZP_OK;
}

static zp_rc read_rows(load *self, const number *rows, size_t count, const void *block)
{
    zp_rc rc = ZP_OK;
    for (size_t i = 0; i < count && !rc; i++) {
        char *text = NULL;
        if (block)
            memcpy(&text, (const char *)block + rows[i].from, sizeof text);
        rc = read_number(self, &rows[i], text);
    }
    return rc;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static zp_rc read_numbers(load *self)
{
    zp_rc rc = read_rows(self, top_numbers, COUNT(top_numbers), self->raw);
    if (!rc)
        rc = read_rows(self, gateway_numbers, COUNT(gateway_numbers), self->raw->gateway);
    if (!rc)
        rc = read_rows(self, worker_numbers, COUNT(worker_numbers), self->raw->worker);
    if (!rc)
        rc = read_rows(self, notifier_numbers, COUNT(notifier_numbers), self->raw->notifier);
    if (!rc)
        rc = read_rows(self, webhooks_numbers, COUNT(webhooks_numbers), self->raw->webhooks);
    /* LMDB maps whole pages; 64 KiB is the largest page of any machine that Debian runs on. */
    if (!rc && self->config->map_size % 65536)
        rc =
            zp_yaml_refuse(self->yaml, "map_size", "is %" PRIu64 "; write a multiple of 65536", self->config->map_size);
    return rc;
}

/* ---- paths and endpoints ---- */

static zp_rc find_folder(load *self, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    self->folder = folder ? realpath(folder, NULL) : NULL;
    free(folder);
    return self->folder ? ZP_OK : zp_yaml_no_memory(self->yaml);
}

/* prefix + path, the path taken from the file's folder when it is relative. NULL when out of memory. */
static char *absolute(const load *self, const char *prefix, const char *path)
{
    char *out;
    bool is_root = strcmp(self->folder, "/") == 0;
    int n = path[0] == '/' ? asprintf(&out, "%s%s", prefix, path)
                           : asprintf(&out, "%s%s/%s", prefix, is_root ? "" : self->folder, path);
    return n < 0 ? NULL : out;
}

static zp_rc read_path(load *self, const char *key, const char *text, const char *standard, char **out)
{
    if (text && !text[0])
        return zp_yaml_refuse(self->yaml, key, "is empty; write a path, or remove the key for the default, %s",
                              standard);
    *out = absolute(self, "", text ? text : standard);
    return *out ? ZP_OK : zp_yaml_no_memory(self->yaml);
}

static zp_rc check_socket_path(const load *self, const char *key, const char *path)
{
    size_t n = strlen(path);
    if (n <= SOCKET_PATH_MAX)
        return ZP_OK;
    return zp_yaml_refuse(self->yaml, key, "gives a socket path of %zu bytes, %.*s...; choose one of at most %d", n,
                          QUOTED_MAX, path, SOCKET_PATH_MAX);
}

/* run/dispatch.sock is the longest path of the sockets that lie in data_dir whatever else is set. */
static zp_rc check_data_dir(const load *self)
{
    char *path = zp_config_path(self->config, "run/dispatch.sock");
    zp_rc rc = path ? check_socket_path(self, "data_dir", path) : zp_yaml_no_memory(self->yaml);
    free(path);
    return rc;
}

static zp_rc read_endpoint(load *self, const char *key, const char *text, const char *standard, char **out)
{
    size_t prefix = sizeof ipc - 1;
    if (!text)
        *out = zp_config_ipc(self->config, standard);
    else if (strncmp(text, ipc, prefix) == 0 && text[prefix])
        *out = absolute(self, ipc, text + prefix);
    else if (strncmp(text, tcp, sizeof tcp - 1) == 0 && strrchr(text + sizeof tcp - 1, ':'))
        *out = strdup(text);
    else
        return zp_yaml_refuse(self->yaml, key, "is \"%.*s\"; write ipc:///path or tcp://address:port", QUOTED_MAX,
                              text);
    if (!*out)
        return zp_yaml_no_memory(self->yaml);
    return strncmp(*out, ipc, prefix) == 0 ? check_socket_path(self, key, *out + prefix) : ZP_OK;
}

static zp_rc read_listen(load *self, const char *text)
{
    char **out = &self->config->gateway.listen;
    if (text && !text[0])
        return zp_yaml_refuse(self->yaml, "gateway.listen",
                              "is empty; write a socket path, \"-\" for an inherited socket, or remove the key");
    *out = !text                    ? zp_config_path(self->config, "run/gateway.sock")
           : strcmp(text, "-") == 0 ? strdup(text)
                                    : absolute(self, "", text);
    return *out ? check_socket_path(self, "gateway.listen", *out) : zp_yaml_no_memory(self->yaml);
}

/* ---- keys ---- */

/* Two files that make sense together only; neither: *first and *second stay NULL. */
static zp_rc read_pair(load *self, const char *block, const char *names[2], char *texts[2], char **first, char **second)
{
    char key[64];
    char **const out[2] = {first, second};
    if (!texts[0] && !texts[1])
        return ZP_OK;
    zp_rc rc = ZP_OK;
    for (int i = 0; !rc && i < 2; i++) {
        snprintf(key, sizeof key, "%s.%s", block, names[i]);
        rc = texts[i] ? read_path(self, key, texts[i], "none", out[i])
                      : zp_yaml_refuse(self->yaml, block, "lacks %s; write both %s and %s, or neither", names[i],
                                       names[0], names[1]);
    }
    return rc;
}

static zp_rc read_keys(load *self)
{
    const raw_notifier *notifier = self->raw->notifier;
    const raw_curve *curve = notifier ? notifier->curve : NULL;
    const raw_subscriber *subscriber = self->raw->subscriber;
    zp_config *config = self->config;
    zp_rc rc = ZP_OK;
    if (curve)
        rc = read_pair(self, "notifier.curve", (const char *[]){"secret_key_file", "allowed_keys"},
                       (char *[]){curve->secret_key_file, curve->allowed_keys}, &config->notifier.curve.secret_key_file,
                       &config->notifier.curve.allowed_keys);
    if (!rc && subscriber)
        rc = read_pair(self, "subscriber", (const char *[]){"server_key_file", "key_file"},
                       (char *[]){subscriber->server_key_file, subscriber->key_file},
                       &config->subscriber.server_key_file, &config->subscriber.key_file);
    return rc;
}

static zp_rc read_allow_plain(load *self)
{
    const char *text = self->raw->notifier ? self->raw->notifier->allow_plain : NULL;
    self->config->notifier.allow_plain = text && strcmp(text, "true") == 0;
    if (text && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return zp_yaml_refuse(self->yaml, "notifier.allow_plain", "is \"%.*s\"; write true or false", QUOTED_MAX, text);
    return ZP_OK;
}

/* ---- the rest ---- */

static zp_rc read_log_level(load *self)
{
    const char *text = self->raw->log_level ? self->raw->log_level : "info";
    zp_level level;
    if (zp_level_parse(text, &level))
        return zp_yaml_refuse(self->yaml, "log_level", "is \"%.*s\"; write debug, info, warn or error", QUOTED_MAX,
                              text);
    self->config->log_level = strdup(text);
    return self->config->log_level ? ZP_OK : zp_yaml_no_memory(self->yaml);
}

static zp_rc read_profiles(load *self)
{
    const raw_config *raw = self->raw;
    unsigned count = raw->profiles_count ? raw->profiles_count : 1;
    zp_config *config = self->config;
    config->profiles = calloc(count, sizeof *config->profiles);
    if (!config->profiles)
        return zp_yaml_no_memory(self->yaml);
    zp_rc rc = ZP_OK;
    for (unsigned i = 0; !rc && i < count; i++) {
        rc = read_path(self, "profiles", raw->profiles_count ? raw->profiles[i] : NULL, "profiles/mof-2020.yaml",
                       &config->profiles[i]);
        config->profiles_count += !rc;
    }
    return rc;
}

static zp_rc read_peer_users(load *self)
{
    const raw_gateway *raw = self->raw->gateway;
    unsigned count = raw ? raw->peer_users_count : 0;
    char **users = calloc(count + 1, sizeof *users);
    if (!users)
        return zp_yaml_no_memory(self->yaml);
    self->config->gateway.peer_users = users;
    for (unsigned i = 0; i < count; i++) {
        if (!raw->peer_users[i][0])
            return zp_yaml_refuse(self->yaml, "gateway.peer_users",
                                  "has an empty entry; write the name of the user nginx runs as");
        users[i] = strdup(raw->peer_users[i]);
        if (!users[i])
            return zp_yaml_no_memory(self->yaml);
        self->config->gateway.peer_users_count++;
    }
    return ZP_OK;
}

/* Those of Standard Webhooks behind the first attempt: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 hours. */
static const unsigned standard_retries[] = {5000,     300000,   1800000,  7200000, 18000000,
                                            36000000, 50400000, 72000000, 86400000};
_Static_assert(COUNT(standard_retries) <= ZP_RETRIES_MOST, "room for all");

static zp_rc read_retries(load *self)
{
    const raw_webhooks *raw = self->raw->webhooks;
    zp_config *config = self->config;
    zp_rc rc = ZP_OK;
    config->webhooks.retry_count = raw ? raw->retry_ms_count : 0;
    for (unsigned i = 0; i < config->webhooks.retry_count && !rc; i++) {
        number row = {.key = "webhooks.retry_ms",
                      .to = offsetof(zp_config, webhooks.retry_ms) + i * sizeof(unsigned),
                      .size = sizeof(unsigned),
                      .least = 1,
                      .most = 604800000,
                      .meaning = "milliseconds"};
        rc = read_number(self, &row, raw->retry_ms[i]);
    }
    if (!rc && config->webhooks.retry_count == 0) {
        memcpy(config->webhooks.retry_ms, standard_retries, sizeof standard_retries);
        config->webhooks.retry_count = COUNT(standard_retries);
    }
    return rc;
}

static zp_rc read_webhooks(load *self)
{
    const raw_webhooks *raw = self->raw->webhooks;
    zp_rc rc = read_retries(self);
    if (!rc && raw && raw->ca_file)
        rc = read_path(self, "webhooks.ca_file", raw->ca_file, "the system's", &self->config->webhooks.ca_file);
    return rc;
}

static zp_rc read_all(load *self, const char *path)
{
    const raw_config *raw = self->raw;
    zp_config *config = self->config;
    zp_rc rc = find_folder(self, path);
    if (!rc)
        rc = read_numbers(self);
    if (!rc)
        rc = read_log_level(self);
    if (!rc)
        rc = read_path(self, "data_dir", raw->data_dir, "data", &config->data_dir);
    if (!rc)
        rc = read_profiles(self);
    if (!rc)
        rc = check_data_dir(self);
    if (!rc)
        rc = read_listen(self, raw->gateway ? raw->gateway->listen : NULL);
    if (!rc)
        rc = read_peer_users(self);
    if (!rc)
        rc = read_endpoint(self, "notifier.publish", raw->notifier ? raw->notifier->publish : NULL, "run/events.sock",
                           &config->notifier.publish);
    if (!rc)
        rc = read_endpoint(self, "notifier.replay", raw->notifier ? raw->notifier->replay : NULL, "run/replay.sock",
                           &config->notifier.replay);
    if (!rc)
        rc = read_webhooks(self);
    if (!rc)
        rc = read_allow_plain(self);
    if (!rc)
        rc = read_keys(self);
    return rc;
}

zp_rc zp_config_load(const char *path, zp_config **out, char *message, size_t message_size)
{
    load self = {.config = calloc(1, sizeof *self.config)};
    zp_rc rc = zp_yaml_open(path, "copy the sample conf/ziping.yaml there, or name another file with --config",
                            &self.yaml, message, message_size);
    void *raw = NULL;
    if (!rc)
        rc = self.config ? zp_yaml_load(self.yaml, &config_schema, &raw) : zp_yaml_no_memory(self.yaml);
    self.raw = raw;
    if (!rc && self.config)
        rc = read_all(&self, path);
    if (rc)
        zp_config_destroy(&self.config);
    else
        *out = self.config;
    zp_yaml_unload(&config_schema, raw);
    zp_yaml_close(&self.yaml);
    free(self.folder);
    return rc;
}

void zp_config_destroy(zp_config **self)
{
    zp_config *config = *self;
    if (!config)
        return;
    for (unsigned i = 0; i < config->gateway.peer_users_count; i++)
        free(config->gateway.peer_users[i]);
    free(config->gateway.peer_users);
    free(config->gateway.listen);
    free(config->notifier.publish);
    free(config->notifier.replay);
    free(config->webhooks.ca_file);
    free(config->notifier.curve.secret_key_file);
    free(config->notifier.curve.allowed_keys);
    free(config->subscriber.server_key_file);
    free(config->subscriber.key_file);
    free(config->data_dir);
    for (unsigned i = 0; i < config->profiles_count; i++)
        free(config->profiles[i]);
    free(config->profiles);
    free(config->log_level);
    free(config);
    *self = NULL;
}

char *zp_config_path(const zp_config *self, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", self->data_dir, name) < 0 ? NULL : path;
}

char *zp_config_ipc(const zp_config *self, const char *name)
{
    char *endpoint;
    return asprintf(&endpoint, "%s%s/%s", ipc, self->data_dir, name) < 0 ? NULL : endpoint;
}

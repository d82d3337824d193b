/*
 * announcer.c - see announcer.h.
 */
#include "announcer.h"

#include "base/log.h"
#include "store/webhooks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { AT_ONCE = 16, ADDRESS = 300 };

typedef struct {
    char address[ADDRESS], reason[ZP_WEBHOOK_REASON + 1];
} texts;

struct zp_announcer {
    char *path, *file;
    zp_webhooks *webhooks; /* NULL: not there yet */
    bool failing;          /* said once */
    zp_notice_mark told;   /* last */
    size_t count;
    zp_notice notices[AT_ONCE];
    texts texts[AT_ONCE]; /* copied out of the read transaction */
};

zp_rc zp_announcer_new(const zp_config *config, zp_announcer **out)
{
    zp_announcer *self = calloc(1, sizeof *self);
    *out = self;
    if (!self)
        return ZP_NOMEM;
    self->path = zp_config_path(config, "webhooks");
    self->file = zp_config_path(config, "webhooks/data.mdb");
    if (!self->path || !self->file)
        zp_announcer_destroy(out);
    return *out ? ZP_OK : ZP_NOMEM;
}

void zp_announcer_destroy(zp_announcer **self)
{
    if (!*self)
        return;
    zp_webhooks_close(&(*self)->webhooks);
    free((*self)->path);
    free((*self)->file);
    free(*self);
    *self = NULL;
}

static zp_str copy(zp_str from, char *to, size_t size)
{
    size_t n = from.n < size ? from.n : size;
    if (n)
        memcpy(to, from.p, n);
    return (zp_str){to, n};
}

static bool keep(void *context, const zp_notice *notice)
{
    zp_announcer *self = context;
    if (zp_notice_is_told(&self->told, &notice->mark))
        return true;
    texts *room = &self->texts[self->count];
    zp_notice *kept = &self->notices[self->count++];
    *kept = *notice;
    kept->address = copy(notice->address, room->address, sizeof room->address);
    kept->reason = copy(notice->reason, room->reason, sizeof room->reason);
    return self->count < AT_ONCE;
}

/* What was not told yet: few, and looked for only when the newest was not. */
static zp_rc collect(zp_announcer *self, zp_scores *scores)
{
    zp_notice_mark newest, told;
    char message[512];
    self->count = 0;
    if (!self->webhooks && access(self->file, F_OK) < 0)
        return ZP_OK;
    zp_rc rc =
        self->webhooks ? ZP_OK : zp_webhooks_open(self->path, ZP_READ_ONLY, &self->webhooks, message, sizeof message);
    if (!rc)
        rc = zp_webhooks_newest_notice(self->webhooks, &newest);
    if (rc || newest.serial == 0)
        return rc == ZP_NOTFOUND ? ZP_OK : rc; /* just being made */
    rc = zp_scores_announced(scores, &told);
    if (rc)
        return rc;
    self->told = told;
    return zp_notice_is_told(&told, &newest) ? ZP_OK : zp_webhooks_notices(self->webhooks, 0, keep, self);
}

zp_rc zp_announcer_look(zp_announcer *self, zp_scores *scores, int64_t wall_ms, uint64_t *last_seq)
{
    *last_seq = 0;
    zp_rc rc = collect(self, scores);
    if (rc && !self->failing)
        zp_log(ZP_ERROR, "notices-not-read", "path=%s reason=\"%s\"", self->path, zp_rc_name(rc));
    self->failing = rc != ZP_OK;
    if (rc || self->count == 0)
        return ZP_OK;
    rc = zp_scores_announce(scores, wall_ms, self->notices, self->count, last_seq);
    for (size_t i = 0; i < self->count && !rc; i++)
        zp_log(ZP_INFO, "endpoint-disabled", "endpoint=%" PRIu64 " notice=%" PRIu64, self->notices[i].endpoint,
               self->notices[i].mark.serial);
    return rc;
}

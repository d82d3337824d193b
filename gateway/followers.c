/*
 * followers.c - requests that wait for news of the event log: streams and waiting readers. See loop_parts.h.
 *
 * All of them get their turn when the log has grown, as work that is done between other requests. Thousands would cost
 * a busy intake its thread if each commit woke them: after a round that took a while, the next one waits three times
 * as long, and takes more events at once. A lone stream is told at once.
 */
#include "loop_parts.h"

#include "follow.h"
#include "news.h"

enum { SHARE = 3, LONGEST_PAUSE_MS = 1000 };

/* Whoever waits is answered when it said; the beats of streams come once a second all together. */
static void heed_end(zp_loop *self, const zp_visit *v)
{
    const zp_follow *follow = v->request.follow;
    if (follow->format != ZP_EVENTS_STREAM && follow->until < self->next_end)
        self->next_end = follow->until;
}

void zp_visit_follow(zp_loop *self, zp_visit *v)
{
    zp_request_shed(&v->request);
    zp_buf_free(&v->body);
    zp_visit_hold(self, v, 0);
    v->state = ZP_FOLLOWING;
    TAILQ_INSERT_TAIL(&self->following, v, turn);
    heed_end(self, v);
}

static void wake(zp_loop *self, zp_visit *v)
{
    TAILQ_REMOVE(&self->following, v, turn);
    v->state = ZP_WORKING;
    TAILQ_INSERT_TAIL(&self->working, v, turn);
}

void zp_followers_wake_all(zp_loop *self)
{
    for (zp_visit *v; (v = TAILQ_FIRST(&self->following));)
        wake(self, v);
}

void zp_followers_expire(zp_loop *self, int64_t now)
{
    zp_visit *next;
    if (now < self->next_end)
        return;
    self->next_end = INT64_MAX;
    for (zp_visit *v = TAILQ_FIRST(&self->following); v; v = next) {
        next = TAILQ_NEXT(v, turn);
        if (v->request.follow->until <= now)
            wake(self, v);
        else
            heed_end(self, v);
    }
}

void zp_followers_tick(zp_loop *self, int64_t now)
{
    self->next_end = now;
    zp_followers_expire(self, now);
    self->news = true;
}

void zp_followers_look(zp_loop *self, int64_t now)
{
    if (self->woken_at && TAILQ_EMPTY(&self->working)) {
        int64_t pause = SHARE * (now - self->woken_at);
        self->next_news = now + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
        self->woken_at = 0;
    }
    if (!self->news || self->woken_at || now < self->next_news || TAILQ_EMPTY(&self->following))
        return;
    self->news = false;
    if (!zp_news_refresh(self->desk.news, self->desk.scores))
        return;
    zp_followers_wake_all(self);
    self->woken_at = now;
}

int64_t zp_followers_due(const zp_loop *self)
{
    if (TAILQ_EMPTY(&self->following))
        return INT64_MAX;
    int64_t due = self->next_end < self->next_tick ? self->next_end : self->next_tick;
    return self->news && self->next_news < due ? self->next_news : due;
}

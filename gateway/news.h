/*
 * news.h - the newest events of the log, read and written out once for all who follow it.
 *
 * Thousands of streams wait for the same events: whoever is at the place where the news begins gets its text copied
 * from here; who has fallen behind reads the log itself. One request thread's.
 */
#ifndef ZP_GATEWAY_NEWS_H
#define ZP_GATEWAY_NEWS_H

#include "event_page.h"

typedef struct zp_news zp_news;

zp_news *zp_news_new(void); /* NULL when out of memory */
void zp_news_destroy(zp_news **self);

/*
 * Looks whether the log has grown since the last look, and reads what is new. True: it has. A log that cannot be read,
 * or that was grown by more than is kept here, is just as well a reason for everybody to look.
 */
bool zp_news_refresh(zp_news *self, zp_scores_reader *reader);
/* The newest number that is known. */
uint64_t zp_news_upto(const zp_news *self);
/*
 * Moves a stream's page from its position to the newest that is known. False, and nothing done, when the news does not
 * begin there.
 */
bool zp_news_add_to(const zp_news *self, zp_event_page *page);

#endif

/*
 * webhooks_store.h - what the files of the webhooks store share; nobody else includes it.
 */
#ifndef ZP_STORE_WEBHOOKS_STORE_H
#define ZP_STORE_WEBHOOKS_STORE_H

#include "store/keys.h"
#include "store/webhooks.h"

struct zp_webhooks {
    zp_env env;
    MDB_dbi endpoints, log, notices, meta;
    zp_read read;
    zp_buf packed; /* what is about to be written */
};

/* Every number of meta. */
#define ZP_META_VERSION "version"
#define ZP_META_NEXT    "next"
#define ZP_META_STORE   "store"

typedef struct {
    uint8_t b[16];
} zp_webhook_log_key;
zp_webhook_log_key zp_webhook_log_key_of(uint64_t id, uint64_t count);

/* ---- webhooks_record.c: the records' layouts ---- */

void zp_webhook_pack(const zp_webhook *webhook, zp_buf *out);
zp_rc zp_webhook_unpack(zp_str bytes, zp_webhook *out); /* ZP_CORRUPT; id is the key's */
void zp_webhook_row_pack(const zp_webhook_row *row, zp_buf *out);
zp_rc zp_webhook_row_unpack(zp_str bytes, zp_webhook_row *out);
void zp_webhook_notice_pack(const zp_notice *notice, zp_buf *out);
zp_rc zp_webhook_notice_unpack(zp_str bytes, zp_notice *out); /* of the mark the time alone */

/* ---- webhooks_read.c ---- */

zp_rc zp_webhooks_find(zp_webhooks *self, MDB_txn *txn, uint64_t id, zp_webhook *out);
/* 0 when it is not there. */
zp_rc zp_webhooks_meta(zp_webhooks *self, MDB_txn *txn, const char *name, uint64_t *out);
/* ZP_EXISTS when an endpoint asks for the same events at the same URL, whose id it gets; ZP_OK when there is none. */
zp_rc zp_webhooks_twin(zp_webhooks *self, MDB_txn *txn, zp_webhook *webhook);
zp_rc zp_webhooks_newest(zp_webhooks *self, MDB_txn *txn, zp_notice_mark *out);

/* ---- webhooks_change.c ---- */

zp_rc zp_webhooks_put(zp_webhooks *self, MDB_txn *txn, const zp_webhook *webhook);
zp_rc zp_webhooks_bump(zp_webhooks *self, MDB_txn *txn);

#endif

/*
 * seasons.c - see seasons.h. Any thread, within its own transaction.
 */
#include "store/seasons.h"

#include "store/meta.h"

bool zp_seasons_same(const zp_seasons *a, const zp_seasons *b)
{
    for (size_t i = 0; i < a->count && a->count == b->count; i++)
        if (a->items[i].year != b->items[i].year || a->items[i].state != b->items[i].state)
            return false;
    return a->count == b->count;
}

typedef struct {
    uint8_t b[1 + 16]; /* state, archive */
} season_bytes;

const char *zp_season_state_name(zp_season_state state)
{
    static const char *const names[] = {"open", "archiving", "archived"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

const zp_season *zp_seasons_find(const zp_seasons *self, int year)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].year == year)
            return &self->items[i];
    return NULL;
}

zp_season_state zp_seasons_state(const zp_seasons *self, int year)
{
    const zp_season *season = zp_seasons_find(self, year);
    return season ? season->state : ZP_SEASON_OPEN;
}

static zp_rc unpack(const uint8_t *key, MDB_val value, zp_season *out)
{
    zp_str bytes;
    zp_rc rc = zp_unseal(value, &bytes);
    if (rc || bytes.n != sizeof(season_bytes))
        return ZP_CORRUPT;
    out->year = key[6] << 8 | key[7];
    out->state = (zp_season_state)(uint8_t)bytes.p[0];
    memcpy(out->archive, bytes.p + 1, sizeof out->archive);
    return out->state == ZP_SEASON_ARCHIVING || out->state == ZP_SEASON_ARCHIVED ? ZP_OK : ZP_CORRUPT;
}

static zp_rc collect(MDB_cursor *cursor, zp_seasons *out)
{
    zp_meta_key from = zp_meta_season(0);
    MDB_val key = zp_val(ZP_BYTES(from)), value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (code == 0 && key.mv_size == sizeof from.b && memcmp(key.mv_data, from.b, sizeof from.b - 2) == 0) {
        if (out->count == ZP_MOST_SEASONS)
            return ZP_FULL;
        zp_rc rc = unpack(key.mv_data, value, &out->items[out->count++]);
        if (rc)
            return rc;
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return code == MDB_NOTFOUND ? ZP_OK : zp_env_rc(code, "seasons");
}

zp_rc zp_seasons_read(MDB_txn *txn, MDB_dbi meta, zp_seasons *out)
{
    MDB_cursor *cursor;
    out->count = 0;
    if (!meta)
        return ZP_OK;
    zp_rc rc = zp_env_rc(mdb_cursor_open(txn, meta, &cursor), "seasons");
    if (rc)
        return rc;
    rc = collect(cursor, out);
    mdb_cursor_close(cursor);
    return rc;
}

zp_rc zp_seasons_write(MDB_txn *txn, MDB_dbi meta, const zp_season *season)
{
    zp_meta_key key = zp_meta_season(season->year);
    season_bytes bytes = {{(uint8_t)season->state}};
    memcpy(bytes.b + 1, season->archive, sizeof season->archive);
    zp_str value = ZP_BYTES(bytes);
    return zp_put_sealed(txn, meta, ZP_BYTES(key), &value, 1, 0);
}

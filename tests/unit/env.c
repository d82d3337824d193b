/*
 * env.c - environments: what is refused at opening and what is said then, seals, and how a failed commit is told.
 *
 * The disk's failures come from this file's own fdatasync, writev, pwrite and fallocate, which stand in front of the
 * system's; they work as usual until a test says otherwise.
 */
#include "store/env.h"

#include "base/big_endian.h"
#include "base/log.h"
#include "store/warm.h"
#include "store_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { META_PAGES = 2 * 4096 };

static struct {
    int sync, data, meta, blocks; /* errno to give, or 0 */
} failing;

int fdatasync(int fd)
{
    if (failing.sync) {
        errno = failing.sync;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (failing.data) {
        errno = failing.data;
        return -1;
    }
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    int failure = at < META_PAGES ? failing.meta : failing.data;
    if (failure) {
        errno = failure;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, n, at);
}

int fallocate(int fd, int mode, off_t from, off_t n)
{
    if (failing.blocks) {
        errno = failing.blocks;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, from, n);
}

typedef struct {
    place where;
    zp_env env;
    MDB_dbi dbi;
    char message[512];
} fixture;

static zp_rc reopen(fixture *f, uint64_t map_size)
{
    zp_rc rc = zp_env_open(&f->env, f->where.store, map_size, 1, ZP_READ_WRITE, f->message, sizeof f->message);
    const zp_env_db db = {"things", &f->dbi, false};
    return rc ? rc : zp_env_open_dbs(&f->env, &db, 1, f->message, sizeof f->message);
}

static int set_up(void **state)
{
    static fixture f;
    memset(&failing, 0, sizeof failing);
    make_place(&f.where);
    assert_int_equal(reopen(&f, MAP), ZP_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    memset(&failing, 0, sizeof failing);
    zp_env_close(&f->env);
    remove_place(&f->where);
    return 0;
}

static zp_rc put(fixture *f, const char *key, zp_str value)
{
    MDB_txn *txn;
    zp_rc rc = zp_env_begin(&f->env, &txn);
    if (rc)
        return rc;
    rc = zp_put_sealed(txn, f->dbi, zp_str_of(key), &value, 1, 0);
    if (!rc)
        return zp_env_commit(&f->env, txn);
    mdb_txn_abort(txn);
    return rc;
}

static zp_rc get(fixture *f, const char *key, char *text, size_t size)
{
    zp_read read = {NULL};
    zp_str found = ZP_ABSENT;
    assert_int_equal(zp_read_begin(&f->env, &read), ZP_OK);
    zp_rc rc = zp_get_sealed(read.txn, f->dbi, zp_str_of(key), &found);
    if (!rc)
        snprintf(text, size, "%.*s", (int)found.n, found.p);
    zp_read_close(&read);
    return rc;
}

/* ---- opening ---- */

static void two_opens_of_one_path_are_refused(void **state)
{
    fixture *f = *state;
    zp_env second;
    char other_name[200], text[16];
    assert_int_equal(zp_env_open(&second, f->where.store, MAP, 1, ZP_READ_ONLY, f->message, sizeof f->message),
                     ZP_EXISTS);
    assert_non_null(strstr(f->message, f->where.store));
    snprintf(other_name, sizeof other_name, "%s/../store/.", f->where.store);
    assert_int_equal(zp_env_open(&second, other_name, MAP, 1, ZP_READ_WRITE, f->message, sizeof f->message), ZP_EXISTS);
    /* The refusal left the first as it was, and closing it makes room. */
    assert_int_equal(put(f, "a", ZP_STR("1")), ZP_OK);
    zp_env_close(&f->env);
    assert_int_equal(reopen(f, MAP), ZP_OK);
    assert_int_equal(get(f, "a", text, sizeof text), ZP_OK);
    assert_string_equal(text, "1");
}

static void reading_what_was_never_begun_leaves_no_trace(void **state)
{
    fixture *f = *state;
    char path[120];
    zp_env env;
    snprintf(path, sizeof path, "%s/nothing", f->where.folder);
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_ONLY, f->message, sizeof f->message), ZP_NOTFOUND);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_ONLY, f->message, sizeof f->message), ZP_NOTFOUND);
    assert_non_null(strstr(f->message, "start the gateway or a worker"));
    assert_int_equal(rmdir(path), 0); /* which it only is when empty */
}

static void expect_refusal(fixture *f, const char *path, const char *remedy)
{
    zp_env env;
    zp_rc rc = zp_env_open(&env, path, MAP, 1, ZP_READ_WRITE, f->message, sizeof f->message);
    assert_int_equal(rc, ZP_IO);
    assert_non_null(strstr(f->message, path));
    assert_non_null(strstr(f->message, remedy));
    assert_null(strchr(f->message, '\n'));
}

static void what_stands_in_the_way_is_named_with_a_remedy(void **state)
{
    fixture *f = *state;
    char path[120];
    snprintf(path, sizeof path, "%s/missing/store", f->where.folder);
    expect_refusal(f, path, "create it");
    snprintf(path, sizeof path, "%s/file", f->where.folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    expect_refusal(f, path, "a file stands in the way");
}

static void a_full_disk_is_named_with_a_remedy(void **state)
{
    fixture *f = *state;
    char path[120];
    zp_env env;
    snprintf(path, sizeof path, "%s/full", f->where.folder);
    failing.blocks = ENOSPC;
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_WRITE, f->message, sizeof f->message), ZP_FULL);
    assert_non_null(strstr(f->message, path));
    assert_non_null(strstr(f->message, "free some space"));
    memset(&failing, 0, sizeof failing);
    failing.meta = failing.data = ENOSPC;
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_WRITE, f->message, sizeof f->message), ZP_FULL);
    memset(&failing, 0, sizeof failing);
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_WRITE, f->message, sizeof f->message), ZP_OK);
    zp_env_close(&env);
}

/* A power cut in a first start: what it had begun is no store yet, and does not stand in the way of one. */
static void what_a_predecessor_did_not_finish_is_begun_again(void **state)
{
    fixture *f = *state;
    char path[120], file[140], zeros[8192] = {0};
    zp_env env;
    snprintf(path, sizeof path, "%s/cut", f->where.folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(file, sizeof file, "%s/new", path);
    assert_int_equal(mkdir(file, 0700), 0);
    snprintf(file, sizeof file, "%s/new/data.mdb", path);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, zeros, sizeof zeros), sizeof zeros);
    close(fd);
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_ONLY, f->message, sizeof f->message), ZP_NOTFOUND);
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_WRITE, f->message, sizeof f->message), ZP_OK);
    assert_int_equal(access(file, F_OK), -1);
    zp_env_close(&env);
}

/* Else taking a reader slot on a full disk ends the process. */
static void the_lock_file_has_its_blocks_from_the_start(void **state)
{
    fixture *f = *state;
    char path[120];
    struct stat stat;
    zp_env_stats stats;
    snprintf(path, sizeof path, "%s/lock.mdb", f->where.store);
    assert_int_equal(lstat(path, &stat), 0);
    assert_true(stat.st_blocks * 512 >= stat.st_size);
    assert_int_equal(zp_env_stat(&f->env, &stats), ZP_OK);
    assert_int_equal(stats.max_readers, 510);
}

static void no_permission_is_named_with_a_remedy(void **state)
{
    fixture *f = *state;
    bool is_root = geteuid() == 0;
    char path[120];
    snprintf(path, sizeof path, "%s/closed", f->where.folder);
    assert_int_equal(mkdir(path, 0500), 0);
    assert_int_equal(chmod(f->where.folder, 0755), 0);
    assert_int_equal(chmod(path, 0555), 0);
    if (is_root)
        assert_int_equal(seteuid(65534), 0);
    expect_refusal(f, path, "chown or chmod");
    if (is_root)
        assert_int_equal(seteuid(0), 0);
}

static void a_foreign_file_is_not_opened(void **state)
{
    fixture *f = *state;
    char path[120], file[140], page[8192];
    zp_env env;
    snprintf(path, sizeof path, "%s/foreign", f->where.folder);
    snprintf(file, sizeof file, "%s/data.mdb", path);
    assert_int_equal(mkdir(path, 0700), 0);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    memset(page, 'x', sizeof page);
    assert_int_equal(write(fd, page, sizeof page), sizeof page);
    close(fd);
    assert_int_equal(zp_env_open(&env, path, MAP, 1, ZP_READ_WRITE, f->message, sizeof f->message), ZP_CORRUPT);
    assert_non_null(strstr(f->message, "restore it from a backup"));
}

/* ---- readers ---- */

static void hold_a_snapshot(const place *where, int to)
{
    zp_env env;
    zp_read read = {NULL};
    char message[512], ready = 0;
    ready = zp_env_open(&env, where->store, MAP, 1, ZP_READ_ONLY, message, sizeof message) == ZP_OK &&
            zp_read_begin(&env, &read) == ZP_OK;
    if (write(to, &ready, 1) == 1)
        pause();
}

static void reader_slots_of_dead_processes_are_freed(void **state)
{
    fixture *f = *state;
    char ready = 0;
    int freed = 0;
    child c = start_child(hold_a_snapshot, &f->where);
    assert_true(read_exactly(c.from, &ready, 1));
    assert_int_equal(ready, 1);
    assert_int_equal(zp_env_reader_check(&f->env, &freed), ZP_OK);
    assert_int_equal(freed, 0);
    kill_child(&c);
    close(c.from);
    assert_int_equal(zp_env_reader_check(&f->env, &freed), ZP_OK);
    assert_int_equal(freed, 1);
}

static void a_reader_sees_one_snapshot_until_it_ends(void **state)
{
    fixture *f = *state;
    zp_read read = {NULL};
    zp_str found;
    assert_int_equal(put(f, "a", ZP_STR("old")), ZP_OK);
    assert_int_equal(zp_read_begin(&f->env, &read), ZP_OK);
    assert_int_equal(put(f, "a", ZP_STR("new")), ZP_OK);
    assert_int_equal(zp_get_sealed(read.txn, f->dbi, ZP_STR("a"), &found), ZP_OK);
    assert_true(zp_str_is(found, "old"));
    zp_read_end(&read);
    assert_int_equal(zp_read_begin(&f->env, &read), ZP_OK);
    assert_int_equal(zp_get_sealed(read.txn, f->dbi, ZP_STR("a"), &found), ZP_OK);
    assert_true(zp_str_is(found, "new"));
    zp_read_close(&read);
}

/* ---- records ---- */

static void every_flipped_bit_breaks_the_seal(void **state)
{
    (void)state;
    char record[ZP_SEAL + 40];
    zp_str payload;
    memset(record, 'r', sizeof record);
    zp_seal(record, record + ZP_SEAL, 40);
    MDB_val value = {sizeof record, record};
    assert_int_equal(zp_unseal(value, &payload), ZP_OK);
    assert_int_equal(payload.n, 40);
    for (size_t bit = 0; bit < 8 * sizeof record; bit++) {
        record[bit / 8] = (char)(record[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(zp_unseal(value, &payload), ZP_CORRUPT);
        record[bit / 8] = (char)(record[bit / 8] ^ 1 << bit % 8);
    }
    value.mv_size = ZP_SEAL - 1;
    assert_int_equal(zp_unseal(value, &payload), ZP_CORRUPT);
}

static void appending_out_of_order_still_stores(void **state)
{
    fixture *f = *state;
    const zp_str parts[] = {ZP_STR("one"), ZP_STR(""), ZP_STR(" record")};
    static const char *const keys[] = {"b", "c", "a", "bb"};
    MDB_txn *txn;
    char text[32];
    assert_int_equal(zp_env_begin(&f->env, &txn), ZP_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(zp_put_sealed(txn, f->dbi, zp_str_of(keys[i]), parts, 3, MDB_APPEND | MDB_NOOVERWRITE), ZP_OK);
    assert_int_equal(zp_put_sealed(txn, f->dbi, ZP_STR("c"), parts, 1, MDB_APPEND | MDB_NOOVERWRITE), ZP_EXISTS);
    assert_int_equal(zp_env_commit(&f->env, txn), ZP_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(get(f, keys[i], text, sizeof text), ZP_OK);
        assert_string_equal(text, "one record");
    }
}

/* ---- commits that fail ---- */

static char big[40000];

static void a_failed_sync_is_in_doubt(void **state)
{
    fixture *f = *state;
    failing.sync = EIO;
    assert_int_equal(put(f, "a", ZP_STR("1")), ZP_IN_DOUBT);
}

static void a_failed_meta_page_is_in_doubt_even_when_it_says_full(void **state)
{
    fixture *f = *state;
    failing.meta = ENOSPC;
    assert_int_equal(put(f, "a", ZP_STR("1")), ZP_IN_DOUBT);
    /* From then on nothing may be written: the successor looks. */
    failing.meta = 0;
    assert_int_equal(put(f, "b", ZP_STR("1")), ZP_IN_DOUBT);
}

static void a_full_disk_changes_nothing(void **state)
{
    fixture *f = *state;
    char text[16];
    assert_int_equal(put(f, "a", ZP_STR("1")), ZP_OK);
    failing.data = ENOSPC;
    assert_int_equal(put(f, "b", (zp_str){big, sizeof big}), ZP_FULL);
    assert_int_equal(get(f, "b", text, sizeof text), ZP_NOTFOUND);
    failing.data = 0;
    assert_int_equal(put(f, "b", ZP_STR("2")), ZP_OK);
    assert_int_equal(get(f, "a", text, sizeof text), ZP_OK);
    assert_int_equal(get(f, "b", text, sizeof text), ZP_OK);
}

static void an_error_of_a_disk_with_space_is_in_doubt(void **state)
{
    fixture *f = *state;
    failing.data = EIO;
    assert_int_equal(put(f, "b", (zp_str){big, sizeof big}), ZP_IN_DOUBT);
}

static void a_full_map_changes_nothing(void **state)
{
    fixture *f = *state;
    char key[16], text[16];
    int stored = 0;
    zp_env_close(&f->env);
    remove_place(&f->where);
    make_place(&f->where);
    assert_int_equal(reopen(f, TINY_MAP), ZP_OK);
    zp_rc rc;
    do {
        snprintf(key, sizeof key, "%d", stored);
        rc = put(f, key, (zp_str){big, sizeof big});
        stored += rc == ZP_OK;
    } while (rc == ZP_OK);
    assert_int_equal(rc, ZP_FULL);
    assert_true(stored > 0);
    assert_int_equal(get(f, key, text, sizeof text), ZP_NOTFOUND);
    assert_int_equal(put(f, "small", ZP_STR("1")), ZP_OK);
}

static void used_bytes_shrink_when_records_go(void **state)
{
    fixture *f = *state;
    zp_env_stats before, full, after;
    MDB_txn *txn;
    MDB_val key = {1, "a"};
    assert_int_equal(zp_env_stat(&f->env, &before), ZP_OK);
    assert_int_equal(put(f, "a", (zp_str){big, sizeof big}), ZP_OK);
    assert_int_equal(zp_env_stat(&f->env, &full), ZP_OK);
    assert_true(full.used_bytes >= before.used_bytes + sizeof big);
    assert_int_equal(zp_env_begin(&f->env, &txn), ZP_OK);
    assert_int_equal(mdb_del(txn, f->dbi, &key, NULL), 0);
    assert_int_equal(zp_env_commit(&f->env, txn), ZP_OK);
    assert_int_equal(zp_env_stat(&f->env, &after), ZP_OK);
    assert_true(after.used_bytes + sizeof big <= full.used_bytes + 4096);
    assert_int_equal(after.map_size, MAP);
    assert_int_equal(after.last_txn, full.last_txn + 1);
}

static void delete_big(fixture *f, const char *name)
{
    MDB_txn *txn;
    MDB_val key = {1, (void *)name};
    assert_int_equal(zp_env_begin(&f->env, &txn), ZP_OK);
    assert_int_equal(mdb_del(txn, f->dbi, &key, NULL), 0);
    assert_int_equal(zp_env_commit(&f->env, txn), ZP_OK);
}

static void what_is_kept_for_a_reader_counts_as_used_and_the_reader_is_known(void **state)
{
    fixture *f = *state;
    zp_env_stats before, kept, after;
    char ready = 0;
    int freed = 0;
    assert_int_equal(put(f, "a", (zp_str){big, sizeof big}), ZP_OK);
    child c = start_child(hold_a_snapshot, &f->where);
    assert_true(read_exactly(c.from, &ready, 1));
    assert_int_equal(zp_env_stat(&f->env, &before), ZP_OK);
    for (int i = 0; i < 3; i++) { /* without a reader they would take each other's pages */
        delete_big(f, "a");
        assert_int_equal(put(f, "a", (zp_str){big, sizeof big}), ZP_OK);
    }
    assert_int_equal(zp_env_stat(&f->env, &kept), ZP_OK);
    assert_true(kept.pinned_bytes >= 3 * sizeof big);
    assert_true(kept.used_bytes >= before.used_bytes + 3 * sizeof big);
    assert_int_equal(kept.oldest_reader, c.pid);
    kill_child(&c);
    close(c.from);
    assert_int_equal(zp_env_reader_check(&f->env, &freed), ZP_OK);
    assert_int_equal(zp_env_stat(&f->env, &after), ZP_OK);
    assert_int_equal(after.pinned_bytes, 0);
    assert_true(after.used_bytes < before.used_bytes + sizeof big);
    assert_int_not_equal(after.oldest_reader, c.pid);
}

static void put_many(fixture *f, unsigned count)
{
    MDB_txn *txn;
    uint8_t key[16] = {0};
    const zp_str value = {big, 100};
    assert_int_equal(zp_env_begin(&f->env, &txn), ZP_OK);
    for (unsigned i = 0; i < count; i++) {
        zp_be64_put(key, (uint64_t)i * i << 20);
        assert_int_equal(zp_put_sealed(txn, f->dbi, (zp_str){(char *)key, sizeof key}, &value, 1, MDB_APPEND), ZP_OK);
    }
    assert_int_equal(zp_env_commit(&f->env, txn), ZP_OK);
}

/* Pages of the store's file that are in memory, and all that it has. */
static size_t resident(const char *path, size_t *all)
{
    unsigned char in_memory[4096];
    struct stat stat;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &stat), 0);
    *all = (size_t)stat.st_size / 4096;
    assert_true(*all <= sizeof in_memory);
    void *map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(mincore(map, (size_t)stat.st_size, in_memory), 0);
    munmap(map, (size_t)stat.st_size);
    close(fd);
    size_t found = 0;
    for (size_t i = 0; i < *all; i++)
        found += in_memory[i] & 1;
    return found;
}

static void drop_from_memory(const char *path)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
}

/* On a file system that is memory nothing is dropped, and nothing is shown. */
static void a_database_that_was_warmed_is_in_memory(void **state)
{
    fixture *f = *state;
    char path[120];
    size_t all, found;
    zp_env_stats stats;
    snprintf(path, sizeof path, "%s/data.mdb", f->where.store);
    zp_warm(&f->env, f->dbi); /* empty */
    put_many(f, 20000);
    zp_env_close(&f->env);
    drop_from_memory(path);
    assert_int_equal(reopen(f, MAP), ZP_OK);
    zp_warm(&f->env, f->dbi);
    found = resident(path, &all);
    assert_true(all > 500);
    assert_true(found >= all - 20); /* those that are free */
    assert_int_equal(zp_env_stat(&f->env, &stats), ZP_OK);
    assert_true(stats.readers <= 16 + 2);
    assert_int_equal(stats.oldest_reader, 0);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PROMISE(two_opens_of_one_path_are_refused),
        PROMISE(a_database_that_was_warmed_is_in_memory),
        PROMISE(reading_what_was_never_begun_leaves_no_trace),
        PROMISE(what_stands_in_the_way_is_named_with_a_remedy),
        PROMISE(a_full_disk_is_named_with_a_remedy),
        PROMISE(what_a_predecessor_did_not_finish_is_begun_again),
        PROMISE(the_lock_file_has_its_blocks_from_the_start),
        PROMISE(no_permission_is_named_with_a_remedy),
        PROMISE(a_foreign_file_is_not_opened),
        PROMISE(reader_slots_of_dead_processes_are_freed),
        PROMISE(a_reader_sees_one_snapshot_until_it_ends),
        PROMISE(every_flipped_bit_breaks_the_seal),
        PROMISE(appending_out_of_order_still_stores),
        PROMISE(a_failed_sync_is_in_doubt),
        PROMISE(a_failed_meta_page_is_in_doubt_even_when_it_says_full),
        PROMISE(a_full_disk_changes_nothing),
        PROMISE(an_error_of_a_disk_with_space_is_in_doubt),
        PROMISE(a_full_map_changes_nothing),
        PROMISE(used_bytes_shrink_when_records_go),
        PROMISE(what_is_kept_for_a_reader_counts_as_used_and_the_reader_is_known),
    };
#undef PROMISE
    zp_log_open("test", ZP_ERROR);
    return !!cmocka_run_group_tests_name("env", tests, NULL, NULL);
}

/*
 * puts_bench.c - LMDB alone: how many durable puts of a form's size a second, by how many share a commit. With default
 * flags, as the stores have them: each commit is synced.
 *
 * Usage: puts_bench FOLDER SECONDS BATCH…, as JSON. The file stays below a gigabyte: what is full is emptied.
 */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES = 3072, MOST = 200000 };

static void must(int code, const char *what)
{
    if (code == 0)
        return;
    fprintf(stderr, "puts_bench: %s: %s\n", what, mdb_strerror(code));
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void commit(MDB_env *env, MDB_dbi dbi, unsigned batch, uint64_t *number)
{
    static char value[BYTES];
    MDB_txn *txn;
    must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    if (*number >= MOST) {
        must(mdb_drop(txn, dbi, 0), "drop");
        *number = 0;
    }
    for (unsigned i = 0; i < batch; i++) {
        uint64_t key = __builtin_bswap64(++*number);
        memcpy(value, &key, sizeof key);
        MDB_val k = {sizeof key, &key}, v = {sizeof value, value};
        must(mdb_put(txn, dbi, &k, &v, MDB_APPEND), "put");
    }
    must(mdb_txn_commit(txn), "commit");
}

int main(int argc, char **argv)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    if (argc < 4) {
        fprintf(stderr, "usage: puts_bench FOLDER SECONDS BATCH...\n");
        return 2;
    }
    int64_t span = strtoll(argv[2], NULL, 10) * 1000000000;
    must(mdb_env_create(&env), "create");
    must(mdb_env_set_mapsize(env, (size_t)4 << 30), "map");
    must(mdb_env_open(env, argv[1], 0, 0600), argv[1]);
    must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    must(mdb_dbi_open(txn, NULL, 0, &dbi), "open");
    must(mdb_txn_commit(txn), "commit");
    uint64_t number = MOST;
    printf("{");
    for (int i = 3; i < argc; i++) {
        unsigned batch = (unsigned)strtoul(argv[i], NULL, 10);
        int64_t begun = now_ns(), ended;
        uint64_t commits = 0;
        for (; (ended = now_ns()) - begun < span; commits++)
            commit(env, dbi, batch, &number);
        printf("%s\"%u\": %lld", i > 3 ? ", " : "", batch,
               (long long)(commits * batch * UINT64_C(1000000000) / (uint64_t)(ended - begun)));
    }
    printf("}\n");
    mdb_env_close(env);
    return EXIT_SUCCESS;
}

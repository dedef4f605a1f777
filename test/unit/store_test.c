// SPDX-License-Identifier: MIT
// Records, loading an engine, and stores in real directories: what they refuse, and that refused
// files stay unchanged.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../engine/replica.h"
#include "../../engine/store.h"
#include "../../node/storage/store_lmdb.h"
#include "../../node/storage/superblock.h"
#include "../lib/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOC gv_base_malloc()

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

static struct gv_engine *new_engine(const char *secret) {
    struct gv_engine *engine;
    struct gv_engine_config config = {.alloc = ALLOC, .seed = 1, .secret = text(secret)};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    return engine;
}

// ---- Records ------------------------------------------------------------------------------------

static char *repeat(char c, size_t len) {
    char *s = malloc(len + 1);
    assert_non_null(s);
    memset(s, c, len);
    s[len] = '\0';
    return s;
}

static void check_entry(const struct gv_engine *engine, const struct gv_entry *entry) {
    struct gv_store_batch batch = {0};
    assert_int_equal(gv_store_batch_put(&batch, ALLOC, engine, entry), 0);
    struct gv_store_record record;
    size_t at = 0;
    assert_true(gv_store_batch_next(&batch, &at, &record));
    assert_true(record.key.len <= GV_STORE_KEY_MAX);
    static uint8_t scratch[GV_STORE_SCRATCH];
    struct gv_entry got;
    assert_int_equal(gv_store_decode(&record, scratch, &got), 0);
    assert_int_equal(got.lattice, entry->lattice);
    assert_int_equal(got.key.len, entry->key.len);
    assert_memory_equal(got.key.data, entry->key.data, got.key.len);
    assert_true(got.count == entry->count && got.lamport == entry->lamport);
    assert_int_equal(got.value.len, entry->value.len);
    assert_int_equal(got.node.len, entry->node.len);
    if (got.value.len > 0) assert_memory_equal(got.value.data, entry->value.data, got.value.len);
    if (got.node.len > 0) assert_memory_equal(got.node.data, entry->node.data, got.node.len);
    assert_false(gv_store_batch_next(&batch, &at, &record));
    gv_store_batch_free(&batch, ALLOC);
}

static void test_records(void **state) {
    (void)state;
    struct gv_engine *engine = new_engine("s");
    static const size_t lengths[] = {1, 2, 239, 240, 241, 255, 256, 257, 300, 5000, 60000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *key = repeat('7', lengths[i]);
        check_entry(engine, &(struct gv_entry){.lattice = GV_LATTICE_SET, .key = text(key)});
        check_entry(engine, &(struct gv_entry){.lattice = GV_LATTICE_COUNTER,
                                               .key = text(key),
                                               .count = UINT64_MAX - i});
        check_entry(engine, &(struct gv_entry){.lattice = GV_LATTICE_REGISTER,
                                               .key = text(key),
                                               .lamport = i,
                                               .value = text("[1,2]"),
                                               .node = text("\"n1\"")});
        char *element = malloc(lengths[i] + 8);
        assert_non_null(element);
        snprintf(element, lengths[i] + 8, "[%s,%zu]", key, i);
        check_entry(engine, &(struct gv_entry){.lattice = GV_LATTICE_LOG,
                                               .key = text(element),
                                               .value = text("{\"a\":[]}")});
        free(element);
        free(key);
    }
    gv_engine_free(engine);
}

// Any bytes are decoded as an entry or refused, without reading beyond them.
static void test_malformed(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    static uint8_t scratch[GV_STORE_SCRATCH];
    int refused = 0;
    for (int i = 0; i < 20000; i++) {
        size_t key_len = gv_prng_below(&prng, 300), value_len = gv_prng_below(&prng, 40);
        uint8_t *key = malloc(key_len + 1), *value = malloc(value_len + 1);
        for (size_t k = 0; k < key_len; k++) key[k] = (uint8_t)gv_prng_below(&prng, 4);
        for (size_t k = 0; k < value_len; k++) value[k] = (uint8_t)gv_prng_below(&prng, 4);
        if (key_len > 8) key[8] |= (uint8_t)(gv_prng_below(&prng, 2) << 7);
        struct gv_store_record record = {{key, key_len}, {value, value_len}};
        struct gv_entry entry;
        int error = gv_store_decode(&record, scratch, &entry);
        assert_true(error == 0 || error == GV_ECORRUPT);
        if (error == 0) assert_true(entry.key.len > 0 && entry.key.len <= GV_STORE_SCRATCH);
        refused += error != 0;
        free(key);
        free(value);
    }
    assert_true(refused > 1000);
}

// ---- Loading, from a store in memory ------------------------------------------------------------

struct memory {
    struct gv_store_record records[4096];
    size_t count;
    struct gv_store_batch batch; // the memory of the records
};

static int compare(const void *a, const void *b) {
    const struct gv_slice x = ((const struct gv_store_record *)a)->key;
    const struct gv_slice y = ((const struct gv_store_record *)b)->key;
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static int memory_load(void *ctx, int (*take)(void *, const struct gv_store_record *),
                       void *take_ctx) {
    struct memory *memory = ctx;
    int error = 0;
    for (size_t i = 0; i < memory->count && error == 0; i++)
        error = take(take_ctx, &memory->records[i]);
    return error;
}

// Entries of every kind, in an engine and in a store, which has some older versions.
static void fill(struct memory *memory, struct gv_engine *engine) {
    char key[400];
    for (int i = 0; i < 1000; i++) {
        memset(key, '5', sizeof key);
        int len = snprintf(key, sizeof key, i % 3 == 0 ? "%d" : "\"value %d\"", i * 7919 - 1000000);
        size_t key_len = i % 50 == 49 ? 380 + (size_t)i / 100 : (size_t)len;
        if (i % 50 == 49) { // long, with the same prefix
            key[len] = '5';
            if (i % 3 != 0) key[len - 1] = '5', key[key_len - 1] = '"';
        }
        struct gv_entry entry = {
            .lattice = i % 5 == 0    ? GV_LATTICE_COUNTER
                       : i % 7 == 0  ? GV_LATTICE_REGISTER
                       : i % 11 == 0 ? GV_LATTICE_LOG
                                     : GV_LATTICE_SET,
            .key = {(const uint8_t *)key, key_len},
        };
        char element[420];
        if (entry.lattice == GV_LATTICE_LOG) {
            len = gv_entry_log_key_put(element, sizeof element, entry.key, (uint64_t)i);
            assert_true(len > 0);
            entry.key = (struct gv_slice){(const uint8_t *)element, (size_t)len};
        }
        for (int version = 1; version < (entry.lattice == GV_LATTICE_SET ? 2 : 3); version++) {
            if (entry.lattice == GV_LATTICE_COUNTER) entry.count = (uint64_t)version;
            if (entry.lattice == GV_LATTICE_REGISTER) {
                entry.lamport = (uint64_t)version;
                entry.value = text(version == 1 ? "\"a longer one than the other\"" : "2");
                entry.node = text("\"n1\"");
            }
            if (entry.lattice == GV_LATTICE_LOG) entry.value = text(version == 1 ? "1" : "[2]");
            assert_int_equal(gv_store_batch_put(&memory->batch, ALLOC, engine, &entry), 0);
            assert_true(gv_engine_put(engine, 0, &entry) >= 0);
        }
    }
    struct gv_store_record record;
    for (size_t at = 0; gv_store_batch_next(&memory->batch, &at, &record);)
        memory->records[memory->count++] = record;
    qsort(memory->records, memory->count, sizeof *memory->records, compare);
}

static void check_equal(const struct gv_engine *a, const struct gv_engine *b) {
    struct gv_entry entry, found;
    uint32_t cursor = 0;
    uint64_t count = 0;
    for (; gv_engine_next(a, &cursor, gv_engine_end(a), &entry); count++) {
        assert_true(gv_engine_get(b, &entry, &found));
        assert_true(found.count == entry.count && found.lamport == entry.lamport);
        assert_int_equal(found.value.len, entry.value.len);
    }
    assert_int_equal(gv_engine_root(a).count, count);
    assert_int_equal(gv_engine_root(b).count, count);
}

static void test_load(void **state) {
    (void)state;
    static struct memory memory;
    struct gv_store store = {.ctx = &memory, .load = memory_load};
    struct gv_engine *from = new_engine("one");
    fill(&memory, from);
    static const char *const secrets[] = {"one", "another"};
    for (int i = 0; i < 2; i++) {
        struct gv_engine *to = new_engine(secrets[i]);
        assert_int_equal(gv_store_load(&store, to), 0);
        check_equal(to, from);
        assert_int_equal(gv_digest_equal(gv_engine_root(to), gv_engine_root(from)), i == 0);
        // The engine works as any other.
        struct gv_entry more = {.lattice = GV_LATTICE_SET, .key = text("\"more\"")};
        assert_int_equal(gv_engine_put(to, 0, &more), 1);
        assert_int_equal(gv_engine_put(to, 0, &more), 0);
        assert_int_equal(gv_store_load(&store, to), GV_EINVAL);
        gv_engine_free(to);
    }
    memory.records[500].value.len += 300; // into the next record; never a good value
    struct gv_engine *to = new_engine("one");
    assert_int_equal(gv_store_load(&store, to), GV_ECORRUPT);
    gv_engine_free(to);
    gv_engine_free(from);
    gv_store_batch_free(&memory.batch, ALLOC);
}

// ---- Directories --------------------------------------------------------------------------------

struct place {
    char dir[4096], file[4200], journal[4200], fault[256];
    const char *workload;
    struct gv_store_lmdb *lmdb;
    bool sync;
};

static int open_place(struct place *place, bool whole, uint64_t incarnation) {
    struct gv_store_lmdb_config config = {.dir = place->dir,
                                          .workload = place->workload,
                                          .sync = place->sync,
                                          .write_ahead = whole,
                                          .incarnation = incarnation};
    place->fault[0] = '\0';
    return gv_store_lmdb_open(&place->lmdb, &config, place->fault, sizeof place->fault);
}

static void set_up(struct place *place) {
    place->workload = "gset";
    place->sync = false;
    snprintf(place->dir, sizeof place->dir, "%s", gv_proc_make_dir());
    snprintf(place->file, sizeof place->file, "%s/data.mdb", place->dir);
    snprintf(place->journal, sizeof place->journal, "%s/grapevine.journal", place->dir);
}

static int write_values(struct place *place, const struct gv_engine *engine, int first, int count) {
    struct gv_store_batch batch = {0};
    for (int i = first; i < first + count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = text(key)};
        assert_int_equal(gv_store_batch_put(&batch, ALLOC, engine, &entry), 0);
    }
    const struct gv_store *store = gv_store_lmdb_store(place->lmdb);
    int error = store->write(store->ctx, &batch);
    gv_store_batch_free(&batch, ALLOC);
    return error;
}

static struct gv_digest load(struct place *place) {
    struct gv_engine *engine = new_engine("s");
    assert_int_equal(gv_store_load(gv_store_lmdb_store(place->lmdb), engine), 0);
    struct gv_digest root = gv_engine_root(engine);
    gv_engine_free(engine);
    return root;
}

// Makes a directory with some values, and closes it.
static void make_values(struct place *place, int count) {
    set_up(place);
    struct gv_engine *engine = new_engine("s");
    assert_int_equal(open_place(place, true, 1), 0);
    for (int i = 0; i < count; i += 500)
        assert_int_equal(write_values(place, engine, i, count - i < 500 ? count - i : 500), 0);
    assert_int_equal(gv_store_lmdb_close(place->lmdb, true), 0);
    gv_engine_free(engine);
}

// Values that together outgrow the first memory map of data.mdb (16 MiB) and the second, in batches
// whose frames end at different places of the journal when it does.
static void grow(size_t value_len, int batch_values, bool write_ahead) {
    enum { TOTAL = 36 << 20 };
    struct place place;
    set_up(&place);
    place.sync = !write_ahead;
    struct gv_engine *engine = new_engine("s");
    char *key = repeat('7', value_len);
    int count = 0;
    assert_int_equal(open_place(&place, write_ahead, 1), 0);
    const struct gv_store *store = gv_store_lmdb_store(place.lmdb);
    for (size_t written = 0; written < TOTAL; written += value_len * (size_t)batch_values) {
        struct gv_store_batch batch = {0};
        for (int i = 0; i < batch_values; i++) {
            char digits[11];
            snprintf(digits, sizeof digits, "1%09d", count++);
            memcpy(key, digits, 10);
            struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = text(key)};
            assert_int_equal(gv_store_batch_put(&batch, ALLOC, engine, &entry), 0);
        }
        assert_int_equal(store->write(store->ctx, &batch), 0);
        gv_store_batch_free(&batch, ALLOC);
    }
    gv_store_lmdb_close(place.lmdb, false); // as after a crash
    assert_int_equal(open_place(&place, write_ahead, 2), 0);
    assert_int_equal(load(&place).count, count);
    gv_store_lmdb_close(place.lmdb, true);
    gv_engine_free(engine);
    free(key);
    gv_proc_remove_dir(place.dir);
}

static void test_map_grows(void **state) {
    (void)state;
    grow(60000, 1, true);
    grow(60000, 9, true);
    grow(1000, 64, true);
    grow(40000, 5, false);
}

// Opening it would block, and nothing else than a plain file can be verified.
static void test_fifo(void **state) {
    (void)state;
    struct place place;
    set_up(&place);
    assert_int_equal(mkfifo(place.file, 0600), 0);
    assert_int_equal(open_place(&place, true, 1), GV_ECORRUPT);
    assert_non_null(strstr(place.fault, "data.mdb is not a plain file"));
    gv_proc_remove_dir(place.dir);
}

static void test_incarnations(void **state) {
    (void)state;
    struct place place;
    make_values(&place, 1200);
    assert_int_equal(open_place(&place, true, 2), 0);
    assert_int_equal(gv_store_lmdb_incarnation(place.lmdb), 1);
    assert_int_equal(load(&place).count, 1200);
    gv_store_lmdb_close(place.lmdb, false); // as after a crash of a node with write_ahead
    assert_int_equal(open_place(&place, false, 3), 0);
    assert_int_equal(gv_store_lmdb_incarnation(place.lmdb), 1);
    gv_store_lmdb_close(place.lmdb, false); // as after a crash of a node without write_ahead
    assert_int_equal(open_place(&place, false, 4), 0);
    assert_int_equal(gv_store_lmdb_incarnation(place.lmdb), 4);
    gv_store_lmdb_close(place.lmdb, true);
    assert_int_equal(open_place(&place, true, 5), 0);
    assert_int_equal(gv_store_lmdb_incarnation(place.lmdb), 4);
    assert_int_equal(load(&place).count, 1200);
    gv_store_lmdb_close(place.lmdb, true);
    gv_proc_remove_dir(place.dir);
}

static void test_two_processes(void **state) {
    (void)state;
    struct place place;
    set_up(&place);
    assert_int_equal(open_place(&place, true, 1), 0);
    pid_t child = fork();
    if (child == 0) {
        struct place other = place;
        bool refused = open_place(&other, true, 2) == GV_EFULL &&
                       strcmp(other.fault, "another process uses it") == 0;
        _exit(refused ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    gv_store_lmdb_close(place.lmdb, true);
    assert_int_equal(open_place(&place, true, 1), 0);
    gv_store_lmdb_close(place.lmdb, true);
    gv_proc_remove_dir(place.dir);
}

static uint8_t *read_file(const char *path, size_t *len) {
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    *len = (size_t)found.st_size;
    uint8_t *bytes = calloc(*len + 1, 1);
    FILE *file = fopen(path, "rb");
    assert_true(file != NULL && fread(bytes, 1, *len, file) == *len);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t len) {
    FILE *file = fopen(path, "wb");
    assert_true(file != NULL && fwrite(bytes, 1, len, file) == len);
    assert_int_equal(fclose(file), 0);
}

static void check_kept(const char *path, const uint8_t *bytes, size_t len) {
    size_t after;
    uint8_t *kept = read_file(path, &after);
    assert_int_equal(after, len);
    assert_memory_equal(kept, bytes, len);
    free(kept);
}

// Checks that opening fails for this reason and changes nothing.
static void check_refused(struct place *place, const uint8_t *bytes, size_t len, int error,
                          const char *why) {
    write_file(place->file, bytes, len);
    assert_int_equal(open_place(place, true, 2), error);
    assert_non_null(strstr(place->fault, why));
    check_kept(place->file, bytes, len);
}

static void test_refused(void **state) {
    (void)state;
    struct place place;
    make_values(&place, 2000);
    size_t len;
    uint8_t *bytes = read_file(place.file, &len);
    check_refused(&place, bytes, len / 2, GV_ECORRUPT, "damaged");
    check_refused(&place, bytes, len - 4096, GV_ECORRUPT, "damaged");
    check_refused(&place, bytes, 100, GV_ECORRUPT, "damaged");
    check_refused(&place, (const uint8_t *)"not a database at all", 21, GV_ECORRUPT,
                  "it does not begin like a file of LMDB");
    // Other formats: changes the number after each magic word.
    static const char mine[] = {'g', 'r', 'a', 'p', 'e', 'v', 'i', 'n', 'e', GV_SUPERBLOCK_FORMAT};
    static const char formats[] = {GV_SUPERBLOCK_FORMAT_LEGACY - 1, GV_SUPERBLOCK_FORMAT + 1};
    uint8_t *other = malloc(len);
    for (int k = 0; k < 2; k++) {
        memcpy(other, bytes, len);
        for (size_t i = 0; i + sizeof mine < len; i++) {
            if (memcmp(other + i, mine, sizeof mine) != 0) continue;
            other[i + sizeof mine - 1] = (uint8_t)formats[k];
        }
        char why[80];
        snprintf(why, sizeof why, "data.mdb is in format %d, this version reads %d and %d",
                 formats[k], GV_SUPERBLOCK_FORMAT_LEGACY, GV_SUPERBLOCK_FORMAT);
        check_refused(&place, other, len, GV_EVERSION, why);
    }
    free(other);
    free(bytes);
    gv_proc_remove_dir(place.dir);
}

// With any byte changed, the store is refused or complete.
static void test_changed_bytes(void **state) {
    (void)state;
    struct place place;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    make_values(&place, 1500);
    assert_int_equal(open_place(&place, true, 1), 0);
    struct gv_digest want = load(&place);
    gv_store_lmdb_close(place.lmdb, true);
    size_t len;
    uint8_t *bytes = read_file(place.file, &len);
    int refused = 0;
    for (int i = 0; i < 80; i++) {
        // Half of the bytes are lengths in headers of pages and nodes.
        size_t at = gv_prng_below(&prng, len);
        if (i % 2 == 0) at = at / 4096 * 4096 + gv_prng_below(&prng, 160);
        uint8_t before = bytes[at];
        bytes[at] = (uint8_t)(before ^ (1 + gv_prng_below(&prng, 255)));
        write_file(place.file, bytes, len);
        int error = open_place(&place, true, 1);
        if (error == 0) {
            if (!gv_digest_equal(load(&place), want)) fail_msg("byte %zu of %zu", at, len);
            gv_store_lmdb_close(place.lmdb, true);
        } else {
            check_kept(place.file, bytes, len);
            refused++;
        }
        bytes[at] = before;
    }
    assert_true(refused > 10);
    free(bytes);
    gv_proc_remove_dir(place.dir);
}

// The disk is full, and then has space again; a limit on the file size simulates this.
static void test_full_disk(void **state) {
    (void)state;
    struct place place;
    make_values(&place, 1000);
    struct gv_engine *engine = new_engine("s");
    assert_int_equal(open_place(&place, true, 1), 0);
    struct stat found;
    assert_int_equal(stat(place.file, &found), 0);
    struct rlimit before, less;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    less = before;
    less.rlim_cur = (rlim_t)found.st_size + 3 * 4096;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    int error = write_values(&place, engine, 10000, 20000);
    int again = write_values(&place, engine, 10000, 20000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(error == GV_EFULL || error == GV_EIO);
    assert_true(again == error);
    const struct gv_store *store = gv_store_lmdb_store(place.lmdb);
    assert_true(strncmp(store->text(store->ctx), "write: ", 7) == 0);
    assert_int_equal(load(&place).count, 1000);
    assert_int_equal(write_values(&place, engine, 10000, 20000), 0);
    assert_int_equal(load(&place).count, 21000);
    gv_store_lmdb_close(place.lmdb, true);
    assert_int_equal(open_place(&place, true, 1), 0);
    assert_int_equal(load(&place).count, 21000);
    gv_store_lmdb_close(place.lmdb, true);
    gv_engine_free(engine);
    gv_proc_remove_dir(place.dir);
}

// The memory map begins with 16 MiB.
static void test_growth(void **state) {
    (void)state;
    struct place place;
    set_up(&place);
    struct gv_engine *engine = new_engine("s");
    assert_int_equal(open_place(&place, true, 1), 0);
    char *key = repeat('x', 60000);
    key[0] = key[59999] = '"';
    struct gv_store_batch batch = {0};
    for (int i = 0; i < 800; i++) {
        char number[16];
        snprintf(number, sizeof number, "%08d", i);
        memcpy(key + 1, number, 8);
        struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = text(key)};
        assert_int_equal(gv_store_batch_put(&batch, ALLOC, engine, &entry), 0);
    }
    const struct gv_store *store = gv_store_lmdb_store(place.lmdb);
    assert_int_equal(store->write(store->ctx, &batch), 0);
    assert_int_equal(load(&place).count, 800);
    gv_store_lmdb_close(place.lmdb, true);
    assert_int_equal(open_place(&place, true, 1), 0);
    assert_int_equal(load(&place).count, 800);
    gv_store_lmdb_close(place.lmdb, true);
    gv_store_batch_free(&batch, ALLOC);
    free(key);
    gv_engine_free(engine);
    gv_proc_remove_dir(place.dir);
}

// Writes batches of values in a process that ends without closing the store.
static void write_and_die(struct place *place, int batches, int values) {
    pid_t child = fork();
    if (child == 0) {
        struct gv_engine *engine = new_engine("s");
        bool good = open_place(place, true, 1) == 0;
        for (int i = 0; good && i < batches; i++)
            good = write_values(place, engine, i * values, values) == 0;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void check_incarnation(struct place *place, uint64_t values) {
    assert_int_equal(open_place(place, true, 2), 0);
    assert_int_equal(gv_store_lmdb_incarnation(place->lmdb), 1);
    assert_int_equal(load(place).count, values);
    gv_store_lmdb_close(place->lmdb, true);
}

// Synced batches survive a crash, whether they are in the journal, in data.mdb, or longer than the
// journal; also if the next start does not sync writes.
static void test_journal(void **state) {
    (void)state;
    struct place place;
    set_up(&place);
    place.sync = true;
    write_and_die(&place, 3, 5);
    check_incarnation(&place, 15);
    write_and_die(&place, 60, 3000);
    check_incarnation(&place, 180000);
    write_and_die(&place, 2, 250000);
    place.sync = false;
    check_incarnation(&place, 500000);
    place.sync = true;
    write_and_die(&place, 2, 3);
    check_incarnation(&place, 500000);
    gv_proc_remove_dir(place.dir);
}

// A damaged or missing journal is refused, as it has acknowledged writes.
static void test_journal_refused(void **state) {
    (void)state;
    struct place place;
    set_up(&place);
    place.sync = true;
    write_and_die(&place, 3, 5);
    const char *journal = place.journal;
    char aside[4300];
    snprintf(aside, sizeof aside, "%s/aside", place.dir);
    size_t len, journal_len;
    uint8_t *bytes = read_file(place.file, &len), *frames = read_file(journal, &journal_len);

    assert_int_equal(rename(journal, aside), 0);
    check_refused(&place, bytes, len, GV_ECORRUPT, "grapevine.journal is missing");
    frames[2 * 4096 + 50] ^= 1; // a byte of the second of three frames
    write_file(journal, frames, journal_len);
    for (int i = 0; i < 2; i++) {
        place.sync = i == 0;
        check_refused(&place, bytes, len, GV_ECORRUPT,
                      "grapevine.journal is damaged at byte 8192: a frame is damaged, and "
                      "others follow it");
        check_kept(journal, frames, journal_len);
    }
    assert_int_equal(rename(aside, journal), 0);
    check_incarnation(&place, 15);
    free(bytes);
    free(frames);
    gv_proc_remove_dir(place.dir);
}

// ---- The files identify each other --------------------------------------------------------------

struct copy {
    uint8_t *bytes;
    size_t len;
};

static struct copy take_copy(const char *path) {
    struct copy copy;
    copy.bytes = read_file(path, &copy.len);
    return copy;
}

static void put_copy(const char *path, const struct copy *copy) {
    unlink(path);
    if (copy != NULL) write_file(path, copy->bytes, copy->len);
}

// With these two files (NULL: none) the open is refused for this reason, and both stay unchanged.
static void check_pair(struct place *place, const struct copy *data, const struct copy *journal,
                       const char *why) {
    put_copy(place->file, data);
    put_copy(place->journal, journal);
    for (int i = 0; i < 2; i++) {
        place->sync = i == 0;
        int error = open_place(place, true, 2);
        if (error != GV_ECORRUPT || strstr(place->fault, why) == NULL)
            fail_msg("%d '%s' instead of '%s'", error, place->fault, why);
        if (data != NULL) check_kept(place->file, data->bytes, data->len);
        if (journal != NULL) check_kept(place->journal, journal->bytes, journal->len);
        assert_true(data != NULL || access(place->file, F_OK) != 0);
        assert_true(journal != NULL || access(place->journal, F_OK) != 0);
    }
    place->sync = true;
}

// data.mdb missing, empty or truncated; a journal missing or changed.
static void test_pair_damaged(void **state) {
    (void)state;
    struct place place;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 3);
    set_up(&place);
    place.sync = true;
    write_and_die(&place, 40, 300); // a few frames in each half of the journal
    struct copy data = take_copy(place.file), journal = take_copy(place.journal);
    struct copy other = take_copy(place.journal), none = {other.bytes, 0};
    check_pair(&place, NULL, &journal, "data.mdb is missing, though there is a grapevine.journal");
    check_pair(&place, &none, &journal, "data.mdb is empty, though there is a grapevine.journal");
    check_pair(&place, NULL, &none, "data.mdb is missing, though there is a grapevine.journal");
    check_pair(
        &place, NULL, NULL,
        "data.mdb is missing and there is no grapevine.journal, though "
        "grapevine.lock shows that there was a store (to start anew, remove grapevine.lock)");
    check_pair(&place, &none, NULL, "data.mdb is empty and there is no grapevine.journal, though ");
    static const size_t lengths[] = {1, 4096, 8192, 12288};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct copy cut = {data.bytes, lengths[i]};
        check_pair(&place, &cut, &journal, "data.mdb is ");
    }
    check_pair(&place, &data, NULL, "grapevine.journal is missing");
    check_pair(&place, &data, &none, "grapevine.journal is damaged at byte 0: it ends there");
    other.len = journal.len / 2;
    check_pair(&place, &data, &other, "grapevine.journal is damaged at byte 2097152: it ends");
    other.len = journal.len;
    for (size_t half = 0; half < 2; half++) {
        size_t from = half * 40 * 4096, len = journal.len - from;
        memset(other.bytes + from, 0, len);
        check_pair(&place, &data, &other, "grapevine.journal is damaged at byte ");
        for (size_t i = from; i < other.len; i++) other.bytes[i] = (uint8_t)gv_prng_next(&prng);
        check_pair(&place, &data, &other, "grapevine.journal is damaged at byte ");
        memcpy(other.bytes, journal.bytes, other.len);
    }
    // The last frame looks torn, but the watermark shows that it was acknowledged.
    size_t last = 0;
    for (size_t i = 0; i < journal.len; i += 4096)
        if (memcmp(journal.bytes + i, other.bytes + journal.len - 4096, 4096) != 0) last = i;
    memset(other.bytes + last, 0, 4096);
    check_pair(&place, &data, &other, "a durable frame is damaged");
    put_copy(place.file, &data);
    put_copy(place.journal, &journal);
    check_incarnation(&place, 12000);
    // Without all three files it is a new directory.
    char lock[4200];
    snprintf(lock, sizeof lock, "%s/grapevine.lock", place.dir);
    assert_true(unlink(place.file) == 0 && unlink(place.journal) == 0 && unlink(lock) == 0);
    assert_int_equal(open_place(&place, true, 2), 0);
    assert_int_equal(load(&place).count, 0);
    gv_store_lmdb_close(place.lmdb, true);
    free(data.bytes);
    free(journal.bytes);
    free(other.bytes);
    gv_proc_remove_dir(place.dir);
}

// An older copy of a file, or one of another directory, with a current one.
static void test_pair_mixed(void **state) {
    (void)state;
    enum { MOMENTS = 6 };
    struct place place, other;
    struct copy data[MOMENTS], journal[MOMENTS];
    struct gv_engine *engine = new_engine("s");
    set_up(&place);
    for (int i = 0; i < MOMENTS; i++) {
        place.sync = i != 3; // one run without synced writes
        assert_int_equal(open_place(&place, true, 1), 0);
        for (int k = 0; k < 3; k++) write_values(&place, engine, 10 * i + 3 * k, 3);
        assert_int_equal(gv_store_lmdb_close(place.lmdb, i % 2 == 0), 0);
        data[i] = take_copy(place.file);
        journal[i] = take_copy(place.journal);
    }
    for (int i = 0; i < MOMENTS; i++) {
        for (int k = 0; k < MOMENTS; k++) {
            if (i == k) continue;
            check_pair(&place, &data[i], &journal[k], "older copy");
        }
    }
    // Older copies of both: only the watermark shows it.
    check_pair(&place, &data[2], &journal[2], "data.mdb is an older copy, as grapevine.lock");
    char lock[4200];
    snprintf(lock, sizeof lock, "%s/grapevine.lock", place.dir);
    assert_int_equal(unlink(lock), 0);
    check_incarnation(&place, 27);

    set_up(&other);
    other.sync = true;
    assert_int_equal(open_place(&other, true, 77), 0);
    write_values(&other, engine, 100, 5);
    assert_int_equal(gv_store_lmdb_close(other.lmdb, true), 0);
    struct copy theirs[2] = {take_copy(other.file), take_copy(other.journal)};
    check_pair(&place, &data[2], &theirs[1], "it and data.mdb belong to different directories");
    check_pair(&place, &theirs[0], &journal[2], "it and data.mdb belong to different directories");
    for (int i = 0; i < MOMENTS; i++) {
        free(data[i].bytes);
        free(journal[i].bytes);
    }
    for (int i = 0; i < 2; i++) free(theirs[i].bytes);
    gv_engine_free(engine);
    gv_proc_remove_dir(place.dir);
    gv_proc_remove_dir(other.dir);
}

// Writes a batch of registers of random length, some of which exist.
static void write_registers(struct place *place, struct gv_engine *engine, struct gv_prng *prng) {
    static char value[20002];
    struct gv_store_batch batch = {0};
    memset(value, 'a', sizeof value);
    value[0] = '"';
    for (int i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", (int)gv_prng_below(prng, 300));
        size_t len = 2 + gv_prng_below(prng, i % 3 == 0 ? sizeof value - 2 : 100);
        value[len - 1] = '"';
        struct gv_entry entry = {.lattice = GV_LATTICE_REGISTER,
                                 .key = text(key),
                                 .value = {(const uint8_t *)value, len},
                                 .lamport = 1 + gv_prng_below(prng, 1 << 20),
                                 .node = text("\"n1\"")};
        if (gv_engine_put(engine, 0, &entry) == 1)
            assert_int_equal(gv_store_batch_put(&batch, ALLOC, engine, &entry), 0);
        value[len - 1] = 'a';
    }
    const struct gv_store *store = gv_store_lmdb_store(place->lmdb);
    assert_int_equal(store->write(store->ctx, &batch), 0);
    gv_store_batch_free(&batch, ALLOC);
}

// Pages are freed, and overflow values grow and shrink: the verifier accepts every state.
static void test_written_over(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct place place;
    set_up(&place);
    struct gv_engine *engine = new_engine("s");
    for (int life = 0; life < 100; life++) {
        assert_int_equal(open_place(&place, true, 1), 0);
        for (int batch = life % 4; batch > 0; batch--) write_registers(&place, engine, &prng);
        assert_int_equal(gv_store_lmdb_close(place.lmdb, life % 2 == 0), 0);
    }
    assert_int_equal(open_place(&place, true, 1), 0);
    assert_true(gv_digest_equal(load(&place), gv_engine_root(engine)));
    gv_store_lmdb_close(place.lmdb, true);
    gv_engine_free(engine);
    gv_proc_remove_dir(place.dir);
}

// Another workload's directory is refused, with frames in its journal too, and stays unchanged.
static void test_workloads(void **state) {
    (void)state;
    struct place place;
    set_up(&place);
    place.sync = true;
    write_and_die(&place, 3, 5);
    size_t len, journal_len;
    uint8_t *bytes = read_file(place.file, &len), *frames = read_file(place.journal, &journal_len);
    static const char *const others[] = {"broadcast", "gse", "gset2", "ids"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char why[80];
        snprintf(why, sizeof why, "it belongs to the workload gset, not to %s", others[i]);
        place.workload = others[i];
        check_refused(&place, bytes, len, GV_EINVAL, why);
        check_kept(place.journal, frames, journal_len);
    }
    place.workload = "gset";
    check_incarnation(&place, 15);
    free(bytes);
    free(frames);
    gv_proc_remove_dir(place.dir);
}

// Other files in the directory stay unchanged.
static void test_foreign_files(void **state) {
    (void)state;
    static const char *const names[] = {"notes.txt", "data.mdb.old", "grapevine.journal.old"};
    static const char words[] = "somebody else's";
    const uint8_t *bytes = (const uint8_t *)words;
    char paths[3][4300];
    struct place place;
    set_up(&place);
    place.sync = true;
    for (int i = 0; i < 3; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", place.dir, names[i]);
        write_file(paths[i], bytes, sizeof words);
    }
    write_and_die(&place, 3, 5);
    check_incarnation(&place, 15);
    for (int i = 0; i < 3; i++) check_kept(paths[i], bytes, sizeof words);
    gv_proc_remove_dir(place.dir);
}

static void test_no_directory(void **state) {
    (void)state;
    struct place place = {.dir = "/nonexistent/far/away", .workload = "gset"};
    assert_int_equal(open_place(&place, true, 1), GV_EIO);
    assert_non_null(strstr(place.fault, "cannot be made: "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_incarnations),
        cmocka_unit_test(test_two_processes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_written_over),
        cmocka_unit_test(test_no_directory),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_journal_refused),
        cmocka_unit_test(test_workloads),
        cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_map_grows),
        cmocka_unit_test(test_pair_damaged),
        cmocka_unit_test(test_pair_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "../../sim/core/disk.h"
#include "../lib/test.h"

#include <stdlib.h>
#include <string.h>

static struct gv_engine *engine;
static struct gv_disk disk;
static uint64_t seed;

static void begin(enum gv_disk_kind kind, uint64_t stream) {
    struct gv_engine_config config = {.alloc = gv_base_malloc(), .staleness_ms = 100};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    gv_disk_init(&disk, kind, seed, stream);
}

static void end(void) {
    gv_disk_fini(&disk);
    gv_engine_free(engine);
}

static struct gv_entry entry_of(char key, uint64_t count) {
    static char text[] = "\"?\"";
    text[1] = key;
    return (struct gv_entry){.lattice = count > 0 ? GV_LATTICE_COUNTER : GV_LATTICE_SET,
                             .key = {(const uint8_t *)text, 3},
                             .count = count};
}

static struct gv_store_batch batch_of(const char *keys) {
    struct gv_store_batch batch = {0};
    for (; *keys != '\0'; keys++) {
        struct gv_entry entry = entry_of(*keys, 0);
        assert_int_equal(gv_store_batch_put(&batch, gv_base_malloc(), engine, &entry), 0);
    }
    return batch;
}

static void write_keys(const char *keys) {
    struct gv_store_batch batch = batch_of(keys);
    assert_int_equal(disk.store.write(disk.store.ctx, &batch), 0);
    gv_store_batch_free(&batch, gv_base_malloc());
}

// The keys that a node finds, sorted.
static char found[64];

static int take(void *ctx, const struct gv_store_record *record) {
    static uint8_t scratch[GV_STORE_SCRATCH];
    static uint8_t last[GV_STORE_KEY_MAX];
    size_t *len = ctx;
    struct gv_entry entry;
    assert_int_equal(gv_store_decode(record, scratch, &entry), 0);
    if (*len > 0) assert_true(memcmp(last, record->key.data, record->key.len) < 0);
    memcpy(last, record->key.data, record->key.len);
    found[(*len)++] = (char)entry.key.data[1];
    return 0;
}

static int by_letter(const void *a, const void *b) {
    return *(const char *)a - *(const char *)b;
}

static const char *load(void) {
    size_t len = 0;
    assert_int_equal(disk.store.load(disk.store.ctx, take, &len), 0);
    qsort(found, len, 1, by_letter);
    found[len] = '\0';
    return found;
}

static void synced_writes_survive_crashes_that_leave_the_disk(void **state) {
    (void)state;
    begin(GV_DISK_SYNC, 0);
    write_keys("ca");
    write_keys("b");
    gv_disk_crash(&disk, GV_DISK_KEPT, NULL);
    assert_string_equal(load(), "abc");
    write_keys("d");
    gv_disk_crash(&disk, GV_DISK_TORN, NULL);
    assert_string_equal(load(), "abcd");
    assert_int_equal(disk.lost, 0);
    gv_disk_crash(&disk, GV_DISK_WIPED, NULL);
    assert_string_equal(load(), "");
    end();
}

static void one_key_has_one_record(void **state) {
    (void)state;
    begin(GV_DISK_SYNC, 0);
    for (uint64_t count = 1; count < 4; count++) {
        struct gv_store_batch batch = {0};
        struct gv_entry entry = entry_of('k', count);
        assert_int_equal(gv_store_batch_put(&batch, gv_base_malloc(), engine, &entry), 0);
        assert_int_equal(disk.store.write(disk.store.ctx, &batch), 0);
        size_t at = 0;
        struct gv_store_record record;
        assert_true(gv_store_batch_next(&batch, &at, &record));
        struct gv_slice value;
        assert_true(gv_disk_find(&disk, record.key, &value));
        assert_int_equal(value.len, record.value.len);
        assert_memory_equal(value.data, record.value.data, value.len);
        gv_store_batch_free(&batch, gv_base_malloc());
    }
    assert_string_equal(load(), "k");
    end();
}

// A crash loses the last unsynced transactions, from none to all of them.
static void a_torn_disk_loses_the_last_transactions(void **state) {
    (void)state;
    bool seen[4] = {false};
    static const char *const prefixes[] = {"a", "abc", "abcd", "abcde"};
    for (uint64_t round = 0; round < 64; round++) {
        begin(GV_DISK_NONE, round);
        write_keys("a");
        disk.now = GV_DISK_FLUSH_MS * GV_MS; // the operating system has synced the transaction
        write_keys("bc");
        write_keys("d");
        write_keys("e");
        gv_disk_crash(&disk, GV_DISK_TORN, NULL);
        const char *keys = load();
        size_t i = 0;
        while (i < 4 && strcmp(keys, prefixes[i]) != 0) i++;
        assert_true(i < 4);
        assert_int_equal(disk.lost, 3 - i);
        seen[i] = true;
        end();
    }
    assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
    begin(GV_DISK_NONE, 0);
    write_keys("a");
    write_keys("b");
    gv_disk_crash(&disk, GV_DISK_KEPT, NULL); // only the process dies
    assert_string_equal(load(), "ab");
    end();
}

static void a_write_in_progress_may_take_effect(void **state) {
    (void)state;
    int made = 0;
    for (uint64_t round = 0; round < 64; round++) {
        begin(GV_DISK_SYNC, round);
        struct gv_store_batch batch = batch_of("xy");
        gv_disk_crash(&disk, GV_DISK_KEPT, &batch);
        const char *keys = load();
        bool there = strcmp(keys, "xy") == 0;
        assert_true(there || keys[0] == '\0');
        assert_int_equal(disk.lost, !there);
        made += there;
        gv_store_batch_free(&batch, gv_base_malloc());
        end();
    }
    assert_true(made > 0 && made < 64);
    begin(GV_DISK_SYNC, 1);
    struct gv_store_batch batch = batch_of("xy");
    gv_disk_crash(&disk, GV_DISK_TORN, &batch);
    assert_string_equal(load(), "");
    gv_store_batch_free(&batch, gv_base_malloc());
    end();
}

int main(void) {
    seed = gv_test_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synced_writes_survive_crashes_that_leave_the_disk),
        cmocka_unit_test(one_key_has_one_record),
        cmocka_unit_test(a_torn_disk_loses_the_last_transactions),
        cmocka_unit_test(a_write_in_progress_may_take_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

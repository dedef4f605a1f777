// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../sim/core/disk.h"
#include "../lib/solo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 256 };

// A node of this name and incarnation, whose wall clock is its `now`.
static void start(struct gv_solo *solo, const char *name, uint64_t incarnation) {
    gv_solo_config(solo, &gv_ids_workload);
    solo->config.incarnation = incarnation;
    gv_solo_start(solo);
    char line[512];
    snprintf(line, sizeof line,
             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
             "\"node_id\":\"%s\",\"node_ids\":[\"%s\"]}}",
             name, name, name);
    assert_non_null(strstr(gv_solo_exchange(solo, line), "init_ok"));
}

// The next id, without its quotes.
static void generate(struct gv_solo *solo, char id[ID_MAX]) {
    char line[512];
    snprintf(line, sizeof line,
             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"generate\",\"msg_id\":2}}",
             gv_node_name(solo->node));
    const char *answer = gv_solo_exchange(solo, line);
    const char *head = strstr(answer, "\"type\":\"generate_ok\",\"in_reply_to\":2,\"id\":\"");
    assert_non_null(head);
    const char *at = strstr(head, "\"id\":\"") + 6, *end = strstr(at, "\"}}\n");
    assert_non_null(end);
    assert_true(end - at < ID_MAX);
    memcpy(id, at, (size_t)(end - at));
    id[end - at] = '\0';
}

static void test_form(void **state) {
    (void)state;
    struct gv_solo solo;
    start(&solo, "n1", 0xabc);
    solo.now = 0x1234;
    char id[ID_MAX];
    generate(&solo, id);
    assert_string_equal(id, "0000000000001234-0000000000000abc-n1");
    generate(&solo, id);
    assert_string_equal(id, "0000000000001235-0000000000000abc-n1");
    gv_solo_stop(&solo);
}

// The ids of an incarnation ascend, also as text, even if the clock is set back.
static void test_ascending(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_solo solo;
    start(&solo, "n1", 7);
    char last[ID_MAX] = "", id[ID_MAX];
    for (int i = 0; i < 20000; i++) {
        switch (gv_prng_below(&prng, 4)) {
        case 0:
            break; // the same nanosecond
        case 1:
            solo.now += gv_prng_below(&prng, 1000);
            break;
        case 2:
            solo.now -= gv_prng_below(&prng, solo.now);
            break;
        default:
            solo.now = gv_prng_next(&prng) >> 1;
        }
        generate(&solo, id);
        assert_true(strcmp(last, id) < 0);
        assert_int_equal(strlen(id), 16 + 1 + 16 + 1 + 2);
        memcpy(last, id, sizeof last);
    }
    gv_solo_stop(&solo);
}

// Ids differ if only the time, the name or the incarnation differs.
static void test_unique(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t incarnation;
    } lives[] = {{"n1", 1}, {"n1", 2}, {"n11", 1}, {"N1", 1}, {"1", 1}, {"n-1", 1}, {"-n1", 1}};
    enum { LIVES = sizeof lives / sizeof *lives };
    char ids[LIVES][ID_MAX];
    for (int i = 0; i < LIVES; i++) {
        struct gv_solo solo;
        start(&solo, lives[i].name, lives[i].incarnation);
        solo.now = 5000;
        generate(&solo, ids[i]);
        gv_solo_stop(&solo);
        for (int j = 0; j < i; j++) assert_string_not_equal(ids[i], ids[j]);
    }
}

// A name that needs escapes, and the longest name.
static void test_names(void **state) {
    (void)state;
    struct gv_solo solo;
    char id[ID_MAX];
    gv_solo_config(&solo, &gv_ids_workload);
    gv_solo_start(&solo);
    gv_solo_exchange(&solo, "{\"src\":\"c\",\"dest\":\"\\u0022\\\\\",\"body\":{\"type\":\"init\","
                            "\"msg_id\":1,\"node_id\":\"\\\"\\\\\",\"node_ids\":[\"\\\"\\\\\"]}}");
    assert_string_equal(gv_node_name(solo.node), "\"\\");
    const char *answer = gv_solo_exchange(&solo, "{\"src\":\"c\",\"dest\":\"\\\"\\u005c\",\"body\":"
                                                 "{\"type\":\"generate\",\"msg_id\":2}}");
    assert_non_null(strstr(answer, "-0000000000000007-\\\"\\\\\"}}\n"));
    assert_non_null(strstr(answer, "{\"src\":\"\\\"\\\\\",\"dest\":\"c\""));
    gv_solo_stop(&solo);

    char name[GV_NODE_NAME_MAX + 1];
    memset(name, 'x', GV_NODE_NAME_MAX);
    name[GV_NODE_NAME_MAX] = '\0';
    start(&solo, name, UINT64_MAX);
    generate(&solo, id);
    assert_string_equal(id + 16, "-ffffffffffffffff-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    gv_solo_stop(&solo);
}

// ---- With a store

static const char ask[] = "{\"type\":\"generate\",\"msg_id\":2}";

static void start_kept(struct gv_solo *solo, struct gv_disk *disk, gv_time clock) {
    gv_solo_config(solo, &gv_ids_workload);
    solo->config.store = &disk->store;
    solo->now = clock;
    gv_solo_start(solo);
    gv_solo_request(solo,
                    "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    gv_solo_clear(solo);
}

// Writes the next batch, successfully if `works`. Returns false if there was none.
static bool write_batch(struct gv_solo *solo, struct gv_disk *disk, bool works) {
    const struct gv_store_batch *batch = gv_node_batch(solo->node, solo->now);
    if (batch == NULL) return false;
    int error = works ? disk->store.write(disk, batch) : GV_EFULL;
    gv_node_written(solo->node, solo->now, error, works ? NULL : "no space left");
    return true;
}

// The largest TIME of the ids since the last call, or 0 if there were none. *least is the smallest.
static uint64_t times_sent(struct gv_solo *solo, uint64_t *least) {
    gv_solo_send(solo);
    uint64_t most = 0;
    *least = UINT64_MAX;
    for (const char *at = solo->out; (at = strstr(at, "\"id\":\"")) != NULL; at++) {
        uint64_t time = strtoull(at + 6, NULL, 16);
        if (time > most) most = time;
        if (time < *least) *least = time;
    }
    gv_solo_clear(solo);
    return most;
}

static uint64_t greatest(struct gv_solo *solo) {
    uint64_t least;
    return times_sent(solo, &least);
}

// An id waits for the disk only if no ids are reserved. A reservation is extended before it ends.
static void test_reserve(void **state) {
    (void)state;
    struct gv_disk disk;
    gv_disk_init(&disk, GV_DISK_SYNC, 1, 1);
    struct gv_solo solo;
    start_kept(&solo, &disk, 1000 * GV_MS);
    assert_string_equal(gv_solo_request(&solo, ask), "");
    assert_true(write_batch(&solo, &disk, true));
    assert_true(greatest(&solo) == 1000 * GV_MS);
    unsigned batches = 0;
    for (int s = 0; s < 60; s++, solo.now += 1000 * GV_MS) {
        gv_solo_request(&solo, ask);
        assert_true(greatest(&solo) > 0);
        batches += write_batch(&solo, &disk, true);
        assert_false(write_batch(&solo, &disk, true));
        assert_true(greatest(&solo) == 0); // an extension has no reply
    }
    assert_in_range(batches, 6, 12);

    // A pause longer than the reservation; then a disk that fails, and works again.
    solo.now += 60 * 1000 * GV_MS;
    assert_string_equal(gv_solo_request(&solo, ask), "");
    assert_string_equal(gv_solo_request(&solo, ask), "");
    assert_true(write_batch(&solo, &disk, false));
    gv_solo_send(&solo);
    assert_non_null(strstr(solo.out, "\"code\":11,\"text\":\"not stored: no space left\""));
    assert_non_null(strstr(gv_solo_request(&solo, ask), "generate: not stored: no space left"));
    solo.now += GV_WRITES_RETRY_MS * GV_MS;
    assert_true(write_batch(&solo, &disk, true));
    assert_string_equal(gv_solo_request(&solo, ask), "");
    assert_true(write_batch(&solo, &disk, true));
    assert_true(greatest(&solo) >= solo.now);
    gv_solo_stop(&solo);
    gv_disk_fini(&disk);
}

// Ids ascend across restarts, even if the clock is set back and whenever the node stopped.
static void test_incarnations(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    struct gv_disk disk;
    gv_disk_init(&disk, GV_DISK_SYNC, gv_test_seed(), 2);
    uint64_t most = 0, answered = 0, backwards = 0;
    for (int life = 0; life < 500; life++) {
        struct gv_solo solo;
        start_kept(&solo, &disk, (1 + gv_prng_below(&prng, 1000)) * 1000 * GV_MS);
        backwards += solo.now < most;
        const struct gv_store_batch *out = NULL; // the batch being written
        uint64_t first = most;
        for (uint64_t i = gv_prng_below(&prng, 60); i > 0; i--) {
            solo.now += gv_prng_below(&prng, 3000) * GV_MS;
            gv_solo_receive(&solo, gv_solo_line(ask), strlen(gv_solo_line(ask)));
            if (out == NULL) out = gv_node_batch(solo.node, solo.now);
            if (out != NULL && gv_prng_below(&prng, 3) == 0) {
                disk.now = solo.now;
                gv_node_written(solo.node, solo.now, disk.store.write(&disk, out), NULL);
                out = NULL;
            }
            uint64_t least;
            uint64_t found = times_sent(&solo, &least);
            if (found == 0) continue;
            assert_true(least > first);
            if (found > most) most = found;
            answered++;
        }
        bool machine = gv_prng_below(&prng, 2) == 0;
        gv_disk_crash(&disk, machine ? GV_DISK_TORN : GV_DISK_KEPT, out);
        gv_solo_stop(&solo);
    }
    assert_true(answered > 1000 && backwards > 100);
    gv_disk_fini(&disk);
}

// When the 64-bit nanoseconds of ids are used up, requests get an error, also after restarts with
// this store and with any clock.
static void test_the_end_of_time(void **state) {
    (void)state;
    struct gv_disk disk;
    gv_disk_init(&disk, GV_DISK_SYNC, 1, 1);
    static const gv_time clocks[] = {UINT64_MAX - 30000 * GV_MS,
                                     UINT64_MAX - 9000 * GV_MS,
                                     UINT64_MAX - 3,
                                     UINT64_MAX,
                                     0,
                                     5000 * GV_MS};
    uint64_t last = 0, given = 0, refused = 0;
    for (size_t life = 0; life < sizeof clocks / sizeof *clocks; life++) {
        struct gv_solo solo;
        gv_solo_config(&solo, &gv_ids_workload);
        solo.config.store = &disk.store;
        solo.config.wall_offset = clocks[life] - solo.now;
        gv_solo_start(&solo);
        gv_solo_request(
            &solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
        gv_solo_clear(&solo);
        for (int i = 0; i < 8; i++) {
            const char *answer = gv_solo_request(&solo, ask);
            refused += strstr(answer, "\"code\":11,\"text\":\"generate: all ids up to") != NULL;
            uint64_t least, most = times_sent(&solo, &least);
            if (write_batch(&solo, &disk, true)) most = times_sent(&solo, &least);
            if (most == 0) continue;
            assert_true(least > last);
            last = most;
            given++;
        }
        gv_solo_stop(&solo);
    }
    assert_true(given > 8 && refused > 30);
    gv_disk_fini(&disk);

    struct gv_solo solo; // without a store
    start(&solo, "n1", 7);
    solo.now = UINT64_MAX - 2;
    for (int i = 0; i < 6; i++) {
        const char *answer = gv_solo_exchange(&solo, gv_solo_line(ask));
        bool any = strstr(answer, "generate_ok") != NULL;
        assert_true(any == (i < 3));
        if (!any) assert_non_null(strstr(answer, "(the year 2554) are used or reserved"));
        solo.now = UINT64_MAX - 2 + (uint64_t)i / 2;
    }
    gv_solo_stop(&solo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_ascending),
        cmocka_unit_test(test_unique),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_incarnations),
        cmocka_unit_test(test_the_end_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

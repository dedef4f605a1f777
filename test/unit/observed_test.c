// SPDX-License-Identifier: MIT
#include "../../sim/check/observed.h"
#include "../lib/solo.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Checks that exactly these changes are reported, each once.
static void expect(struct gv_memory_bytes *changes, const char *text) {
    assert_int_equal(changes->len, strlen(text));
    assert_memory_equal(changes->data, text, changes->len);
    changes->len = 0;
}

static void values_are_reported_once(void **state) {
    (void)state;
    struct gv_solo solo;
    struct gv_observed observed = {0};
    struct gv_keys keys;
    gv_keys_init(&keys, GV_KEYS_INTEGERS, 1, NULL);
    struct gv_memory_bytes changes = {0};
    gv_solo_init(&solo, &gv_broadcast_workload);
    gv_solo_request(&solo, "{\"type\":\"broadcast\",\"message\":412,\"msg_id\":1}");
    gv_solo_request(&solo, "{\"type\":\"broadcast\",\"message\":0,\"msg_id\":2}");
    const struct gv_engine *engine = gv_node_engine(solo.node);
    assert_false(gv_observed_has(&observed, 412));
    gv_observed_scan_values(&observed, engine, &keys, &changes);
    expect(&changes, "[412,0]");
    gv_observed_scan_values(&observed, engine, &keys, &changes);
    assert_int_equal(changes.len, 0);
    gv_solo_request(&solo, "{\"type\":\"broadcast\",\"message\":63,\"msg_id\":3}");
    gv_observed_scan_values(&observed, engine, &keys, NULL); // without a list of changes
    assert_true(gv_observed_has(&observed, 0) && gv_observed_has(&observed, 63) &&
                gv_observed_has(&observed, 412));
    assert_false(gv_observed_has(&observed, 64));
    assert_false(gv_observed_has(&observed, UINT64_MAX));
    gv_observed_fini(&observed); // the node crashed
    assert_false(gv_observed_has(&observed, 412));
    gv_observed_scan_values(&observed, engine, &keys, &changes);
    expect(&changes, "[412,0,63]");
    gv_observed_fini(&observed);
    free(changes.data);
    gv_solo_stop(&solo);
}

static void counts_are_reported_when_they_grow(void **state) {
    (void)state;
    struct gv_solo solo;
    struct gv_observed observed = {0};
    struct gv_memory_bytes changes = {0};
    gv_solo_init(&solo, &gv_counter_workload);
    const struct gv_engine *engine = gv_node_engine(solo.node);
    gv_solo_request(&solo, "{\"type\":\"add\",\"delta\":5,\"msg_id\":1}");
    gv_observed_scan_counts(&observed, engine, &changes);
    assert_true(changes.len > 0 && changes.data[0] == '[' && changes.data[1] == '[');
    changes.len = 0;
    gv_observed_scan_counts(&observed, engine, &changes);
    assert_int_equal(changes.len, 0);
    gv_solo_request(&solo, "{\"type\":\"add\",\"delta\":2,\"msg_id\":2}");
    gv_solo_request(&solo, "{\"type\":\"add\",\"delta\":-3,\"msg_id\":3}");
    gv_observed_scan_counts(&observed, engine, &changes);
    changes.data[changes.len - 1] = '\0';
    assert_non_null(strstr(changes.data, ",7],["));
    assert_string_equal(changes.data + changes.len - 4, ",3]");
    gv_observed_fini(&observed);
    free(changes.data);
    gv_solo_stop(&solo);
}

static void elements_of_logs_are_reported_once(void **state) {
    (void)state;
    struct gv_solo solo;
    struct gv_observed observed = {0};
    struct gv_memory_bytes changes = {0};
    gv_solo_config(&solo, &gv_kafka_workload);
    gv_solo_start(&solo);
    gv_solo_request(&solo,
                    "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    const struct gv_engine *engine = gv_node_engine(solo.node);
    gv_solo_request(&solo, "{\"type\":\"send\",\"key\":\"5\",\"msg\":7,\"msg_id\":1}");
    gv_solo_request(&solo, "{\"type\":\"commit_offsets\",\"offsets\":{\"5\":3},\"msg_id\":2}");
    gv_solo_request(&solo, "{\"type\":\"send\",\"key\":\"9\",\"msg\":\"a\",\"msg_id\":3}");
    gv_observed_scan_logs(&observed, engine, &changes);
    char want[96]; // the committed offset, a counter, is none of them
    uint64_t second = observed.top - 1, first = 1;
    snprintf(want, sizeof want, "[[[\"5\",%" PRIu64 "],7],[[\"9\",%" PRIu64 "],\"a\"]]", first,
             second);
    assert_true(second > first);
    expect(&changes, want);
    gv_observed_scan_logs(&observed, engine, &changes);
    assert_int_equal(changes.len, 0);
    gv_observed_fini(&observed);
    free(changes.data);
    gv_solo_stop(&solo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_reported_once),
        cmocka_unit_test(counts_are_reported_when_they_grow),
        cmocka_unit_test(elements_of_logs_are_reported_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

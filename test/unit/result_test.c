// SPDX-License-Identifier: MIT
#include "../../sim/check/result.h"
#include "../lib/test.h"

#include "../../codec/json.h"

#include <stdio.h>
#include <string.h>

static struct gv_net_count counts[] = {{"gossip", 40, 3000}, {"sync", 10, 7000}};
static struct gv_verdict_errors errors;

static struct gv_result example(void) {
    return (struct gv_result){
        .valid = true,
        .load = GV_LOAD_BROADCAST,
        .nodes = 25,
        .seed = UINT64_MAX,
        .ops = 100,
        .adds = 40,
        .reads = 60,
        .ok = 99,
        .unknown = 1,
        .servers_msgs = 50,
        .servers_bytes = 10000,
        .counts = counts,
        .types = 2,
        .has_finals = true,
        .finals_equal = true,
        .stable_latency = {.count = 40, .p0 = 0, .p50 = 458, .p95 = 700, .p99 = 769, .p100 = 811},
        .client_latency = {.count = 99, .p0 = 0.1, .p50 = 12.25, .p100 = 99.5},
        .partitions = 2,
        .fault_periods = 2,
        .converged = true,
        .heal_to_converged = 812500000,
        .errors = &errors,
    };
}

static void capture(const struct gv_result *result, bool json, char *text, size_t cap) {
    FILE *file = tmpfile();
    assert_non_null(file);
    if (json) {
        gv_result_json(result, file);
    } else {
        gv_result_print(result, file, false);
    }
    rewind(file);
    size_t len = fread(text, 1, cap - 1, file);
    text[len] = '\0';
    fclose(file);
}

static void json_has_the_members_of_the_manual(void **state) {
    (void)state;
    struct gv_result result = example();
    char text[8192];
    capture(&result, true, text, sizeof text);
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    assert_true(gv_json_parse(&json, text, strlen(text)) > 0);
    static const char *const members[][2] = {
        {"valid", "true"},
        {"ops", "100"},
        {"broadcasts", "40"},
        {"reads", "60"},
        {"servers_msgs", "50"},
        {"msgs_per_op", "0.5000"},
        {"bytes_per_op", "100.0"},
        {"lost", "0"},
        {"phantom", "0"},
        {"duplicated", "0"},
        {"final_reads_equal", "true"},
        {"heal_to_converged_ms", "812.500"},
        {"seed", "18446744073709551615"},
        {"errors", "[]"},
        {"stable_latency_ms", "{\"p0\":0,\"p50\":458,\"p95\":700,\"p99\":769,\"p100\":811}"},
        {"by_type", "{\"gossip\":{\"msgs\":40,\"bytes\":3000},"
                    "\"sync\":{\"msgs\":10,\"bytes\":7000}}"},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        int token = gv_json_member(&json, 0, members[i][0]);
        assert_true(token > 0);
        struct gv_slice raw = gv_json_raw(&json, token);
        assert_int_equal(raw.len, strlen(members[i][1]));
        assert_memory_equal(raw.data, members[i][1], raw.len);
    }
    gv_json_fini(&json);
}

static void members_that_do_not_apply_are_null(void **state) {
    (void)state;
    struct gv_result result = {.load = GV_LOAD_ECHO, .nodes = 1, .errors = &errors};
    char text[8192];
    capture(&result, true, text, sizeof text);
    assert_non_null(strstr(text, "\"stable_latency_ms\":null"));
    assert_non_null(strstr(text, "\"heal_to_converged_ms\":null"));
    assert_non_null(strstr(text, "\"final_reads_equal\":null"));
    assert_non_null(strstr(text, "\"msgs_per_op\":0.0000"));
}

static void errors_are_valid_json(void **state) {
    (void)state;
    struct gv_verdict_errors odd = {.kept = 0};
    gv_verdict_add(&odd, GV_VERDICT_BAD_LINE, "n1 said \"%s\"", "a\\b\n\x01\xff");
    struct gv_result result = {.load = GV_LOAD_ECHO, .nodes = 1, .errors = &odd};
    char text[8192];
    capture(&result, true, text, sizeof text);
    assert_non_null(strstr(text, "[\"bad line: n1 said \\\"a\\\\b\\\\n\\\\x01\\\\xff\\\"\"]"));
    gv_verdict_fini(&odd);
}

static void the_text_has_the_metrics(void **state) {
    (void)state;
    struct gv_result result = example();
    char text[8192];
    capture(&result, false, text, sizeof text);
    assert_non_null(strstr(text, "valid: nothing lost"));
    assert_non_null(strstr(text, "final reads equal at all 25 nodes"));
    assert_non_null(strstr(text, "50 between nodes, 0.500 per operation"));
    assert_non_null(strstr(text, "sync           10 of them, 7.0 kB"));
    assert_non_null(strstr(text, "converged 812 ms after healing at the worst"));
    assert_null(strchr(text, 0x1b));
}

static void long_names_of_types_are_cut_in_text_only(void **state) {
    (void)state;
    struct gv_result result = example();
    struct gv_net_count odd = {"one-name-that-is-forty-columns-and-longer\\u001b", 1, 2};
    result.counts = &odd;
    result.types = 1;
    char text[8192];
    capture(&result, false, text, sizeof text);
    assert_non_null(strstr(text, "    one-name-that-is-forty-columns-and-longe… 1 of them, 2 B\n"));
    capture(&result, true, text, sizeof text);
    assert_non_null(strstr(text, "{\"one-name-that-is-forty-columns-and-longer\\u001b\":{"));
}

static void an_invalid_run_begins_with_its_errors(void **state) {
    (void)state;
    struct gv_verdict_errors many = {.kept = 0};
    for (int i = 0; i < 100; i++) gv_verdict_add(&many, GV_VERDICT_LOST, "error %d", i);
    assert_int_equal(many.kept, GV_VERDICT_ERRORS_KEPT);
    struct gv_result result = {.load = GV_LOAD_ECHO, .nodes = 1, .errors = &many};
    char text[8192];
    capture(&result, false, text, sizeof text);
    assert_int_equal(strncmp(text, "invalid: 100 errors\n  - lost: error 0\n", 38), 0);
    assert_non_null(strstr(text, "… and 88 more"));
    gv_verdict_fini(&many);
}

static void timeouts_on_slow_links_get_a_hint(void **state) {
    (void)state;
    struct gv_result result = example();
    result.patience = 5000 * GV_MS;
    result.flight = 2500 * GV_MS;
    result.timeouts = 3;
    char hint[GV_RESULT_HINT_MAX], text[8192];
    assert_false(gv_result_hint(&result, hint)); // a round trip is in time
    capture(&result, true, text, sizeof text);
    assert_non_null(strstr(text, ",\"hint\":null}"));
    result.flight++;
    assert_true(gv_result_hint(&result, hint));
    assert_non_null(strstr(hint, "3 operations were not answered within the 5 s"));
    assert_null(strstr(hint, "--delivery"));
    result.queued = true;
    result.flight = UINT64_MAX / 4;
    result.timeouts = UINT64_MAX;
    capture(&result, false, text, sizeof text);
    assert_non_null(strstr(text, "\n  hint             18446744073709551615 operations were"));
    assert_non_null(strstr(text, "--delivery exact it does not\n"));
    capture(&result, true, text, sizeof text);
    assert_non_null(strstr(text, "--delivery exact it does not\"}"));
    result.timeouts = 0;
    assert_false(gv_result_hint(&result, hint));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_the_members_of_the_manual),
        cmocka_unit_test(members_that_do_not_apply_are_null),
        cmocka_unit_test(errors_are_valid_json),
        cmocka_unit_test(the_text_has_the_metrics),
        cmocka_unit_test(long_names_of_types_are_cut_in_text_only),
        cmocka_unit_test(an_invalid_run_begins_with_its_errors),
        cmocka_unit_test(timeouts_on_slow_links_get_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
// The trace of a run is valid JSON, complete and in order.
#include "../../codec/json.h"
#include "../../sim/report/report.h"
#include "../../sim/run/simulation.h"
#include "../lib/test.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX = 1 << 16 };

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

static void check_lines(FILE *file, uint64_t kinds[GV_TRACE_KINDS]) {
    static char line[LINE_MAX];
    struct gv_json json;
    double last = 0;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        size_t len = strlen(line);
        assert_true(len > 1 && line[len - 1] == '\n');
        assert_true(gv_json_parse(&json, line, len - 1) > 0);
        assert_int_equal(strncmp(line, "{\"t\":", 5), 0);
        double t = strtod(line + 5, NULL);
        assert_true(t >= last);
        last = t;
        int token = gv_json_member(&json, 0, "kind");
        assert_true(token >= 0);
        int kind = 0;
        while (kind < GV_TRACE_KINDS && !gv_json_equals(&json, token, gv_trace_names[kind])) kind++;
        assert_true(kind < GV_TRACE_KINDS);
        kinds[kind]++;
    }
    gv_json_fini(&json);
}

static void a_trace_is_complete(void **state) {
    (void)state;
    for (int load = 0; load < GV_LOAD_KINDS; load++) {
        if (!gv_simulation_has((enum gv_load_kind)load)) continue;
        FILE *file = tmpfile();
        struct gv_trace trace = {.begun = false};
        gv_trace_add(&trace, gv_trace_json, file);
        struct gv_simulation_config config = {
            .run = {.load = (enum gv_load_kind)load,
                    .nodes = 7,
                    .rate = 40,
                    .time_limit = 4000 * GV_MS,
                    .quiet = 6000 * GV_MS,
                    .latency_ms = 20,
                    .nemesis = true,
                    .nemesis_interval = 1000 * GV_MS,
                    .seed = 5,
                    .trace = &trace},
            .staleness_ms = 300,
            .settle = 6000 * GV_MS,
        };
        struct gv_simulation *sim = gv_simulation_new(&config);
        while (gv_simulation_step(sim)) {
        }
        struct gv_result result = gv_simulation_finish(sim);
        uint64_t kinds[GV_TRACE_KINDS] = {0};
        check_lines(file, kinds);
        assert_true(result.valid);
        assert_int_equal(kinds[GV_TRACE_SEND], result.servers_msgs);
        assert_int_equal(kinds[GV_TRACE_FAULT_BEGIN], result.partitions);
        assert_true(kinds[GV_TRACE_REQUEST] >= result.ops && kinds[GV_TRACE_REPLY] >= result.ok);
        bool observable = gv_load_is_observable(config.run.load);
        // Each node learns each value once.
        if (gv_load_is_set(config.run.load)) assert_true(kinds[GV_TRACE_LEARN] > result.adds);
        bool has_logs = gv_load_has_logs(config.run.load);
        assert_true((observable || has_logs) == (kinds[GV_TRACE_LEARN] > 0));
        assert_true((config.run.load == GV_LOAD_KAFKA) == (kinds[GV_TRACE_STABLE] > 0));
        gv_simulation_free(sim);
        fclose(file);
    }
}

static void texts_are_escaped(void **state) {
    (void)state;
    FILE *file = tmpfile();
    struct gv_trace trace = {.begun = false};
    gv_trace_add(&trace, gv_trace_json, file);
    gv_trace_fault(&trace, 7 * GV_MS, GV_TRACE_FAULT_BEGIN, 3, "a \"quoted\" \\ text\t");
    gv_trace_node(&trace, 1257 * GV_MS, GV_TRACE_CRASH, 12);
    gv_trace_reply(&trace, 1257 * GV_MS, 1, 4, text("read_ok"), text("{\"type\":\"read_ok\"}"));
    uint64_t kinds[GV_TRACE_KINDS] = {0};
    check_lines(file, kinds);
    rewind(file);
    char line[256];
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "{\"t\":0.000000000,\"kind\":\"fault-begin\",\"fault\":3,"
                              "\"text\":\"a \\\"quoted\\\" \\\\ text \"}\n");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "{\"t\":1.250000000,\"kind\":\"crash\",\"node\":\"n12\"}\n");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "{\"t\":1.250000000,\"kind\":\"reply\",\"from\":\"n1\",\"to\":\"c4\","
                              "\"type\":\"read_ok\",\"body\":{\"type\":\"read_ok\"}}\n");
    fclose(file);
}

static void lines_name_sender_and_receiver(void **state) {
    (void)state;
    FILE *file = tmpfile();
    struct gv_trace trace = {.begun = false};
    gv_trace_add(&trace, gv_trace_json, file);
    struct gv_slice line = text("{\"id\":17,\"src\":\"n1\",\"dest\":\"n2\",\"body\":{\"v\":2}}\n");
    gv_trace_send(&trace, 5, line, text("gossip"), 99);
    gv_trace_line(&trace, 6, GV_TRACE_DROP, line, "cut");
    gv_trace_learn(&trace, 6, 2, line, text("[4]"));
    gv_trace_stable(&trace, 6, 2, 32769, 1);
    static const char *const want[] = {
        "{\"t\":0.000000000,\"kind\":\"send\",\"id\":17,\"from\":\"n1\",\"to\":\"n2\","
        "\"type\":\"gossip\",\"bytes\":99,\"body\":{\"v\":2}}\n",
        "{\"t\":0.000000001,\"kind\":\"drop\",\"id\":17,\"from\":\"n1\",\"to\":\"n2\","
        "\"why\":\"cut\"}\n",
        "{\"t\":0.000000001,\"kind\":\"learn\",\"id\":17,\"node\":\"n2\",\"values\":[4]}\n",
        "{\"t\":0.000000001,\"kind\":\"stable\",\"node\":\"n2\",\"body\":[32769,\"n1\"]}\n",
    };
    rewind(file);
    char got[256];
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_non_null(fgets(got, sizeof got, file));
        assert_string_equal(got, want[i]);
    }
    fclose(file);
}

static void pages_have_no_markup_from_data(void **state) {
    (void)state;
    FILE *file = tmpfile();
    struct gv_report report;
    struct gv_report_head head = {.nodes = 3, .scenario = ""};
    gv_report_begin(&report, file, &head, GV_REPORT_MESSAGES_MAX);
    long from = ftell(file);
    assert_true(from > 10000);
    struct gv_trace_event event = {.kind = GV_TRACE_SEND,
                                   .at = 2500,
                                   .has_id = true,
                                   .id = 4,
                                   .from = text("n0"),
                                   .to = text("n1"),
                                   .bytes = 50,
                                   .body = text("{\"x\":\"</script>\"}")};
    gv_report_event(&report, &event);
    long to = ftell(file);
    char line[128] = "";
    fseek(file, from, SEEK_SET);
    assert_true(to - from < (long)sizeof line);
    assert_int_equal(fread(line, 1, (size_t)(to - from), file), to - from);
    assert_string_equal(line, "s2 4 n0 n1 50 {\"x\":\"\\u003c/script>\"}\n");
    fclose(file);
}

// Messages beyond the limit are counted and left out, with their events. Learned values, violations
// and final reads are kept.
static void a_report_bounds_its_messages(void **state) {
    (void)state;
    static char answer[2 * GV_REPORT_BODY_MAX];
    memset(answer, '1', sizeof answer);
    FILE *file = tmpfile();
    struct gv_report report;
    struct gv_report_head head = {.nodes = 3, .scenario = ""};
    gv_report_begin(&report, file, &head, 1);
    long from = ftell(file);
    struct gv_slice a = text("n0"), b = text("n1"), body = text("{}");
    struct gv_slice reply = {(const uint8_t *)answer, sizeof answer};
    const struct gv_trace_event events[] = {
        {.kind = GV_TRACE_SEND,
         .at = 1000,
         .has_id = true,
         .id = 4,
         .from = a,
         .to = b,
         .body = body},
        {.kind = GV_TRACE_REQUEST, .at = 2000, .has_id = true, .id = 5, .to = b, .body = body},
        {.kind = GV_TRACE_DUPLICATE, .at = 2000, .has_id = true, .id = 5},
        {.kind = GV_TRACE_DROP, .at = 3000, .has_id = true, .id = 5, .why = "cut"},
        {.kind = GV_TRACE_DELIVER, .at = 3000, .has_id = true, .id = 4},
        {.kind = GV_TRACE_REPLY, .at = 3000, .from = b, .to = text("c1"), .body = body},
        {.kind = GV_TRACE_LEARN,
         .at = 4000,
         .has_id = true,
         .id = 5,
         .from = b,
         .body = text("[7]")},
        {.kind = GV_TRACE_VIOLATION, .at = 4000, .why = "lost:\n7"},
        {.kind = GV_TRACE_PHASE, .at = 4000, .why = "final"},
        {.kind = GV_TRACE_REPLY, .at = 5000, .from = b, .to = text("c1"), .body = reply},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        gv_report_event(&report, &events[i]);
    fprintf(file, "end\n");
    char want[sizeof answer + 128], page[sizeof want] = "";
    snprintf(want, sizeof want,
             "s1 4 n0 n1 0 {}\nd2 4\nk1 5 n1 [7]\nv0 lost: 7\nh0 final\nr1 n1 c1 %.*s\nend\n",
             (int)sizeof answer, answer);
    fseek(file, from, SEEK_SET);
    assert_true(fread(page, 1, sizeof page - 1, file) > 0);
    assert_string_equal(page, want);
    assert_int_equal(report.messages, 2);
    assert_int_equal(report.until_us, 1);
    fclose(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_is_complete),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(lines_name_sender_and_receiver),
        cmocka_unit_test(pages_have_no_markup_from_data),
        cmocka_unit_test(a_report_bounds_its_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

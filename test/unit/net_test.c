// SPDX-License-Identifier: MIT
#include "../../sim/core/net.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT = 5 };

struct bench {
    struct gv_event_queue queue;
    struct gv_net net;
    bool cut;
    int asked;
    char got[256]; // "letter@milliseconds " of each message delivered
};

static bool is_cut(void *ctx, const struct gv_net_message *message) {
    struct bench *bench = ctx;
    assert_int_not_equal(message->src, GV_NET_CLIENT);
    bench->asked++;
    return bench->cut;
}

static void init(struct bench *bench, enum gv_net_delivery delivery, enum gv_net_latency latency,
                 uint32_t latency_ms) {
    *bench = (struct bench){.cut = false};
    gv_event_queue_init(&bench->queue, 0);
    gv_net_init(&bench->net, &(struct gv_net_config){
                                 .queue = &bench->queue,
                                 .event_kind = EVENT,
                                 .nodes = 3,
                                 .services = 2,
                                 .latency = latency,
                                 .latency_ms = latency_ms,
                                 .delivery = delivery,
                                 .seed = 1,
                                 .cut = is_cut,
                                 .cut_ctx = bench,
                             });
}

static void fini(struct bench *bench) {
    gv_net_fini(&bench->net);
    gv_event_queue_fini(&bench->queue);
}

static struct gv_slice text(const char *bytes) {
    return (struct gv_slice){(const uint8_t *)bytes, strlen(bytes)};
}

static void run_until(struct bench *bench, uint64_t ms) {
    struct gv_event event;
    while (gv_event_queue_next(&bench->queue, ms * GV_MS, &event)) {
        struct gv_net_message *message = gv_net_take(&bench->net, bench->queue.now, &event);
        if (message == NULL) continue;
        size_t len = strlen(bench->got);
        snprintf(bench->got + len, sizeof bench->got - len, "%.*s@%d ", (int)message->len,
                 message->bytes, (int)(bench->queue.now / GV_MS));
        free(message);
    }
}

static void send_at(struct bench *bench, uint64_t ms, uint32_t src, const char *name) {
    run_until(bench, ms);
    gv_net_send(&bench->net, ms * GV_MS, src, 0, text("gossip"), 10, text(name));
}

static void a_client_waits_behind_the_sleeping_inbound_thread(void **state) {
    (void)state;
    struct bench bench;
    init(&bench, GV_NET_MAELSTROM, GV_NET_CONSTANT, 100);
    send_at(&bench, 0, 1, "a");
    send_at(&bench, 30, GV_NET_CLIENT, "b");
    send_at(&bench, 40, 2, "c");
    send_at(&bench, 110, GV_NET_CLIENT, "d");
    run_until(&bench, 1000);
    // b is due at 30, but the thread is sleeping until a is due. Then d waits for c in the same
    // way.
    assert_string_equal(bench.got, "a@100 b@100 c@140 d@140 ");
    fini(&bench);
}

static void exact_delivery_delivers_when_due(void **state) {
    (void)state;
    struct bench bench;
    init(&bench, GV_NET_EXACT, GV_NET_CONSTANT, 100);
    send_at(&bench, 0, 1, "a");
    send_at(&bench, 30, GV_NET_CLIENT, "b");
    send_at(&bench, 40, 2, "c");
    run_until(&bench, 130);
    assert_string_equal(bench.got, "b@30 a@100 ");
    fini(&bench); // frees c, which is in flight
}

static void a_partition_drops_at_the_dequeue(void **state) {
    (void)state;
    struct bench bench;
    init(&bench, GV_NET_MAELSTROM, GV_NET_CONSTANT, 100);
    send_at(&bench, 0, 1, "a");  // dequeued at once, so delivered
    send_at(&bench, 10, 1, "b"); // dequeued at 100, in the partition, so lost
    send_at(&bench, 20, GV_NET_CLIENT, "c");
    run_until(&bench, 50);
    bench.cut = true;
    run_until(&bench, 105);
    send_at(&bench, 106, 2, "d"); // the thread is free, so dequeued at once and lost
    bench.cut = false;
    send_at(&bench, 107, 2, "e");
    run_until(&bench, 1000);
    assert_string_equal(bench.got, "a@100 c@100 e@207 ");
    assert_int_equal(bench.net.dropped, 2);
    fini(&bench);
}

static void messages_queued_at_the_end_of_a_partition_are_delivered(void **state) {
    (void)state;
    struct bench bench;
    init(&bench, GV_NET_MAELSTROM, GV_NET_CONSTANT, 100);
    send_at(&bench, 0, 1, "a");
    bench.cut = true;
    send_at(&bench, 10, 1, "b"); // sent and due within the partition, dequeued after it ended
    run_until(&bench, 90);
    bench.cut = false;
    run_until(&bench, 1000);
    assert_string_equal(bench.got, "a@100 b@110 ");
    fini(&bench);
}

static void exact_delivery_drops_when_due(void **state) {
    (void)state;
    struct bench bench;
    init(&bench, GV_NET_EXACT, GV_NET_CONSTANT, 100);
    send_at(&bench, 0, 1, "a");
    send_at(&bench, 50, 1, "b");
    run_until(&bench, 60);
    bench.cut = true;
    run_until(&bench, 110);
    bench.cut = false;
    run_until(&bench, 1000);
    assert_string_equal(bench.got, "b@150 ");
    fini(&bench);
}

static void counts_servers_only_and_by_type(void **state) {
    (void)state;
    struct bench bench;
    init(&bench, GV_NET_MAELSTROM, GV_NET_CONSTANT, 0);
    bench.cut = true; // dropped messages are counted
    gv_net_send(&bench.net, 0, 1, 0, text("gossip"), 10, text("x"));
    gv_net_send(&bench.net, 0, 1, 0, text("sync"), 7, text("x"));
    gv_net_send(&bench.net, 0, 0, 0, text("gossip"), 5, text("x"));
    gv_net_send(&bench.net, 0, GV_NET_CLIENT, 0, text("read"), 100, text("x"));
    assert_int_equal(bench.net.messages, 3);
    assert_int_equal(bench.net.bytes, 22);
    assert_int_equal(bench.net.types, 2);
    assert_string_equal(bench.net.counts[0].type, "gossip");
    assert_int_equal(bench.net.counts[0].messages, 2);
    assert_int_equal(bench.net.counts[0].bytes, 15);
    assert_string_equal(bench.net.counts[1].type, "sync");
    fini(&bench);
}

static void odd_and_many_types_are_counted(void **state) {
    (void)state;
    struct bench bench;
    init(&bench, GV_NET_MAELSTROM, GV_NET_CONSTANT, 0);
    gv_net_send(&bench.net, 0, 1, 0, text("a\\\"b\xc3\xa9 this is kept whole, whatever is in it"),
                1, text("x"));
    assert_string_equal(bench.net.counts[0].type,
                        "a\\\"b\xc3\xa9 this is kept whole, whatever is in it");
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        gv_net_send(&bench.net, 0, 1, 0, text(name), 1, text("x"));
    }
    assert_int_equal(bench.net.types, GV_NET_TYPES_MAX + 1);
    assert_string_equal(bench.net.counts[GV_NET_TYPES_MAX].type, "(other)");
    assert_int_equal(bench.net.counts[GV_NET_TYPES_MAX].messages, 101 - GV_NET_TYPES_MAX);
    fini(&bench);
}

static void long_types_are_cut_between_characters(void **state) {
    (void)state;
    static const char *const units[] = {"a", "\xc3\xa9", "\\n", "\\u00e9", "\\ud83d\\ude00"};
    for (size_t kind = 0; kind < sizeof units / sizeof *units; kind++) {
        struct bench bench;
        init(&bench, GV_NET_MAELSTROM, GV_NET_CONSTANT, 0);
        size_t unit = strlen(units[kind]), len = 0, cut = 0;
        char name[2 * GV_NET_TYPE_MAX], want[2 * GV_NET_TYPE_MAX];
        for (; len <= GV_NET_TYPE_MAX; len += unit) {
            memcpy(name + len, units[kind], unit + 1);
            if (len + unit <= GV_NET_TYPE_MAX - strlen("…")) cut = len + unit;
        }
        snprintf(want, sizeof want, "%.*s…", (int)cut, name);
        gv_net_send(&bench.net, 0, 1, 0, text(name), 1, text("x"));
        assert_string_equal(bench.net.counts[0].type, want);
        name[len - unit] = '\0'; // this one fits
        gv_net_send(&bench.net, 0, 1, 0, text(name), 1, text("x"));
        assert_string_equal(bench.net.counts[1].type, name);
        fini(&bench);
    }
}

static void latencies_are_whole_milliseconds_of_the_right_shape(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    const enum gv_net_latency kinds[] = {GV_NET_CONSTANT, GV_NET_UNIFORM, GV_NET_EXPONENTIAL};
    for (size_t k = 0; k < 3; k++) {
        struct bench bench;
        init(&bench, GV_NET_EXACT, kinds[k], 100);
        double sum = 0, most = 0;
        for (int i = 0; i < DRAWS; i++) {
            gv_time latency = gv_net_latency(&bench.net, 0, 1);
            assert_int_equal(latency % GV_MS, 0);
            gv_time whole_ms = latency / GV_MS;
            double ms = (double)whole_ms;
            sum += ms;
            if (ms > most) most = ms;
        }
        assert_true(sum / DRAWS > 96 && sum / DRAWS < 103);
        assert_true(kinds[k] != GV_NET_CONSTANT || most == 100);
        assert_true(kinds[k] != GV_NET_UNIFORM || most == 199);
        assert_true(kinds[k] != GV_NET_EXPONENTIAL || most > 600);
        fini(&bench);
    }
}

static void links_do_not_disturb_each_other(void **state) {
    (void)state;
    struct bench one, two;
    init(&one, GV_NET_EXACT, GV_NET_EXPONENTIAL, 100);
    init(&two, GV_NET_EXACT, GV_NET_EXPONENTIAL, 100);
    bool differ = false;
    for (uint32_t i = 0; i < 1000; i++) {
        for (uint32_t j = 0; j < i; j++) gv_net_latency(&two.net, i, j);
        gv_time latency = gv_net_latency(&one.net, 0, 1);
        assert_int_equal(latency, gv_net_latency(&two.net, 0, 1));
        differ = differ || latency != gv_net_latency(&two.net, 1, 0);
    }
    assert_true(differ);
    fini(&one);
    fini(&two);
}

static void rules_lose_duplicate_and_delay(void **state) {
    (void)state;
    enum { MESSAGES = 10000 };
    const uint8_t sides[] = {GV_NET_LEFT, GV_NET_RIGHT, 0};
    struct gv_net_rule rules[] = {
        {.kind = GV_NET_LOSE, .ppm = 250000, .sides = sides, .both_ways = false},
        {.kind = GV_NET_DELAY,
         .ppm = 1000000,
         .delay = 5 * GV_MS,
         .sides = sides,
         .both_ways = true},
    };
    struct bench bench;
    init(&bench, GV_NET_EXACT, GV_NET_CONSTANT, 10);
    gv_net_rules(&bench.net, rules, 2);
    struct gv_slice none = {0};
    for (int i = 0; i < MESSAGES; i++) gv_net_send(&bench.net, 0, 0, 1, none, 0, none);
    assert_true(bench.net.dropped > MESSAGES / 4 - 300 && bench.net.dropped < MESSAGES / 4 + 300);
    assert_int_equal(bench.queue.len, MESSAGES - bench.net.dropped);
    assert_int_equal(gv_event_queue_due(&bench.queue), 15 * GV_MS);
    uint64_t dropped = bench.net.dropped;
    size_t len = bench.queue.len;
    for (int i = 0; i < MESSAGES; i++) gv_net_send(&bench.net, 0, 1, 0, none, 0, none);
    assert_int_equal(bench.net.dropped, dropped); // no message in the other direction is dropped
    assert_int_equal(bench.queue.len, len + MESSAGES);
    gv_net_send(&bench.net, 0, 0, 2, none, 0, none);
    assert_int_equal(gv_event_queue_due(&bench.queue), 10 * GV_MS); // between nodes on neither side

    rules[0] = (struct gv_net_rule){.kind = GV_NET_DUPLICATE, .ppm = 1000000};
    gv_net_rules(&bench.net, rules, 1);
    len = bench.queue.len;
    uint64_t messages = bench.net.messages;
    gv_net_send(&bench.net, 0, 0, 2, none, 0, none);
    assert_int_equal(bench.queue.len, len + 2);
    assert_int_equal(bench.net.messages, messages + 1);
    fini(&bench);
}

// Ten messages of 1,000 bytes are sent at once on a link of 10 kB/s and queue up. Messages that
// would wait for more than half a second are lost. This holds in both modes of delivery, with
// duplicates, partitions and clients.
static void messages_in_flight_are_counted(void **state) {
    (void)state;
    const enum gv_net_delivery deliveries[] = {GV_NET_EXACT, GV_NET_MAELSTROM};
    for (int i = 0; i < 2; i++) {
        struct bench bench;
        init(&bench, deliveries[i], GV_NET_CONSTANT, 100);
        send_at(&bench, 0, GV_NET_CLIENT, "c");
        send_at(&bench, 10, 1, "a");
        send_at(&bench, 50, 2, "b");
        send_at(&bench, 60, 1, "d");
        assert_int_equal(bench.net.busiest.in_flight, 2);
        assert_int_equal(bench.net.busiest.src, 1);
        assert_int_equal(bench.net.copies, 1);
        bench.cut = true;
        run_until(&bench, 200);
        bench.cut = false;
        const struct gv_net_rule twice = {.kind = GV_NET_DUPLICATE, .ppm = 1000000};
        gv_net_rules(&bench.net, &twice, 1);
        for (uint64_t ms = 300; ms < 1000; ms += 300) {
            send_at(&bench, ms, 1, "e");
            send_at(&bench, ms, 1, "f");
        }
        assert_int_equal(bench.net.busiest.in_flight, 2);
        assert_int_equal(bench.net.copies, 2);
        assert_true(bench.net.longest_flight == 100 * GV_MS);
        send_at(&bench, 950, 1, "g");
        assert_int_equal(bench.net.busiest.in_flight, 3);
        fini(&bench);
    }
}

static void a_link_has_a_bandwidth(void **state) {
    (void)state;
    const uint8_t sides[] = {GV_NET_LEFT, GV_NET_RIGHT, 0};
    struct gv_net_rule rule = {
        .kind = GV_NET_LIMIT, .bandwidth = 10000, .delay = 500 * GV_MS, .sides = sides};
    struct bench bench;
    init(&bench, GV_NET_EXACT, GV_NET_CONSTANT, 10);
    gv_net_rules(&bench.net, &rule, 1);
    struct gv_slice none = {0};
    for (int i = 0; i < 10; i++) gv_net_send(&bench.net, 0, 0, 1, none, 1000, text("a"));
    gv_net_send(&bench.net, 0, 1, 0, none, 1000, text("b")); // the other direction has no limit
    gv_net_send(&bench.net, 0, 0, 2, none, 1000, text("c"));
    run_until(&bench, 10000);
    assert_string_equal(bench.got, "b@10 c@10 a@110 a@210 a@310 a@410 a@510 a@610 ");
    assert_int_equal(bench.net.dropped, 4);
    gv_net_send(&bench.net, 10000 * GV_MS, 0, 1, none, 500, text("d"));
    bench.got[0] = '\0';
    run_until(&bench, 20000);
    assert_string_equal(bench.got, "d@10060 ");
    fini(&bench);
}

static void regions_have_their_round_trips(void **state) {
    (void)state;
    struct gv_wan wan = {0};
    gv_wan_add(&wan, "eu");
    gv_wan_add(&wan, "us");
    gv_wan_set_rtt(&wan, 0, 1, 91 * GV_MS);
    gv_wan_set_bandwidth(&wan, 0, 1, 1000);
    gv_wan_open(&wan, 3);
    gv_wan_place(&wan, 0, 0);
    gv_wan_place(&wan, 1, 1);
    struct bench bench;
    init(&bench, GV_NET_EXACT, GV_NET_CONSTANT, 10);
    bench.net.config.wan = &wan;
    assert_true(gv_net_latency(&bench.net, 0, 1) == 91 * GV_MS / 2);
    assert_true(gv_net_latency(&bench.net, 1, 0) == 91 * GV_MS / 2);
    assert_true(gv_net_latency(&bench.net, 0, 2) == 10 * GV_MS); // a node without a region
    gv_net_send(&bench.net, 0, 1, 0, (struct gv_slice){0}, 100, text("a"));
    run_until(&bench, 1000);
    assert_string_equal(bench.got, "a@145 ");
    fini(&bench);
    gv_wan_close(&wan);
}

// A tenth of the messages is delayed by at most twice the mean latency, and so reordered.
static void some_messages_are_reordered(void **state) {
    (void)state;
    enum { MESSAGES = 10000 };
    struct gv_net_rule rule = {
        .kind = GV_NET_DELAY, .ppm = 100000, .delay = 50 * GV_MS, .dist = GV_NET_UNIFORM};
    struct bench bench;
    init(&bench, GV_NET_EXACT, GV_NET_CONSTANT, 10);
    gv_net_rules(&bench.net, &rule, 1);
    struct gv_slice none = {0};
    for (int i = 0; i < MESSAGES; i++) gv_net_send(&bench.net, 0, 0, 1, none, 0, none);
    struct gv_event event;
    int late = 0;
    while (gv_event_queue_next(&bench.queue, 1000 * GV_MS, &event)) {
        free(gv_net_take(&bench.net, bench.queue.now, &event));
        assert_true(bench.queue.now >= 10 * GV_MS && bench.queue.now < 110 * GV_MS);
        late += bench.queue.now > 10 * GV_MS;
    }
    assert_true(late > MESSAGES / 10 - 200 && late < MESSAGES / 10 + 200);
    fini(&bench);
}

// Endpoints 3 and 4 are services.
static void services_have_latency_and_loss_but_no_partition(void **state) {
    (void)state;
    const uint8_t sides[] = {GV_NET_LEFT | GV_NET_RIGHT, GV_NET_LEFT | GV_NET_RIGHT, 0};
    struct gv_net_rule rules[] = {
        {.kind = GV_NET_LOSE, .ppm = 1000000, .sides = sides, .both_ways = true},
        {.kind = GV_NET_FORGE, .ppm = 1000000},
    };
    struct bench bench;
    for (int delivery = GV_NET_MAELSTROM; delivery <= GV_NET_EXACT; delivery++) {
        init(&bench, (enum gv_net_delivery)delivery, GV_NET_CONSTANT, 100);
        bench.cut = true;
        gv_net_rules(&bench.net, rules, 2);
        gv_net_send(&bench.net, 0, 0, 4, text("seq-kv read"), 10, text("asks"));
        assert_int_equal(bench.net.in_flight_bytes[0], 4 + GV_NET_OVERHEAD);
        gv_net_send(&bench.net, 0, 3, 0, text("seq-kv read_ok"), 10, text("answers"));
        // A reply counts for the node that receives it.
        assert_int_equal(bench.net.in_flight_bytes[0], 4 + 7 + 2 * GV_NET_OVERHEAD);
        run_until(&bench, 1000);
        assert_string_equal(bench.got, "asks@100 answers@100 ");
        assert_int_equal(bench.net.in_flight_bytes[0], 0);
        assert_int_equal(bench.asked, 0);
        assert_int_equal(bench.net.forged, 0);
        assert_int_equal(bench.net.messages, 2);
        assert_int_equal(bench.net.service_messages, 2);
        rules[0].sides = NULL; // applies to all links
        gv_net_rules(&bench.net, rules, 1);
        gv_net_send(&bench.net, bench.queue.now, 0, 4, text("x"), 10, text("lost"));
        gv_net_send(&bench.net, bench.queue.now, 4, 0, text("x"), 10, text("lost"));
        run_until(&bench, 2000);
        assert_int_equal(bench.net.dropped, 2);
        assert_string_equal(bench.got, "asks@100 answers@100 ");
        rules[0].sides = sides;
        fini(&bench);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_waits_behind_the_sleeping_inbound_thread),
        cmocka_unit_test(exact_delivery_delivers_when_due),
        cmocka_unit_test(a_partition_drops_at_the_dequeue),
        cmocka_unit_test(messages_queued_at_the_end_of_a_partition_are_delivered),
        cmocka_unit_test(exact_delivery_drops_when_due),
        cmocka_unit_test(counts_servers_only_and_by_type),
        cmocka_unit_test(odd_and_many_types_are_counted),
        cmocka_unit_test(long_types_are_cut_between_characters),
        cmocka_unit_test(links_do_not_disturb_each_other),
        cmocka_unit_test(rules_lose_duplicate_and_delay),
        cmocka_unit_test(messages_in_flight_are_counted),
        cmocka_unit_test(a_link_has_a_bandwidth),
        cmocka_unit_test(regions_have_their_round_trips),
        cmocka_unit_test(some_messages_are_reordered),
        cmocka_unit_test(services_have_latency_and_loss_but_no_partition),
        cmocka_unit_test(latencies_are_whole_milliseconds_of_the_right_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

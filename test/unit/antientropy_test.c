// SPDX-License-Identifier: MIT
// Anti-entropy of one node, with peers but without a cluster. Every request is carried out, or is
// superseded by a sync that the peer opened.
#include "../../engine/antientropy.h"

#include "../../engine/prng.h"
#include "../lib/meter.h"
#include "../lib/test.h"

#include <string.h>

enum { NODES_MAX = 30, SUMMARY_CAP = 48 << 10, LONGEST = 64 << 10, RECENT_MS = 2000 };

static struct gv_peer states[NODES_MAX];

struct node {
    struct gv_meter meter;
    struct gv_alloc alloc;
    struct gv_peer *at[NODES_MAX];
    struct gv_peers peers;
    struct gv_push push;
    struct gv_antientropy_facts facts;
    struct gv_antientropy ae;
    struct gv_prng prng;
    struct gv_digest_key key;
    struct gv_tree tree;
    gv_time now;
    // Requests that have not been carried out yet.
    gv_time requested_at;          // when a sync with a chosen peer was requested; or GV_TIME_NEVER
    gv_time resync_at;             // when a full resync was requested; or GV_TIME_NEVER
    gv_time trusted_at[NODES_MAX]; // when each peer was last found alive after it was suspected
    int syncs, resyncs, superseded;
};

static void init(struct node *node, uint64_t seed, bool direct, bool is_empty, uint32_t count) {
    *node = (struct node){.peers = {.at = node->at, .count = count}, .resync_at = GV_TIME_NEVER};
    node->alloc = gv_meter_alloc(&node->meter);
    node->facts = (struct gv_antientropy_facts){&node->peers, &node->push, GV_TIME_NEVER, is_empty};
    gv_prng_init(&node->prng, seed, 1);
    node->peers.self = (uint32_t)gv_prng_below(&node->prng, count);
    for (uint32_t i = 0; i < count; i++) {
        gv_peer_init(&states[i], i * 1000, 0, is_empty);
        node->at[i] = i != node->peers.self ? &states[i] : NULL;
    }
    gv_digest_key_init(&node->key, (struct gv_slice){0});
    gv_tree_init(&node->tree, node->alloc);
    gv_time staleness = direct ? 0 : 500 * GV_MS;
    assert_int_equal(gv_push_init(&node->push, node->alloc, staleness, node->peers.self, count), 0);
    assert_int_equal(
        gv_antientropy_init(&node->ae, node->alloc, SUMMARY_CAP, &node->facts, 0, &node->prng), 0);
    if (count > 1) node->requested_at = 0;
}

static void fini(struct node *node) {
    gv_antientropy_fini(&node->ae, node->alloc);
    gv_push_fini(&node->push, node->alloc);
    gv_tree_fini(&node->tree);
    assert_int_equal(node->meter.bytes, 0);
}

static int draw_peer(struct node *node) {
    uint32_t number = (uint32_t)gv_prng_below(&node->prng, node->peers.count - 1);
    return (int)(number + (number >= node->peers.self));
}

static bool has_compared_since(const struct gv_peer *peer, gv_time since) {
    const struct gv_compared *compared = &peer->compared;
    return (compared->opened_at != GV_TIME_NEVER && compared->opened_at > since) ||
           (compared->received_at != GV_TIME_NEVER && compared->received_at > since);
}

static void open_sync(struct node *node, int number) {
    struct gv_slice summary = gv_antientropy_open(&node->ae, node->now, number, &states[number],
                                                  &node->tree, &node->prng);
    assert_true(gv_rbsr_is_opening(summary));
    gv_intent_synced(&states[number].intent);
}

// When a full resync has ended, this node has compared with every peer that it did not suspect
// meanwhile.
static void check_resync(struct node *node) {
    assert_true(node->resync_at != GV_TIME_NEVER);
    for (uint32_t i = 0; i < node->peers.count; i++) {
        bool exempt = i == node->peers.self || gv_peer_is_suspected(&node->peers, i) ||
                      node->trusted_at[i] > node->resync_at;
        if (!exempt) assert_true(has_compared_since(&states[i], node->resync_at));
    }
    assert_true(node->now - node->resync_at < 20000 * GV_MS);
    node->resync_at = GV_TIME_NEVER;
    node->resyncs++;
}

static void take_step(struct node *node) {
    struct gv_antientropy_step step =
        gv_antientropy_due(&node->ae, node->now, &node->facts, &node->prng);
    if (step.resync_ended && gv_push_is_direct(&node->push)) check_resync(node);
    if (step.peer == GV_OVERLAY_NONE) return;
    assert_true(step.peer != (int)node->peers.self);
    assert_true((uint32_t)step.peer < node->peers.count);
    gv_antientropy_request(&node->ae, node->now, step.reason, &states[step.peer].intent,
                           &node->prng);
    assert_true(gv_intent_has_sync(&states[step.peer].intent));
    bool reliable = gv_intent_is_reliable(&states[step.peer].intent);
    if (step.reason != GV_SYNC_IDLE) assert_true(reliable);
    open_sync(node, step.peer);
    node->syncs++;
}

// Takes all steps up to this time. Each request must lead to a step within 1.25 s.
static void advance(struct node *node, gv_time to) {
    gv_time due;
    while ((due = gv_antientropy_deadline(&node->ae)) <= to) {
        assert_true(due >= node->now);
        node->now = due;
        bool chosen = node->ae.sync_at == due, requested = node->ae.requested;
        take_step(node);
        if (!chosen) continue;
        // A request is carried out, perhaps by a sync in progress. It is repeated only if the node
        // started empty.
        assert_int_equal(requested, node->requested_at != GV_TIME_NEVER);
        if (requested) assert_true(due - node->requested_at <= 1250 * GV_MS);
        node->requested_at = node->ae.requested ? node->now : GV_TIME_NEVER;
    }
    node->now = to;
}

static void request(struct node *node, enum gv_sync_reason reason, bool chosen, bool resync,
                    bool named) {
    struct gv_intent *intent = named ? &states[draw_peer(node)].intent : NULL;
    gv_antientropy_request(&node->ae, node->now, reason, intent, &node->prng);
    if (named) assert_true(gv_intent_has_sync(intent));
    if (chosen && node->requested_at == GV_TIME_NEVER) node->requested_at = node->now;
    if (resync && gv_push_is_direct(&node->push) && node->peers.count > 2)
        node->resync_at = node->now;
    if (chosen) assert_true(node->ae.sync_at <= node->now + 1250 * GV_MS);
}

enum { OPENING_MAX = 2 * GV_RBSR_ROOT_MAX };

// An opening of the peer in base64. The peer's replica is empty, too.
static struct gv_slice opening(struct node *node, uint8_t *text) {
    uint8_t bytes[GV_RBSR_ROOT_MAX];
    struct gv_writer summary = {.data = bytes, .cap = sizeof bytes};
    struct gv_writer out = {.data = text, .cap = OPENING_MAX};
    gv_rbsr_open(&node->tree, (uint8_t)gv_prng_next(&node->prng), &summary);
    gv_pack_put_base64(&out, (struct gv_slice){bytes, summary.len});
    assert_false(out.full);
    return (struct gv_slice){text, out.len};
}

static void receive_opening(struct node *node) {
    int number = draw_peer(node);
    uint8_t text[OPENING_MAX];
    struct gv_slice ranges = opening(node, text);
    bool ready = gv_antientropy_is_ready(&node->ae);
    int taken = gv_antientropy_received(&node->ae, node->alloc, node->now, number, &states[number],
                                        RECENT_MS * GV_MS, ranges, LONGEST);
    assert_int_equal(taken, ready ? 0 : GV_EFULL); // openings do not cross
    if (taken != 0) return;
    assert_false(gv_intent_has_sync(&states[number].intent)); // the peer's sync replaces it
    node->superseded++;
}

static bool refuse(void *ctx, const struct gv_item *item, size_t summary_len) {
    (void)ctx, (void)item, (void)summary_len;
    return false;
}

static void answer(struct node *node) {
    int number = draw_peer(node);
    if (!gv_antientropy_has_summary(&node->ae, number)) return;
    struct gv_rbsr_out out = {.send = refuse, .summary = {.cap = SUMMARY_CAP}};
    bool oversized = false;
    uint32_t backlog = gv_antientropy_backlog(&node->ae);
    assert_int_equal(
        gv_antientropy_answer(&node->ae, number, &node->tree, &node->key, &out, &oversized), 0);
    assert_int_equal(gv_antientropy_backlog(&node->ae), backlog - 1);
}

static void toggle_suspicion(struct node *node) {
    int number = draw_peer(node);
    if (gv_peer_is_suspected(&node->peers, (uint32_t)number)) {
        gv_health_acked(&states[number].health);
        node->peers.suspected--;
        node->trusted_at[number] = node->now;
        request(node, GV_SYNC_ALIVE, true, false, false);
    } else {
        while (!gv_health_timed_out(&states[number].health)) continue;
        node->peers.suspected++;
        request(node, GV_SYNC_SUSPECTED, false, true, false);
        assert_true(node->ae.sync_at <= node->now + 4000 * GV_MS);
    }
    gv_push_set_parent(&node->push, gv_push_best_parent(&node->push, &node->peers));
}

static void any_event(struct node *node) {
    switch (gv_prng_below(&node->prng, 9)) {
    case 0:
        toggle_suspicion(node);
        break;
    case 1:
        request(node, GV_SYNC_RESTARTED, true, true, true);
        break;
    case 2:
        request(node, GV_SYNC_LOST, false, false, true);
        break;
    case 3:
        request(node, GV_SYNC_PAUSED, true, false, false);
        break;
    case 4:
        request(node, GV_SYNC_NEW_CHILD, false, false, true);
        break;
    case 5:
        receive_opening(node);
        break;
    case 6:
    case 7:
        answer(node);
        break;
    default:
        node->facts.last_change = node->now;
    }
}

static void what_is_requested_happens(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed();
    int syncs = 0, resyncs = 0, superseded = 0;
    for (uint64_t round = 0; round < 200; round++) {
        struct node node;
        init(&node, seed + round, round % 2 == 0, round % 3 == 0, 2 + (uint32_t)(round % 28));
        if (node.push.staleness == 0 && !node.facts.is_empty && node.peers.count > 2)
            node.resync_at = 0;
        for (int i = 0; i < 300; i++) {
            advance(&node, node.now + gv_prng_below(&node.prng, 3000) * GV_MS);
            any_event(&node);
        }
        advance(&node, node.now + 40000 * GV_MS);
        assert_true(node.requested_at == GV_TIME_NEVER);
        assert_true(node.resync_at == GV_TIME_NEVER);
        syncs += node.syncs;
        resyncs += node.resyncs;
        superseded += node.superseded;
        fini(&node);
    }
    assert_true(syncs > 1000 && resyncs > 100 && superseded > 1000);
}

// Without events, the time between two idle comparisons is 0.75 to 1.25 intervals.
static void idle_comparisons_keep_their_interval(void **state) {
    (void)state;
    for (uint32_t count = 2; count <= NODES_MAX; count += 7) {
        struct node node;
        init(&node, gv_test_seed(), false, false, count);
        gv_time interval = (count > 15 ? 2000 * count : 30000) * GV_MS, last = GV_TIME_NEVER;
        advance(&node, 10000 * GV_MS); // the first sync and the full resync
        for (int i = 0; i < 50; i++) {
            gv_time due = gv_antientropy_deadline(&node.ae);
            assert_true(due - node.now <= interval * 5 / 4);
            if (last != GV_TIME_NEVER) assert_in_range(due - last, interval * 3 / 4, interval * 2);
            last = due;
            int before = node.syncs;
            advance(&node, due);
            assert_int_equal(node.syncs, before + 1);
        }
        fini(&node);
    }
}

// While the replica changes, an idle comparison is deferred, but only up to a bound.
static void changes_defer_idle_comparisons_within_a_bound(void **state) {
    (void)state;
    struct node node;
    init(&node, gv_test_seed(), false, false, 5);
    advance(&node, 10000 * GV_MS);
    int before = node.syncs;
    gv_time first = node.now;
    while (node.syncs == before) {
        node.facts.last_change = node.now;
        advance(&node, node.now + 1000 * GV_MS);
        assert_true(node.now - first < 100000 * GV_MS);
    }
    assert_true(node.now - first > 30000 * GV_MS);
    fini(&node);
}

// If both nodes open a sync at once, only the opening of the node that sorts first is answered.
static void of_crossing_openings_one_is_answered(void **state) {
    (void)state;
    for (int other = 0; other < 2; other++) {
        struct node node;
        init(&node, gv_test_seed(), false, false, 2);
        node.ae.self = node.peers.self = (uint32_t)(1 - other);
        struct gv_peer *peer = &states[other];
        open_sync(&node, other);
        gv_ack_sent(&peer->ack, node.now, 0, 1000 * GV_MS, true);
        uint8_t text[OPENING_MAX];
        struct gv_slice ranges = opening(&node, text);
        int taken = gv_antientropy_received(&node.ae, node.alloc, node.now, other, peer,
                                            RECENT_MS * GV_MS, ranges, LONGEST);
        assert_int_equal(taken, other > 1 - other ? 1 : 0);
        assert_int_equal(gv_antientropy_has_summary(&node.ae, other), taken == 0);
        fini(&node);
    }
}

// Each answer repeats the salt of its summary, which identifies the summary.
static void summaries_of_a_peer_are_answered_in_order(void **state) {
    (void)state;
    struct node node;
    init(&node, gv_test_seed(), false, false, 3);
    int other = node.peers.self == 0 ? 1 : 0;
    struct gv_tree theirs;
    gv_tree_init(&theirs, node.alloc);
    assert_int_equal(gv_tree_insert(&theirs, (struct gv_item){.position = 5, .hash = 9}), 0);
    uint8_t received = 0, answered = 0;
    for (int i = 0; i < 200; i++) {
        if (gv_prng_below(&node.prng, 2) == 0 && gv_antientropy_is_ready(&node.ae)) {
            uint8_t bytes[GV_RBSR_ROOT_MAX], text[OPENING_MAX];
            struct gv_writer summary = {.data = bytes, .cap = sizeof bytes};
            struct gv_writer out = {.data = text, .cap = sizeof text};
            gv_rbsr_open(&theirs, received++, &summary);
            gv_pack_put_base64(&out, (struct gv_slice){bytes, summary.len});
            struct gv_slice ranges = {text, out.len};
            assert_int_equal(gv_antientropy_received(&node.ae, node.alloc, 0, other, &states[other],
                                                     1, ranges, LONGEST),
                             0);
        } else if (gv_antientropy_has_summary(&node.ae, other)) {
            struct gv_rbsr_out out = {.send = refuse, .summary = {.cap = SUMMARY_CAP}};
            bool oversized = false;
            assert_int_equal(
                gv_antientropy_answer(&node.ae, other, &node.tree, &node.key, &out, &oversized), 0);
            assert_true(out.summary.len > 0);
            assert_int_equal(out.summary.data[0], answered++);
        }
    }
    assert_true(answered > 20);
    gv_tree_fini(&theirs);
    fini(&node);
}

static void comparisons_are_frequent_while_a_peer_is_suspected(void **state) {
    (void)state;
    struct node node;
    init(&node, gv_test_seed(), false, false, 20);
    advance(&node, 10000 * GV_MS);
    toggle_suspicion(&node);
    advance(&node, node.now + 4000 * GV_MS);
    int suspects = 0;
    for (int i = 0; i < 50; i++) {
        gv_time due = gv_antientropy_deadline(&node.ae);
        assert_true(due - node.now <= 5000 * GV_MS);
        advance(&node, due);
    }
    for (uint32_t i = 0; i < node.peers.count; i++) {
        bool opened = node.at[i] != NULL && states[i].compared.opened_at > 14000 * GV_MS &&
                      states[i].compared.opened_at != GV_TIME_NEVER;
        suspects += opened && gv_peer_is_suspected(&node.peers, i);
    }
    assert_int_equal(suspects, 1); // in half of the cases with the suspected peer
    fini(&node);
}

static void wrong_summaries_are_refused(void **state) {
    (void)state;
    struct node node;
    init(&node, gv_test_seed(), false, false, 2);
    int other = 1 - (int)node.peers.self;
    static uint8_t text[LONGEST + 1];
    memset(text, 'A', sizeof text);
    struct gv_slice long_one = {text, sizeof text}, odd = {text, 3}, none = {text, 0};
    struct gv_peer *peer = &states[other];
    gv_time now = 0;
    assert_int_equal(
        gv_antientropy_received(&node.ae, node.alloc, now, other, peer, 1, long_one, LONGEST),
        GV_EFULL);
    text[1] = '!';
    assert_int_equal(
        gv_antientropy_received(&node.ae, node.alloc, now, other, peer, 1, odd, LONGEST),
        GV_ESYNTAX);
    assert_int_equal(
        gv_antientropy_received(&node.ae, node.alloc, now, other, peer, 1, none, LONGEST),
        GV_ESYNTAX);
    assert_int_equal(gv_antientropy_backlog(&node.ae), 0);
    assert_true(peer->compared.received_at == GV_TIME_NEVER);
    fini(&node);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_requested_happens),
        cmocka_unit_test(idle_comparisons_keep_their_interval),
        cmocka_unit_test(changes_defer_idle_comparisons_within_a_bound),
        cmocka_unit_test(of_crossing_openings_one_is_answered),
        cmocka_unit_test(summaries_of_a_peer_are_answered_in_order),
        cmocka_unit_test(comparisons_are_frequent_while_a_peer_is_suspected),
        cmocka_unit_test(wrong_summaries_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
// Push of one node, with peers but without a cluster. After any sequence of events the tree and the
// flush times are valid.
#include "../../engine/push.h"

#include "../../engine/changelog.h"
#include "../../engine/prng.h"
#include "../lib/test.h"

#include <stdlib.h>

enum { NODES_MAX = 80 };

static struct gv_peer states[NODES_MAX];

struct node {
    struct gv_peer *at[NODES_MAX];
    struct gv_peers peers;
    struct gv_push push;
    gv_time now;
};

static void init(struct node *node, gv_time staleness, uint32_t self, uint32_t count) {
    *node = (struct node){.peers = {.at = node->at, .self = self, .count = count}};
    for (uint32_t i = 0; i < count; i++) {
        gv_peer_init(&states[i], i * 1000, 0, false);
        node->at[i] = i != self ? &states[i] : NULL;
    }
    assert_int_equal(gv_push_init(&node->push, gv_base_malloc(), staleness, self, count), 0);
}

static void fini(struct node *node) {
    gv_push_fini(&node->push, gv_base_malloc());
}

static void suspect(struct node *node, int peer) {
    while (!gv_health_timed_out(&states[peer].health)) continue;
    node->peers.suspected++;
}

static void measure(struct node *node, int peer, gv_time trip) {
    struct gv_ack *ack = &states[peer].ack;
    struct gv_ack_loss loss;
    uint64_t id = gv_ack_sent(ack, node->now, ack->sent_seq, 10 * trip, false);
    node->now += trip;
    gv_ack_acked(ack, node->now, &(struct gv_message_ack){.largest = id}, &loss);
}

static void assert_sound(const struct node *node) {
    const struct gv_push *push = &node->push;
    uint32_t children = 0;
    for (uint32_t i = 0; i < push->count; i++) {
        bool child = gv_push_is_child(push, (int)i), listed = false;
        for (uint32_t k = 0; k < push->child_count; k++) listed |= push->children[k] == i;
        assert_int_equal(child, listed);
        children += child;
        bool direct = gv_push_is_direct(push);
        if (child) assert_true(direct ? i != push->self : i > push->self);
        if (gv_push_is_target(push, &node->peers, (int)i)) {
            assert_true(child || (int)i == push->parent);
            assert_false(gv_peer_is_suspected(&node->peers, i));
        }
    }
    assert_int_equal(children, push->child_count);
    assert_true(push->parent < (int)push->self);
    if (push->to_children.at == GV_TIME_NEVER)
        assert_true(push->to_children.since == GV_TIME_NEVER);
    if (push->to_parent.at == GV_TIME_NEVER) assert_true(push->to_parent.since == GV_TIME_NEVER);
}

static void change(struct node *node, int origin) {
    struct gv_push *push = &node->push;
    bool wanted = gv_push_changed(push, &node->peers, node->now, origin, false);
    bool any = push->parent != GV_OVERLAY_NONE || push->child_count > 0;
    if (origin == GV_CHANGELOG_LOCAL) assert_int_equal(wanted, any);
    if (!wanted) return;
    // An update never waits for more than the staleness, here or at the parent.
    bool up = push->parent != GV_OVERLAY_NONE && origin != push->parent;
    if (up) assert_true(push->to_parent.at <= node->now + push->staleness);
    gv_time first = gv_time_min(push->to_parent.at, push->to_children.at);
    assert_true(first <= node->now + push->staleness);
    if (up) assert_true(push->to_parent.since <= node->now);
}

static void any_event(struct node *node, struct gv_prng *prng) {
    struct gv_push *push = &node->push;
    int peer = (int)gv_prng_below(prng, push->count);
    node->now += gv_prng_below(prng, 100) * GV_MS;
    switch (gv_prng_below(prng, 8)) {
    case 0:
        if (peer == (int)push->self) break;
        if (gv_peer_is_suspected(&node->peers, (uint32_t)peer)) {
            gv_health_acked(&states[peer].health);
            node->peers.suspected--;
        } else {
            suspect(node, peer);
        }
        gv_push_set_parent(push, gv_push_best_parent(push, &node->peers));
        break;
    case 1:
        if (peer != (int)push->self) measure(node, peer, gv_prng_below(prng, 200) * GV_MS);
        break;
    case 2:
        gv_push_begin_round(push, &node->peers, node->now);
        break;
    case 3:
        if (push->to_parent.at <= node->now) gv_push_take_flush(&push->to_parent, node->now);
        if (push->to_children.at <= node->now) {
            gv_time since = push->to_children.since;
            gv_time waited = gv_push_take_flush(&push->to_children, node->now);
            assert_true(waited == (since != GV_TIME_NEVER ? node->now - since : GV_TIME_NEVER));
        }
        break;
    case 4:
        change(node, GV_CHANGELOG_LOCAL);
        break;
    case 5:
        if (peer != (int)push->self) change(node, peer);
        break;
    default: {
        if (peer == (int)push->self) break;
        bool before = gv_push_is_child(push, peer), up = gv_prng_below(prng, 2) == 0;
        struct gv_push_reaction reaction =
            gv_push_received(push, &node->peers, node->now, peer, up,
                             (uint32_t)gv_prng_below(prng, 1500), gv_prng_below(prng, 2) == 0);
        bool after = gv_push_is_child(push, peer);
        assert_int_equal(reaction.child_added, !before && after);
        assert_int_equal(reaction.child_removed, before && !after);
        if (reaction.ping_parent) {
            assert_true(push->parent != GV_OVERLAY_NONE && push->parent != peer);
            assert_true(push->parent_pinged_at == node->now);
        }
    }
    }
    assert_sound(node);
}

static void any_events_keep_the_tree_sound(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 300; round++) {
        uint32_t count = 1 + (uint32_t)gv_prng_below(&prng, NODES_MAX);
        uint32_t self = (uint32_t)gv_prng_below(&prng, count);
        struct node node;
        init(&node, gv_prng_below(&prng, 4) * 500 * GV_MS, self, count);
        assert_sound(&node);
        for (int i = 0; i < 300; i++) any_event(&node, &prng);
        fini(&node);
    }
}

// Of two nodes without other peers, neither sends an update back to the other.
static void updates_do_not_return(void **state) {
    (void)state;
    for (uint32_t self = 0; self < 2; self++) {
        struct node node;
        init(&node, 500 * GV_MS, self, 2);
        assert_false(gv_push_changed(&node.push, &node.peers, 0, 1 - (int)self, false));
        assert_true(gv_push_changed(&node.push, &node.peers, 0, GV_CHANGELOG_LOCAL, false));
        fini(&node);
    }
}

// Without a tree, nodes forward only entries that a full resync brings.
static void without_a_tree_only_own_updates_are_sent(void **state) {
    (void)state;
    struct node node;
    init(&node, 0, 1, 3);
    assert_false(gv_push_changed(&node.push, &node.peers, 5, 0, false));
    assert_true(node.push.to_children.at == GV_TIME_NEVER);
    assert_true(gv_push_changed(&node.push, &node.peers, 5, 0, true));
    assert_true(node.push.to_children.at == GV_TIME_NEVER); // sent when the resync ends
    assert_true(gv_push_changed(&node.push, &node.peers, 5, GV_CHANGELOG_LOCAL, false));
    assert_int_equal(node.push.to_children.at, 5);
    fini(&node);
}

// A node that gets messages from siblings without a parent pings its own parent, but only once in a
// while.
static void orphans_make_a_node_ping_its_parent_once(void **state) {
    (void)state;
    struct node node;
    init(&node, 500 * GV_MS, 5, 20);
    int pings = 0;
    for (int i = 0; i < 100; i++) {
        node.now += GV_MS;
        struct gv_push_reaction reaction =
            gv_push_received(&node.push, &node.peers, node.now, 7, true, 0, false);
        assert_int_equal(reaction.child_added, i == 0);
        pings += reaction.ping_parent;
    }
    assert_int_equal(pings, 1);
    fini(&node);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_events_keep_the_tree_sound),
        cmocka_unit_test(updates_do_not_return),
        cmocka_unit_test(without_a_tree_only_own_updates_are_sent),
        cmocka_unit_test(orphans_make_a_node_ping_its_parent_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

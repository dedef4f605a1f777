// SPDX-License-Identifier: MIT
#include "invariants.h"

#include "../core/memory.h"
#include "check_protocol.h"

#include <stdlib.h>

void gv_invariants_init(struct gv_invariants *invariants, uint32_t nodes, double rate,
                        size_t message_max, struct gv_verdict_errors *errors) {
    GV_ASSERT(errors != NULL);
    *invariants = (struct gv_invariants){.errors = errors,
                                         .quiesce = GV_INVARIANTS_QUIESCE_MS * GV_MS,
                                         .quiet_at = GV_TIME_NEVER,
                                         .quiescent_at = GV_TIME_NEVER};
    gv_check_id_order_init(&invariants->id_order, nodes);
    gv_check_bounds_init(&invariants->bounds, nodes, message_max);
    gv_check_state_init(&invariants->state, nodes);
    gv_check_traffic_init(&invariants->traffic, nodes, rate);
    invariants->suspects = gv_memory_new(nodes * sizeof *invariants->suspects);
}

void gv_invariants_fini(struct gv_invariants *invariants) {
    GV_ASSERT(invariants != NULL);
    gv_check_id_order_fini(&invariants->id_order);
    gv_check_state_fini(&invariants->state);
    free(invariants->suspects);
    invariants->suspects = NULL;
}

void gv_invariants_rtt(struct gv_invariants *invariants, gv_time rtt) {
    GV_ASSERT(invariants->quiet_at == GV_TIME_NEVER);
    gv_time calm = GV_INVARIANTS_QUIESCE_RTTS * rtt;
    if (calm > invariants->quiesce) invariants->quiesce = calm;
}

void gv_invariants_line(struct gv_invariants *invariants, uint32_t node, struct gv_slice line) {
    struct gv_check_protocol_gossip gossip;
    if (!gv_check_protocol_gossip(line, &gossip)) {
        gv_check_id_order_line(&invariants->id_order, node, line, invariants->errors);
        return;
    }
    gv_check_bounds_message(&invariants->bounds, node, gossip.body.len, invariants->errors);
}

void gv_invariants_node(struct gv_invariants *invariants, uint32_t node, uint64_t entries,
                        uint64_t memory) {
    gv_check_state_entries(&invariants->state, node, entries, invariants->errors);
    gv_check_bounds_memory(&invariants->bounds, node, entries, memory, invariants->errors);
}

void gv_invariants_suspects(struct gv_invariants *invariants, uint32_t node, bool suspects) {
    GV_ASSERT(node < invariants->traffic.nodes);
    invariants->suspecting += (uint32_t)suspects - (uint32_t)invariants->suspects[node];
    invariants->suspects[node] = suspects;
}

void gv_invariants_stats(struct gv_invariants *invariants, uint32_t node,
                         const struct gv_stats *stats) {
    GV_ASSERT(node < invariants->traffic.nodes);
    gv_check_bounds_queues(node, stats, invariants->errors);
}

void gv_invariants_net(struct gv_invariants *invariants, const struct gv_net *net) {
    gv_check_bounds_links(net, invariants->traffic.rate, invariants->errors);
}

void gv_invariants_reset(struct gv_invariants *invariants, uint32_t node, bool kept) {
    gv_check_state_reset(&invariants->state, node);
    if (!kept) gv_check_id_order_reset(&invariants->id_order, node);
}

bool gv_invariants_time(struct gv_invariants *invariants, gv_time now, uint64_t messages,
                        bool quiet) {
    if (quiet && invariants->quiet_at == GV_TIME_NEVER) invariants->quiet_at = now;
    bool calm = quiet && now - invariants->quiet_at >= invariants->quiesce;
    if (calm && invariants->quiescent_at == GV_TIME_NEVER) {
        invariants->quiescent_at = now;
        invariants->quiescent_messages = messages;
    } else if (invariants->quiescent_at != GV_TIME_NEVER) {
        invariants->suspicion_time += invariants->suspecting * (now - invariants->observed_at);
    }
    invariants->observed_at = now;
    if (!quiet && invariants->quiescent_at != GV_TIME_NEVER && !invariants->quiescence_checked) {
        invariants->quiescence_checked = true;
        gv_time lasted = now - invariants->quiescent_at;
        if (lasted >= GV_INVARIANTS_OBSERVE_MS * GV_MS) {
            gv_check_traffic_quiescence(&invariants->traffic, lasted, invariants->suspicion_time,
                                        messages - invariants->quiescent_messages,
                                        invariants->errors);
        }
    }
    return gv_check_traffic_observe(&invariants->traffic, now, messages, invariants->errors);
}

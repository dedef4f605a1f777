// SPDX-License-Identifier: MIT
#include "checkers.h"

#include "check_protocol.h"
#include "memory.h"

#include <stdlib.h>

void gv_checkers_init(struct gv_checkers *checkers, uint32_t nodes, double rate, size_t message_max,
                      struct gv_errors *errors) {
    GV_ASSERT(errors != NULL);
    *checkers = (struct gv_checkers){.errors = errors,
                                     .calm = GV_CHECKERS_CALM_MS * GV_MS,
                                     .quiet_at = GV_TIME_NEVER,
                                     .silent_at = GV_TIME_NEVER};
    gv_check_ascent_init(&checkers->ascent, nodes);
    gv_check_bounds_init(&checkers->bounds, nodes, message_max);
    gv_check_growth_init(&checkers->growth, nodes);
    gv_check_traffic_init(&checkers->traffic, nodes, rate);
    checkers->suspects = gv_memory_new(nodes * sizeof *checkers->suspects);
}

void gv_checkers_fini(struct gv_checkers *checkers) {
    GV_ASSERT(checkers != NULL);
    gv_check_ascent_fini(&checkers->ascent);
    gv_check_growth_fini(&checkers->growth);
    free(checkers->suspects);
    checkers->suspects = NULL;
}

void gv_checkers_trip(struct gv_checkers *checkers, gv_time trip) {
    GV_ASSERT(checkers->quiet_at == GV_TIME_NEVER);
    gv_time calm = GV_CHECKERS_CALM_TRIPS * trip;
    if (calm > checkers->calm) checkers->calm = calm;
}

void gv_checkers_line(struct gv_checkers *checkers, uint32_t node, struct gv_slice line) {
    struct gv_check_protocol_gossip gossip;
    if (!gv_check_protocol_gossip(line, &gossip)) {
        gv_check_ascent_look(&checkers->ascent, node, line, checkers->errors);
        return;
    }
    gv_check_bounds_message(&checkers->bounds, node, gossip.body.len, checkers->errors);
}

void gv_checkers_node(struct gv_checkers *checkers, uint32_t node, uint64_t entries,
                      uint64_t memory) {
    gv_check_growth_look(&checkers->growth, node, entries, checkers->errors);
    gv_check_bounds_memory(&checkers->bounds, node, entries, memory, checkers->errors);
}

void gv_checkers_suspects(struct gv_checkers *checkers, uint32_t node, bool suspects) {
    GV_ASSERT(node < checkers->traffic.nodes);
    checkers->suspecting += (uint32_t)suspects - (uint32_t)checkers->suspects[node];
    checkers->suspects[node] = suspects;
}

void gv_checkers_stats(struct gv_checkers *checkers, uint32_t node, const struct gv_stats *stats) {
    GV_ASSERT(node < checkers->traffic.nodes);
    gv_check_queues_look(node, stats, checkers->errors);
}

void gv_checkers_net(struct gv_checkers *checkers, const struct gv_net *net) {
    gv_check_queues_links(net, checkers->traffic.rate, checkers->errors);
}

void gv_checkers_forget(struct gv_checkers *checkers, uint32_t node, bool kept) {
    gv_check_growth_forget(&checkers->growth, node);
    if (!kept) gv_check_ascent_forget(&checkers->ascent, node);
}

bool gv_checkers_time(struct gv_checkers *checkers, gv_time now, uint64_t messages, bool quiet) {
    if (quiet && checkers->quiet_at == GV_TIME_NEVER) checkers->quiet_at = now;
    bool calm = quiet && now - checkers->quiet_at >= checkers->calm;
    if (calm && checkers->silent_at == GV_TIME_NEVER) {
        checkers->silent_at = now;
        checkers->silent_from = messages;
    } else if (checkers->silent_at != GV_TIME_NEVER) {
        checkers->suspicion += checkers->suspecting * (now - checkers->looked_at);
    }
    checkers->looked_at = now;
    if (!quiet && checkers->silent_at != GV_TIME_NEVER && !checkers->silence_judged) {
        checkers->silence_judged = true;
        gv_time lasted = now - checkers->silent_at;
        if (lasted >= GV_CHECKERS_LISTEN_MS * GV_MS) {
            gv_check_traffic_silence(&checkers->traffic, lasted, checkers->suspicion,
                                     messages - checkers->silent_from, checkers->errors);
        }
    }
    return gv_check_traffic_look(&checkers->traffic, now, messages, checkers->errors);
}

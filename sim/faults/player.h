// SPDX-License-Identifier: MIT
// Plays a scenario: keeps the set of active steps, and applies them to the network. The caller
// begins and ends steps, and applies node faults.
#ifndef GV_SIM_FAULTS_PLAYER_H
#define GV_SIM_FAULTS_PLAYER_H

#include "scenario.h"

enum { GV_PLAYER_TEXT_MAX = 1024 };

struct gv_player {
    const struct gv_scenario *scenario;
    uint32_t nodes, active; // `active`: the number of active steps
    struct gv_nemesis *nemesis;
    struct gv_net *net;
    struct gv_player_step {
        bool active;
        struct gv_nemesis drawn; // a random cut; drawn.cut NULL: none yet
        uint8_t *sides;          // sides of the step's network rule; NULL: it has none
    } * steps;
    struct gv_net_rule *rules;
    char text[GV_PLAYER_TEXT_MAX];
    uint64_t seed;
};

// All pointers are borrowed. The scenario must fit the cluster (gv_scenario_check).
void gv_player_init(struct gv_player *player, const struct gv_scenario *scenario, uint32_t nodes,
                    uint64_t seed, struct gv_nemesis *nemesis, struct gv_net *net);
void gv_player_fini(struct gv_player *player);

// Begins or ends a step, by its number, and sets the cuts and rules of all active steps.
// gv_player_begin returns whether the step was inactive.
bool gv_player_begin(struct gv_player *player, size_t index);
void gv_player_end(struct gv_player *player, size_t index);

// Describes an active step in one line of at most cap − 1 bytes: its text, or the partition of a
// random cut.
void gv_player_describe(const struct gv_player *player, size_t index, char *buf, size_t cap);

#endif

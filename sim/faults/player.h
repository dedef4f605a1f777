// SPDX-License-Identifier: MIT
// A scenario being played: which steps are under way, and what they make of the network. Clockless:
// the caller says when a step begins and ends. Crashes and pauses are the caller's to carry out.
#ifndef GV_SIM_FAULTS_PLAYER_H
#define GV_SIM_FAULTS_PLAYER_H

#include "scenario.h"

enum { GV_PLAYER_TEXT_MAX = 1024 };

struct gv_player {
    const struct gv_scenario *scenario;
    uint32_t nodes, active; // steps under way
    struct gv_nemesis *nemesis;
    struct gv_net *net;
    struct gv_player_step {
        bool active;
        struct gv_nemesis drawn; // a cut drawn at random; nemesis.cut NULL: none
        uint8_t *sides;          // a rule's
    } * steps;
    struct gv_net_rule *rules;
    char text[GV_PLAYER_TEXT_MAX];
    uint64_t seed;
};

// All is borrowed. The scenario must fit so many nodes.
void gv_player_init(struct gv_player *player, const struct gv_scenario *scenario, uint32_t nodes,
                    uint64_t seed, struct gv_nemesis *nemesis, struct gv_net *net);
void gv_player_fini(struct gv_player *player);

// The step of this number begins (again) or ends: cuts and rules are set as all steps under way
// have it. gv_player_begin: whether it was not under way before.
bool gv_player_begin(struct gv_player *player, size_t index);
void gv_player_end(struct gv_player *player, size_t index);

// What a step under way does, in one line, cut to cap − 1 bytes: as the scenario has it, or, of a
// cut that is drawn, who is cut off from whom.
void gv_player_describe(const struct gv_player *player, size_t index, char *buf, size_t cap);

#endif

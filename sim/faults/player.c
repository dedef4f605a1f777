// SPDX-License-Identifier: MIT
#include "player.h"

#include "../core/memory.h"

void gv_player_init(struct gv_player *player, const struct gv_scenario *scenario, uint32_t nodes,
                    uint64_t seed, struct gv_nemesis *nemesis, struct gv_net *net) {
    GV_ASSERT(scenario != NULL && nodes > 0);
    *player = (struct gv_player){
        .scenario = scenario, .nodes = nodes, .seed = seed, .nemesis = nemesis, .net = net};
    GV_MEMORY_ARRAY(player->steps, scenario->len + 1);
    GV_MEMORY_ARRAY(player->rules, scenario->len + 1);
}

void gv_player_fini(struct gv_player *player) {
    if (player->scenario == NULL) return;
    for (size_t i = 0; i < player->scenario->len; i++) {
        struct gv_player_step *step = &player->steps[i];
        if (step->drawn.cut != NULL) gv_nemesis_fini(&step->drawn);
        free(step->sides);
    }
    free(player->steps);
    free(player->rules);
}

// Cuts the links from group `a` to group `b` of a step.
static void cut(struct gv_player *player, const struct gv_scenario_step *step, uint32_t a,
                uint32_t b) {
    for (uint32_t src = 0; src < player->nodes; src++) {
        if (!gv_scenario_has(step, a, src)) continue;
        for (uint32_t dest = 0; dest < player->nodes; dest++) {
            if (src == dest || !gv_scenario_has(step, b, dest)) continue;
            gv_nemesis_set(player->nemesis, src, dest, true);
        }
    }
}

static void apply_cut(struct gv_player *player, size_t index) {
    const struct gv_scenario_step *step = &player->scenario->steps[index];
    if (step->drawn) {
        gv_nemesis_merge(player->nemesis, &player->steps[index].drawn);
        return;
    }
    for (uint32_t a = 0; a < step->group_count; a++) {
        for (uint32_t b = 0; b < step->group_count; b++) {
            if (a == b || (step->one_way && a > b)) continue;
            cut(player, step, a, b);
        }
    }
}

// The network rule of an active step; false: it has none.
static bool to_rule(struct gv_player *player, size_t index, struct gv_net_rule *rule) {
    static const struct {
        bool has_rule;
        enum gv_net_rule_kind kind;
    } rules[GV_SCENARIO_DRIFT + 1] = {
        [GV_SCENARIO_LOSE] = {true, GV_NET_LOSE},
        [GV_SCENARIO_DUPLICATE] = {true, GV_NET_DUPLICATE},
        [GV_SCENARIO_DELAY] = {true, GV_NET_DELAY},
        [GV_SCENARIO_LIMIT] = {true, GV_NET_LIMIT},
        [GV_SCENARIO_FORGE] = {true, GV_NET_FORGE},
    };
    const struct gv_scenario_step *step = &player->scenario->steps[index];
    struct gv_player_step *own = &player->steps[index];
    if (!rules[step->kind].has_rule) return false;
    rule->kind = rules[step->kind].kind;
    if (step->group_count > 0 && own->sides == NULL) {
        own->sides = gv_memory_new(player->nodes);
        for (uint32_t node = 0; node < player->nodes; node++) {
            if (gv_scenario_has(step, 0, node)) own->sides[node] |= GV_NET_LEFT;
            if (gv_scenario_has(step, 1, node)) own->sides[node] |= GV_NET_RIGHT;
        }
    }
    rule->ppm = step->ppm;
    rule->delay = step->delay;
    rule->dist = step->dist;
    rule->bandwidth = step->bandwidth;
    rule->sides = own->sides;
    rule->both_ways = !step->one_way;
    return true;
}

static void add_text(struct gv_player *player, struct gv_slice text) {
    size_t len = strlen(player->text), room = sizeof player->text - 1 - len;
    if (len > 0) {
        strncat(player->text, "; ", room);
        room = room > 2 ? room - 2 : 0;
    }
    strncat(player->text, (const char *)text.data, text.len < room ? text.len : room);
}

static void apply(struct gv_player *player) {
    const struct gv_scenario *scenario = player->scenario;
    size_t rules = 0;
    player->text[0] = '\0';
    gv_nemesis_start_custom(player->nemesis, player->text);
    player->nemesis->active = player->active > 0;
    for (size_t i = 0; i < scenario->len; i++) {
        if (!player->steps[i].active) continue;
        if (scenario->steps[i].kind == GV_SCENARIO_CUT) apply_cut(player, i);
        if (to_rule(player, i, &player->rules[rules])) rules++;
        add_text(player, scenario->steps[i].text);
    }
    gv_net_rules(player->net, player->rules, rules);
}

bool gv_player_begin(struct gv_player *player, size_t index) {
    GV_ASSERT(index < player->scenario->len);
    const struct gv_scenario_step *step = &player->scenario->steps[index];
    struct gv_player_step *own = &player->steps[index];
    if (own->active) return false;
    own->active = true;
    player->active++;
    if (step->drawn) {
        // Each step has its own random stream, independent of other steps.
        if (own->drawn.cut == NULL) {
            gv_nemesis_init(&own->drawn, player->nodes, player->seed + index + 1);
        }
        if (step->draw == GV_NEMESIS_KINDS) gv_nemesis_start_any(&own->drawn);
        if (step->draw != GV_NEMESIS_KINDS) gv_nemesis_start(&own->drawn, step->draw);
    }
    apply(player);
    return true;
}

void gv_player_end(struct gv_player *player, size_t index) {
    GV_ASSERT(index < player->scenario->len);
    if (!player->steps[index].active) return;
    player->steps[index].active = false;
    player->active--;
    apply(player);
}

void gv_player_describe(const struct gv_player *player, size_t index, char *buf, size_t cap) {
    GV_ASSERT(cap > 0);
    const struct gv_scenario_step *step = &player->scenario->steps[index];
    if (step->drawn) {
        gv_nemesis_describe(&player->steps[index].drawn, buf, cap);
        return;
    }
    size_t len = step->text.len < cap ? step->text.len : cap - 1;
    memcpy(buf, step->text.data, len);
    buf[len] = '\0';
}

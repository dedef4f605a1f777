// SPDX-License-Identifier: MIT
#include "script.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

void gv_script_init(struct gv_script *script, const struct gv_scenario *scenario, uint32_t nodes,
                    uint64_t seed, struct gv_nemesis *nemesis, struct gv_net *net) {
    GV_ASSERT(scenario != NULL && nodes > 0);
    *script = (struct gv_script){
        .scenario = scenario, .nodes = nodes, .seed = seed, .nemesis = nemesis, .net = net};
    script->steps = gv_memory_new((scenario->len + 1) * sizeof *script->steps);
    script->rules = gv_memory_new((scenario->len + 1) * sizeof *script->rules);
}

void gv_script_fini(struct gv_script *script) {
    if (script->scenario == NULL) return;
    for (size_t i = 0; i < script->scenario->len; i++) {
        struct gv_script_step *step = &script->steps[i];
        if (step->drawn.cut != NULL) gv_nemesis_fini(&step->drawn);
        free(step->sides);
    }
    free(script->steps);
    free(script->rules);
    *script = (struct gv_script){0};
}

// Cuts whatever goes from group `a` to group `b` of a step.
static void cut(struct gv_script *script, const struct gv_scenario_step *step, uint32_t a,
                uint32_t b) {
    for (uint32_t src = 0; src < script->nodes; src++) {
        if (!gv_scenario_has(step, a, src)) continue;
        for (uint32_t dest = 0; dest < script->nodes; dest++) {
            if (src == dest || !gv_scenario_has(step, b, dest)) continue;
            gv_nemesis_set(script->nemesis, src, dest, true);
        }
    }
}

static void apply_cut(struct gv_script *script, size_t index) {
    const struct gv_scenario_step *step = &script->scenario->steps[index];
    if (step->drawn) {
        gv_nemesis_merge(script->nemesis, &script->steps[index].drawn);
        return;
    }
    for (uint32_t a = 0; a < step->group_count; a++) {
        for (uint32_t b = 0; b < step->group_count; b++) {
            if (a == b || (step->one_way && a > b)) continue;
            cut(script, step, a, b);
        }
    }
}

// What a step under way is for the network; false if it is nothing to it.
static bool to_rule(struct gv_script *script, size_t index, struct gv_net_rule *rule) {
    const struct gv_scenario_step *step = &script->scenario->steps[index];
    struct gv_script_step *own = &script->steps[index];
    switch (step->kind) {
    case GV_SCENARIO_LOSE:
        rule->kind = GV_NET_LOSE;
        break;
    case GV_SCENARIO_DUPLICATE:
        rule->kind = GV_NET_DUPLICATE;
        break;
    case GV_SCENARIO_DELAY:
        rule->kind = GV_NET_DELAY;
        break;
    case GV_SCENARIO_LIMIT:
        rule->kind = GV_NET_LIMIT;
        break;
    case GV_SCENARIO_FORGE:
        rule->kind = GV_NET_FORGE;
        break;
    case GV_SCENARIO_CUT:
    case GV_SCENARIO_CRASH:
    case GV_SCENARIO_PAUSE:
    case GV_SCENARIO_SLOW:
    case GV_SCENARIO_CLOCK:
    case GV_SCENARIO_DRIFT:
        return false;
    }
    if (step->group_count > 0 && own->sides == NULL) {
        own->sides = gv_memory_new(script->nodes);
        for (uint32_t node = 0; node < script->nodes; node++) {
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

static void add_text(struct gv_script *script, struct gv_slice text) {
    size_t len = strlen(script->text), room = sizeof script->text - 1 - len;
    if (len > 0) {
        strncat(script->text, "; ", room);
        room = room > 2 ? room - 2 : 0;
    }
    strncat(script->text, (const char *)text.data, text.len < room ? text.len : room);
}

static void apply(struct gv_script *script) {
    const struct gv_scenario *scenario = script->scenario;
    size_t rules = 0;
    script->text[0] = '\0';
    gv_nemesis_start_custom(script->nemesis, script->text);
    script->nemesis->active = script->active > 0;
    for (size_t i = 0; i < scenario->len; i++) {
        if (!script->steps[i].active) continue;
        if (scenario->steps[i].kind == GV_SCENARIO_CUT) apply_cut(script, i);
        if (to_rule(script, i, &script->rules[rules])) rules++;
        add_text(script, scenario->steps[i].text);
    }
    gv_net_rules(script->net, script->rules, rules);
}

bool gv_script_begin(struct gv_script *script, size_t index) {
    GV_ASSERT(index < script->scenario->len);
    const struct gv_scenario_step *step = &script->scenario->steps[index];
    struct gv_script_step *own = &script->steps[index];
    if (own->active) return false;
    own->active = true;
    script->active++;
    if (step->drawn) {
        // A stream of its own for each step: other steps do not change what it draws.
        if (own->drawn.cut == NULL) {
            gv_nemesis_init(&own->drawn, script->nodes, script->seed + index + 1);
        }
        if (step->draw == GV_NEMESIS_KINDS) gv_nemesis_start_any(&own->drawn);
        if (step->draw != GV_NEMESIS_KINDS) gv_nemesis_start(&own->drawn, step->draw);
    }
    apply(script);
    return true;
}

void gv_script_end(struct gv_script *script, size_t index) {
    GV_ASSERT(index < script->scenario->len);
    if (!script->steps[index].active) return;
    script->steps[index].active = false;
    script->active--;
    apply(script);
}

void gv_script_describe(const struct gv_script *script, size_t index, char *buf, size_t cap) {
    GV_ASSERT(index < script->scenario->len && cap > 0);
    const struct gv_scenario_step *step = &script->scenario->steps[index];
    if (step->drawn) {
        gv_nemesis_describe(&script->steps[index].drawn, buf, cap);
        return;
    }
    size_t len = step->text.len < cap ? step->text.len : cap - 1;
    memcpy(buf, step->text.data, len);
    buf[len] = '\0';
}

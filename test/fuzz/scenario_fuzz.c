// SPDX-License-Identifier: MIT
// Random bytes as a scenario. The parser must accept or refuse the text; a refusal names a line and
// a column within the text. For an accepted scenario, gv_scenario_check must succeed or name a node
// that the cluster lacks, and gv_scenario_has must find every node that a step names.
#include "../../sim/faults/scenario.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES = 25, MOST = 2000000000 };

static void check_fault(const struct gv_scenario_diagnostic *diagnostic, const char *text,
                        size_t len) {
    GV_ASSERT(diagnostic->line > 0 && diagnostic->column > 0);
    size_t why = strnlen(diagnostic->why, sizeof diagnostic->why);
    GV_ASSERT(why > 0 && why < sizeof diagnostic->why);
    const char *end = text + len;
    for (unsigned line = 1; line < diagnostic->line; line++) {
        const char *newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
        GV_ASSERT(newline != NULL);
        text = newline + 1;
    }
    const char *newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
    GV_ASSERT(diagnostic->column - 1 <= (size_t)((newline != NULL ? newline : end) - text));
}

static void check_step(const struct gv_scenario_step *step) {
    for (uint32_t g = 0; g < step->group_count; g++) {
        const struct gv_scenario_group *group = &step->groups[g];
        GV_ASSERT(group->count <= GV_SCENARIO_RANGES_MAX);
        if (group->all || group->rest) continue;
        for (uint32_t r = 0; r < group->count; r++) {
            GV_ASSERT(group->ranges[r].first <= group->ranges[r].last);
            GV_ASSERT(gv_scenario_has(step, g, group->ranges[r].first));
            GV_ASSERT(gv_scenario_has(step, g, group->ranges[r].last));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct gv_scenario scenario;
    struct gv_scenario_diagnostic diagnostic = {0};
    const char *text = (const char *)data;
    if (gv_scenario_parse(&scenario, text, size, &diagnostic) != 0) {
        check_fault(&diagnostic, text, size);
        return 0;
    }
    GV_ASSERT(scenario.len <= GV_SCENARIO_STEPS_MAX);
    GV_ASSERT(scenario.settings_len <= GV_SCENARIO_SETTINGS_MAX);
    for (size_t i = 0; i < scenario.len; i++) check_step(&scenario.steps[i]);
    int error = gv_scenario_check(&scenario, NODES, 10000 * GV_MS, &diagnostic);
    GV_ASSERT(error == 0 || error == GV_ERANGE);
    if (error != 0) check_fault(&diagnostic, text, size);
    GV_ASSERT(gv_scenario_check(&scenario, MOST, GV_TIME_NEVER, &diagnostic) == 0);
    gv_scenario_fini(&scenario);
    return 0;
}

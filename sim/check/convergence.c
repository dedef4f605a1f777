// SPDX-License-Identifier: MIT
#include "convergence.h"

#include "../core/memory.h"

void gv_convergence_init(struct gv_convergence *convergence, uint32_t nodes) {
    *convergence = (struct gv_convergence){.nodes = nodes};
    GV_MEMORY_ARRAY(convergence->done, nodes);
    GV_MEMORY_ARRAY(convergence->seen, nodes);
    GV_MEMORY_ARRAY(convergence->values, nodes);
}

void gv_convergence_fini(struct gv_convergence *convergence) {
    free(convergence->done);
    free(convergence->seen);
    free(convergence->values);
}

void gv_convergence_begin(struct gv_convergence *convergence, gv_time now, uint64_t index,
                          bool healing) {
    convergence->watching = true;
    convergence->watches++;
    convergence->healing = healing;
    convergence->began_at = now;
    convergence->index = index;
    convergence->settled = 0;
    memset(convergence->done, 0, convergence->nodes * sizeof *convergence->done);
    memset(convergence->seen, 0, convergence->nodes * sizeof *convergence->seen);
}

void gv_convergence_agreed(struct gv_convergence *convergence, gv_time now) {
    if (!convergence->watching) return;
    GV_ASSERT(now >= convergence->began_at);
    convergence->watching = false;
    if (!convergence->healing) return;
    gv_time took = now - convergence->began_at;
    if (!convergence->measured || took > convergence->worst) convergence->worst = took;
    convergence->measured = true;
}

void gv_convergence_missing(struct gv_convergence *convergence, gv_time now, uint32_t node,
                            size_t missing) {
    if (!convergence->watching || missing > 0 || convergence->done[node]) return;
    convergence->done[node] = true;
    if (++convergence->settled == convergence->nodes) gv_convergence_agreed(convergence, now);
}

bool gv_convergence_value(struct gv_convergence *convergence, uint32_t node, int64_t value) {
    if (!convergence->watching) return false;
    convergence->values[node] = value;
    convergence->seen[node] = true;
    for (uint32_t other = 0; other < convergence->nodes; other++) {
        if (!convergence->seen[other] || convergence->values[other] != value) return false;
    }
    return true;
}

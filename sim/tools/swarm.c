// SPDX-License-Identifier: MIT
#include "swarm.h"

#include "generator.h"
#include "pool.h"
#include "simulate.h"

static struct gv_verdict run_seed(uint64_t seed) {
    char text[GV_GENERATOR_TEXT_MAX];
    struct gv_verdict verdict;
    bool good = gv_simulate_text(text, gv_generator_scenario(seed, text), &verdict);
    GV_ASSERT(good);
    // The load of a few seeds is so small that no running node gets a request. This is not a
    // failure.
    if (verdict.kind == GV_VERDICT_NOTHING_EXERCISED) verdict = (struct gv_verdict){.valid = true};
    return verdict;
}

int gv_swarm_command(const struct gv_command *command) {
    GV_ASSERT(command->first_seed <= command->last_seed && command->jobs > 0);
    return gv_pool_run(&(struct gv_pool_config){
        .first = command->first_seed,
        .last = command->last_seed,
        .jobs = command->jobs,
        .fail_fast = command->fail_fast,
        .cpu_s = GV_POOL_CPU_S,
        .run = run_seed,
        .replay = "gvsim run --scenario swarm:",
    });
}

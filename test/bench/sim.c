// SPDX-License-Identifier: MIT
// Throughput of virtual time on one core, in messages per second: 25 counter nodes send each
// addition directly to all others. The time includes delays, parsing and checks. Processor time is
// measured, so that other load on the machine matters less. The first figure counts messages
// between nodes once; the second also counts the clients' requests and replies.
#include "bench.h"

#include "../../sim/run/simulation.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int bench_sim(bool small) {
    struct gv_simulation *sim = gv_simulation_new(&(struct gv_simulation_config){
        .run = {.load = GV_LOAD_G_COUNTER,
                .nodes = 25,
                .rate = 20000,
                .time_limit = (small ? 50 : 5000) * GV_MS,
                .quiet = 10000 * GV_MS,
                .latency_ms = 20,
                .delivery = GV_NET_EXACT,
                .seed = 1},
        .settle = 10000 * GV_MS,
    });
    clock_t start = clock();
    while (gv_simulation_step(sim)) continue;
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    uint64_t clients = gv_run_view(gv_simulation_run(sim), gv_simulation_now(sim)).ops * 2;
    struct gv_result result = gv_simulation_finish(sim);
    bool good = result.errors->count == 0 && result.settled && result.servers_msgs > 0;
    printf("sim  25 nodes  %9" PRIu64 " messages between nodes in %.2f s: %6.3f M/s, with "
           "clients' %6.3f M/s\n",
           result.servers_msgs, seconds, (double)result.servers_msgs / seconds / 1e6,
           (double)(result.servers_msgs + clients) / seconds / 1e6);
    gv_simulation_free(sim);
    return good ? 0 : 1;
}

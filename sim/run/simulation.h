// SPDX-License-Identifier: MIT
// Virtual mode: a cluster in this process, in virtual time. The nodes are grapevine's own (struct
// gv_node), with their lines and codec. The clock advances from event to event, so a run takes only
// its processor time, and a seed determines the run, byte by byte.
//
// A node takes no time to process the lines that arrive at one moment, and then sends. A slow node
// (`slow` in a scenario) takes a delay for each line, and sends nothing before it is over.
//
// An entry whose last copy a crash destroys may be lost, unless --durability forbids it: with
// synced disks, none of which a crash wipes, no acknowledged entry may be lost.
#ifndef GV_SIM_RUN_SIMULATION_H
#define GV_SIM_RUN_SIMULATION_H

#include "run.h"

struct gv_simulation_config {
    struct gv_run_config run; // the driver's callbacks are set here
    uint32_t staleness_ms;    // staleness of the nodes
    size_t message_max;       // message_max of the nodes; 0: the default
    bool authenticated;       // messages between nodes are authenticated
    enum gv_disk_kind disk;   // what nodes keep on disk
    gv_time disk_latency;     // duration of a synced write
    // Time after the last fault and operation within which all replicas must be equal. At most
    // run.quiet.
    gv_time settle;
};

struct gv_simulation;

// Whether grapevine has a node for this workload.
bool gv_simulation_has(enum gv_load_kind load);

// Copies the configuration, whose workload must have a node. Running out of memory ends the
// process.
struct gv_simulation *gv_simulation_new(const struct gv_simulation_config *config);
void gv_simulation_free(struct gv_simulation *sim);

// Advances to the time of the next event and processes all events due then. False: the run is over.
bool gv_simulation_step(struct gv_simulation *sim);

gv_time gv_simulation_now(const struct gv_simulation *sim);
const struct gv_run *gv_simulation_run(const struct gv_simulation *sim);

// Lines delivered to nodes or printed by them so far.
uint64_t gv_simulation_lines(const struct gv_simulation *sim);
// A node's disk, for tests; NULL: it has none.
struct gv_disk *gv_simulation_disk(struct gv_simulation *sim, uint32_t node);

// The verdict. Call it once, at the end. Its pointers are valid until gv_simulation_free.
struct gv_result gv_simulation_finish(struct gv_simulation *sim);

// Whether a second run of the same configuration has the same result, including the trace hash. If
// not, an error is added and *result is invalid.
bool gv_simulation_repeats(struct gv_simulation *sim, struct gv_result *result,
                           const struct gv_result *second);

#endif

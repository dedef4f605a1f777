// SPDX-License-Identifier: MIT
// Virtual mode: a whole cluster in this process, in virtual time. The nodes are those that ship
// (struct gv_node, lines and codec and all); their clock jumps from event to event, so a run takes
// as long as its work does, and one seed gives one run, to the byte.
//
// Nodes act in an instant: whatever reaches a node at one time is answered at that time, once all
// of it has been taken; but a slow one takes a line, and says nothing until it is done with it.
//
// What a crash takes from the last node that had it may be lost, unless what nodes promise by an
// acknowledgement says otherwise: with synced disks and no disk lost, nothing may.
#ifndef GV_SIM_RUN_SIMULATION_H
#define GV_SIM_RUN_SIMULATION_H

#include "run.h"

struct gv_simulation_config {
    struct gv_run_config run; // what is asked of the driver (deliver, …) is filled in here
    uint32_t staleness_ms;    // of the nodes
    size_t message_max;       // of the nodes; 0: the default
    bool authenticated;       // the nodes share a secret, and seal what they say
    enum gv_disk_kind disk;   // of nodes that keep anything
    gv_time disk_latency;     // what a synced write takes
    // How long after the last fault and operation the replicas may take to be equal; longer is
    // wrong. No longer than run.quiet.
    gv_time settle;
};

struct gv_simulation;

// Ends the process if there is no memory. The config is copied.
struct gv_simulation *gv_simulation_new(const struct gv_simulation_config *config);
void gv_simulation_free(struct gv_simulation *sim);

// Lets everything happen that is due at the next moment something is. False: the run is over.
bool gv_simulation_step(struct gv_simulation *sim);

gv_time gv_simulation_now(const struct gv_simulation *sim);
const struct gv_run *gv_simulation_run(const struct gv_simulation *sim);

// Lines that went in or out of a node so far.
uint64_t gv_simulation_lines(const struct gv_simulation *sim);
// Most memory that all nodes together held at one time, bytes.
uint64_t gv_simulation_memory(const struct gv_simulation *sim);

// A node's disk, to be looked at, or broken; NULL: it has none.
struct gv_disk *gv_simulation_disk(struct gv_simulation *sim, uint32_t node);

// The verdict; once, at the end. What it borrows lives as long as the simulation.
struct gv_result gv_simulation_finish(struct gv_simulation *sim);

// Whether a second run of the same config came to the same result as this one, trace included. If
// not, one seed does not stand for one run: that is added to the errors, and the result is invalid.
bool gv_simulation_repeats(struct gv_simulation *sim, struct gv_result *result,
                           const struct gv_result *second);

#endif

// SPDX-License-Identifier: MIT
// Scenarios: the faults of a run and their times, as text. A line is empty, a comment, a setting,
// or a step:
//
//   # Two halves, and a node that crashes in one.
//   nodes 25                                       any option of gvsim run, without its dashes
//   cut n1..n12 | n13..n25 at 5s for 10s           both directions; two or more groups
//   cut n1,n2 > rest at 5s                         one direction, from left to right
//   cut ring at 5s for 2s every 5s until 60s       one, minority, half, ring or any, at random
//   flap n1 | n2..n5 every 500ms from 2s for 10s   cut in the first half of each 500 ms
//   lose 30% from 2s to 4s                         of the messages between nodes
//   lose 5% between n1 | all at 0s                 of some links: A | B, or A > B
//   duplicate 10% at 0s for 5s                     one copy more
//   delay 50ms exponential at 3s for 1s            added to the latency; constant, uniform, …
//   reorder 10% by 200ms at 0s                     delayed, uniform with this mean
//   limit 20kB/s wait 500ms between n1 | all at 0s on each link; drops longer waits
//   forge 5% at 2s for 4s                          by an adversary: see adversary.h
//   crash n3, n7..n9 at 7s for 2s without disk     restarts after 2 s, without state
//   crash n3 at 7s for 2s with disk                the process dies: writes stay
//   crash n3 at 7s for 2s with torn disk           the machine dies: loses unsynced writes
//   pause n4 at 1s for 3s                          neither receives nor sends
//   slow n5 20ms at 3s for 5s                      each line costs it 20 ms
//   clock n3 +5s at 4s                             steps forward or back; see clock.h
//   drift n4 200ppm at 0s                          its clock runs fast; −200ppm: slowly
//
// Regions; round trips between two or within one; and the bandwidth of each link there, one way:
//
//   region eu n0..n8
//   region us n9..n16, n20
//   rtt eu us 90ms
//   rtt eu eu 4ms
//   bandwidth eu us 100kB/s
//
// Times are seconds (5s, 1.5s) or milliseconds (250ms) since the first operation. A step ends with
// the operations at the latest. Without an end, a step lasts until then, but a node restarts at
// once after a crash. A clock step is permanent.
#ifndef GV_SIM_FAULTS_SCENARIO_H
#define GV_SIM_FAULTS_SCENARIO_H

#include "../core/clock.h"
#include "../core/disk.h"
#include "../core/net.h"
#include "nemesis.h"

enum {
    GV_SCENARIO_STEPS_MAX = 1024,
    GV_SCENARIO_SETTINGS_MAX = 32,
    GV_SCENARIO_GROUPS_MAX = 8,
    GV_SCENARIO_RANGES_MAX = 16,
    GV_SCENARIO_WHY_MAX = 256,
};

enum gv_scenario_kind {
    GV_SCENARIO_CUT,
    GV_SCENARIO_LOSE,
    GV_SCENARIO_DUPLICATE,
    GV_SCENARIO_DELAY, // also reorder, which delays a share of messages
    GV_SCENARIO_LIMIT,
    GV_SCENARIO_FORGE,
    GV_SCENARIO_CRASH,
    GV_SCENARIO_PAUSE,
    GV_SCENARIO_SLOW,
    GV_SCENARIO_CLOCK,
    GV_SCENARIO_DRIFT,
};

struct gv_scenario_group {
    struct gv_scenario_range {
        uint32_t first, last;
        unsigned column;
    } ranges[GV_SCENARIO_RANGES_MAX];
    uint32_t count;
    unsigned column;
    bool all, rest; // instead of ranges: every node; every node that is in no other group
};

struct gv_scenario_step {
    enum gv_scenario_kind kind;
    struct gv_scenario_group groups[GV_SCENARIO_GROUPS_MAX];
    uint32_t group_count;
    bool one_way;
    bool drawn;                // cut: random, without groups
    enum gv_nemesis_kind draw; // kind of a random cut; GV_NEMESIS_KINDS: any
    uint32_t ppm;              // share of messages, in millionths; not for limits
    gv_time delay;             // delay: mean; limit: longest wait; slow: for a line; clock: step
    enum gv_net_latency dist;
    uint64_t bandwidth; // limit: bytes a second
    bool back;          // clock: step back
    int32_t drift_ppm;
    enum gv_disk_crash crash;
    gv_time at, lasts;        // lasts GV_TIME_NEVER: until the operations end
    gv_time every, until;     // every 0: once
    unsigned line, at_column; // at_column: column of its begin time
    unsigned draw_column;     // column of the kind of a random cut
    struct gv_slice text;     // borrowed from the scenario's text
};

struct gv_scenario {
    char *text;
    struct gv_scenario_step *steps;
    size_t len, cap;
    struct gv_scenario_setting {
        char name[24], value[40];
        unsigned line, column;
    } settings[GV_SCENARIO_SETTINGS_MAX];
    size_t settings_len;
    struct gv_scenario_region {
        struct gv_scenario_group group;
        unsigned line;
    } regions[GV_WAN_REGIONS_MAX];
    struct gv_wan wan;    // not open
    struct gv_slice *map; // the lines about regions. Borrowed from the text
    size_t map_len, map_cap;
};

// An error in a scenario. Line and column (in bytes) count from 1.
struct gv_scenario_diagnostic {
    unsigned line, column;
    char why[GV_SCENARIO_WHY_MAX];
};

// Parses a text (copied). GV_ESYNTAX: *diagnostic is set, and there is nothing to free.
int gv_scenario_parse(struct gv_scenario *scenario, const char *text, size_t len,
                      struct gv_scenario_diagnostic *diagnostic);
void gv_scenario_fini(struct gv_scenario *scenario);

// Whether a scenario fits a cluster of this size whose operations last for `time_limit`. GV_ERANGE:
// a step names an unknown node, begins after the operations end, has a side without nodes, or draws
// a partition that is not possible; *diagnostic is set.
int gv_scenario_check(const struct gv_scenario *scenario, uint32_t nodes, gv_time time_limit,
                      struct gv_scenario_diagnostic *diagnostic);

// Opens the scenario's network of regions for a cluster of this size, which must fit the scenario;
// the caller closes it. False: the scenario has no regions.
bool gv_scenario_wan(const struct gv_scenario *scenario, uint32_t nodes, struct gv_wan *out);

// Whether a node is in this group of a step, by number.
bool gv_scenario_has(const struct gv_scenario_step *step, uint32_t group, uint32_t node);

#endif

// SPDX-License-Identifier: MIT
// Scenarios: what befalls a cluster, and when, as a text that a person can read. A line is empty, a
// comment, a setting, or a step:
//
//   # Two halves, and a node that dies in one of them.
//   nodes 25                                       any option of gvsim run, without its dashes
//   cut n1..n12 | n13..n25 at 5s for 10s           both ways; more than two parts are fine
//   cut n1,n2 > rest at 5s                         what the left says does not reach the right
//   cut ring at 5s for 2s every 5s until 60s       one, minority, half, ring or any: drawn anew
//   flap n1 | n2..n5 every 500ms from 2s for 10s   cut for the first half of each 500 ms
//   lose 30% from 2s to 4s                         of all messages between nodes
//   lose 5% between n1 | all at 0s                 or of some: A | B both ways, A > B one way
//   duplicate 10% at 0s for 5s                     sent twice
//   delay 50ms exponential at 3s for 1s            on top of the latency; constant, uniform, …
//   reorder 10% by 200ms at 0s                     held back, uniformly up to twice as long
//   limit 20kB/s wait 500ms between n1 | all at 0s of each link; what waits longer is lost
//   forge 5% at 2s for 4s                          altered, sent on, back or again: see adversary.h
//   crash n3, n7..n9 at 7s for 2s without disk     back after 2 s, having forgotten all
//   crash n3 at 7s for 2s with disk                the process dies: what was written stays
//   crash n3 at 7s for 2s with torn disk           the machine does: what was not synced is gone
//   pause n4 at 1s for 3s                          takes and says nothing meanwhile
//   slow n5 20ms at 3s for 5s                      each line it takes costs it 20 ms
//   clock n3 +5s at 4s                             set forward, or back; see clock.h
//   drift n4 200ppm at 0s                          its clock gains, or by −200ppm loses
//
// Regions, the round trips between them or within one, and what each link there carries one way:
//
//   region eu n0..n8
//   region us n9..n16, n20
//   rtt eu us 90ms
//   rtt eu eu 4ms
//   bandwidth eu us 100kB/s
//
// Times are seconds (5s, 1.5s) or milliseconds (250ms) since the first operation; a step without
// an end lasts until the operations end, as all do at the latest, but a crash is over at once and
// a clock stays as it was set.
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
    GV_SCENARIO_DELAY, // also some of them: reorder
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
    bool all, rest; // instead: every node; every node in no other group of the step
};

struct gv_scenario_step {
    enum gv_scenario_kind kind;
    struct gv_scenario_group groups[GV_SCENARIO_GROUPS_MAX];
    uint32_t group_count;
    bool one_way;
    bool drawn;                // cut: drawn at random, and not by groups
    enum gv_nemesis_kind draw; // GV_NEMESIS_KINDS: of any kind
    uint32_t ppm;              // of messages, but limits: millionths
    gv_time delay; // delay; limit: the longest wait; slow: a line's cost; clock: how far
    enum gv_net_latency dist;
    uint64_t bandwidth; // limit: bytes a second
    bool back;          // clock
    int32_t drift_ppm;
    enum gv_disk_crash crash;
    gv_time at, lasts;        // lasts: GV_TIME_NEVER: to the end
    gv_time every, until;     // every: 0: once
    unsigned line, at_column; // the latter of the time at which it begins
    unsigned draw_column;     // cut: of how it is drawn
    struct gv_slice text;     // borrowed from the scenario's
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
    struct gv_slice *map; // the lines about regions and what lies between; borrowed from the text
    size_t map_len, map_cap;
};

// Where something is wrong, and what. Columns count bytes; both begin with 1.
struct gv_scenario_diagnostic {
    unsigned line, column;
    char why[GV_SCENARIO_WHY_MAX];
};

// Reads a text, which is copied. GV_ESYNTAX: *diagnostic says where and why, and there is nothing
// to free.
int gv_scenario_parse(struct gv_scenario *scenario, const char *text, size_t len,
                      struct gv_scenario_diagnostic *diagnostic);
void gv_scenario_fini(struct gv_scenario *scenario);

// Whether it fits a cluster of so many nodes, whose operations last for `time_limit`. GV_ERANGE:
// *diagnostic says which step names a node that is not there, begins when the operations have
// ended, or has a side without a node, or draws a cut that cuts nothing among so few.
int gv_scenario_check(const struct gv_scenario *scenario, uint32_t nodes, gv_time time_limit,
                      struct gv_scenario_diagnostic *diagnostic);

// Opens the scenario's wan for a cluster it fits, to be closed by the caller. False: it has none.
bool gv_scenario_wan(const struct gv_scenario *scenario, uint32_t nodes, struct gv_wan *out);

// Whether a node is in a step's group, by its number.
bool gv_scenario_has(const struct gv_scenario_step *step, uint32_t group, uint32_t node);

#endif

// SPDX-License-Identifier: MIT
// What a run came to, as text for a person and as JSON for a program.
#ifndef GV_SIM_CHECK_RESULT_H
#define GV_SIM_CHECK_RESULT_H

#include "../core/history.h"
#include "../core/load.h"
#include "../core/net.h"
#include "lateness.h"
#include "traffic.h"
#include "verdict.h"

#include <stdio.h>

struct gv_result {
    bool valid;
    enum gv_load_kind load;
    uint32_t nodes;
    uint64_t seed;
    uint64_t ops, adds, reads; // client invocations, final reads included
    uint64_t ok, failed, unknown;
    double ok_fraction;                   // of operations, final reads not counted
    uint64_t servers_msgs, servers_bytes; // with no client at either end, dropped ones included
    const struct gv_net_count *counts;    // the same by body type; borrowed
    size_t types;
    uint64_t lost, phantom, duplicated; // values (unique-ids: ids)
    uint64_t may_be_lost;  // values that a crash may have lost (counters: additions of 1) …
    uint64_t allowed_lost; // … and those that are (sets)
    bool has_finals, finals_equal; // final reads of every node
    struct gv_history_quantiles stable_latency, client_latency;
    uint64_t partitions;    // cuts
    uint64_t fault_periods; // times that faults of any kind began while there were none
    uint64_t shortened; // faults of the scenario that ended, with the operations, before their time
    unsigned shortened_line; // of the first of them
    bool converged;          // heal_to_converged is measured
    gv_time heal_to_converged;
    const struct gv_verdict_errors *errors; // borrowed
    uint64_t timeouts; // operations that were not answered in time, through no fault of ours …
    gv_time patience;  // … which is this
    gv_time flight;    // the longest that a message between nodes took
    bool queued;       // by Maelstrom's delivery: requests wait behind such messages
    struct gv_traffic traffic; // by what the nodes say

    struct gv_lateness lateness; // how late gvsim was, in real time

    bool is_virtual;      // what follows is known
    uint64_t trace_hash;  // a digest of every line and its time
    uint64_t lines;       // in and out of nodes
    uint64_t node_memory; // at its most, bytes a node
    bool settled;         // the replicas were equal before the final reads
    gv_time settle;       // how long that took after the last operation and fault
};

// Whether the machine was too slow for a verdict: unless something is wrong that no delay excuses.
bool gv_result_inconclusive(const struct gv_result *result);

enum { GV_RESULT_HINT_MAX = 400 };

// Whether operations were not answered in time and links may be the cause: a message there and one
// back take longer than a client waits. Then `hint` says so, and which option to change.
bool gv_result_hint(const struct gv_result *result, char hint[GV_RESULT_HINT_MAX]);

// The verdict, a few lines. `color`: with escape sequences for colour.
void gv_result_print(const struct gv_result *result, FILE *out, bool color);

// What is so of a valid run, and what was excused, without a newline: "no id was handed out twice".
void gv_result_summary(const struct gv_result *result, FILE *out);

// One JSON object and a newline. What does not apply (latencies without a value, heal to converged
// without a partition) is null.
void gv_result_json(const struct gv_result *result, FILE *out);

#endif

// SPDX-License-Identifier: MIT
// The result of a run: its metrics, as text and as JSON.
#ifndef GV_SIM_CHECK_RESULT_H
#define GV_SIM_CHECK_RESULT_H

#include "../core/history.h"
#include "../core/load.h"
#include "../core/net.h"
#include "check_kafka.h"
#include "check_txn.h"
#include "lateness.h"
#include "traffic.h"
#include "verdict.h"

#include <stdio.h>

struct gv_result {
    bool valid;
    enum gv_load_kind load;
    uint32_t nodes;
    uint64_t seed;
    uint64_t ops, adds, reads; // operations invoked, with final reads; but see gv_load_class
    uint64_t ok, failed, unknown;
    double ok_fraction;                   // share of operations that succeeded, without final reads
    uint64_t all_msgs;                    // messages, requests and replies, but not of observers
    uint64_t servers_msgs, servers_bytes; // messages of nodes and services but not of clients,
                                          // including dropped ones
    uint64_t service_msgs;                // messages to and from services
    const struct gv_net_count *counts;    // servers' messages by type. Borrowed
    size_t types;
    uint64_t lost, phantom, duplicated; // numbers of values (unique-ids: of ids)
    uint64_t may_be_lost;  // values whose last copy a crash destroyed (counters: increments)
    uint64_t allowed_lost; // how many of these values are lost (sets)
    bool has_finals, finals_equal;      // every node answered its final read; all are equal
    struct gv_check_kafka_result kafka; // zeroed for other workloads
    uint32_t models;                    // txn-rw-register: enum gv_consistency
    struct gv_check_txn_result txns;    // likewise
    struct gv_history_quantiles stable_latency, client_latency;
    uint64_t partitions;
    uint64_t fault_periods;  // periods with at least one fault
    uint64_t shortened;      // faults of the scenario that the end of the operations cut short
    unsigned shortened_line; // line of the first such fault
    bool converged;          // heal_to_converged is measured
    gv_time heal_to_converged;
    const struct gv_verdict_errors *errors; // borrowed
    uint64_t timeouts;         // operations without a reply in time, at nodes without a fault
    gv_time patience;          // how long a client waits for a reply
    gv_time flight;            // the longest latency of a message between nodes
    bool queued;               // Maelstrom's delivery: requests wait behind messages between nodes
    struct gv_traffic traffic; // the nodes' own statistics

    struct gv_lateness lateness; // lateness of gvsim itself, in real time

    bool is_virtual;      // the members below are set
    uint64_t trace_hash;  // hash of every line and its time
    uint64_t lines;       // lines to and from nodes
    uint64_t node_memory; // peak memory, bytes a node
    bool settled;         // the replicas were equal before the final reads
    gv_time settle;       // time from the last operation and fault until they were equal
};

// How long values took to be everywhere: the stable latency, or for logs the lag of polls.
static inline const struct gv_history_quantiles *gv_result_times(const struct gv_result *result) {
    return result->kafka.applies ? &result->kafka.lag : &result->stable_latency;
}

// Whether the run has no verdict: the host was too slow, and no error is conclusive.
bool gv_result_inconclusive(const struct gv_result *result);

enum { GV_RESULT_HINT_MAX = 400 };

// Whether operations timed out, possibly because a round trip between nodes takes longer than a
// client waits. If so, `hint` explains that and names the option to change.
bool gv_result_hint(const struct gv_result *result, char hint[GV_RESULT_HINT_MAX]);

// Prints the verdict and the metrics. `color`: with escape sequences for colour.
void gv_result_print(const struct gv_result *result, FILE *out, bool color);

// Prints what holds in a valid run, and which losses were allowed, without a newline: "no id was
// generated twice".
void gv_result_summary(const struct gv_result *result, FILE *out);

// Prints one JSON object and a newline. Members that do not apply (latencies if there are no
// values, convergence if there was no partition) are null.
void gv_result_json(const struct gv_result *result, FILE *out);

#endif

// SPDX-License-Identifier: MIT
// One run of a workload against a cluster, in Maelstrom's phases: init, topology, operations under
// faults, heal, quiet, final reads, verdict. It does no I/O and has no clock: the driver passes it
// lines and the time, and gets lines. Nodes are processes in real time (exec.h) or objects in
// virtual time (simulation.h).
//
//   worker          the client of a node that sends the workload's operations
//   observer        a client that reads a node to see whether the cluster has converged
//   quarantined     a node whose lines are ignored: it printed a bad line, or closed its output
//   conclusive      an error that no delay, of messages or of gvsim, can have caused
#ifndef GV_SIM_RUN_RUN_H
#define GV_SIM_RUN_RUN_H

#include "../check/lateness.h"
#include "../check/result.h"
#include "../core/net.h"
#include "../core/topology.h"
#include "../faults/nemesis.h"
#include "../faults/node_fault.h"

enum {
    GV_RUN_INIT_TIMEOUT_MS = 10000,
    GV_RUN_CLIENT_TIMEOUT_MS = 5000,
    GV_RUN_OBSERVE_MS = 25, // time between an observer's reply and its next read
};

enum gv_run_phase {
    GV_RUN_INIT,
    GV_RUN_TOPOLOGY,
    GV_RUN_MAIN,
    GV_RUN_DRAIN, // no new operations; pending ones complete
    GV_RUN_QUIET,
    GV_RUN_FINAL,
    GV_RUN_DONE,
};

// How many clients send operations, spread over the nodes in turn; zeroed: one for each node.
struct gv_run_concurrency {
    uint32_t count;
    bool per_node; // `count` for each node, not in all
};

struct gv_run_config {
    enum gv_load_kind load;
    enum gv_keys_kind keys; // elements added to sets
    const struct gv_digest_key
        *digest_key; // key of the nodes' digests, used to generate values that share a position;
                     // NULL: the key without a secret. Borrowed by gv_run_new only
    uint32_t nodes;
    struct gv_run_concurrency concurrency; // number of clients; in all at least one per node
    double rate;         // operations a second, over all clients; 0: only final reads
    gv_time time_limit;  // duration of the operations
    gv_time quiet;       // time between the end of faults and the final reads
    uint32_t latency_ms; // mean delay of a message between nodes
    enum gv_net_latency latency;
    enum gv_net_delivery delivery;
    const struct gv_wan *wan; // round trips, which replace the latency; NULL: none. Borrowed
    enum gv_topology topology;
    uint32_t models;            // enum gv_consistency: what transactions must obey; 0: read-atomic
    struct gv_load_shape shape; // of keys and transactions
    double availability;        // share of operations that must succeed, final reads not counted
    bool nemesis;               // random partitions
    gv_time nemesis_interval;   // mean duration of a partition, and mean time to the next one
    const struct gv_scenario *scenario; // checked for this number of nodes; NULL: none. Borrowed.
                                        // Excludes the nemesis
    uint64_t seed;
    gv_time slack; // timer granularity: events due at most this much later than now are processed
    // The nodes check messages of other nodes in full, and the driver reports rejected ones, so the
    // run checks only one message in 16 in full.
    bool gossip_is_checked;
    // Delivers a line, newline included, to a node, from a node or a client (GV_NET_CLIENT). A
    // reply of a service counts as the node's own: src is the node. The line is borrowed for the
    // call, which must not call the run.
    void (*deliver)(void *ctx, uint32_t src, uint32_t node, const char *line, size_t len);
    // Whether the driver holds as many bytes as it may of lines of this node and of replies of
    // services to it; services then refuse its requests. NULL: never.
    bool (*is_full)(void *ctx, uint32_t node);
    // Writes what the driver knows about a node that does not answer, such as an unfinished line;
    // empty if it knows nothing. Returns whether the node read all its input and printed nothing.
    // May be NULL.
    bool (*describe)(void *ctx, uint32_t node, char *buf, size_t cap);
    // Whether a node's replica has this value of a set. NULL: observers read it.
    bool (*has_value)(void *ctx, uint32_t node, int64_t value);
    // Applies a fault of the scenario to a node. It may call gv_run_checker, but no other
    // function below. May be NULL if no step has a fault of a node.
    void (*apply_fault)(void *ctx, uint32_t node, enum gv_node_fault fault,
                        const struct gv_scenario_step *step);
    void *ctx;
    // Receives the delay of each event after its due time, once operations have begun. May be NULL.
    struct gv_lateness_histogram *lateness;
    // Receives all events except those that only the driver sees: deliveries, drops at crashed
    // nodes, and values learned. May be NULL.
    struct gv_trace *trace;
};

// What a progress display shows.
struct gv_run_view {
    enum gv_run_phase phase;
    gv_time elapsed; // since the first operation
    uint64_t ops, ok, failed, unknown, waiting;
    const struct gv_net *net;
    const struct gv_nemesis *nemesis;
    gv_time cut_for;        // duration of the current partition so far
    const int64_t *missing; // by node: acknowledged values missing in its latest read; counters:
                            // difference from the sum of all acknowledged additions
    const struct gv_verdict_errors *errors;
    bool observing;   // waiting for convergence, after a partition healed or the last operation
    uint32_t settled; // nodes that have converged (sets)
};

struct gv_run;

// Copies the configuration. Running out of memory ends the process.
struct gv_run *gv_run_new(const struct gv_run_config *config);
void gv_run_free(struct gv_run *run);

// Sends init to every node. Call it once, when all nodes accept lines.
void gv_run_start(struct gv_run *run, gv_time now);

// Handles a line that a node printed, without its newline. The line is borrowed for the call.
void gv_run_line(struct gv_run *run, gv_time now, uint32_t node, struct gv_slice line);

// The time at which to call gv_run_advance next; GV_TIME_NEVER: the run is over.
gv_time gv_run_due(const struct gv_run *run);

// Processes all events due by now + slack.
void gv_run_advance(struct gv_run *run, gv_time now);

// Ends the run as invalid, with this error, unless it is over already.
GV_PRINTF(3, 4)
void gv_run_fail(struct gv_run *run, enum gv_verdict_kind kind, const char *format, ...);

// The same for a node whose process ended. The error says how, and names the
// requests that it has not answered.
void gv_run_died(struct gv_run *run, uint32_t node, const char *how);

// Quarantines a node that closed its standard output but still runs, which is an error.
void gv_run_closed(struct gv_run *run, uint32_t node);

// Adds an error, which makes the run invalid; it continues.
GV_PRINTF(3, 4)
void gv_run_object(struct gv_run *run, enum gv_verdict_kind kind, const char *format, ...);

// The checker of the run, to which the driver may tell what crashes destroy.
struct gv_checker;
struct gv_checker *gv_run_checker(struct gv_run *run);

// The values of the additions so far, by number.
const struct gv_keys *gv_run_keys(const struct gv_run *run);

// The errors of the run, to which the driver may add.
struct gv_verdict_errors *gv_run_errors(struct gv_run *run);

bool gv_run_done(const struct gv_run *run);

// Bytes of a node's messages in flight.
size_t gv_run_in_flight_bytes(const struct gv_run *run, uint32_t node);

bool gv_run_quarantined(const struct gv_run *run, uint32_t node);

// Whether a node printed a bad line, or a malformed or unexpected reply.
bool gv_run_suspects(const struct gv_run *run, uint32_t node);

struct gv_run_view gv_run_view(const struct gv_run *run, gv_time now);

// The verdict. Call it once, at the end. Its pointers are valid until gv_run_free.
struct gv_result gv_run_finish(struct gv_run *run);

#endif

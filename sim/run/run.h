// SPDX-License-Identifier: MIT
// One run of a workload against a cluster, as Maelstrom would run it: init, topology, operations
// under faults, heal, quiet, final reads, verdict. Sans-I/O: lines come in, lines go out, time is
// an argument. So the nodes may be processes in real time (exec), or objects in virtual time.
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
    GV_RUN_OBSERVE_MS = 25, // between an observer's reply and its next look
};

enum gv_run_phase {
    GV_RUN_INIT,
    GV_RUN_TOPOLOGY,
    GV_RUN_MAIN,
    GV_RUN_DRAIN, // no new operations; the last ones end
    GV_RUN_QUIET,
    GV_RUN_FINAL,
    GV_RUN_DONE,
};

struct gv_run_config {
    enum gv_load_kind load;
    enum gv_keys_kind keys; // what is added to sets
    const struct gv_digest_key
        *digest_key; // of the nodes' digests, for values that share a position;
                     // NULL: that of no secret. Read by gv_run_new only
    uint32_t nodes;
    double rate;         // operations a second, over all clients; 0: none but the final reads
    gv_time time_limit;  // of the operations
    gv_time quiet;       // between the end of faults and the final reads
    uint32_t latency_ms; // the mean
    enum gv_net_latency latency;
    enum gv_net_delivery delivery;
    const struct gv_wan *wan; // its round trips go before the latency; NULL: none. Borrowed
    enum gv_topology topology;
    double availability; // the share of operations, without the final reads, that must end well
    bool nemesis;        // partitions
    gv_time nemesis_interval;           // the mean between their starts and stops
    const struct gv_scenario *scenario; // NULL: none; borrowed, and fit for so many nodes. Not
                                        // together with the nemesis
    uint64_t seed;
    gv_time slack; // what is due so much later than now may be done now: a coarse timer's error
    // Nodes check in full what they get from each other, and the driver objects to what they
    // refuse: here, then, a look at its beginning is enough for most of it.
    bool gossip_is_checked;
    // Hands a line, newline included, to a node, from another or from a client (GV_NET_CLIENT).
    // Borrowed for the call, which must not call back.
    void (*deliver)(void *ctx, uint32_t src, uint32_t node, const char *line, size_t len);
    // Writes what is known of a node that does not answer: how its last line goes on, … Empty if
    // nothing is. Returns whether it has read all, and never printed a byte. May be NULL.
    bool (*describe)(void *ctx, uint32_t node, char *buf, size_t cap);
    // Whether a node's replica holds this value of a set. NULL: it must be asked by a read.
    bool (*has_value)(void *ctx, uint32_t node, int64_t value);
    // Carries out what a step of the scenario does to a node. It may call gv_run_allow_*_loss, but
    // nothing else here. May be NULL if there is no such step.
    void (*apply_fault)(void *ctx, uint32_t node, enum gv_node_fault fault,
                        const struct gv_scenario_step *step);
    void *ctx;
    // How much later than due things happened, once operations have begun. May be NULL.
    struct gv_lateness_histogram *lateness;
    // Told all that happens, but for what only the driver knows: what nodes take, what those that
    // are down do not, and what they come to know. May be NULL.
    struct gv_trace *trace;
};

// What a progress display shows.
struct gv_run_view {
    enum gv_run_phase phase;
    gv_time elapsed; // since the first operation
    uint64_t ops, ok, failed, unknown, waiting;
    const struct gv_net *net;
    const struct gv_nemesis *nemesis;
    gv_time cut_for;        // how long the present partition has lasted
    const int64_t *missing; // at each node's latest read: known values missing; counters: how far
                            // from the sum of all additions that ended well
    const struct gv_verdict_errors *errors;
    bool observing;   // watching whether the cluster agrees, after a heal or the last operation
    uint32_t settled; // nodes that have caught up (sets)
};

struct gv_run;

// Ends the process if there is no memory. The config is copied.
struct gv_run *gv_run_new(const struct gv_run_config *config);
void gv_run_free(struct gv_run *run);

// Sends the first lines. Call once, when every node can be spoken to.
void gv_run_start(struct gv_run *run, gv_time now);

// A node printed this line (without its newline).
void gv_run_line(struct gv_run *run, gv_time now, uint32_t node, struct gv_slice line);

// When to call gv_run_advance next (GV_TIME_NEVER: the run is over), and calling it.
gv_time gv_run_due(const struct gv_run *run);
void gv_run_advance(struct gv_run *run, gv_time now);

// Ends the run now, as invalid, for this reason, unless it is over already.
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void gv_run_fail(struct gv_run *run, enum gv_verdict_kind kind, const char *format, ...);

// The same because this node died, for this reason; what it had not answered yet is added.
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void gv_run_died(struct gv_run *run, uint32_t node, const char *format, ...);

// A node closed its standard output and lives: that is wrong, and nothing more is heard of it.
void gv_run_closed(struct gv_run *run, uint32_t node);

// Makes the run invalid, for this reason, but lets it go on.
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void gv_run_object(struct gv_run *run, enum gv_verdict_kind kind, const char *format, ...);

// A crash took the last copy of this value of a set, or of so much of what was added to a counter
// (or taken from it): that may be lost now.
void gv_run_allow_value_loss(struct gv_run *run, int64_t value);
void gv_run_allow_count_loss(struct gv_run *run, bool added, uint64_t amount);

// The values that were added so far, by their numbers.
const struct gv_keys *gv_run_keys(const struct gv_run *run);

// Where those who see more than the run does can add what is wrong.
struct gv_verdict_errors *gv_run_errors(struct gv_run *run);

bool gv_run_done(const struct gv_run *run);

// Bytes of what a node has said to others that the network still holds.
size_t gv_run_in_flight_bytes(const struct gv_run *run, uint32_t node);

// Whether nothing more is heard of a node, for it printed a bad line or closed its output.
bool gv_run_quarantined(const struct gv_run *run, uint32_t node);

// Whether something is wrong that no delay excuses.
bool gv_run_conclusive(const struct gv_run *run);

// Whether a node printed a bad line, or a reply that is malformed or that nobody waits for.
bool gv_run_suspects(const struct gv_run *run, uint32_t node);

struct gv_run_view gv_run_view(const struct gv_run *run, gv_time now);

// The verdict; once, at the end. What it borrows lives as long as the run.
struct gv_result gv_run_finish(struct gv_run *run);

#endif

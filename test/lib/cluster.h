// SPDX-License-Identifier: MIT
// A cluster of engines in one process and in virtual time, on the simulator's event queue and
// network. The same seed gives the same run. Failures of memory or set-up abort the test.
#ifndef GV_TEST_LIB_CLUSTER_H
#define GV_TEST_LIB_CLUSTER_H

#include "../../engine/engine.h"
#include "../../sim/core/net.h"

#include <stdio.h>

struct gv_cluster;

struct gv_cluster_config {
    uint32_t nodes;
    uint64_t seed;
    gv_time origin; // time at the start
    uint32_t staleness_ms;
    uint32_t latency_ms; // mean latency; constant unless `uniform`
    bool uniform;        // latencies in [0, 2·mean), so messages are reordered
    double loss;         // share of messages that are lost
    double duplication;  // share of messages that are delivered twice
    size_t message_max;  // 0: the engine's default
    bool cut;            // the engines keep a stable cut
    bool no_push;        // every message of type "gossip" is lost
    FILE *trace;         // file for a line about each message sent; NULL: none
};

struct gv_cluster_node {
    struct gv_engine *engine;
    uint64_t stamp;     // number of its current timer event; events with older numbers are ignored
    uint64_t *first_id; // id of the first numbered message to each receiver, for the trace
    uint32_t side;      // side of a partition; nodes on different sides cannot communicate
    bool stopped;       // paused: it ignores messages and timers
    uint32_t slow_ms;   // additional delay of all messages to it
    bool *blocked;      // messages from these senders are lost
    uint64_t incarnation; // its incarnation in struct gv_engine_cut_config
    uint64_t bad;         // received messages that were refused
};

struct gv_cluster {
    struct gv_cluster_config config;
    struct gv_event_queue queue;
    struct gv_net net;
    struct gv_prng prng;
    struct gv_json json;
    struct gv_cluster_node *nodes;
    char *buf;
    size_t cap;
    uint64_t sent_bytes;
    uint64_t sent_trace; // an FNV hash of all messages sent, in order
};

// Creates nodes n0, n1, …, which have not joined yet.
void gv_cluster_init(struct gv_cluster *cluster, const struct gv_cluster_config *config);
void gv_cluster_fini(struct gv_cluster *cluster);
// Joins every node to the cluster.
void gv_cluster_join(struct gv_cluster *cluster);

// Local writes of canonical JSON at a node. They return the result of gv_engine_put.
int gv_cluster_put(struct gv_cluster *cluster, uint32_t node, const struct gv_entry *entry);
int gv_cluster_add(struct gv_cluster *cluster, uint32_t node, const char *element);
int gv_cluster_add_number(struct gv_cluster *cluster, uint32_t node, int64_t element);
int gv_cluster_count(struct gv_cluster *cluster, uint32_t node, const char *key, uint64_t count);
int gv_cluster_write(struct gv_cluster *cluster, uint32_t node, const char *key, const char *value,
                     uint64_t lamport);

// Partitions the cluster into nodes [0, first) and the others; a `first` of 0 heals the partition.
void gv_cluster_split(struct gv_cluster *cluster, uint32_t first);
// Resumes a stopped node.
void gv_cluster_resume(struct gv_cluster *cluster, uint32_t node);
// Kills a node and restarts it empty.
void gv_cluster_restart(struct gv_cluster *cluster, uint32_t node);
// Kills a node and restarts it with all its entries, as if it had loaded them from a disk.
void gv_cluster_reload(struct gv_cluster *cluster, uint32_t node);

// Runs for this time.
void gv_cluster_run(struct gv_cluster *cluster, gv_time time);
// Runs until all nodes that are not stopped have equal entries, at most for the time `most`.
// Returns the time taken, or GV_TIME_NEVER if the entries still differ.
gv_time gv_cluster_settle(struct gv_cluster *cluster, gv_time most);
// Whether all nodes that are not stopped have equal entries. Aborts unless their roots are equal if
// and only if their entries are.
bool gv_cluster_equal(const struct gv_cluster *cluster);
// Whether the node has this number in its set.
bool gv_cluster_has_number(const struct gv_cluster *cluster, uint32_t node, int64_t element);
uint64_t gv_cluster_entries(const struct gv_cluster *cluster, uint32_t node);

#endif

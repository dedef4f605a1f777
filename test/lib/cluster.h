// SPDX-License-Identifier: MIT
// Engines in virtual time: a cluster in one process, on the simulator's queue and network. Same
// seed, same run. Whatever cannot go wrong in a test (memory, set-up) aborts it.
#ifndef GV_TEST_LIB_CLUSTER_H
#define GV_TEST_LIB_CLUSTER_H

#include "../../engine/engine.h"
#include "../../sim/core/net.h"

#include <stdio.h>

struct gv_cluster;

struct gv_cluster_config {
    uint32_t nodes;
    uint64_t seed;
    gv_time origin; // what the clock says at the start
    uint32_t staleness_ms;
    uint32_t latency_ms; // mean; constant unless `uniform`
    bool uniform;        // latencies in [0, 2·mean): messages overtake each other
    double loss;         // share of messages that never arrive
    double duplication;  // share of messages that arrive twice
    size_t message_max;  // 0: the engine's default
    bool no_push;        // every message of type "gossip" is lost
    FILE *trace;         // where to tell what is sent; NULL: nowhere
};

struct gv_cluster_node {
    struct gv_engine *engine;
    uint64_t stamp;     // of the timer that counts
    uint64_t *first_id; // of the numbered messages to each other node, for the trace
    uint32_t side;      // only nodes of one side reach each other
    bool stopped;       // hears and does nothing
    uint32_t slow_ms;   // hears everything so much later
    bool *blocked;      // to each other node: what that one says is lost
    uint64_t bad;       // messages it could not use
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
    uint64_t sent_trace; // an FNV hash of all of them, in order
};

// Nodes n0, n1, …, that do not know each other yet.
void gv_cluster_init(struct gv_cluster *cluster, const struct gv_cluster_config *config);
void gv_cluster_fini(struct gv_cluster *cluster);
// Tells every node who the others are.
void gv_cluster_join(struct gv_cluster *cluster);

// A local write at a node, of canonical JSON.
int gv_cluster_add(struct gv_cluster *cluster, uint32_t node, const char *element);
int gv_cluster_add_number(struct gv_cluster *cluster, uint32_t node, int64_t element);
int gv_cluster_count(struct gv_cluster *cluster, uint32_t node, const char *key, uint64_t count);
int gv_cluster_write(struct gv_cluster *cluster, uint32_t node, const char *key, const char *value,
                     uint64_t lamport);

// Puts nodes [0, first) on one side and the others on another; 0: everybody on one.
void gv_cluster_split(struct gv_cluster *cluster, uint32_t first);
// A stopped node goes on.
void gv_cluster_resume(struct gv_cluster *cluster, uint32_t node);
// Kills a node and starts it anew with nothing.
void gv_cluster_restart(struct gv_cluster *cluster, uint32_t node);
// Kills a node and starts it anew with all entries that it had, as if from a disk.
void gv_cluster_reload(struct gv_cluster *cluster, uint32_t node);

// Runs for so long.
void gv_cluster_run(struct gv_cluster *cluster, gv_time time);
// Runs until all nodes that are not stopped hold the same entries, at most for so long; returns how
// long it took, or GV_TIME_NEVER.
gv_time gv_cluster_settle(struct gv_cluster *cluster, gv_time most);
// Compares the entries, and aborts if two replicas have equal roots and different entries or the
// other way round.
bool gv_cluster_equal(const struct gv_cluster *cluster);
// Whether a number that some node added has come to this one.
bool gv_cluster_has_number(const struct gv_cluster *cluster, uint32_t node, int64_t element);
uint64_t gv_cluster_entries(const struct gv_cluster *cluster, uint32_t node);

#endif

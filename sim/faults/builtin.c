// SPDX-License-Identifier: MIT
#include "builtin.h"

#include "../../merkle/base.h"

#define CLUSTER(nodes)     \
    "workload broadcast\n" \
    "nodes " nodes "\n"    \
    "rate 100\n"           \
    "time-limit 20\n"      \
    "latency 100\n"        \
    "delivery exact\n"

const struct gv_builtin gv_builtin_scenarios[] = {
    {"calm", "25 nodes, 100 ms of latency, no faults", CLUSTER("25")},
    {"halves", "a partition into two halves for ten seconds",
     CLUSTER("25") "\n"
                   "cut n0..n11 | n12..n24 at 5s for 10s\n"},
    {"islands", "a partition into five groups of five nodes",
     CLUSTER("25") "\n"
                   "cut n0..n4 | n5..n9 | n10..n14 | n15..n19 | n20..n24 at 3s for 12s\n"},
    {"ring",
     "each node receives messages from a majority of the nodes, and no two from the same one",
     CLUSTER("25") "\n"
                   "cut ring at 2s for 15s\n"},
    {"flapping", "a new partition every second, each healed after 0.5 s",
     CLUSTER("25") "\n"
                   "cut any at 1s for 500ms every 1s\n"},
    {"one-way", "eight nodes receive messages from the other nodes, but cannot send to them",
     CLUSTER("25") "\n"
                   "cut n0..n7 > rest at 4s for 10s\n"},
    {"deaf", "one node can send messages to the others, but receives none",
     CLUSTER("25") "\n"
                   "cut rest > n12 at 4s for 10s\n"},
    {"lossy", "10 % of all messages are lost, and 50 % for five seconds",
     CLUSTER("25") "\n"
                   "lose 10% at 0s\n"
                   "lose 50% from 5s to 10s\n"},
    {"duplicates", "messages are duplicated, delayed and reordered",
     CLUSTER("25") "\n"
                   "duplicate 30% at 0s\n"
                   "delay 200ms exponential at 0s\n"},
    {"churn", "every second a node crashes, and restarts without its state",
     CLUSTER("9") "\n"
                  "crash n1 at 1s for 500ms every 4s without disk\n"
                  "crash n3 at 2s for 500ms every 4s without disk\n"
                  "crash n5 at 3s for 500ms every 4s without disk\n"
                  "crash n7 at 4s for 500ms every 4s without disk\n"},
    {"blackout", "eight of 25 nodes crash at the same time, and lose their state",
     CLUSTER("25") "\n"
                   "crash n0..n7 at 8s for 3s without disk\n"},
    {"pauses", "seven nodes are paused for up to four seconds, one of them repeatedly",
     CLUSTER("25") "\n"
                   "pause n0 at 3s for 4s\n"
                   "pause n5..n9 at 6s for 3s\n"
                   "pause n20 at 4s for 1500ms every 3s\n"},
    {"flapping-links", "the links of five nodes flap twice a second",
     CLUSTER("25") "\n"
                   "flap n3..n7 | rest every 500ms from 2s for 10s\n"},
    {"wan", "three regions, two linked at low bandwidth, one partitioned for a time",
     "workload broadcast\n"
     "nodes 25\n"
     "rate 100\n"
     "time-limit 20\n"
     "staleness 1000\n"
     "latency-dist constant\n"
     "delivery exact\n"
     "\n"
     "region eu n0..n9\n"
     "region us n10..n18\n"
     "region asia rest\n"
     "rtt eu eu 4ms\n"
     "rtt us us 4ms\n"
     "rtt asia asia 10ms\n"
     "rtt eu us 90ms\n"
     "rtt us asia 160ms\n"
     "rtt eu asia 240ms\n"
     "bandwidth eu asia 20kB/s\n"
     "\n"
     "reorder 5% by 50ms at 0s\n"
     "cut n19..n24 | rest at 6s for 6s\n"},
    {"low-bandwidth",
     "the links of three nodes carry only 2 kB/s, so messages wait too long and are lost",
     CLUSTER("25") "\n"
                   "limit 2kB/s wait 500ms between n0..n2 | rest at 4s for 8s\n"},
    {"slow-nodes",
     "three nodes, one of them the root of the push tree, take 50 ms to process each line",
     CLUSTER("25") "\n"
                   "slow n0,n7,n8 50ms at 3s for 10s\n"},
    {"clock-skew", "clocks drift and step, and a node restarts with an earlier date",
     CLUSTER("25") "\n"
                   "drift n0..n5 200ppm at 0s\n"
                   "drift n6 -50000ppm at 0s\n"
                   "drift n7 50000ppm at 0s\n"
                   "clock n8 +10s at 4s\n"
                   "clock n0 +2s at 6s\n"
                   "clock n9 -1000s at 5s\n"
                   "crash n9 at 7s for 1s without disk\n"},
    {"kill-9", "processes crash repeatedly and recover from disk",
     CLUSTER("9") "disk-latency 10\n"
                  "\n"
                  "crash n0 at 2s for 300ms every 3s with disk\n"
                  "crash n1..n3 at 3s for 500ms every 4s with disk\n"
                  "cut n4 | rest at 4s for 6s\n"
                  "crash n4 at 8s for 1s with disk\n"},
    {"power-cut", "all machines lose power at the same time, twice; writes are synced",
     "workload pn-counter\n"
     "nodes 9\n"
     "rate 100\n"
     "time-limit 20\n"
     "latency 20\n"
     "delivery exact\n"
     "durability sync\n"
     "\n"
     "crash all at 5s for 1s with torn disk\n"
     "crash all at 12s for 3s with torn disk\n"},
    {"torn", "machines crash before writes are synced",
     CLUSTER("9") "durability none\n"
                  "\n"
                  "crash n1 at 3s for 500ms every 3s with torn disk\n"
                  "crash n4..n6 at 5s for 1s every 6s with torn disk\n"
                  "crash n8 at 7s for 1s without disk\n"},
    {"adversary", "an adversary alters, replays and redirects authenticated messages",
     CLUSTER("9") "auth on\n"
                  "\n"
                  "forge 30% at 1s for 10s\n"
                  "crash n2 at 3s for 1s every 4s without disk\n"
                  "duplicate 20% at 4s for 4s\n"
                  "cut half at 6s for 2s\n"},
    {"storm", "crashes, pauses, partitions, loss and slow links together",
     CLUSTER("25") "\n"
                   "lose 20% at 0s\n"
                   "duplicate 10% at 0s\n"
                   "delay 50ms exponential at 0s\n"
                   "cut any at 2s for 2s every 4s\n"
                   "cut n3,n4 > rest at 3s for 5s\n"
                   "crash n6 at 5s for 1s every 5s without disk\n"
                   "crash n7 at 6s for 1s every 5s with disk\n"
                   "slow n8 20ms at 2s for 10s\n"
                   "drift n10 1000ppm at 0s\n"
                   "clock n11 +2s at 7s\n"
                   "pause n9 at 4s for 3s\n"},
    {NULL, NULL, NULL},
};

// Names that scenarios had in an earlier release, still accepted.
static const char *const aliases[][2] = {
    {"twice", "duplicates"},  {"sleepers", "pauses"},      {"flaps", "flapping-links"},
    {"continents", "wan"},    {"narrow", "low-bandwidth"}, {"snails", "slow-nodes"},
    {"clocks", "clock-skew"}, {"forger", "adversary"},
};

const struct gv_builtin *gv_builtin_find(const char *name) {
    for (size_t i = 0; i < GV_COUNT(aliases); i++) {
        if (strcmp(aliases[i][0], name) == 0) name = aliases[i][1];
    }
    for (const struct gv_builtin *builtin = gv_builtin_scenarios; builtin->name != NULL;
         builtin++) {
        if (strcmp(builtin->name, name) == 0) return builtin;
    }
    return NULL;
}

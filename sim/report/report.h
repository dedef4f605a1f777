// SPDX-License-Identifier: MIT
// The report of a run: one HTML page that contains all its data and needs no network. It is written
// during the run: the page's head, each event as a short line, and at the end the verdict and the
// scripts. So its memory does not depend on the length of the run.
//
// A browser loads all events, so messages beyond a bound are only counted. Learned values, stable
// cuts, faults, violations and final reads are always kept.
//
// The page is sim/report/report.html with its includes; the makefile compiles it into the program.
#ifndef GV_SIM_REPORT_REPORT_H
#define GV_SIM_REPORT_REPORT_H

#include "../check/limits.h"
#include "../check/result.h"
#include "../core/trace.h"

#include <stdio.h>

enum {
    GV_REPORT_MESSAGES_MAX = 100000, // default bound of messages, requests of clients included
    // Longest body of a request or reply that is kept complete, bytes. Messages between nodes are
    // always kept complete. So are larger replies to final reads, and in runs with logs all larger
    // bodies, up to GV_REPORT_LARGE_MAX bytes in all, of which a half is for the final reads.
    GV_REPORT_BODY_MAX = 1000,
    GV_REPORT_LARGE_MAX = 16 << 20,
};

// What the page shows of the run's configuration. Strings are borrowed for the call.
struct gv_report_head {
    enum gv_load_kind load;
    uint32_t nodes;
    double rate;         // operations a second, over all clients
    gv_time time_limit;  // duration of the operations
    uint32_t latency_ms; // mean delay of a message between nodes
    enum gv_net_latency latency;
    uint64_t seed;
    const uint32_t *staleness_ms; // staleness of the nodes; NULL: unknown
    const char *scenario;         // text of the scenario; empty: none
};

struct gv_report {
    FILE *out;
    uint64_t last_us; // time of the last event
    uint64_t messages_max, messages;
    uint64_t last_id[2]; // ids of the last kept message of a node or client, and of the adversary
    uint64_t until_us;   // time of the last message kept
    bool has_logs;
    bool final;   // the final reads have started
    size_t large; // bytes of larger bodies kept so far
};

// Begins the page. The caller keeps and closes `out`.
// messages_max: bound of messages kept, above 0.
void gv_report_begin(struct gv_report *report, FILE *out, const struct gv_report_head *head,
                     uint64_t messages_max);

// A sink of a trace; ctx is the report.
gv_trace_write gv_report_event;

// Ends the page. result: NULL if the run was interrupted. limits: limits of the run's metrics.
void gv_report_end(struct gv_report *report, const struct gv_result *result,
                   const struct gv_limits *limits);

#endif

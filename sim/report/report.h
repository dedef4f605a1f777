// SPDX-License-Identifier: MIT
// The report of a run: one page of HTML with all data in it, that needs no network. It is written
// as the run goes: the page's head, every event in a line of a few bytes, and in the end the
// verdict and the script that draws it all. So it takes no memory, however long the run.
//
// A browser needs memory for all of it, so messages beyond a bound are counted and left out; what
// nodes know, faults, violations and final reads are always kept.
//
// The page itself is sim/report/report.html and what that includes; the makefile makes one text of
// it.
#ifndef GV_SIM_REPORT_REPORT_H
#define GV_SIM_REPORT_REPORT_H

#include "../check/limits.h"
#include "../check/result.h"
#include "../core/trace.h"

#include <stdio.h>

enum {
    GV_REPORT_MESSAGES_MAX = 100000, // the default bound, requests of clients included
    // Longest body of what clients say and are told that is kept whole, bytes. What nodes say to
    // each other always is, and final reads are, up to so many bytes together.
    GV_REPORT_BODY_MAX = 1000,
    GV_REPORT_FINALS_MAX = 16 << 20,
};

// What the page shows of the run's configuration. Strings are borrowed for the call.
struct gv_report_head {
    enum gv_load_kind load;
    uint32_t nodes;
    double rate;         // operations a second, over all clients
    gv_time time_limit;  // of the operations
    uint32_t latency_ms; // mean delay of a message between nodes
    enum gv_net_latency latency;
    uint64_t seed;
    const uint32_t *staleness_ms; // of the nodes; NULL: unknown
    const char *scenario;         // its text; empty: none
};

struct gv_report {
    FILE *out;
    uint64_t last_us; // when the last event was
    uint64_t messages_max, messages;
    uint64_t last_id, until_us; // of the last message that was kept
    bool final;                 // the final reads have begun
    size_t finals;              // bytes of their answers
};

// Begins the page. `out` stays the caller's.
// messages_max: how many messages to keep, above 0.
void gv_report_begin(struct gv_report *report, FILE *out, const struct gv_report_head *head,
                     uint64_t messages_max);

// A sink of a trace; ctx is the report.
gv_trace_write gv_report_event;

// Ends the page. result: NULL if the run has none, since it was interrupted. limits: those that the
// run was asked to keep.
void gv_report_end(struct gv_report *report, const struct gv_result *result,
                   const struct gv_limits *limits);

#endif

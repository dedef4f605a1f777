// SPDX-License-Identifier: MIT
// Options of a run in addition to its configuration: the files it writes, the limits of its
// metrics, and for processes the program and the bounds on what its nodes print.
#ifndef GV_SIM_RUN_RUN_OPTIONS_H
#define GV_SIM_RUN_RUN_OPTIONS_H

#include "../check/limits.h"
#include "../report/recorder.h"
#include "run.h"

enum { // defaults; for log_max, see logs.h
    GV_RUN_OPTIONS_QUEUE_MAX = 16 << 20,
    GV_RUN_OPTIONS_LINE_MAX = 16 << 20,
    GV_RUN_OPTIONS_LATE_MAX_MS = 20,
};

// Strings are borrowed for the run.
struct gv_run_options {
    const char *json; // path of the result as JSON; NULL: none; "-": standard output
    struct gv_recorder_files files;
    struct gv_limits limits;

    // For processes only:
    char *const *argv;   // the node's program and its arguments, NULL at the end
    const char *log_dir; // directory of the nodes' standard error; NULL: a temporary one
    size_t queue_max;    // undelivered messages of one node, bytes; 0: the default
    size_t line_max;     // longest line of a node, bytes; 0: the default
    size_t log_max;      // standard error kept of one node, bytes; 0: the default
    gv_time late_max;    // lateness of the 99th percentile; 0: the default; GV_TIME_NEVER: no limit
};

// Opens the files of --trace and --report and sets config->trace, which must be NULL and stays so
// if there are none. staleness_ms: of the nodes; NULL: unknown. False: a file cannot be written,
// which is reported on standard error.
bool gv_run_options_record(const struct gv_run_options *options, struct gv_run_config *config,
                           const uint32_t *staleness_ms, struct gv_recorder *recorder);

#endif

// SPDX-License-Identifier: MIT
// Writes the files of --trace and --report during a run.
#ifndef GV_SIM_REPORT_RECORDER_H
#define GV_SIM_REPORT_RECORDER_H

#include "../core/output.h"
#include "report.h"

// Paths are borrowed until the recorder is closed.
struct gv_recorder_files {
    const char *trace, *report; // paths; NULL: none
    uint64_t report_max;        // messages kept in the report, above 0 if there is one
};

struct gv_recorder {
    struct gv_trace trace;
    struct gv_report report;
    struct gv_output trace_file, report_file;
};

// Opens the files and begins the report with `head`. The recorder must not move until it is closed.
// False: a file cannot be written, which is reported on standard error; nothing is open then.
bool gv_recorder_open(struct gv_recorder *recorder, const struct gv_recorder_files *files,
                      const struct gv_report_head *head);

// The trace that writes to the files; NULL if there are none.
static inline struct gv_trace *gv_recorder_trace(struct gv_recorder *recorder) {
    return recorder->trace.sinks_len > 0 ? &recorder->trace : NULL;
}

// Ends the report and closes the files. result: NULL if the run has none. limits: limits of the
// run's metrics. False: a file cannot be written, which is reported on standard error.
bool gv_recorder_close(struct gv_recorder *recorder, const struct gv_result *result,
                       const struct gv_limits *limits);

#endif

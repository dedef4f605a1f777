// SPDX-License-Identifier: MIT
#include "recorder.h"

bool gv_recorder_open(struct gv_recorder *recorder, const struct gv_recorder_files *files,
                      const struct gv_report_head *head) {
    *recorder = (struct gv_recorder){0};
    struct gv_output *trace = &recorder->trace_file, *report = &recorder->report_file;
    // The files are written directly, so that after an interrupt they have what happened until
    // then.
    if (!gv_output_open(trace, files->trace, false) ||
        !gv_output_open(report, files->report, false)) {
        gv_output_close(trace, false);
        return false;
    }
    if (trace->file != NULL) gv_trace_add(&recorder->trace, gv_trace_json, trace->file);
    if (report->file == NULL) return true;
    gv_report_begin(&recorder->report, report->file, head, files->report_max);
    gv_trace_add(&recorder->trace, gv_report_event, &recorder->report);
    return true;
}

bool gv_recorder_close(struct gv_recorder *recorder, const struct gv_result *result,
                       const struct gv_limits *limits) {
    if (recorder->report_file.file != NULL) gv_report_end(&recorder->report, result, limits);
    bool trace = gv_output_close(&recorder->trace_file, true);
    return gv_output_close(&recorder->report_file, true) && trace;
}

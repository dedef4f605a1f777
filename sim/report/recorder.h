// SPDX-License-Identifier: MIT
// The files that --trace and --report name, while a run is under way.
#ifndef GV_SIM_REPORT_RECORDER_H
#define GV_SIM_REPORT_RECORDER_H

#include "../tools/command.h"
#include "report.h"

struct gv_recorder {
    const struct gv_command *command;
    struct gv_trace trace;
    struct gv_report report;
    FILE *trace_file, *report_file; // NULL: not asked for
};

// Opens what the command asks for and has config->trace speak to it, which stays NULL if it asks
// for nothing. False: a file cannot be written, which has been said on standard error.
bool gv_recorder_open(struct gv_recorder *recorder, const struct gv_command *command,
                      struct gv_run_config *config);

// Ends and closes the files. result: NULL if the run came to none. False as above.
bool gv_recorder_close(struct gv_recorder *recorder, const struct gv_result *result);

#endif

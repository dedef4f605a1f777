// SPDX-License-Identifier: MIT
#include "recorder.h"

#include "../core/escape.h"

#include <errno.h>
#include <string.h>

static bool complain(const char *path) {
    gv_escape_print(stderr, "gvsim: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

// NULL is no file, and fine.
static bool open_file(FILE **file, const char *path) {
    if (path == NULL) return true;
    *file = fopen(path, "w");
    return *file != NULL || complain(path);
}

static bool close_file(FILE *file, const char *path) {
    if (file == NULL) return true;
    bool written = ferror(file) == 0;
    if (fclose(file) == 0 && written) return true;
    return complain(path);
}

bool gv_recorder_open(struct gv_recorder *recorder, const struct gv_command *command,
                      struct gv_run_config *config) {
    GV_ASSERT(config->trace == NULL);
    *recorder = (struct gv_recorder){.command = command};
    gv_trace_init(&recorder->trace);
    bool open = open_file(&recorder->trace_file, command->trace);
    if (open) open = open_file(&recorder->report_file, command->report);
    if (!open) {
        if (recorder->trace_file != NULL) fclose(recorder->trace_file);
        return false;
    }
    if (recorder->trace_file != NULL) {
        gv_trace_add(&recorder->trace, gv_trace_json, recorder->trace_file);
    }
    if (recorder->report_file != NULL) {
        gv_report_begin(&recorder->report, recorder->report_file, config,
                        command->argv == NULL ? &command->staleness_ms : NULL, command->report_max);
        gv_trace_add(&recorder->trace, gv_report_event, &recorder->report);
    }
    if (recorder->trace.sinks_len > 0) config->trace = &recorder->trace;
    return true;
}

bool gv_recorder_close(struct gv_recorder *recorder, const struct gv_result *result) {
    GV_ASSERT(recorder->command != NULL);
    if (recorder->report_file != NULL) {
        gv_report_end(&recorder->report, result, &recorder->command->limits);
    }
    bool trace = close_file(recorder->trace_file, recorder->command->trace);
    bool report = close_file(recorder->report_file, recorder->command->report);
    return trace && report;
}

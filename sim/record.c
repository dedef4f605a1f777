// SPDX-License-Identifier: MIT
#include "record.h"

#include "escape.h"

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

bool gv_record_open(struct gv_record *record, const struct gv_command *command,
                    struct gv_run_config *config) {
    GV_ASSERT(config->trace == NULL);
    *record = (struct gv_record){.command = command};
    gv_trace_init(&record->trace);
    bool open = open_file(&record->trace_file, command->trace);
    if (open) open = open_file(&record->report_file, command->report);
    if (!open) {
        if (record->trace_file != NULL) fclose(record->trace_file);
        return false;
    }
    if (record->trace_file != NULL) {
        gv_trace_add(&record->trace, gv_trace_json, record->trace_file);
    }
    if (record->report_file != NULL) {
        gv_report_begin(&record->report, record->report_file, config,
                        command->argv == NULL ? &command->staleness_ms : NULL, command->report_max);
        gv_trace_add(&record->trace, gv_report_event, &record->report);
    }
    if (record->trace.sinks_len > 0) config->trace = &record->trace;
    return true;
}

bool gv_record_close(struct gv_record *record, const struct gv_result *result) {
    GV_ASSERT(record->command != NULL);
    if (record->report_file != NULL) {
        gv_report_end(&record->report, result, &record->command->limits);
    }
    bool trace = close_file(record->trace_file, record->command->trace);
    bool report = close_file(record->report_file, record->command->report);
    return trace && report;
}

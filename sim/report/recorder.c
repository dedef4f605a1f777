// SPDX-License-Identifier: MIT
#include "recorder.h"

#include "../../node/escape.h"

#include <errno.h>

static bool complain(const char *path) {
    gv_escape_print(stderr, "gvsim: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

// `path` may be NULL: then there is no file, and no error.
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

bool gv_recorder_open(struct gv_recorder *recorder, const struct gv_recorder_files *files,
                      const struct gv_report_head *head) {
    *recorder = (struct gv_recorder){.files = files};
    bool open = open_file(&recorder->trace_file, files->trace);
    if (open) open = open_file(&recorder->report_file, files->report);
    if (!open) {
        if (recorder->trace_file != NULL) fclose(recorder->trace_file);
        return false;
    }
    if (recorder->trace_file != NULL) {
        gv_trace_add(&recorder->trace, gv_trace_json, recorder->trace_file);
    }
    if (recorder->report_file != NULL) {
        gv_report_begin(&recorder->report, recorder->report_file, head, files->report_max);
        gv_trace_add(&recorder->trace, gv_report_event, &recorder->report);
    }
    return true;
}

bool gv_recorder_close(struct gv_recorder *recorder, const struct gv_result *result,
                       const struct gv_limits *limits) {
    if (recorder->report_file != NULL) gv_report_end(&recorder->report, result, limits);
    bool trace = close_file(recorder->trace_file, recorder->files->trace);
    bool report = close_file(recorder->report_file, recorder->files->report);
    return trace && report;
}

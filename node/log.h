// SPDX-License-Identifier: MIT
// A node's log. The node's owner formats and writes its records. Input errors are limited in rate,
// so that a client that sends garbage cannot fill the log.
#ifndef GV_NODE_LOG_H
#define GV_NODE_LOG_H

#include "../merkle/base.h"

enum gv_log_level { GV_LOG_ERROR, GV_LOG_WARN, GV_LOG_INFO, GV_LOG_DEBUG };

enum {
    GV_LOG_TEXT_MAX = 512,   // longest text of a record, bytes
    GV_LOG_EXCERPT_MAX = 80, // longest excerpt of input in a record, bytes
    GV_LOG_LINE_MAX = 4096,  // longest line, bytes; writes to a pipe are atomic up to here
    GV_LOG_RATE = 100,       // input errors logged in a second; the others are counted
};

// Texts are borrowed for the call.
struct gv_log_record {
    enum gv_log_level level;
    const char *node;  // name of the node; "" before init
    const char *text;  // one line, without a newline; NULL with statistics
    uint64_t value;    // id of the value that the record is about, the same on all nodes; 0: none
    const char *stats; // statistics, a JSON object; NULL: none
};

struct gv_log {
    void (*write)(void *ctx, const struct gv_log_record *record); // NULL: no log
    void *ctx;
    const char *node;
    gv_time second_start;  // start of the current second, in which input errors are counted
    unsigned logged;       // input errors logged in this second
    uint64_t suppressed;   // input errors not logged in this second
    uint64_t input_errors; // input errors since the start
};

// Initialises a log that passes its records to `write`, unless that is NULL. `node`, the node's
// name, is borrowed, and read for each record.
static inline void gv_log_init(struct gv_log *log,
                               void (*write)(void *ctx, const struct gv_log_record *record),
                               void *ctx, const char *node) {
    GV_ASSERT(node != NULL);
    *log = (struct gv_log){.write = write, .ctx = ctx, .node = node};
}

GV_PRINTF(3, 4)
void gv_log_write(const struct gv_log *log, enum gv_log_level level, const char *format, ...);

// Logs an event of a value, at level debug.
GV_PRINTF(3, 4)
void gv_log_trace(const struct gv_log *log, uint64_t value, const char *format, ...);

// Logs statistics, a JSON object, at level info.
void gv_log_stats(const struct gv_log *log, const char *stats);

// Counts an input error, and logs it at level warn, up to GV_LOG_RATE a second.
GV_PRINTF(3, 4)
void gv_log_input_error(struct gv_log *log, gv_time now, const char *format, ...);

// Input errors since the start.
static inline uint64_t gv_log_input_errors(const struct gv_log *log) {
    return log->input_errors;
}

// When to call gv_log_advance, which logs the number of suppressed input errors; GV_TIME_NEVER:
// there are none.
gv_time gv_log_deadline(const struct gv_log *log);
void gv_log_advance(struct gv_log *log, gv_time now);

// Formats a record as a line with its newline, as text or as JSON; statistics are JSON in both.
// Control characters are escaped (escape.h). `wall_ns`: nanoseconds since 1970. buf has
// GV_LOG_LINE_MAX bytes. Returns the length.
size_t gv_log_text(const struct gv_log_record *record, uint64_t wall_ns, char *buf);
size_t gv_log_json(const struct gv_log_record *record, uint64_t wall_ns, char *buf);

#endif

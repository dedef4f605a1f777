// SPDX-License-Identifier: MIT
// The log of a node: records that its owner formats and writes. Input errors are limited in rate,
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
    const char *node;  // its name; "" before init
    const char *text;  // one line, without a newline; NULL with statistics
    uint64_t value;    // id of the value concerned, the same on all nodes; 0: none
    const char *stats; // statistics, a JSON object; NULL: none
};

struct gv_log {
    void (*write)(void *ctx, const struct gv_log_record *record); // NULL: no log
    void *ctx;
    const char *node;
    gv_time second_start;  // start of the current second of input errors
    unsigned logged;       // input errors logged in this second
    uint64_t suppressed;   // input errors not logged in this second
    uint64_t input_errors; // input errors since the start
};

// A log that passes its records to `write`, or to nobody if that is NULL. `node`, the node's name,
// is borrowed, and read for each record.
void gv_log_init(struct gv_log *log, void (*write)(void *ctx, const struct gv_log_record *record),
                 void *ctx, const char *node);

#if defined(__GNUC__)
#define GV_LOG_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
#define GV_LOG_PRINTF(at, first)
#endif

GV_LOG_PRINTF(3, 4)
void gv_log_write(const struct gv_log *log, enum gv_log_level level, const char *format, ...);

// Logs what happens to a value, at level debug.
GV_LOG_PRINTF(3, 4)
void gv_log_trace(const struct gv_log *log, uint64_t value, const char *format, ...);

// Logs statistics, a JSON object, at level info.
void gv_log_stats(const struct gv_log *log, const char *stats);

// Counts an input error, and logs it at level warn, up to GV_LOG_RATE a second.
GV_LOG_PRINTF(3, 4)
void gv_log_input_error(struct gv_log *log, gv_time now, const char *format, ...);

// Input errors since the start.
static inline uint64_t gv_log_input_errors(const struct gv_log *log) {
    return log->input_errors;
}

// When to log the number of suppressed input errors by gv_log_advance; GV_TIME_NEVER: there are
// none.
gv_time gv_log_deadline(const struct gv_log *log);
void gv_log_advance(struct gv_log *log, gv_time now);

// Formats a record as a line with its newline, as text or as JSON; statistics are JSON in both. In
// text control characters are escaped (escape.h).
// `wall_ns`: nanoseconds since 1970. buf has GV_LOG_LINE_MAX bytes. Returns the length.
size_t gv_log_text(const struct gv_log_record *record, uint64_t wall_ns, char *buf);
size_t gv_log_json(const struct gv_log_record *record, uint64_t wall_ns, char *buf);

#endif

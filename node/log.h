// SPDX-License-Identifier: MIT
// What a node says about itself: records for its owner, who writes them as he likes; and how much
// of it, for whoever sends rubbish must not fill the log.
#ifndef GV_NODE_LOG_H
#define GV_NODE_LOG_H

#include "../merkle/base.h"

enum gv_log_level { GV_LOG_ERROR, GV_LOG_WARN, GV_LOG_INFO, GV_LOG_DEBUG };

enum {
    GV_LOG_TEXT_MAX = 512,   // of a record's text, bytes
    GV_LOG_EXCERPT_MAX = 80, // of what a record quotes, bytes
    GV_LOG_LINE_MAX = 4096,  // of a line: what a pipe takes whole or not at all
    GV_LOG_RATE = 100,       // input errors logged one by one in a second; the rest are counted
};

// One thing said. Texts are borrowed for the call.
struct gv_log_record {
    enum gv_log_level level;
    const char *node;  // its name; "" before it has one
    const char *text;  // one line, no newline
    uint64_t value;    // the value it is about: one number at every node it passes; 0: about none
    const char *stats; // a JSON object, for programs to read; NULL: none
};

// Where records go, and the count of input errors.
struct gv_log {
    void (*write)(void *ctx, const struct gv_log_record *record); // NULL: nowhere
    void *ctx;
    const char *node;
    gv_time second_start;  // the start of the second in which input errors are counted …
    unsigned logged;       // … so many of them logged …
    uint64_t suppressed;   // … and so many not
    uint64_t input_errors; // since the start
};

// A log whose records go to `write`, which may be NULL. `node` is borrowed: the name at each
// record.
void gv_log_init(struct gv_log *log, void (*write)(void *ctx, const struct gv_log_record *record),
                 void *ctx, const char *node);

#if defined(__GNUC__)
#define GV_LOG_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
#define GV_LOG_PRINTF(at, first)
#endif

GV_LOG_PRINTF(3, 4)
void gv_log_write(const struct gv_log *log, enum gv_log_level level, const char *format, ...);

// At level debug, about a value.
GV_LOG_PRINTF(3, 4)
void gv_log_trace(const struct gv_log *log, uint64_t value, const char *format, ...);

// Statistics, a JSON object, at level info.
void gv_log_stats(const struct gv_log *log, const char *stats);

// An input error: counted, and logged unless there were too many within a second.
GV_LOG_PRINTF(3, 4)
void gv_log_input_error(struct gv_log *log, gv_time now, const char *format, ...);

// Input errors since the start.
static inline uint64_t gv_log_input_errors(const struct gv_log *log) {
    return log->input_errors;
}

// When there is to be said how many input errors were not logged; GV_TIME_NEVER: never.
gv_time gv_log_deadline(const struct gv_log *log);
// Says it, if that time has come.
void gv_log_advance(struct gv_log *log, gv_time now);

// A record as a line, newline included, for a log that people read or programs; stamped with a time
// in nanoseconds since 1970. Statistics are JSON in both. Returns the bytes, at most
// GV_LOG_LINE_MAX, of which buf must have room.
size_t gv_log_text(const struct gv_log_record *record, uint64_t wall_ns, char *buf);
size_t gv_log_json(const struct gv_log_record *record, uint64_t wall_ns, char *buf);

#endif

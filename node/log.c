// SPDX-License-Identifier: MIT
#include "log.h"

#include "escape.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define SECOND (1000 * GV_MS)

GV_PRINTF(4, 0)
static void write_record(const struct gv_log *log, enum gv_log_level level, uint64_t value,
                         const char *format, va_list arguments) {
    if (log->write == NULL) return;
    char text[GV_LOG_TEXT_MAX];
    vsnprintf(text, sizeof text, format, arguments);
    log->write(log->ctx, &(struct gv_log_record){
                             .level = level,
                             .node = log->node,
                             .text = text,
                             .value = value,
                         });
}

void gv_log_write(const struct gv_log *log, enum gv_log_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_record(log, level, 0, format, arguments);
    va_end(arguments);
}

void gv_log_trace(const struct gv_log *log, uint64_t value, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_record(log, GV_LOG_DEBUG, value, format, arguments);
    va_end(arguments);
}

void gv_log_stats(const struct gv_log *log, const char *stats) {
    if (log->write == NULL) return;
    log->write(log->ctx,
               &(struct gv_log_record){.level = GV_LOG_INFO, .node = log->node, .stats = stats});
}

void gv_log_input_error(struct gv_log *log, gv_time now, const char *format, ...) {
    log->input_errors++;
    gv_log_advance(log, now);
    if (log->logged == 0) log->second_start = now;
    if (log->logged == GV_LOG_RATE) {
        log->suppressed++;
        return;
    }
    log->logged++;
    va_list arguments;
    va_start(arguments, format);
    write_record(log, GV_LOG_WARN, 0, format, arguments);
    va_end(arguments);
}

gv_time gv_log_deadline(const struct gv_log *log) {
    return log->suppressed > 0 ? log->second_start + SECOND : GV_TIME_NEVER;
}

void gv_log_advance(struct gv_log *log, gv_time now) {
    if (log->logged == 0 || now < log->second_start + SECOND) return;
    uint64_t suppressed = log->suppressed;
    log->logged = 0;
    log->suppressed = 0;
    if (suppressed > 0)
        gv_log_write(log, GV_LOG_WARN, "and %" PRIu64 " more input errors", suppressed);
}

// ---- Lines --------------------------------------------------------------------------------------

static const char *const levels[] = {"error", "warn", "info", "debug"};

// Writes a time as `2026-01-31T23:59:59.123Z` and returns its length.
static size_t stamp(uint64_t wall_ns, char *buf, size_t cap) {
    time_t seconds = (time_t)(wall_ns / SECOND);
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    unsigned ms = (unsigned)(wall_ns / GV_MS % 1000);
    int len = snprintf(buf, cap, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
    GV_ASSERT(len > 0 && (size_t)len < cap);
    return (size_t)len;
}

// The length after a snprintf, which may have truncated its output.
static size_t put(size_t len, int more) {
    GV_ASSERT(more >= 0);
    len += (size_t)more;
    return len < GV_LOG_LINE_MAX - 2 ? len : GV_LOG_LINE_MAX - 2;
}

size_t gv_log_text(const struct gv_log_record *record, uint64_t wall_ns, char *buf) {
    if (record->stats != NULL) return gv_log_json(record, wall_ns, buf);
    size_t len = stamp(wall_ns, buf, GV_LOG_LINE_MAX);
    size_t cap = GV_LOG_LINE_MAX - 1;
    const char *name = record->node != NULL ? record->node : "";
    len = put(len, snprintf(buf + len, cap - len, " %s ", levels[record->level]));
    len += gv_escape_copy(buf + len, cap - len, name, strlen(name));
    if (*name != '\0') len = put(len, snprintf(buf + len, cap - len, ": "));
    if (record->value != 0)
        len = put(len, snprintf(buf + len, cap - len, "value %016" PRIx64 " ", record->value));
    len += gv_escape_copy(buf + len, cap - len, record->text, strlen(record->text));
    buf[len++] = '\n';
    return len;
}

size_t gv_log_json(const struct gv_log_record *record, uint64_t wall_ns, char *buf) {
    char time[40], name[1024], text[6 * GV_LOG_TEXT_MAX + 3];
    size_t cap = GV_LOG_LINE_MAX - 1, len = 0;
    stamp(wall_ns, time, sizeof time);
    len = put(len,
              snprintf(buf, cap, "{\"time\":\"%s\",\"level\":\"%s\"", time, levels[record->level]));
    if (record->node != NULL && *record->node != '\0') {
        size_t size = gv_escape_quote(name, sizeof name, record->node);
        len = put(len, snprintf(buf + len, cap - len, ",\"node\":%.*s", (int)size, name));
    }
    if (record->value != 0)
        len = put(len,
                  snprintf(buf + len, cap - len, ",\"value\":\"%016" PRIx64 "\"", record->value));
    if (record->text != NULL) {
        size_t size = gv_escape_quote(text, sizeof text, record->text);
        len = put(len, snprintf(buf + len, cap - len, ",\"text\":%.*s", (int)size, text));
    }
    if (record->stats != NULL)
        len = put(len, snprintf(buf + len, cap - len, ",\"stats\":%s", record->stats));
    buf[len++] = '}';
    buf[len++] = '\n';
    return len;
}

// SPDX-License-Identifier: MIT
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>

enum { NAME_MAX = 16 };

static void emit(struct gv_trace *trace, gv_time now, struct gv_trace_event *event) {
    if (trace == NULL) return;
    if (!trace->begun) {
        trace->begun = true;
        trace->zero = trace->last = now;
    }
    // With processes, the event of a line may be traced slightly late, so times are made to ascend.
    if (now > trace->last) trace->last = now;
    event->at = trace->last - trace->zero;
    for (size_t i = 0; i < trace->sinks_len; i++) {
        trace->sinks[i].write(trace->sinks[i].ctx, event);
    }
}

// ---- Lines ----

// Skips a text at *at, which must be there.
static void expect(struct gv_slice line, size_t *at, const char *text) {
    size_t len = strlen(text);
    GV_ASSERT(line.len - *at >= len && memcmp(line.data + *at, text, len) == 0);
    *at += len;
}

static struct gv_slice until_quote(struct gv_slice line, size_t *at) {
    const uint8_t *from = line.data + *at, *end = memchr(from, '"', line.len - *at);
    GV_ASSERT(end != NULL);
    *at += (size_t)(end - from);
    return (struct gv_slice){from, (size_t)(end - from)};
}

// Reads a line of gv_envelope: {"id":17,"src":"n1","dest":"n2","body":{…}}
static void read_line(struct gv_trace_event *event, struct gv_slice line) {
    size_t at = 0;
    if (line.len > 0 && line.data[line.len - 1] == '\n') line.len--;
    expect(line, &at, "{\"id\":");
    event->has_id = true;
    event->id = 0;
    for (; at < line.len && line.data[at] != ','; at++) {
        event->id = event->id * 10 + line.data[at] - '0';
    }
    expect(line, &at, ",\"src\":\"");
    event->from = until_quote(line, &at);
    expect(line, &at, "\",\"dest\":\"");
    event->to = until_quote(line, &at);
    expect(line, &at, "\",\"body\":");
    event->body = (struct gv_slice){line.data + at, line.len - at - 1};
}

void gv_trace_send(struct gv_trace *trace, gv_time now, struct gv_slice line, struct gv_slice type,
                   size_t bytes) {
    if (trace == NULL) return;
    struct gv_trace_event event = {.kind = GV_TRACE_SEND, .type = type, .bytes = bytes};
    read_line(&event, line);
    emit(trace, now, &event);
}

void gv_trace_line(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind,
                   struct gv_slice line, const char *why) {
    if (trace == NULL) return;
    struct gv_trace_event event = {.kind = kind, .why = why};
    read_line(&event, line);
    static const char head[] = "{\"type\":\"";
    size_t at = sizeof head - 1;
    if (kind == GV_TRACE_REQUEST && event.body.len > at) event.type = until_quote(event.body, &at);
    if (kind != GV_TRACE_REQUEST) event.body = (struct gv_slice){0};
    emit(trace, now, &event);
}

// ---- Other events ----

static struct gv_slice name_of(char letter, uint32_t number, char buf[NAME_MAX]) {
    int len = snprintf(buf, NAME_MAX, "%c%u", letter, number);
    return gv_slice_of(buf, (size_t)len);
}

void gv_trace_reply(struct gv_trace *trace, gv_time now, uint32_t node, uint32_t client,
                    struct gv_slice type, struct gv_slice body) {
    if (trace == NULL) return;
    char from[NAME_MAX], to[NAME_MAX];
    emit(trace, now,
         &(struct gv_trace_event){.kind = GV_TRACE_REPLY,
                                  .from = name_of('n', node, from),
                                  .to = name_of('c', client, to),
                                  .type = type,
                                  .body = body});
}

void gv_trace_learn(struct gv_trace *trace, gv_time now, uint32_t node, struct gv_slice line,
                    struct gv_slice values) {
    if (trace == NULL) return;
    char name[NAME_MAX];
    struct gv_trace_event event = {.kind = GV_TRACE_LEARN};
    if (line.len > 0) read_line(&event, line);
    event.from = name_of('n', node, name);
    event.to = (struct gv_slice){0};
    event.body = values;
    emit(trace, now, &event);
}

void gv_trace_stable(struct gv_trace *trace, gv_time now, uint32_t node, uint64_t offset,
                     uint32_t holder) {
    if (trace == NULL) return;
    char name[NAME_MAX], body[64];
    int len = snprintf(body, sizeof body, "[%" PRIu64 ",\"n%" PRIu32 "\"]", offset, holder);
    emit(trace, now,
         &(struct gv_trace_event){.kind = GV_TRACE_STABLE,
                                  .from = name_of('n', node, name),
                                  .body = gv_slice_of(body, (size_t)len)});
}

void gv_trace_node(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, uint32_t node) {
    char name[NAME_MAX];
    emit(trace, now, &(struct gv_trace_event){.kind = kind, .from = name_of('n', node, name)});
}

void gv_trace_fault(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, uint64_t number,
                    const char *text) {
    emit(trace, now,
         &(struct gv_trace_event){.kind = kind, .has_id = true, .id = number, .why = text});
}

void gv_trace_text(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, const char *text) {
    emit(trace, now, &(struct gv_trace_event){.kind = kind, .why = text});
}

const char *const gv_trace_names[GV_TRACE_KINDS] = {
    [GV_TRACE_SEND] = "send",
    [GV_TRACE_DUPLICATE] = "duplicate",
    [GV_TRACE_REQUEST] = "request",
    [GV_TRACE_DELIVER] = "deliver",
    [GV_TRACE_DROP] = "drop",
    [GV_TRACE_REPLY] = "reply",
    [GV_TRACE_LEARN] = "learn",
    [GV_TRACE_STABLE] = "stable",
    [GV_TRACE_FAULT_BEGIN] = "fault-begin",
    [GV_TRACE_FAULT_END] = "fault-end",
    [GV_TRACE_CRASH] = "crash",
    [GV_TRACE_RESTART] = "restart",
    [GV_TRACE_PAUSE] = "pause",
    [GV_TRACE_RESUME] = "resume",
    [GV_TRACE_PHASE] = "phase",
    [GV_TRACE_VIOLATION] = "violation",
};

// ---- JSON ----

static void put_slice(FILE *out, const char *before, struct gv_slice text, const char *after) {
    if (text.len == 0) return;
    fputs(before, out);
    fwrite(text.data, 1, text.len, out);
    fputs(after, out);
}

// Writes a text of gvsim. Only a scenario's text may have control characters, which become spaces.
static void put_text(FILE *out, const char *text) {
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') putc('\\', out);
        putc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    putc('"', out);
}

void gv_trace_json(void *ctx, const struct gv_trace_event *event) {
    FILE *out = ctx;
    gv_time second = 1000 * GV_MS;
    fprintf(out, "{\"t\":%" PRIu64 ".%09" PRIu64 ",\"kind\":\"%s\"", event->at / second,
            event->at % second, gv_trace_names[event->kind]);
    bool fault = event->kind == GV_TRACE_FAULT_BEGIN || event->kind == GV_TRACE_FAULT_END;
    bool alone = event->to.len == 0; // an event of one node
    if (event->has_id) fprintf(out, ",\"%s\":%" PRIu64, fault ? "fault" : "id", event->id);
    put_slice(out, alone ? ",\"node\":\"" : ",\"from\":\"", event->from, "\"");
    put_slice(out, ",\"to\":\"", event->to, "\"");
    put_slice(out, ",\"type\":\"", event->type, "\"");
    if (event->kind == GV_TRACE_SEND) fprintf(out, ",\"bytes\":%" PRIu64, event->bytes);
    if (event->why != NULL) {
        fputs(event->kind == GV_TRACE_DROP ? ",\"why\":" : ",\"text\":", out);
        put_text(out, event->why);
    }
    put_slice(out, event->kind == GV_TRACE_LEARN ? ",\"values\":" : ",\"body\":", event->body, "");
    fputs("}\n", out);
}

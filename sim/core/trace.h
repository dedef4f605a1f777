// SPDX-License-Identifier: MIT
// The events of a run as they occur: messages, requests and replies, values that nodes learn,
// faults and violations. A trace stores nothing; it passes each event to its sinks. Every function
// accepts NULL for a trace without sinks.
#ifndef GV_SIM_CORE_TRACE_H
#define GV_SIM_CORE_TRACE_H

#include "../../merkle/base.h"

enum gv_trace_kind {
    GV_TRACE_SEND,        // a node sent a message to another
    GV_TRACE_DUPLICATE,   // the network made another copy of it
    GV_TRACE_REQUEST,     // a client sent a request to a node
    GV_TRACE_DELIVER,     // a node received a message or a request
    GV_TRACE_DROP,        // a message will not be delivered; `why` is the reason
    GV_TRACE_REPLY,       // a node replied to a client
    GV_TRACE_LEARN,       // a node received new values
    GV_TRACE_STABLE,      // a node's stable cut of the logs, or what it waits for, changed
    GV_TRACE_FAULT_BEGIN, // a fault begins
    GV_TRACE_FAULT_END,
    GV_TRACE_CRASH, // a node loses its memory and is down
    GV_TRACE_RESTART,
    GV_TRACE_PAUSE, // a node neither receives nor sends
    GV_TRACE_RESUME,
    GV_TRACE_PHASE,     // a phase of the run begins: main, drain, quiet, final
    GV_TRACE_VIOLATION, // an error of a checker
    GV_TRACE_KINDS,
};

// An event. Members that do not apply are empty. All pointers are borrowed for the call.
struct gv_trace_event {
    enum gv_trace_kind kind;
    gv_time at; // nanoseconds since the first event
    bool has_id;
    uint64_t id;              // id of a message and all its copies; or the number of a fault
    struct gv_slice from, to; // names; an event of one node has `from` only
    struct gv_slice type;     // type of the body, as in its JSON, without quotes
    uint64_t bytes;           // SEND: the bytes counted
    // JSON. LEARN: an array of keys, for counters of [key, count], for logs of [key, value].
    // STABLE: the cut, an offset, and the name of the node whose promise it waits for.
    struct gv_slice body;
    const char *why; // DROP: "cut", "lost", "full", "down" or "altered"; else a text
};

typedef void gv_trace_write(void *ctx, const struct gv_trace_event *event);

enum { GV_TRACE_SINKS_MAX = 2 };

struct gv_trace {
    bool begun;
    gv_time zero, last; // times of the first and the latest event
    size_t sinks_len;
    struct gv_trace_sink {
        gv_trace_write *write;
        void *ctx;
    } sinks[GV_TRACE_SINKS_MAX];
};

// A zeroed trace has no sinks.
static inline void gv_trace_add(struct gv_trace *trace, gv_trace_write *write, void *ctx) {
    GV_ASSERT(trace->sinks_len < GV_TRACE_SINKS_MAX);
    trace->sinks[trace->sinks_len++] = (struct gv_trace_sink){write, ctx};
}

// Traces an event of a message to a node. gv_envelope must have composed its line, with sender,
// receiver and id; the line may end in a newline. A SEND also has the body's type and the bytes
// counted.
void gv_trace_send(struct gv_trace *trace, gv_time now, struct gv_slice line, struct gv_slice type,
                   size_t bytes);
void gv_trace_line(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind,
                   struct gv_slice line, const char *why);

// Traces a node's reply to client number `client`.
void gv_trace_reply(struct gv_trace *trace, gv_time now, uint32_t node, uint32_t client,
                    struct gv_slice type, struct gv_slice body);

// Traces that a node learned these values. `line`: the message that carried them; empty: they came
// from the node's disk or from its clients' writes.
void gv_trace_learn(struct gv_trace *trace, gv_time now, uint32_t node, struct gv_slice line,
                    struct gv_slice values);

// Traces that a node's stable cut is `offset`, and waits for node number `holder` (engine/cut.h).
void gv_trace_stable(struct gv_trace *trace, gv_time now, uint32_t node, uint64_t offset,
                     uint32_t holder);

// Traces CRASH, RESTART, PAUSE or RESUME.
void gv_trace_node(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, uint32_t node);

// Traces the BEGIN or END of a fault, by its number.
void gv_trace_fault(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, uint64_t number,
                    const char *text);

// Traces a PHASE by its name, or the text of a VIOLATION, at the time when it was found.
void gv_trace_text(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, const char *text);

// A sink that writes each event as a JSON object on a line of its own, to the FILE that is its ctx:
//   {"t":1.250000000,"kind":"send","id":17,"from":"n1","to":"n2","type":"gossip","bytes":231,
//    "body":{…}}
// "t" is in seconds. Members that do not apply are absent.
gv_trace_write gv_trace_json;

// The name of each kind, as in JSON: "send", "deliver", …
extern const char *const gv_trace_names[GV_TRACE_KINDS];

#endif

// SPDX-License-Identifier: MIT
// What happened in a run, event by event, as it happens: messages sent, handed over and dropped,
// what clients asked and were told, what nodes came to know, nemesis, violations. A trace keeps
// nothing: it
// passes each event on to its sinks, which write it somewhere. Where a trace is taken, NULL is one
// that nobody listens to.
#ifndef GV_SIM_CORE_TRACE_H
#define GV_SIM_CORE_TRACE_H

#include "../../merkle/base.h"

enum gv_trace_kind {
    GV_TRACE_SEND,        // a node sent a message to another
    GV_TRACE_DUPLICATE,   // … and the network made one copy more of it
    GV_TRACE_REQUEST,     // a client asked a node
    GV_TRACE_DELIVER,     // a node took a message, or a request
    GV_TRACE_DROP,        // it never will: `why`
    GV_TRACE_REPLY,       // a node answered a client
    GV_TRACE_LEARN,       // a node came to know values by what it took
    GV_TRACE_FAULT_BEGIN, // a fault begins
    GV_TRACE_FAULT_END,
    GV_TRACE_CRASH, // a node forgets what it had in memory, and is down
    GV_TRACE_RESTART,
    GV_TRACE_PAUSE, // a node takes and says nothing
    GV_TRACE_RESUME,
    GV_TRACE_PHASE,     // of the run: main, drain, quiet, final
    GV_TRACE_VIOLATION, // a checker found what makes the run invalid
    GV_TRACE_KINDS,
};

// What does not apply is empty. Everything is borrowed for the call.
struct gv_trace_event {
    enum gv_trace_kind kind;
    gv_time at; // nanoseconds since the first event
    bool has_id;
    uint64_t id;              // a message's, the same for all its copies; a fault's number
    struct gv_slice from, to; // names; of what befalls one node, `from`
    struct gv_slice type;     // of the body, as spelled inside its quotes
    uint64_t bytes;           // send: what the message counts for
    struct gv_slice body;     // JSON; of LEARN, an array of keys, or of [key, count] for counters
    const char *why;          // drop: "cut", "lost", "full" or "down"; else a text for people
};

typedef void gv_trace_write(void *ctx, const struct gv_trace_event *event);

enum { GV_TRACE_SINKS_MAX = 2 };

struct gv_trace {
    bool begun;
    gv_time zero, last; // of the first event and the latest
    size_t sinks_len;
    struct gv_trace_sink {
        gv_trace_write *write;
        void *ctx;
    } sinks[GV_TRACE_SINKS_MAX];
};

void gv_trace_init(struct gv_trace *trace);
void gv_trace_add(struct gv_trace *trace, gv_trace_write *write, void *ctx);

// Of messages to nodes. The line is one that gv_envelope made, with or without its newline: it says
// from whom, to whom, and under which number. SEND also says how many bytes count.
void gv_trace_send(struct gv_trace *trace, gv_time now, struct gv_slice line, struct gv_slice type,
                   size_t bytes);
void gv_trace_line(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind,
                   struct gv_slice line, const char *why);

// A node's answer to client number `client`.
void gv_trace_reply(struct gv_trace *trace, gv_time now, uint32_t node, uint32_t client,
                    struct gv_slice type, struct gv_slice body);

// A node now knows these values. `line`: the message they came with; empty: they were on its way to
// the disk, or there.
void gv_trace_learn(struct gv_trace *trace, gv_time now, uint32_t node, struct gv_slice line,
                    struct gv_slice values);

// CRASH, RESTART, PAUSE, RESUME.
void gv_trace_node(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, uint32_t node);

// BEGIN and END of a fault, by its number; PHASE, whose number is none.
void gv_trace_fault(struct gv_trace *trace, gv_time now, enum gv_trace_kind kind, uint64_t number,
                    const char *text);
void gv_trace_phase(struct gv_trace *trace, gv_time now, const char *name);

// A checker's error, at the moment at which it was found.
void gv_trace_violation(struct gv_trace *trace, gv_time now, const char *text);

// A sink that writes each event as a JSON object on a line of its own, to the FILE that is its ctx:
//   {"t":1.250000000,"kind":"send","id":17,"from":"n1","to":"n2","type":"gossip","bytes":231,
//    "body":{…}}
// "t" is in seconds. Members that do not apply are not there.
gv_trace_write gv_trace_json;

// "send", "deliver", …
const char *gv_trace_name(enum gv_trace_kind kind);

#endif

// SPDX-License-Identifier: MIT
// Composes lines to nodes in one reused buffer.
#ifndef GV_SIM_CORE_ENVELOPE_H
#define GV_SIM_CORE_ENVELOPE_H

#include "memory.h"

enum { GV_ENVELOPE_EXCERPT_MAX = 240 }; // an error message shows at most this many bytes of a line

struct gv_envelope {
    struct gv_memory_bytes line; // the caller appends the body, and frees line.data
    uint64_t next_id;            // "id" of the next line
};

// Begins a line to node `dest` from client ('c') or node ('n') number `src`, up to its body.
void gv_envelope_open(struct gv_envelope *envelope, char letter, uint32_t src, uint32_t dest);
// The same for any sender and receiver, such as services. Names need no escapes.
void gv_envelope_open_names(struct gv_envelope *envelope, const char *src, const char *dest);
// Whether a composed line has a sender of this letter.
bool gv_envelope_begins(struct gv_slice line, char letter);

// The line so far; borrowed until the next call.
static inline struct gv_slice gv_envelope_line(const struct gv_envelope *envelope) {
    return gv_slice_of(envelope->line.data, envelope->line.len);
}

// The beginning of a line, escaped for a terminal (node/escape.h), in buf.
const char *gv_envelope_excerpt(struct gv_slice line, char buf[GV_ENVELOPE_EXCERPT_MAX + 8]);

#endif

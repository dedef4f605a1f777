// SPDX-License-Identifier: MIT
// Composes lines to nodes in one reused buffer.
#ifndef GV_SIM_CORE_ENVELOPE_H
#define GV_SIM_CORE_ENVELOPE_H

#include "../../merkle/base.h"

enum { GV_ENVELOPE_EXCERPT_MAX = 240 }; // most bytes of a line shown in an error message

struct gv_envelope {
    char *line;
    size_t len, cap;
    uint64_t next_id; // "id" of the next line
};

void gv_envelope_fini(struct gv_envelope *envelope);

// Begins a line to node `dest` from client ('c') or node ('n') number `src`, up to its body.
void gv_envelope_open(struct gv_envelope *envelope, char letter, uint32_t src, uint32_t dest);
// Whether a composed line has a sender of this letter.
bool gv_envelope_begins(struct gv_slice line, char letter);
void gv_envelope_add(struct gv_envelope *envelope, const void *bytes, size_t len);

// The line so far; borrowed until the next call.
static inline struct gv_slice gv_envelope_line(const struct gv_envelope *envelope) {
    return gv_slice_of(envelope->line, envelope->len);
}

// The beginning of a line, escaped for a terminal (node/escape.h), in buf.
const char *gv_envelope_excerpt(struct gv_slice line, char buf[GV_ENVELOPE_EXCERPT_MAX + 8]);

#endif

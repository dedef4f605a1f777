// SPDX-License-Identifier: MIT
#include "adversary.h"

#include "memory.h"

enum action { ALTER, ALTER_COPY, REDIRECT, REFLECT, REPLAY, ACTIONS };

void gv_adversary_fini(struct gv_adversary *adversary) {
    free(adversary->envelope.line.data);
    for (int i = 0; i < GV_ADVERSARY_CAPTURED; i++) free(adversary->captured[i].bytes);
}

// Captures a line in place of the oldest.
static void keep(struct gv_adversary *adversary, uint32_t src, uint32_t dest,
                 struct gv_slice line) {
    struct gv_adversary_line *place =
        &adversary->captured[adversary->seen++ % GV_ADVERSARY_CAPTURED];
    GV_MEMORY_GROW(place->bytes, &place->cap, line.len);
    memcpy(place->bytes, line.data, line.len);
    place->len = line.len;
    place->src = src;
    place->dest = dest;
}

static size_t body_of(struct gv_slice line) {
    static const char mark[] = "\"body\":";
    size_t at = 0, len = sizeof mark - 1;
    while (at + len < line.len && memcmp(line.data + at, mark, len) != 0) at++;
    GV_ASSERT(at + len < line.len);
    return at + len;
}

// Replaces the first digit after an offset in the body by 9, or 9 by 8, so the JSON stays valid.
static void alter(struct gv_adversary *adversary, size_t from, size_t at) {
    const struct gv_memory_bytes *line = &adversary->envelope.line;
    GV_ASSERT(from < line->len);
    size_t count = line->len - from;
    for (size_t i = 0; i < count; i++) {
        char *byte = &line->data[from + (at + i) % count];
        if (*byte < '0' || *byte > '9') continue;
        *byte = *byte == '9' ? '8' : '9';
        return;
    }
}

struct gv_adversary_action gv_adversary_act(struct gv_adversary *adversary, uint64_t draw,
                                            uint32_t nodes, uint32_t src, uint32_t dest,
                                            struct gv_slice line) {
    GV_ASSERT(src < nodes && dest < nodes);
    enum action action = (enum action)(draw % ACTIONS);
    uint32_t chance = (uint32_t)(draw >> 32);
    keep(adversary, src, dest, line);
    if (action == REPLAY) {
        uint32_t kept =
            adversary->seen < GV_ADVERSARY_CAPTURED ? adversary->seen : GV_ADVERSARY_CAPTURED;
        const struct gv_adversary_line *old = &adversary->captured[chance % kept];
        struct gv_slice bytes = gv_slice_of(old->bytes, old->len);
        return (struct gv_adversary_action){false, true, old->src, old->dest, bytes};
    }
    struct gv_adversary_action out = {.replaces = action == ALTER, .src = src, .dest = dest};
    if (action == REDIRECT && chance % nodes != src) out.dest = chance % nodes;
    if (action == REFLECT) {
        out.src = dest;
        out.dest = src;
    }
    size_t body = body_of(line);
    if (adversary->envelope.next_id == 0) adversary->envelope.next_id = GV_ADVERSARY_FIRST_ID;
    gv_envelope_open(&adversary->envelope, 'n', out.src, out.dest);
    size_t from = adversary->envelope.line.len;
    gv_memory_append(&adversary->envelope.line, line.data + body, line.len - body);
    if (action == ALTER || action == ALTER_COPY) alter(adversary, from, chance);
    out.line = gv_envelope_line(&adversary->envelope);
    return out;
}

// SPDX-License-Identifier: MIT
#include "forger.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ID (UINT64_C(1) << 40) // of lines of his own: none that there is

enum deed { ALTER, ALTER_COPY, SEND_ON, SEND_BACK, SAY_AGAIN, DEEDS };

void gv_forger_fini(struct gv_forger *forger) {
    GV_ASSERT(forger != NULL);
    gv_envelope_fini(&forger->envelope);
    for (int i = 0; i < GV_FORGER_KEPT; i++) free(forger->kept[i].bytes);
    *forger = (struct gv_forger){0};
}

// Keeps the line in place of the one seen longest ago.
static void keep(struct gv_forger *forger, uint32_t src, uint32_t dest, struct gv_slice line) {
    struct gv_forger_line *place = &forger->kept[forger->seen++ % GV_FORGER_KEPT];
    place->bytes = gv_memory_grow(place->bytes, &place->cap, line.len, 1);
    memcpy(place->bytes, line.data, line.len);
    place->len = line.len;
    place->src = src;
    place->dest = dest;
}

// Where the body of a line begins.
static size_t body_of(struct gv_slice line) {
    static const char mark[] = "\"body\":";
    size_t at = 0, len = sizeof mark - 1;
    while (at + len < line.len && memcmp(line.data + at, mark, len) != 0) at++;
    GV_ASSERT(at + len < line.len);
    return at + len;
}

// Makes a 9 of the first digit, from a place in the body on, or an 8. JSON stays JSON by that.
static void alter(struct gv_forger *forger, size_t from, size_t at) {
    struct gv_envelope *line = &forger->envelope;
    GV_ASSERT(from < line->len);
    size_t count = line->len - from;
    for (size_t i = 0; i < count; i++) {
        char *byte = &line->line[from + (at + i) % count];
        if (*byte < '0' || *byte > '9') continue;
        *byte = *byte == '9' ? '8' : '9';
        return;
    }
}

struct gv_forger_deed gv_forger_act(struct gv_forger *forger, uint64_t draw, uint32_t nodes,
                                    uint32_t src, uint32_t dest, struct gv_slice line) {
    GV_ASSERT(src < nodes && dest < nodes);
    enum deed deed = (enum deed)(draw % DEEDS);
    uint32_t chance = (uint32_t)(draw >> 32);
    keep(forger, src, dest, line);
    if (deed == SAY_AGAIN) {
        uint32_t kept = forger->seen < GV_FORGER_KEPT ? forger->seen : GV_FORGER_KEPT;
        const struct gv_forger_line *old = &forger->kept[chance % kept];
        struct gv_slice bytes = {(const uint8_t *)old->bytes, old->len};
        return (struct gv_forger_deed){false, true, old->src, old->dest, bytes};
    }
    struct gv_forger_deed out = {.instead = deed == ALTER, .src = src, .dest = dest};
    if (deed == SEND_ON && chance % nodes != src) out.dest = chance % nodes;
    if (deed == SEND_BACK) {
        out.src = dest;
        out.dest = src;
    }
    size_t body = body_of(line);
    if (forger->envelope.next_id < FIRST_ID) forger->envelope.next_id = FIRST_ID;
    gv_envelope_open(&forger->envelope, 'n', out.src, out.dest);
    size_t from = forger->envelope.len;
    gv_envelope_add(&forger->envelope, line.data + body, line.len - body);
    if (deed == ALTER || deed == ALTER_COPY) alter(forger, from, chance);
    out.line = gv_envelope_line(&forger->envelope);
    return out;
}

// SPDX-License-Identifier: MIT
#include "changelog.h"

enum { CAP_FIRST = 64 };

void gv_changelog_init(struct gv_changelog *log, struct gv_alloc alloc) {
    GV_ASSERT(alloc.resize != NULL);
    *log = (struct gv_changelog){.alloc = alloc};
}

void gv_changelog_fini(struct gv_changelog *log) {
    gv_alloc_free(log->alloc, log->slots, log->cap * sizeof *log->slots);
    *log = (struct gv_changelog){0};
}

static uint64_t slot(const struct gv_changelog *log, uint64_t seq) {
    return seq & (log->cap - 1);
}

// Doubles the ring, unless it has its maximum size or the allocation fails.
static void grow(struct gv_changelog *log) {
    uint32_t cap = log->cap ? log->cap * 2 : CAP_FIRST;
    if (cap > GV_CHANGELOG_MAX) return;
    struct gv_changelog_slot *slots = gv_alloc_new(log->alloc, cap * sizeof *slots);
    if (slots == NULL) return;
    for (uint64_t at = log->tail; at < log->head; at++)
        slots[at & (cap - 1)] = log->slots[slot(log, at)];
    gv_alloc_free(log->alloc, log->slots, log->cap * sizeof *slots);
    log->slots = slots;
    log->cap = cap;
}

uint64_t gv_changelog_append(struct gv_changelog *log, uint32_t ref, int origin) {
    GV_ASSERT(ref != GV_CHANGELOG_SUPERSEDED && origin >= GV_CHANGELOG_LOCAL);
    if (log->head - log->tail == log->cap) grow(log);
    if (log->head - log->tail == log->cap) log->tail += log->cap > 0;
    uint64_t seq = log->head++;
    if (log->cap > 0) {
        log->slots[slot(log, seq)] = (struct gv_changelog_slot){ref, origin};
    } else {
        log->tail = log->head;
    }
    GV_ASSERT(log->head - log->tail <= log->cap);
    return seq;
}

void gv_changelog_supersede(struct gv_changelog *log, uint64_t seq) {
    GV_ASSERT(seq < log->head || seq == UINT64_MAX);
    if (seq < log->tail || seq >= log->head) return;
    log->slots[slot(log, seq)].ref = GV_CHANGELOG_SUPERSEDED;
}

struct gv_changelog_slot gv_changelog_get(const struct gv_changelog *log, uint64_t seq) {
    GV_ASSERT(seq >= log->tail && seq < log->head);
    return log->slots[slot(log, seq)];
}

uint64_t gv_changelog_next(const struct gv_changelog *log, uint64_t seq, int peer) {
    GV_ASSERT(seq >= log->tail && seq <= log->head);
    for (; seq < log->head; seq++) {
        const struct gv_changelog_slot *at = &log->slots[slot(log, seq)];
        if (at->ref != GV_CHANGELOG_SUPERSEDED && at->origin != peer) break;
    }
    return seq;
}

void gv_changelog_truncate(struct gv_changelog *log, uint64_t seq) {
    GV_ASSERT(seq <= log->head);
    if (seq > log->tail) log->tail = seq;
}

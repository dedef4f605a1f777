// SPDX-License-Identifier: MIT
#include "changelog.h"

enum { CAP_FIRST = 64 };

void gv_changelog_init(struct gv_changelog *news, struct gv_alloc alloc) {
    GV_ASSERT(alloc.resize != NULL);
    *news = (struct gv_changelog){.alloc = alloc};
}

void gv_changelog_fini(struct gv_changelog *news) {
    news->alloc.resize(news->alloc.ctx, news->slots, news->cap * sizeof *news->slots, 0);
    *news = (struct gv_changelog){0};
}

static struct gv_changelog_slot *slot(const struct gv_changelog *news, uint64_t position) {
    return &news->slots[position & (news->cap - 1)];
}

// Doubles the ring, if it may and can be.
static void grow(struct gv_changelog *news) {
    uint32_t cap = news->cap ? news->cap * 2 : CAP_FIRST;
    if (cap > GV_CHANGELOG_MAX) return;
    struct gv_changelog_slot *slots =
        news->alloc.resize(news->alloc.ctx, NULL, 0, cap * sizeof *slots);
    if (slots == NULL) return;
    for (uint64_t at = news->tail; at < news->head; at++) slots[at & (cap - 1)] = *slot(news, at);
    news->alloc.resize(news->alloc.ctx, news->slots, news->cap * sizeof *slots, 0);
    news->slots = slots;
    news->cap = cap;
}

uint64_t gv_changelog_append(struct gv_changelog *news, uint32_t ref, int origin) {
    GV_ASSERT(ref != GV_CHANGELOG_SUPERSEDED && origin >= GV_CHANGELOG_LOCAL);
    if (news->head - news->tail == news->cap) grow(news);
    if (news->head - news->tail == news->cap) news->tail += news->cap > 0;
    uint64_t position = news->head++;
    if (news->cap > 0) {
        *slot(news, position) = (struct gv_changelog_slot){ref, origin};
    } else {
        news->tail = news->head;
    }
    GV_ASSERT(news->head - news->tail <= news->cap);
    return position;
}

void gv_changelog_supersede(struct gv_changelog *news, uint64_t position) {
    GV_ASSERT(position < news->head || position == UINT64_MAX);
    if (position >= news->tail && position < news->head)
        slot(news, position)->ref = GV_CHANGELOG_SUPERSEDED;
}

struct gv_changelog_slot gv_changelog_get(const struct gv_changelog *news, uint64_t position) {
    GV_ASSERT(position >= news->tail && position < news->head);
    return *slot(news, position);
}

void gv_changelog_truncate(struct gv_changelog *news, uint64_t position) {
    GV_ASSERT(position <= news->head);
    if (position > news->tail) news->tail = position;
}

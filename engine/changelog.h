// SPDX-License-Identifier: MIT
// The log of recent changes: which records changed, in order, and from whom the change came.
//
// Each peer has a sequence number in it; what lies behind are that peer's updates. The log forgets
// what all have acknowledged, and grows to a bound: beyond it the oldest updates go, and a peer
// that has not had them is caught up by a sync instead.
#ifndef GV_ENGINE_CHANGELOG_H
#define GV_ENGINE_CHANGELOG_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_CHANGELOG_MAX = 1 << 16, // most changes kept
    GV_CHANGELOG_LOCAL = -1,    // origin of a local write
};
#define GV_CHANGELOG_SUPERSEDED UINT32_MAX // ref of a change that a later one replaced

struct gv_changelog_slot {
    uint32_t ref;
    int32_t origin; // a peer, or GV_CHANGELOG_LOCAL
};

// Sequence numbers tail … head − 1 are kept. Sequence numbers never repeat.
struct gv_changelog {
    struct gv_alloc alloc;
    struct gv_changelog_slot *slots; // a ring of `cap` slots, a power of two
    uint32_t cap;
    uint64_t tail, head;
};

GV_API void gv_changelog_init(struct gv_changelog *log, struct gv_alloc alloc);
GV_API void gv_changelog_fini(struct gv_changelog *log);

// Appends a change; returns its sequence number. Never fails: where there is no room or no memory,
// the oldest change is forgotten, if need be this one at once.
GV_API uint64_t gv_changelog_append(struct gv_changelog *log, uint32_t ref, int origin);

// Blanks the change at this sequence number, if it is still kept: the record has changed again.
GV_API void gv_changelog_supersede(struct gv_changelog *log, uint64_t seq);

// The change at a sequence number in tail … head − 1.
GV_API struct gv_changelog_slot gv_changelog_get(const struct gv_changelog *log, uint64_t seq);

// Forgets what lies before this sequence number.
GV_API void gv_changelog_truncate(struct gv_changelog *log, uint64_t seq);

#ifdef __cplusplus
}
#endif
#endif

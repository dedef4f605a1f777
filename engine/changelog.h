// SPDX-License-Identifier: MIT
// The changelog: which records changed, in order, and which peer sent each change.
//
// Each change has a sequence number. For each peer the engine stores up to which number the peer
// has acknowledged; later changes are the peer's pending updates. The engine truncates changes that
// all peers have acknowledged. The log holds at most GV_CHANGELOG_MAX changes. When it is full it
// drops the oldest, and a sync brings them to the peers that lack them.
#ifndef GV_ENGINE_CHANGELOG_H
#define GV_ENGINE_CHANGELOG_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_CHANGELOG_MAX = 1 << 16, // maximum number of changes in the log
    GV_CHANGELOG_LOCAL = -1,    // origin of a local write
};
#define GV_CHANGELOG_SUPERSEDED UINT32_MAX // `ref` of a change that was superseded

struct gv_changelog_slot {
    uint32_t ref;   // the record that changed
    int32_t origin; // the peer that sent the change, or GV_CHANGELOG_LOCAL
};

// Holds the changes tail … head − 1. Sequence numbers never repeat.
struct gv_changelog {
    struct gv_alloc alloc;
    struct gv_changelog_slot *slots; // a ring of `cap` slots; `cap` is 0 or a power of two
    uint32_t cap;
    uint64_t tail, head;
};

// An empty log; allocates nothing.
void gv_changelog_init(struct gv_changelog *log, struct gv_alloc alloc);
void gv_changelog_fini(struct gv_changelog *log);

// Appends a change and returns its sequence number. Cannot fail: if the log is full or cannot grow,
// the oldest change is dropped; if nothing could be allocated, the new one is.
uint64_t gv_changelog_append(struct gv_changelog *log, uint32_t ref, int origin);

// Marks the change as superseded, because its record has changed again. No effect if the log does
// not have this number, or if the number is UINT64_MAX.
void gv_changelog_supersede(struct gv_changelog *log, uint64_t seq);

// The change with this sequence number, which must be in tail … head − 1.
struct gv_changelog_slot gv_changelog_get(const struct gv_changelog *log, uint64_t seq);

// The sequence number of the first change at or after `seq` that is an update for this peer: not
// superseded, and not sent by this peer. Returns `head` if there is none. `seq` must be in tail …
// head.
uint64_t gv_changelog_next(const struct gv_changelog *log, uint64_t seq, int peer);

// Drops the changes before this sequence number, which must not exceed head.
void gv_changelog_truncate(struct gv_changelog *log, uint64_t seq);

#ifdef __cplusplus
}
#endif
#endif

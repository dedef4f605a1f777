// SPDX-License-Identifier: MIT
#include "cut.h"

enum { AHEAD_FIRST = 64 };

// Hashes an offset, so that sums of different sets differ (the finalizer of SplitMix64).
static uint64_t mix(uint64_t offset) {
    uint64_t z = offset + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

// The bound of this slot at a count, which may be GV_OFFSET_COUNT_MAX + 1.
static uint64_t bound_at(const struct gv_cut *cut, uint64_t count, uint32_t slot) {
    return count << cut->slot_bits | slot;
}

static uint64_t count_of(const struct gv_cut *cut, uint64_t offset) {
    return gv_offset_count(cut->slot_bits, offset);
}

static uint32_t slot_of(const struct gv_cut *cut, uint64_t offset) {
    return gv_offset_slot(cut->slot_bits, offset);
}

static void raise_count(struct gv_cut *cut, uint64_t count) {
    if (count > GV_OFFSET_COUNT_MAX) count = GV_OFFSET_COUNT_MAX;
    if (count > cut->last) cut->last = count;
}

int gv_cut_init(struct gv_cut *cut, struct gv_alloc alloc, uint32_t self, uint32_t count,
                const struct gv_cut_config *config) {
    GV_ASSERT(self < count && count <= GV_OFFSET_SLOTS && config->life != 0);
    size_t size = count * sizeof *cut->slots;
    *cut = (struct gv_cut){
        .alloc = alloc,
        .self = self,
        .count = count,
        .slot_bits = gv_offset_slot_bits(count),
        .life = config->life,
        .limit = config->is_limited ? config->reserved : UINT64_MAX,
        .holder = self == 0 && count > 1 ? 1 : 0,
        .since = GV_TIME_NEVER,
        .recovering = config->is_fresh,
        .ask_at = GV_TIME_NEVER,
    };
    cut->slots = gv_alloc_new(alloc, size);
    if (cut->slots == NULL) return GV_ENOMEM;
    memset(cut->slots, 0, size);
    if (config->reserved > 0) raise_count(cut, config->reserved - 1);
    return 0;
}

void gv_cut_fini(struct gv_cut *cut) {
    if (cut->slots == NULL) return;
    gv_alloc_free(cut->alloc, cut->slots, cut->count * sizeof *cut->slots);
    gv_alloc_free(cut->alloc, cut->ahead, cut->ahead_cap * sizeof *cut->ahead);
    *cut = (struct gv_cut){0};
}

// --- entries and promises ----------------------------------------------------------------------

// Adds an offset that no promise covers to `ahead`. If the list is full or memory is exhausted, the
// entries are counted again when a promise arrives.
static void add_ahead(struct gv_cut *cut, uint64_t offset) {
    if (cut->ahead_count == cut->ahead_cap) {
        uint32_t cap = cut->ahead_cap > 0 ? cut->ahead_cap * 2 : AHEAD_FIRST;
        uint64_t *ahead = NULL;
        if (cap <= GV_CUT_AHEAD_MAX)
            ahead = gv_alloc_resize(cut->alloc, cut->ahead, cut->ahead_cap * sizeof *ahead,
                                    cap * sizeof *ahead);
        if (ahead == NULL) {
            cut->ahead_lost = true;
            return;
        }
        cut->ahead = ahead;
        cut->ahead_cap = cap;
    }
    cut->ahead[cut->ahead_count++] = offset;
}

// Moves the offsets that the slot's new bound covers from `ahead` to its sum.
static void take_ahead(struct gv_cut *cut, uint32_t slot) {
    struct gv_cut_slot *state = &cut->slots[slot];
    for (uint32_t i = 0; i < cut->ahead_count;) {
        uint64_t offset = cut->ahead[i];
        if (slot_of(cut, offset) != slot || offset >= state->bound) {
            i++;
            continue;
        }
        state->below += mix(offset);
        cut->ahead[i] = cut->ahead[--cut->ahead_count];
    }
}

static void find_holder(struct gv_cut *cut) {
    uint32_t holder = cut->self == 0 && cut->count > 1 ? 1 : 0;
    for (uint32_t i = holder; i < cut->count; i++) {
        if (i != cut->self && cut->slots[i].complete < cut->slots[holder].complete) holder = i;
    }
    cut->holder = holder;
}

// Marks the slot's bound as complete if this node holds everything that the promise covers.
static void check_complete(struct gv_cut *cut, uint32_t slot) {
    struct gv_cut_slot *state = &cut->slots[slot];
    if (cut->counting || cut->needs_recount || state->below != state->sum) return;
    if (state->bound <= state->complete) return;
    state->complete = state->bound;
    if (slot == cut->holder) find_holder(cut);
}

// Ends the recovery if all others have told a sum equal to the own sum.
static void check_recovered(struct gv_cut *cut) {
    while (cut->recovering && cut->matching < cut->count) {
        const struct gv_cut_slot *slot = &cut->slots[cut->matching];
        bool matches = slot->has_told && slot->told == cut->slots[cut->self].all;
        if (!matches && cut->matching != cut->self) return;
        cut->matching++;
    }
    if (!cut->recovering) return;
    cut->recovering = false;
    cut->ask_at = GV_TIME_NEVER;
    // Some bound may have the largest count told.
    if (cut->told_count > 0) raise_count(cut, cut->told_count + 1);
}

void gv_cut_held(struct gv_cut *cut, uint64_t offset) {
    uint32_t slot = slot_of(cut, offset);
    raise_count(cut, count_of(cut, offset));
    if (offset >= cut->top) cut->top = offset + 1;
    if (slot >= cut->count) return;
    struct gv_cut_slot *state = &cut->slots[slot];
    state->all += mix(offset);
    if (slot == cut->self) {
        if (offset >= cut->own_top) cut->own_top = offset + 1;
        // An entry of a former life came after the own promise: only a later promise covers it.
        if (offset < state->bound) raise_count(cut, count_of(cut, state->bound));
        cut->matching = 0;
        if (!cut->counting && cut->ask_at != GV_TIME_NEVER) check_recovered(cut);
    } else if (offset >= state->bound) {
        add_ahead(cut, offset);
    } else {
        cut->late += !cut->counting && offset < state->complete;
        state->below += mix(offset);
        check_complete(cut, slot);
    }
}

void gv_cut_promised(struct gv_cut *cut, uint32_t slot, uint64_t bound, uint64_t sum) {
    // The next own offset must not be below the bound, not even after a restart that loads the
    // promise.
    uint64_t count = count_of(cut, bound);
    if (count > 0) raise_count(cut, slot > cut->self ? count : count - 1);
    if (slot >= cut->count) return;
    struct gv_cut_slot *state = &cut->slots[slot];
    GV_ASSERT(bound >= state->bound);
    state->bound = bound;
    state->sum = sum;
    if (slot == cut->self) return;
    cut->needs_recount |= cut->ahead_lost;
    take_ahead(cut, slot);
    check_complete(cut, slot);
}

void gv_cut_begin_count(struct gv_cut *cut) {
    cut->counting = true;
    cut->ahead_count = 0;
    cut->ahead_lost = cut->needs_recount = false;
    for (uint32_t i = 0; i < cut->count; i++) cut->slots[i].below = cut->slots[i].all = 0;
}

void gv_cut_end_count(struct gv_cut *cut) {
    cut->counting = false;
    for (uint32_t i = 0; i < cut->count; i++) {
        if (i != cut->self) check_complete(cut, i);
    }
}

// --- assigning offsets -------------------------------------------------------------------------

int gv_cut_next(const struct gv_cut *cut, uint64_t *offset) {
    if (cut->recovering) return GV_ENOENT;
    if (cut->last >= GV_OFFSET_COUNT_MAX) return GV_EFULL;
    *offset = gv_offset_of(cut->slot_bits, cut->last + 1, cut->self);
    return 0;
}

void gv_cut_reserved(struct gv_cut *cut, uint64_t offset) {
    if (slot_of(cut, offset) != cut->self) return;
    if (cut->pending++ == 0) cut->pending_from = offset;
    raise_count(cut, count_of(cut, offset));
}

void gv_cut_released(struct gv_cut *cut, uint64_t offset) {
    if (slot_of(cut, offset) != cut->self || cut->pending == 0) return;
    cut->pending--;
    cut->pending_from = bound_at(cut, count_of(cut, offset) + 1, cut->self);
}

void gv_cut_set_limit(struct gv_cut *cut, uint64_t count) {
    if (count > cut->limit) cut->limit = count;
}

// --- own promises ------------------------------------------------------------------------------

// The largest bound that this node can promise now; 0: none.
static uint64_t own_bound(const struct gv_cut *cut) {
    if (cut->recovering) return 0;
    uint64_t bound = bound_at(cut, cut->last + 1, cut->self);
    if (cut->pending > 0) bound = cut->pending_from;
    uint64_t limit =
        cut->limit > GV_OFFSET_COUNT_MAX ? UINT64_MAX : bound_at(cut, cut->limit, cut->self);
    return bound < limit ? bound : limit;
}

// Whether the own promise is above the count that was last raised for another node's new life.
static bool is_witnessed(const struct gv_cut *cut) {
    return cut->witnessed == 0 || count_of(cut, cut->slots[cut->self].bound) > cut->witnessed;
}

bool gv_cut_is_due(const struct gv_cut *cut) {
    if (cut->slots == NULL || cut->count < 2) return false;
    const struct gv_cut_slot *own = &cut->slots[cut->self];
    uint64_t bound = own_bound(cut);
    // The sum covers all own entries, so no own entry may be at or above the bound.
    if (bound <= own->bound || bound < cut->own_top) return false;
    // A former life may have promised entries that nobody holds. Only a later promise replaces this
    // one.
    return cut->top > own->bound || (own->bound > 0 && own->sum != own->all) || !is_witnessed(cut);
}

void gv_cut_promise(const struct gv_cut *cut, uint64_t *bound, uint64_t *sum) {
    *bound = own_bound(cut);
    *sum = cut->slots[cut->self].all;
}

// --- the cut -----------------------------------------------------------------------------------

uint64_t gv_cut_get(const struct gv_cut *cut) {
    uint64_t bound = own_bound(cut);
    if (cut->count < 2) return bound;
    uint64_t least = cut->slots[cut->holder].complete;
    return least < bound ? least : bound;
}

uint32_t gv_cut_holder(const struct gv_cut *cut) {
    bool own = cut->count < 2 || own_bound(cut) <= cut->slots[cut->holder].complete;
    return own ? cut->self : cut->holder;
}

void gv_cut_watch(struct gv_cut *cut, gv_time now) {
    uint64_t at = gv_cut_get(cut);
    if (cut->top <= at) {
        cut->since = GV_TIME_NEVER;
    } else if (cut->since == GV_TIME_NEVER || at != cut->watched) {
        cut->since = now;
    }
    cut->watched = at;
}

// --- recovery ----------------------------------------------------------------------------------

void gv_cut_start(struct gv_cut *cut, gv_time now) {
    if (!cut->recovering) return;
    cut->wait = GV_CUT_ASK_MS * GV_MS;
    cut->ask_at = gv_time_after(now, cut->wait);
    for (uint32_t i = 0; i < cut->count; i++) cut->slots[i].ask = i != cut->self;
    check_recovered(cut); // this node may be alone
}

int gv_cut_ask_again(struct gv_cut *cut, gv_time now) {
    int differs = -1;
    cut->wait = gv_time_min(2 * cut->wait, GV_CUT_ASK_MAX_MS * GV_MS);
    cut->ask_at = gv_time_after(now, cut->wait);
    for (uint32_t i = 1; i < cut->count; i++) {
        uint32_t at = (cut->self + i) % cut->count;
        struct gv_cut_slot *slot = &cut->slots[at];
        if (slot->has_told && slot->told == cut->slots[cut->self].all) continue;
        slot->ask = true;
        if (slot->has_told && differs < 0) differs = (int)at;
    }
    return differs;
}

void gv_cut_asked(struct gv_cut *cut, uint32_t slot, uint32_t life) {
    struct gv_cut_slot *state = &cut->slots[slot];
    // The former life may have assigned offsets that no other node received. So each life is told a
    // count far above the count told to the former life.
    bool began = life != state->life && (state->life != 0 || cut->last > 0);
    if (began && !cut->recovering) {
        raise_count(cut, cut->last + GV_CUT_UNTOLD_MAX);
        cut->witnessed = cut->last;
    }
    state->life = life;
    state->tell = true;
    // The other node may have started after this node's questions were sent.
    bool asked_twice = cut->wait > GV_CUT_ASK_MS * GV_MS;
    if (cut->recovering && !state->has_told && asked_twice) state->ask = true;
}

void gv_cut_met(struct gv_cut *cut, uint32_t slot, uint32_t life) {
    if (cut->recovering && cut->slots[slot].life == 0) cut->slots[slot].life = life;
}

void gv_cut_told(struct gv_cut *cut, uint32_t slot, uint32_t life, uint64_t count, uint64_t sum) {
    struct gv_cut_slot *state = &cut->slots[slot];
    if (life != cut->life) { // this answers a question of a former life of this node
        state->ask = true;
        return;
    }
    if (!cut->recovering) return;
    state->has_told = true;
    state->told = sum;
    if (count > GV_OFFSET_COUNT_MAX) count = GV_OFFSET_COUNT_MAX;
    if (count > cut->told_count) cut->told_count = count;
    if (slot < cut->matching) cut->matching = slot;
    check_recovered(cut);
}

bool gv_cut_tells(const struct gv_cut *cut, uint32_t slot) {
    return cut->slots[slot].tell && is_witnessed(cut);
}

void gv_cut_sent(struct gv_cut *cut, uint32_t slot) {
    cut->slots[slot].ask = false;
    if (is_witnessed(cut)) cut->slots[slot].tell = false;
}

bool gv_cut_is_fenced(const struct gv_cut *cut, uint32_t slot, uint32_t life) {
    return cut->slots[slot].life != 0 && cut->slots[slot].life != life;
}

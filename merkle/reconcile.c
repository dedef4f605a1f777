// SPDX-License-Identifier: MIT
#include "reconcile.h"

#include "range.h"
#include "singlediff.h"
#include "strategy.h"

enum stage { STAGE_START, STAGE_SEND, STAGE_REQUEST };

enum {
    SALT_SIZE = 1,
    HEADER_MAX = 1 + GV_PACK_VARINT_MAX,            // a range's kind and bound
    BEFORE_MAX = SALT_SIZE + HEADER_MAX,            // the salt and a skip range
    SUM_MAX = HEADER_MAX + GV_PACK_VARINT_MAX + 16, // a subrange with sums
    SKETCH_MAX = HEADER_MAX + 1 + GV_PINSKETCH_CAPACITY * 4,
    LIST_MAX = HEADER_MAX + 1 + GV_RECONCILE_LIST_MAX * 4, // a list, or a request
    PROBE_MAX = HEADER_MAX + 1 + GV_PACK_VARINT_MAX,       // a probe range
    SPLIT_MIN = 4, // subranges for which there must be space
    RANGE_MAX = BEFORE_MAX + SPLIT_MIN * SKETCH_MAX,
    SLACK_MAX = 16,           // ranks by which a split point may move for a shorter bound
    SPLIT_BATCH = 32,         // split points looked up in one batch
    QUOTIENTS_MAX = 8,        // candidates tried if a quotient is not unique
    QUOTIENTS_MAX_ROOT = 256, // the same for the root, one in an exchange
    PROBE_SHIFT = 12,         // bits by which a probe is narrower than the gap around it
};
_Static_assert((int)RANGE_MAX <= (int)GV_RECONCILE_CAPACITY_MIN &&
                   (int)BEFORE_MAX + (int)LIST_MAX <= (int)RANGE_MAX,
               "an empty message holds any single range");

// The arguments of one gv_reconcile_answer.
struct walk {
    struct gv_reconcile *state;
    struct gv_tree *tree;
    const struct gv_digest_key *key;
    struct gv_reconcile_out *out;
    struct gv_strategy strategy;
};

static uint32_t short_hash_of(const struct walk *walk, uint64_t hash) {
    struct gv_digest one = {1, hash, 0};
    return (uint32_t)gv_digest_fingerprint(walk->key, one, walk->state->salt);
}

static size_t space_left(const struct walk *walk) {
    const struct gv_writer *out = &walk->out->summary;
    return out->cap > out->len ? out->cap - out->len : 0;
}

static struct gv_item item_of_rank(const struct gv_tree *tree, uint64_t rank) {
    struct gv_tree_cursor at;
    bool found = gv_tree_select(tree, rank, &at);
    GV_ASSERT(found);
    return gv_tree_get(&at);
}

// --- writing ranges ---------------------------------------------------------------------------

static void begin_range(struct walk *walk, enum gv_range_kind kind, uint64_t lo, uint64_t hi) {
    struct gv_reconcile_out *out = walk->out;
    GV_ASSERT(out->wrote <= lo && lo < hi);
    if (out->summary.len == 0) gv_pack_put_u8(&out->summary, walk->state->salt);
    if (out->wrote < lo) gv_range_put_header(&out->summary, GV_RANGE_SKIP, out->wrote, lo);
    gv_range_put_header(&out->summary, kind, lo, hi);
    out->wrote = hi;
}

static void put_digest(struct walk *walk, bool weighted, uint64_t lo, uint64_t hi,
                       struct gv_digest sums) {
    struct gv_writer *out = &walk->out->summary;
    begin_range(walk,
                sums.count == 0 ? GV_RANGE_EMPTY
                : weighted      ? GV_RANGE_DIGEST
                                : GV_RANGE_SUM,
                lo, hi);
    if (sums.count == 0) return;
    gv_pack_put_varint(out, sums.count);
    gv_pack_put_u64(out, sums.sum);
    if (weighted) gv_pack_put_u64(out, sums.weighted_sum);
}

static void put_sketch(struct walk *walk, uint64_t lo, uint64_t hi, uint64_t count) {
    begin_range(walk, count == 0 ? GV_RANGE_EMPTY : GV_RANGE_SKETCH, lo, hi);
    if (count == 0) return;
    struct gv_pinsketch sketch = gv_tree_sketch(walk->tree, lo, hi);
    gv_range_put_sketch(&walk->out->summary, &sketch, count);
}

void gv_reconcile_open(const struct gv_tree *tree, uint8_t salt, struct gv_writer *out) {
    if (tree == NULL || out == NULL) return;
    GV_ASSERT(out->len == 0);
    struct gv_digest root = gv_tree_root(tree);
    gv_pack_put_u8(out, salt);
    gv_pack_put_u8(out, GV_RANGE_ROOT);
    gv_pack_put_varint(out, root.count);
    gv_pack_put_u64(out, root.sum);
    gv_pack_put_u64(out, root.weighted_sum);
    gv_range_put_estimator(out, gv_tree_estimator(tree));
    GV_ASSERT(out->full || out->len <= GV_RECONCILE_ROOT_MAX);
}

bool gv_reconcile_is_opening(struct gv_slice summary) {
    return summary.data != NULL && summary.len > SALT_SIZE &&
           summary.len <= GV_RECONCILE_ROOT_MAX && summary.data[SALT_SIZE] == GV_RANGE_ROOT;
}

// --- splitting a range -----------------------------------------------------------------------

// The bound in (below, position] with the shortest encoding relative to `lo`: the one with the most
// trailing zero bits.
static uint64_t short_bound(uint64_t lo, uint64_t below, uint64_t position) {
    GV_ASSERT(lo <= below && below < position);
    uint64_t from = below - lo, to = position - lo;
    uint64_t differ = from ^ to;
    unsigned bit = 0;
    while (differ >>= 1) bit++;
    return lo + (to & ~(((uint64_t)1 << bit) - 1));
}

// A range that is being split.
struct splitter {
    struct gv_digest first, mine; // local digests before the range, and in it
    uint64_t subranges;
    uint64_t slack;          // ranks by which a split point may move
    uint64_t start;          // rank of the lower bound, plus the shift
    uint64_t from;           // the last bound
    struct gv_digest before; // local digest below `from`
    bool weighted;           // write both sums
    bool sketch;             // write sketches rather than sums
};

static void put_subrange(struct walk *walk, const struct splitter *splitter, uint64_t lo,
                         uint64_t hi, struct gv_digest sums) {
    if (splitter->sketch) {
        put_sketch(walk, lo, hi, sums.count);
    } else {
        put_digest(walk, splitter->weighted, lo, hi, sums);
    }
}

// Writes the subranges before the split points k to `end`. Each bound is the shortest one within
// the slack of its rank.
static void put_subranges(struct walk *walk, struct splitter *splitter, uint64_t k, uint64_t end) {
    uint64_t ranks[2 * SPLIT_BATCH], positions[2 * SPLIT_BATCH], bounds[SPLIT_BATCH];
    struct gv_digest below[SPLIT_BATCH];
    uint32_t n = 0, bound_count = 0;
    GV_ASSERT(k < end && end - k <= SPLIT_BATCH);
    for (; k < end; k++) {
        uint64_t rank = splitter->start + splitter->mine.count * k / splitter->subranges;
        ranks[n++] = rank - splitter->slack - 1;
        ranks[n++] = rank + splitter->slack;
    }
    gv_tree_select_batch(walk->tree, ranks, n, positions);
    uint64_t from = splitter->from;
    for (size_t i = 0; i < n; i += 2) {
        uint64_t low = positions[i], high = positions[i + 1];
        // Items that share a position are not split.
        if (low == high || low < from) continue;
        from = bounds[bound_count++] = short_bound(from, low, high);
    }
    gv_tree_digest_below_batch(walk->tree, bounds, bound_count, below);
    for (size_t i = 0; i < bound_count; i++) {
        put_subrange(walk, splitter, splitter->from, bounds[i],
                     gv_digest_sub(below[i], splitter->before));
        splitter->from = bounds[i];
        splitter->before = below[i];
    }
}

// Whether the sums in the current range are equal by accident, so that only the weighted sums show
// the difference.
static bool sums_collide(const struct gv_reconcile *state, struct gv_digest mine) {
    bool weighted = state->kind == GV_RANGE_DIGEST || state->kind == GV_RANGE_ROOT;
    return weighted && state->peer.sum == mine.sum;
}

// Whether the item's hash encodes its position, so that one sum suffices to decode it.
static bool encodes_position(const struct walk *walk, struct gv_item item) {
    return item.hash == gv_singlediff_permute(walk->key, item.position);
}

// Writes the current range, which has at least two positions, as subranges of about equal counts.
// The salt shifts all split points by up to a quarter of a subrange, so that differences with equal
// sums are in different subranges in a later exchange.
static void split(struct walk *walk, struct gv_digest first, struct gv_digest mine,
                  uint32_t subranges, bool sketch) {
    const struct gv_tree *tree = walk->tree;
    uint64_t lo = walk->state->lo, hi = walk->state->hi, quarter = mine.count / subranges / 4;
    struct gv_digest last = gv_digest_add(first, mine);
    struct gv_item sample = item_of_rank(tree, first.count + mine.count / 2);
    uint64_t shift = gv_digest_fingerprint(walk->key, mine, walk->state->salt);
    struct splitter splitter = {
        .first = first,
        .mine = mine,
        .subranges = subranges,
        .slack = quarter < SLACK_MAX ? quarter : SLACK_MAX,
        .start = first.count + shift % (2 * quarter + 1) - quarter,
        .from = lo,
        .before = first,
        .weighted = sums_collide(walk->state, mine) || !encodes_position(walk, sample),
        .sketch = sketch,
    };
    for (uint64_t k = 1; k < subranges; k += SPLIT_BATCH)
        put_subranges(walk, &splitter, k,
                      k + SPLIT_BATCH < subranges ? k + SPLIT_BATCH : subranges);
    if (splitter.from == lo &&
        subranges > 1) { // no split point lies between two positions: split before the last one
        splitter.from = item_of_rank(tree, last.count - 1).position;
        splitter.before = gv_tree_digest_below(tree, splitter.from);
        put_subrange(walk, &splitter, lo, splitter.from, gv_digest_sub(splitter.before, first));
    }
    uint64_t end = hi;
    if (walk->state->kind == GV_RANGE_ROOT && walk->state->peer.count > mine.count + 1) {
        // New positions are often the largest: "empty" requests those after the local ones.
        uint64_t beyond = item_of_rank(tree, last.count - 1).position + 1;
        if (splitter.from < beyond) end = beyond;
    }
    put_subrange(walk, &splitter, splitter.from, end, gv_digest_sub(last, splitter.before));
    if (end < hi) begin_range(walk, GV_RANGE_EMPTY, end, hi);
}

static void put_list(struct walk *walk, uint64_t lo, uint64_t hi, uint64_t count) {
    GV_ASSERT(count > 0 && count <= GV_RECONCILE_LIST_MAX);
    begin_range(walk, GV_RANGE_LIST, lo, hi);
    gv_range_put_count(&walk->out->summary, GV_RANGE_LIST, (uint32_t)count);
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(walk->tree, lo, &at);
    for (; count > 0; count--, more = gv_tree_next(&at)) {
        GV_ASSERT(more);
        gv_pack_put_u32(&walk->out->summary, short_hash_of(walk, gv_tree_get(&at).hash));
    }
}

// Schedules the local items in [from, to): `kind` selects which are sent (send_range).
static bool schedule(struct walk *walk, uint8_t kind, uint64_t from, uint64_t to) {
    struct gv_reconcile *state = walk->state;
    state->kind = kind;
    state->stage = STAGE_SEND;
    state->from = state->position = from;
    state->to = to;
    state->sent_at_position = 0;
    state->present = 0;
    return true;
}

// Writes a more detailed statement about the current range, which differs. `mine` is the local
// digest of the range, `first` that of all items before it. False: no space, and nothing was
// written.
static bool refine(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    uint64_t lo = walk->state->lo, hi = walk->state->hi;
    if (space_left(walk) < RANGE_MAX) return false;
    if (mine.count == 0) {
        begin_range(walk, GV_RANGE_EMPTY, lo, hi);
        walk->state->differences++;
        return true;
    }
    struct gv_strategy_choice choice = gv_strategy_choose(&walk->strategy, walk->state, mine);
    if (choice.kind == GV_RANGE_LIST) {
        put_list(walk, lo, hi, mine.count);
        return true;
    }
    uint64_t ends[2] = {first.count, first.count + mine.count - 1};
    gv_tree_select_batch(walk->tree, ends, 2, ends);
    if (ends[0] == ends[1]) {
        // A single position cannot be split and may have more items than a list. An empty range
        // makes the peer send its items there; the local ones are sent, too.
        begin_range(walk, GV_RANGE_EMPTY, lo, hi);
        return schedule(walk, GV_RANGE_EMPTY, lo, hi);
    }
    bool sketch = choice.kind == GV_RANGE_SKETCH;
    size_t fit = (space_left(walk) - BEFORE_MAX - HEADER_MAX) / (sketch ? SKETCH_MAX : SUM_MAX);
    GV_ASSERT(fit > 1);
    if (fit < choice.subranges && fit < 16 && walk->out->summary.len > SALT_SIZE) return false;
    split(walk, first, mine, fit < choice.subranges ? (uint32_t)fit : choice.subranges, sketch);
    return true;
}

// The same for a range whose digests are not looked up yet.
static bool refine_range(struct walk *walk) {
    struct gv_digest first = gv_tree_digest_below(walk->tree, walk->state->lo);
    struct gv_digest end = gv_tree_digest_below(walk->tree, walk->state->hi);
    return refine(walk, first, gv_digest_sub(end, first));
}

// --- answering sums --------------------------------------------------------------------------

// Whether the local tree has an item at this position and, unless `any`, with this hash.
static bool holds(const struct walk *walk, uint64_t position, bool any, uint64_t hash) {
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(walk->tree, position, &at);
    for (; more && gv_tree_get(&at).position == position; more = gv_tree_next(&at)) {
        if (any || gv_tree_get(&at).hash == hash) return true;
    }
    return false;
}

// Writes a probe around this position, so narrow that it covers no other local item.
static void put_probe(struct walk *walk, uint64_t position) {
    uint64_t lo = walk->state->lo, hi = walk->state->hi;
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(walk->tree, position, &at);
    struct gv_tree_cursor before = at;
    uint64_t low = gv_tree_prev(&before) ? gv_tree_get(&before).position : 0;
    while (more && gv_tree_get(&at).position == position) more = gv_tree_next(&at);
    uint64_t high = more ? gv_tree_get(&at).position : GV_POSITION_END;
    uint64_t gap = position - low < high - position ? position - low : high - position;
    unsigned zeros = 0;
    while (zeros < 63 && gap >> zeros >> (PROBE_SHIFT + 1) != 0) zeros++;
    begin_range(walk, GV_RANGE_PROBE, lo, hi);
    gv_pack_put_u8(&walk->out->summary, (uint8_t)zeros);
    gv_pack_put_varint(&walk->out->summary, (position - lo) >> zeros);
}

// The position of the single difference by division (gv_singlediff_quotient), or hi if there is
// none. `ours`: the item is in the local tree, so several candidates can be tried; otherwise the
// quotient must be unique.
static uint64_t find_quotient(const struct walk *walk, struct gv_digest more, bool ours) {
    uint64_t hi = walk->state->hi, step;
    uint64_t position =
        gv_singlediff_quotient(more.sum, more.weighted_sum, walk->state->lo, hi, &step);
    if (!ours) return step <= hi - walk->state->lo && step != 0 ? hi : position;
    int most = walk->state->kind == GV_RANGE_ROOT ? QUOTIENTS_MAX_ROOT : QUOTIENTS_MAX;
    for (int i = 0; position < hi && i < most; i++) {
        if (holds(walk, position, more.count == 0, more.sum)) return position;
        if (step == 0 || hi - position <= step) break;
        position += step;
    }
    return hi;
}

// Whether a single difference is plausible. For the root the estimators must support it: the
// estimate is at most 1 for an added item, and at most 4 for a changed value, which is two items.
static bool may_be_single(const struct walk *walk, struct gv_digest mine) {
    if (walk->state->kind != GV_RANGE_ROOT) return true;
    uint64_t differ = gv_strategy_estimate(&walk->strategy, walk->state, mine);
    return differ <= (mine.count == walk->state->peer.count ? 4 : 1);
}

enum decoded { DECODED_NOT, DECODED, DECODED_FULL };

// Tries to decode a single difference; the counts differ by at most one.
static enum decoded decode_single(struct walk *walk, struct gv_digest mine) {
    const struct gv_reconcile *state = walk->state;
    uint64_t lo = state->lo, hi = state->hi, position = hi;
    if (!may_be_single(walk, mine)) return DECODED_NOT;
    bool ours = mine.count >= state->peer.count, changed = mine.count == state->peer.count;
    struct gv_digest more =
        ours ? gv_digest_sub(mine, state->peer) : gv_digest_sub(state->peer, mine);
    if (!changed) {
        position = gv_singlediff_unpermute(walk->key, more.sum);
        bool good = position >= lo && position < hi;
        if (good && ours) good = holds(walk, position, false, more.sum);
        if (good && state->kind != GV_RANGE_SUM) good = position * more.sum == more.weighted_sum;
        if (!good) position = hi;
    }
    if (position == hi && state->kind != GV_RANGE_SUM) position = find_quotient(walk, more, ours);
    if (position == hi) return DECODED_NOT;
    // If the local tree already has an item at the position, several items there may differ.
    if (!ours && holds(walk, position, true, 0)) return DECODED_NOT;
    if (!ours || changed) {
        if (space_left(walk) < BEFORE_MAX + PROBE_MAX) return DECODED_FULL;
        put_probe(walk, position);
    }
    walk->state->differences++;
    if (ours) schedule(walk, GV_RANGE_EMPTY, position, position + 1);
    return DECODED;
}

// Whether the peer lacks only items at one end of the range. If so, schedules them.
static bool send_missing_end(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    const struct gv_reconcile *state = walk->state;
    uint64_t bound = item_of_rank(walk->tree, first.count + state->peer.count).position;
    struct gv_digest left = gv_digest_sub(gv_tree_digest_below(walk->tree, bound), first);
    if (gv_strategy_matches(state, left)) return schedule(walk, GV_RANGE_EMPTY, bound, state->hi);
    bound = item_of_rank(walk->tree, first.count + mine.count - state->peer.count).position;
    left = gv_digest_sub(gv_tree_digest_below(walk->tree, bound), first);
    if (gv_strategy_matches(state, gv_digest_sub(mine, left)))
        return schedule(walk, GV_RANGE_EMPTY, state->lo, bound);
    return false;
}

// False: no space, and nothing was written.
static bool answer_sums(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    struct gv_digest first, mine = gv_strategy_mine(&walk->strategy, state, &first);
    if (gv_strategy_matches(state, mine)) return true;
    if (state->peer.count == 0) {
        state->differences++;
        return schedule(walk, GV_RANGE_EMPTY, state->lo, state->hi);
    }
    int64_t by = gv_strategy_surplus(state, mine.count);
    if (by >= -1 && by <= 1 && mine.count > 0) {
        enum decoded decoded = decode_single(walk, mine);
        if (decoded != DECODED_NOT) return decoded == DECODED;
    } else if (mine.count > state->peer.count && send_missing_end(walk, first, mine)) {
        state->differences++;
        return true;
    }
    return refine(walk, first, mine);
}

// --- answering sketches ----------------------------------------------------------------------

// False: no space, and nothing was written.
static bool answer_sketch(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    struct gv_pinsketch differ = gv_tree_sketch(walk->tree, state->lo, state->hi);
    gv_pinsketch_merge(&differ, &state->sketch);
    int count = gv_pinsketch_decode(&differ, state->syndromes, walk->tree->clmul, state->elements);
    if (count < 0) return refine_range(walk);
    if (count == 0) return true;
    state->count = (uint32_t)count;
    state->differences += (state->count + 1) / 2;
    return schedule(walk, GV_RANGE_SKETCH, state->lo, state->hi);
}

// Sends the local items with one of the elements. False: the message is full.
static bool send_elements(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    uint8_t filter[GV_TREE_FILTER] = {0};
    for (uint32_t i = 0; i < state->count; i++) {
        filter[state->elements[i] % GV_TREE_FILTER] = 1;
        if (state->elements[i] == 1)
            filter[0] = 1; // also the element of a hash whose low bits are 0
    }
    struct gv_tree_cursor at;
    uint64_t position = state->position, seen = 0;
    bool more = gv_tree_seek(walk->tree, position, &at) && gv_tree_scan(&at, state->to, filter);
    for (; more; more = gv_tree_next(&at) && gv_tree_scan(&at, state->to, filter)) {
        struct gv_item item = gv_tree_get(&at);
        uint32_t element = gv_pinsketch_element(item.hash), i = 0;
        while (i < state->count && state->elements[i] != element) i++;
        if (i == state->count) continue;
        if (item.position != position) position = item.position, seen = 0;
        if (seen++ < state->sent_at_position && position == state->position) continue;
        if (!walk->out->send(walk->out->ctx, item.ref, walk->out->summary.len)) {
            state->position = position;
            state->sent_at_position = seen - 1;
            return false;
        }
        state->present |= UINT32_C(1) << i;
    }
    return true;
}

// Requests the elements of a sketch that the local tree lacks. If the counts contradict them, the
// sketch decoded wrongly, and the range is refined. False: the message is full.
static bool request_missing_elements(struct walk *walk) {
    const struct gv_reconcile *state = walk->state;
    uint32_t missing = 0;
    for (uint32_t i = 0; i < state->count; i++) missing += (state->present >> i & 1) == 0;
    uint64_t mine = gv_tree_digest(walk->tree, state->lo, state->hi).count;
    uint64_t peer = mine - (state->count - missing) + missing;
    if ((peer - state->count_mod) % GV_RANGE_COUNT_MODULUS != 0) return refine_range(walk);
    if (missing == 0) return true;
    if (space_left(walk) < RANGE_MAX) return false;
    begin_range(walk, GV_RANGE_LIST, state->lo, state->hi);
    gv_range_put_count(&walk->out->summary, GV_RANGE_REQUEST_ELEMENTS, missing);
    for (uint32_t i = 0; i < state->count; i++) {
        if ((state->present >> i & 1) == 0)
            gv_pack_put_u32(&walk->out->summary, state->elements[i]);
    }
    return true;
}

// --- answering lists, requests and probes ----------------------------------------------------

// Reads the short hashes of the range.
static void read_short_hashes(const struct gv_reconcile *state,
                              uint32_t short_hashes[GV_RECONCILE_LIST_MAX]) {
    struct gv_reader in = state->in;
    GV_ASSERT(state->count <= GV_RECONCILE_LIST_MAX);
    in.at = state->short_hashes;
    for (uint32_t i = 0; i < state->count; i++) short_hashes[i] = gv_pack_get_u32(&in);
}

// Sends local items in [from, to): those that the list lacks, those that the request names, or for
// other kinds all. False: the message is full.
static bool send_range(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    bool list = state->kind == GV_RANGE_LIST, request = state->kind == GV_RANGE_REQUEST_HASHES;
    uint32_t short_hashes[GV_RECONCILE_LIST_MAX];
    if (list || request) read_short_hashes(state, short_hashes);
    struct gv_tree_cursor at;
    uint64_t position = state->position, seen = 0;
    for (bool more = gv_tree_seek(walk->tree, position, &at); more; more = gv_tree_next(&at)) {
        struct gv_item item = gv_tree_get(&at);
        if (item.position >= state->to) break;
        if (item.position != position) position = item.position, seen = 0;
        if (seen++ < state->sent_at_position && position == state->position) continue;
        if (list || request) {
            uint32_t short_hash = short_hash_of(walk, item.hash), index = 0;
            while (index < state->count && short_hashes[index] != short_hash) index++;
            bool found = index < state->count;
            if (list && found) state->present |= UINT32_C(1) << index;
            if (found == list) continue;
        }
        if (!walk->out->send(walk->out->ctx, item.ref, walk->out->summary.len)) {
            state->position = position;
            state->sent_at_position = seen - 1;
            return false;
        }
        state->differences += list;
    }
    return true;
}

// Requests the items of a list that the local tree lacks. False: the message is full.
static bool request_missing_hashes(struct walk *walk) {
    const struct gv_reconcile *state = walk->state;
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++) count += (state->present >> i & 1) == 0;
    if (count == 0) return true;
    if (space_left(walk) < RANGE_MAX) return false;
    begin_range(walk, GV_RANGE_LIST, state->lo, state->hi);
    gv_range_put_count(&walk->out->summary, GV_RANGE_REQUEST_HASHES, count);
    uint32_t short_hashes[GV_RECONCILE_LIST_MAX];
    read_short_hashes(state, short_hashes);
    for (uint32_t i = 0; i < state->count; i++) {
        if ((state->present >> i & 1) == 0) gv_pack_put_u32(&walk->out->summary, short_hashes[i]);
    }
    walk->state->differences += count;
    return true;
}

static bool answer_probe(struct walk *walk) {
    const struct gv_reconcile *state = walk->state;
    struct gv_tree_cursor at;
    bool any = gv_tree_seek(walk->tree, state->from, &at) && gv_tree_get(&at).position < state->to;
    if (any) return schedule(walk, GV_RANGE_EMPTY, state->from, state->to);
    return refine_range(walk);
}

// --- the ranges of a summary ------------------------------------------------------------------

int gv_reconcile_begin(struct gv_reconcile *state, struct gv_slice summary) {
    if (state == NULL || (summary.data == NULL && summary.len > 0)) return GV_EINVAL;
    *state = (struct gv_reconcile){.in = {summary.data, summary.len, 0, 0}, .kind = GV_RANGE_END};
    state->salt = gv_pack_get_u8(&state->in);
    return state->in.error;
}

// Starts the answer to the current range. False: no space, and nothing was written.
static bool start_range(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    switch (state->kind) {
    case GV_RANGE_SKIP:
        return true;
    case GV_RANGE_SKETCH:
        return answer_sketch(walk);
    case GV_RANGE_PROBE:
        return answer_probe(walk);
    case GV_RANGE_SUM:
    case GV_RANGE_DIGEST:
    case GV_RANGE_ROOT:
        return answer_sums(walk);
    default:
        if (state->kind == GV_RANGE_REQUEST_ELEMENTS) state->differences += state->count;
        return schedule(walk, state->kind, state->lo, state->hi);
    }
}

// Continues the answer to the current range. False: the message is full.
static bool answer_range(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    if (state->stage == STAGE_START) {
        if (!start_range(walk)) return false;
        if (state->stage == STAGE_START) return true;
    }
    bool elements = state->kind == GV_RANGE_SKETCH || state->kind == GV_RANGE_REQUEST_ELEMENTS;
    if (state->stage == STAGE_SEND) {
        if (!(elements ? send_elements(walk) : send_range(walk))) return false;
        state->stage = STAGE_REQUEST;
    }
    if (state->kind == GV_RANGE_SKETCH) return request_missing_elements(walk);
    return state->kind != GV_RANGE_LIST || request_missing_hashes(walk);
}

int gv_reconcile_answer(struct gv_reconcile *state, struct gv_tree *tree,
                        const struct gv_digest_key *key, struct gv_reconcile_out *out) {
    if (state == NULL || tree == NULL || key == NULL || out == NULL) return GV_EINVAL;
    if (out->send == NULL || out->summary.data == NULL) return GV_EINVAL;
    if (out->summary.cap < GV_RECONCILE_CAPACITY_MIN) return GV_ESPACE;
    struct walk walk = {.state = state,
                        .tree = tree,
                        .key = key,
                        .out = out,
                        .strategy = {.tree = tree, .key = key}};
    if (!state->sampled) gv_strategy_sample(&walk.strategy, state);
    while (!state->done) {
        if (state->kind == GV_RANGE_END) {
            state->stage = STAGE_START;
            if (!gv_range_next(state)) {
                state->done = true;
                break;
            }
        }
        gv_strategy_look_up(&walk.strategy, state);
        if (!answer_range(&walk)) return 1;
        state->kind = GV_RANGE_END;
    }
    return state->in.error;
}

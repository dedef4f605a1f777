// SPDX-License-Identifier: MIT
#include "rbsr.h"

#include "strategy.h"

enum stage { STAGE_START, STAGE_SEND, STAGE_REQUEST };

// Which local items of the range are sent: all, those that a list lacks, or those with the short
// hashes or the elements that the cursor names.
enum selection { SELECT_ALL, SELECT_UNLISTED, SELECT_HASHES, SELECT_ELEMENTS };

enum {
    SALT_SIZE = 1,
    HEADER_MAX = 1 + GV_PACK_VARINT_MAX, // a range's kind and bound
    BEFORE_MAX = SALT_SIZE + HEADER_MAX, // the salt and a skip range, which may precede a range
    SUM_MAX = HEADER_MAX + GV_PACK_VARINT_MAX + 16, // a subrange with sums
    SKETCH_MAX = HEADER_MAX + 1 + GV_PINSKETCH_CAPACITY * 4,
    LIST_MAX = HEADER_MAX + 1 + GV_RANGE_LIST_MAX * 4, // a list, or a request
    PROBE_MAX = HEADER_MAX + 1 + GV_PACK_VARINT_MAX,   // a probe range
    SPLIT_MIN = 4, // there must be space for this many subranges
    RANGE_MAX = BEFORE_MAX + SPLIT_MIN * SKETCH_MAX,
    SLACK_MAX = 16,           // ranks by which a split point may move for a shorter bound
    SPLIT_BATCH = 32,         // split points looked up in one batch
    QUOTIENTS_MAX = 8,        // candidates tried if a quotient is not unique
    QUOTIENTS_MAX_ROOT = 256, // the same for a root range, of which an exchange has only one
    PROBE_SHIFT = 12,         // bits by which a probe is narrower than the gap around it
};
_Static_assert((int)RANGE_MAX <= (int)GV_RBSR_CAPACITY_MIN &&
                   (int)BEFORE_MAX + (int)LIST_MAX <= (int)RANGE_MAX,
               "an empty message holds any single range");

// The arguments of gv_rbsr_answer, and the range that is being answered.
struct walk {
    struct gv_rbsr *state;
    struct gv_tree *tree;
    const struct gv_digest_key *key;
    struct gv_rbsr_out *out;
    const struct gv_range *range;
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
    struct gv_rbsr_out *out = walk->out;
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

void gv_rbsr_open(const struct gv_tree *tree, uint8_t salt, struct gv_writer *out) {
    if (tree == NULL || out == NULL) return;
    GV_ASSERT(out->len == 0);
    struct gv_digest root = gv_tree_root(tree);
    gv_pack_put_u8(out, salt);
    gv_pack_put_u8(out, GV_RANGE_ROOT);
    gv_pack_put_varint(out, root.count);
    gv_pack_put_u64(out, root.sum);
    gv_pack_put_u64(out, root.weighted_sum);
    gv_range_put_estimator(out, gv_tree_estimator(tree));
    GV_ASSERT(out->full || out->len <= GV_RBSR_ROOT_MAX);
}

bool gv_rbsr_is_opening(struct gv_slice summary) {
    return summary.data != NULL && summary.len > SALT_SIZE && summary.len <= GV_RBSR_ROOT_MAX &&
           summary.data[SALT_SIZE] == GV_RANGE_ROOT;
}

// --- splitting a range -----------------------------------------------------------------------

// The bound in (below, position] with the shortest encoding relative to `lo`, which is the one with
// the most trailing zero bits.
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
    struct gv_digest first, mine; // local digests of the items before and in the range
    uint64_t subranges;
    uint64_t slack;          // ranks by which a split point may move
    uint64_t start;          // rank of the lower bound, plus the shift
    uint64_t from;           // the last bound that was written to the summary
    struct gv_digest before; // local digest below `from`
    bool weighted;           // write sum and weighted sum
    bool sketch;             // write sketches instead of sums
};

static void put_subrange(struct walk *walk, const struct splitter *splitter, uint64_t lo,
                         uint64_t hi, struct gv_digest sums) {
    if (splitter->sketch) {
        put_sketch(walk, lo, hi, sums.count);
    } else {
        put_digest(walk, splitter->weighted, lo, hi, sums);
    }
}

// Writes the subranges that end at the split points k to end - 1. Each bound is the one with the
// shortest encoding within `slack` ranks of its split point.
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
        // Items that share a position stay in one subrange.
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

// Whether the sums of the current range are equal by accident. Only the weighted sums then show the
// difference.
static bool sums_collide(const struct gv_range *range, struct gv_digest mine) {
    bool weighted = range->kind == GV_RANGE_DIGEST || range->kind == GV_RANGE_ROOT;
    return weighted && range->peer.sum == mine.sum;
}

// Whether the item's hash is its permuted position; sums without weights then suffice to decode it.
static bool encodes_position(const struct walk *walk, struct gv_item item) {
    return item.hash == gv_singlediff_permute(walk->key, item.position);
}

// Starts at the lower bound of the current range, which has items at two positions or more. The
// salt shifts all split points by up to a quarter of a subrange. So differences that cancel in the
// sums of one exchange are in different subranges in a later exchange.
static struct splitter start_split(const struct walk *walk, struct gv_digest first,
                                   struct gv_digest mine, uint32_t subranges, bool sketch) {
    uint64_t quarter = mine.count / subranges / 4;
    uint64_t shift = gv_digest_fingerprint(walk->key, mine, walk->state->salt);
    struct gv_item sample = item_of_rank(walk->tree, first.count + mine.count / 2);
    return (struct splitter){
        .first = first,
        .mine = mine,
        .subranges = subranges,
        .slack = quarter < SLACK_MAX ? quarter : SLACK_MAX,
        .start = first.count + shift % (2 * quarter + 1) - quarter,
        .from = walk->range->lo,
        .before = first,
        .weighted = sums_collide(walk->range, mine) || !encodes_position(walk, sample),
        .sketch = sketch,
    };
}

// Writes the current range as subranges with about equal numbers of items.
static void split(struct walk *walk, struct splitter *splitter) {
    const struct gv_range *range = walk->range;
    uint64_t subranges = splitter->subranges;
    struct gv_digest last = gv_digest_add(splitter->first, splitter->mine);
    for (uint64_t k = 1; k < subranges; k += SPLIT_BATCH)
        put_subranges(walk, splitter, k, k + SPLIT_BATCH < subranges ? k + SPLIT_BATCH : subranges);
    if (splitter->from == range->lo && subranges > 1) {
        // All split points fell on shared positions: split before the last position.
        uint64_t bound = item_of_rank(walk->tree, last.count - 1).position;
        struct gv_digest before = gv_tree_digest_below(walk->tree, bound);
        put_subrange(walk, splitter, range->lo, bound, gv_digest_sub(before, splitter->first));
        splitter->from = bound;
        splitter->before = before;
    }
    uint64_t end = range->hi;
    if (range->kind == GV_RANGE_ROOT && range->peer.count > splitter->mine.count + 1) {
        // New items of the peer often follow the last local item. An "empty" range requests them.
        uint64_t beyond = item_of_rank(walk->tree, last.count - 1).position + 1;
        if (splitter->from < beyond) end = beyond;
    }
    put_subrange(walk, splitter, splitter->from, end, gv_digest_sub(last, splitter->before));
    if (end < range->hi) begin_range(walk, GV_RANGE_EMPTY, end, range->hi);
}

static void put_list(struct walk *walk, uint64_t lo, uint64_t hi, uint64_t count) {
    GV_ASSERT(count > 0 && count <= GV_RANGE_LIST_MAX);
    begin_range(walk, GV_RANGE_LIST, lo, hi);
    gv_range_put_count(&walk->out->summary, GV_RANGE_LIST, (uint32_t)count);
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(walk->tree, lo, &at);
    for (; count > 0; count--, more = gv_tree_next(&at)) {
        GV_ASSERT(more);
        gv_pack_put_u32(&walk->out->summary, short_hash_of(walk, gv_tree_get(&at).hash));
    }
}

// Schedules the local items in [from, to) to be sent, or, as `selection` says, some of them.
static bool schedule(struct walk *walk, enum selection selection, uint32_t count, uint64_t from,
                     uint64_t to) {
    struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    cursor->stage = STAGE_SEND;
    cursor->selection = (uint8_t)selection;
    cursor->count = count;
    cursor->position = from;
    cursor->to = to;
    cursor->sent = 0;
    cursor->present = 0;
    return true;
}

static bool schedule_all(struct walk *walk, uint64_t from, uint64_t to) {
    return schedule(walk, SELECT_ALL, 0, from, to);
}

// Writes a more detailed statement about the current range, which differs. `mine` is the digest of
// the local items in the range, `first` the digest of all items before the range. Returns false,
// and writes nothing, if there is no space.
static bool refine(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    const struct gv_range *range = walk->range;
    if (space_left(walk) < RANGE_MAX) return false;
    if (mine.count == 0) {
        begin_range(walk, GV_RANGE_EMPTY, range->lo, range->hi);
        walk->state->differences++;
        return true;
    }
    struct gv_strategy_choice choice =
        gv_strategy_choose(&walk->state->strategy, walk->tree, range, mine);
    if (choice.kind == GV_RANGE_LIST) {
        put_list(walk, range->lo, range->hi, mine.count);
        return true;
    }
    uint64_t ends[2] = {first.count, first.count + mine.count - 1};
    gv_tree_select_batch(walk->tree, ends, 2, ends);
    if (ends[0] == ends[1]) {
        // A single position cannot be split, and may have more items than a list can hold. "Empty"
        // makes the peer send its items there; the local ones are sent, too.
        begin_range(walk, GV_RANGE_EMPTY, range->lo, range->hi);
        return schedule_all(walk, range->lo, range->hi);
    }
    bool sketch = choice.kind == GV_RANGE_SKETCH;
    size_t fit = (space_left(walk) - BEFORE_MAX - HEADER_MAX) / (sketch ? SKETCH_MAX : SUM_MAX);
    GV_ASSERT(fit > 1);
    if (fit < choice.subranges && fit < 16 && walk->out->summary.len > SALT_SIZE) return false;
    uint32_t subranges = fit < choice.subranges ? (uint32_t)fit : choice.subranges;
    struct splitter splitter = start_split(walk, first, mine, subranges, sketch);
    split(walk, &splitter);
    return true;
}

// Refines a range whose local digests have not been looked up yet.
static bool refine_range(struct walk *walk) {
    struct gv_digest first = gv_tree_digest_below(walk->tree, walk->range->lo);
    struct gv_digest end = gv_tree_digest_below(walk->tree, walk->range->hi);
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

// The distance from a position to the nearest other position of a local item, or to either end.
static uint64_t gap_around(const struct gv_tree *tree, uint64_t position) {
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(tree, position, &at);
    struct gv_tree_cursor before = at;
    uint64_t low = gv_tree_prev(&before) ? gv_tree_get(&before).position : 0;
    while (more && gv_tree_get(&at).position == position) more = gv_tree_next(&at);
    uint64_t high = more ? gv_tree_get(&at).position : GV_POSITION_END;
    return position - low < high - position ? position - low : high - position;
}

// Writes a probe around this position that is too narrow to cover any other local item.
static void put_probe(struct walk *walk, uint64_t position) {
    const struct gv_range *range = walk->range;
    uint64_t gap = gap_around(walk->tree, position);
    unsigned zeros = 0;
    while (zeros < 63 && gap >> zeros >> (PROBE_SHIFT + 1) != 0) zeros++;
    begin_range(walk, GV_RANGE_PROBE, range->lo, range->hi);
    gv_pack_put_u8(&walk->out->summary, (uint8_t)zeros);
    gv_pack_put_varint(&walk->out->summary, (position - range->lo) >> zeros);
}

// A single difference between the peer's and the local digest of a range.
struct single {
    struct gv_digest more; // the digest of the side that has the item, minus the other digest
    bool ours;             // the item is in the local tree
    bool changed;          // both sides have an item at the position, with different hashes
};

// The position of a single difference, by the inverse permutation of its hash, or range->hi.
static uint64_t find_permuted(const struct walk *walk, const struct single *single) {
    const struct gv_range *range = walk->range;
    if (single->changed) return range->hi;
    uint64_t position = gv_singlediff_unpermute(walk->key, single->more.sum);
    bool good = position >= range->lo && position < range->hi;
    if (good && single->ours) good = holds(walk, position, false, single->more.sum);
    if (good && range->kind != GV_RANGE_SUM)
        good = position * single->more.sum == single->more.weighted_sum;
    return good ? position : range->hi;
}

// The position of a single difference, by division (gv_singlediff_quotient), or range->hi. If the
// item is local, several candidates can be checked; otherwise the quotient must be unique.
static uint64_t find_quotient(const struct walk *walk, const struct single *single) {
    const struct gv_range *range = walk->range;
    uint64_t hi = range->hi, step, sum = single->more.sum;
    if (range->kind == GV_RANGE_SUM) return hi;
    uint64_t position =
        gv_singlediff_quotient(sum, single->more.weighted_sum, range->lo, hi, &step);
    if (!single->ours) return step <= hi - range->lo && step != 0 ? hi : position;
    int most = range->kind == GV_RANGE_ROOT ? QUOTIENTS_MAX_ROOT : QUOTIENTS_MAX;
    for (int i = 0; position < hi && i < most; i++) {
        if (holds(walk, position, single->changed, sum)) return position;
        if (step == 0 || hi - position <= step) break;
        position += step;
    }
    return hi;
}

// Whether a single difference is plausible. For a root the estimators must support it: the estimate
// is at most 1 for an added item, and at most 4 for a changed value, which counts as two items.
static bool may_be_single(const struct walk *walk, struct gv_digest mine) {
    if (walk->range->kind != GV_RANGE_ROOT) return true;
    uint64_t differ = gv_strategy_estimate(walk->tree, walk->range, mine);
    return differ <= (mine.count == walk->range->peer.count ? 4 : 1);
}

enum decoded { DECODED_NOT, DECODED, DECODED_FULL };

// Tries to decode a single difference; the counts differ by at most one.
static enum decoded decode_single(struct walk *walk, struct gv_digest mine) {
    const struct gv_range *range = walk->range;
    if (!may_be_single(walk, mine)) return DECODED_NOT;
    bool ours = mine.count >= range->peer.count;
    struct single single = {
        .more = ours ? gv_digest_sub(mine, range->peer) : gv_digest_sub(range->peer, mine),
        .ours = ours,
        .changed = mine.count == range->peer.count,
    };
    uint64_t position = find_permuted(walk, &single);
    if (position == range->hi) position = find_quotient(walk, &single);
    if (position == range->hi) return DECODED_NOT;
    // If the local tree already has an item at the position, several items there may differ.
    if (!ours && holds(walk, position, true, 0)) return DECODED_NOT;
    if (!ours || single.changed) {
        if (space_left(walk) < BEFORE_MAX + PROBE_MAX) return DECODED_FULL;
        put_probe(walk, position);
    }
    walk->state->differences++;
    if (ours) schedule_all(walk, position, position + 1);
    return DECODED;
}

// If the peer lacks only items at one end of the range, schedules them and returns true.
static bool send_missing_end(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    const struct gv_range *range = walk->range;
    uint64_t bound = item_of_rank(walk->tree, first.count + range->peer.count).position;
    struct gv_digest left = gv_digest_sub(gv_tree_digest_below(walk->tree, bound), first);
    if (gv_strategy_matches(range, left)) return schedule_all(walk, bound, range->hi);
    bound = item_of_rank(walk->tree, first.count + mine.count - range->peer.count).position;
    left = gv_digest_sub(gv_tree_digest_below(walk->tree, bound), first);
    if (gv_strategy_matches(range, gv_digest_sub(mine, left)))
        return schedule_all(walk, range->lo, bound);
    return false;
}

// Returns false, and writes nothing, if there is no space.
static bool answer_sums(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    const struct gv_range *range = walk->range;
    if (gv_strategy_matches(range, mine)) return true;
    if (range->peer.count == 0) {
        walk->state->differences++;
        return schedule_all(walk, range->lo, range->hi);
    }
    int64_t by = gv_strategy_surplus(range, mine.count);
    if (by >= -1 && by <= 1 && mine.count > 0) {
        enum decoded decoded = decode_single(walk, mine);
        if (decoded != DECODED_NOT) return decoded == DECODED;
    } else if (mine.count > range->peer.count && send_missing_end(walk, first, mine)) {
        walk->state->differences++;
        return true;
    }
    return refine(walk, first, mine);
}

// --- answering the other kinds ------------------------------------------------------------------

// Returns false, and writes nothing, if there is no space.
static bool answer_sketch(struct walk *walk) {
    const struct gv_range *range = walk->range;
    struct gv_pinsketch differ = gv_tree_sketch(walk->tree, range->lo, range->hi), peer = {{0}};
    gv_range_words(range, walk->state->summary, peer.syndrome);
    gv_pinsketch_merge(&differ, &peer);
    int count = gv_pinsketch_decode(&differ, (int)range->count, walk->tree->clmul,
                                    walk->state->cursor.elements);
    if (count < 0) return refine_range(walk);
    if (count == 0) return true;
    walk->state->differences += ((uint32_t)count + 1) / 2;
    return schedule(walk, SELECT_ELEMENTS, (uint32_t)count, range->lo, range->hi);
}

static bool answer_elements(struct walk *walk) {
    const struct gv_range *range = walk->range;
    gv_range_words(range, walk->state->summary, walk->state->cursor.elements);
    walk->state->differences += range->count;
    return schedule(walk, SELECT_ELEMENTS, range->count, range->lo, range->hi);
}

static bool answer_probe(struct walk *walk) {
    const struct gv_range *range = walk->range;
    struct gv_tree_cursor at;
    bool any = gv_tree_seek(walk->tree, range->from, &at) && gv_tree_get(&at).position < range->to;
    if (any) return schedule_all(walk, range->from, range->to);
    return refine_range(walk);
}

// --- sending and requesting items --------------------------------------------------------------

static uint32_t index_of(const uint32_t *words, uint32_t count, uint32_t word) {
    uint32_t i = 0;
    while (i < count && words[i] != word) i++;
    return i;
}

// The selected items that have been passed: all before `position`, and `count` at `position`.
struct progress {
    uint64_t position, count;
};

// Sends a selected item, unless an earlier message has sent it. The caller passes the items in
// order. Returns false if the message is full.
static bool send_item(struct walk *walk, struct gv_item item, struct progress *progress) {
    struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    if (item.position != progress->position) *progress = (struct progress){item.position, 0};
    bool sent = item.position == cursor->position && progress->count < cursor->sent;
    if (!sent && !walk->out->send(walk->out->ctx, &item, walk->out->summary.len)) {
        cursor->position = progress->position;
        cursor->sent = progress->count;
        return false;
    }
    progress->count++;
    walk->state->differences += !sent && cursor->selection == SELECT_UNLISTED;
    return true;
}

// Sends the local items with one of the cursor's elements. Returns false if the message is full.
static bool send_elements(struct walk *walk) {
    struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    uint8_t filter[GV_TREE_FILTER] = {0};
    for (uint32_t i = 0; i < cursor->count; i++) {
        filter[cursor->elements[i] % GV_TREE_FILTER] = 1;
        if (cursor->elements[i] == 1)
            filter[0] = 1; // a hash whose low 32 bits are 0 has element 1, too
    }
    struct gv_tree_cursor at;
    struct progress progress = {cursor->position, 0};
    uint64_t to = cursor->to;
    bool more = gv_tree_seek(walk->tree, cursor->position, &at) && gv_tree_scan(&at, to, filter);
    for (; more; more = gv_tree_next(&at) && gv_tree_scan(&at, to, filter)) {
        struct gv_item item = gv_tree_get(&at);
        uint32_t i = index_of(cursor->elements, cursor->count, gv_pinsketch_element(item.hash));
        if (i == cursor->count) continue;
        if (!send_item(walk, item, &progress)) return false;
        cursor->present |= UINT32_C(1) << i;
    }
    return true;
}

// Whether a list or a request by hash selects an item. Notes which short hashes are present.
static bool is_selected(struct walk *walk, const uint32_t *short_hashes, uint64_t hash) {
    struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    uint32_t i = index_of(short_hashes, cursor->count, short_hash_of(walk, hash));
    bool found = i < cursor->count;
    if (found) cursor->present |= UINT32_C(1) << i;
    return found == (cursor->selection == SELECT_HASHES);
}

// Sends the local items that the cursor selects. Returns false if the message is full.
static bool send_range(struct walk *walk) {
    struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    uint32_t short_hashes[GV_RANGE_LIST_MAX];
    bool all = cursor->selection == SELECT_ALL;
    if (!all) gv_range_words(walk->range, walk->state->summary, short_hashes);
    struct gv_tree_cursor at;
    struct progress progress = {cursor->position, 0};
    bool more = gv_tree_seek(walk->tree, cursor->position, &at);
    for (; more; more = gv_tree_next(&at)) {
        struct gv_item item = gv_tree_get(&at);
        if (item.position >= cursor->to) break;
        if (!all && !is_selected(walk, short_hashes, item.hash)) continue;
        if (!send_item(walk, item, &progress)) return false;
    }
    return true;
}

static uint32_t count_missing(const struct gv_rbsr_cursor *cursor) {
    uint32_t missing = 0;
    for (uint32_t i = 0; i < cursor->count; i++) missing += (cursor->present >> i & 1) == 0;
    return missing;
}

// Writes a request for the words that no local item has. Returns false, and writes nothing, if
// there is no space.
static bool put_request(struct walk *walk, enum gv_range_kind kind, const uint32_t *words) {
    const struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    if (space_left(walk) < RANGE_MAX) return false;
    begin_range(walk, GV_RANGE_LIST, walk->range->lo, walk->range->hi);
    gv_range_put_count(&walk->out->summary, kind, count_missing(cursor));
    for (uint32_t i = 0; i < cursor->count; i++) {
        if ((cursor->present >> i & 1) == 0) gv_pack_put_u32(&walk->out->summary, words[i]);
    }
    return true;
}

// Requests the decoded elements of a sketch that the local tree lacks. If the item counts
// contradict the elements, the sketch decoded wrongly, and the range is refined. Returns false if
// the message is full.
static bool request_elements(struct walk *walk) {
    const struct gv_range *range = walk->range;
    const struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    uint32_t missing = count_missing(cursor);
    uint64_t mine = gv_tree_digest(walk->tree, range->lo, range->hi).count;
    uint64_t peer = mine - (cursor->count - missing) + missing;
    if ((peer - range->count_mod) % GV_RANGE_COUNT_MODULUS != 0) return refine_range(walk);
    return missing == 0 || put_request(walk, GV_RANGE_REQUEST_ELEMENTS, cursor->elements);
}

// Requests the items of a list that the local tree lacks. Returns false if the message is full.
static bool request_hashes(struct walk *walk) {
    uint32_t missing = count_missing(&walk->state->cursor), short_hashes[GV_RANGE_LIST_MAX];
    if (missing == 0) return true;
    gv_range_words(walk->range, walk->state->summary, short_hashes);
    if (!put_request(walk, GV_RANGE_REQUEST_HASHES, short_hashes)) return false;
    walk->state->differences += missing;
    return true;
}

// --- the ranges of a summary ------------------------------------------------------------------

int gv_rbsr_begin(struct gv_rbsr *state, struct gv_slice summary,
                  const struct gv_rbsr_options *options) {
    if (state == NULL || (summary.data == NULL && summary.len > 0)) return GV_EINVAL;
    *state = (struct gv_rbsr){.summary = summary, .at = SALT_SIZE};
    if (summary.len < SALT_SIZE) {
        state->done = true;
        return state->error = GV_ESYNTAX;
    }
    state->salt = summary.data[0];
    state->strategy = gv_strategy_start(options, state->salt);
    return 0;
}

// Starts the answer to the current range. Returns false, and writes nothing, if there is no space.
static bool start_range(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    const struct gv_range *range = walk->range;
    switch (range->kind) {
    case GV_RANGE_SUM:
    case GV_RANGE_DIGEST:
    case GV_RANGE_ROOT:
        return answer_sums(walk, first, mine);
    case GV_RANGE_SKETCH:
        return answer_sketch(walk);
    case GV_RANGE_PROBE:
        return answer_probe(walk);
    case GV_RANGE_LIST:
        return schedule(walk, SELECT_UNLISTED, range->count, range->lo, range->hi);
    case GV_RANGE_REQUEST_HASHES:
        return schedule(walk, SELECT_HASHES, range->count, range->lo, range->hi);
    case GV_RANGE_REQUEST_ELEMENTS:
        return answer_elements(walk);
    default:
        GV_ASSERT(range->kind == GV_RANGE_EMPTY);
        return schedule_all(walk, range->lo, range->hi);
    }
}

// Sends the items that the answer to the current range has scheduled, and requests the items that
// the local tree lacks. Returns false if the message is full.
static bool finish_range(struct walk *walk) {
    struct gv_rbsr_cursor *cursor = &walk->state->cursor;
    bool elements = cursor->selection == SELECT_ELEMENTS, complete = true;
    if (cursor->stage == STAGE_START) return true;
    if (cursor->stage == STAGE_SEND) {
        if (!(elements ? send_elements(walk) : send_range(walk))) return false;
        cursor->stage = STAGE_REQUEST;
    }
    if (cursor->selection == SELECT_UNLISTED) complete = request_hashes(walk);
    if (elements && walk->range->kind == GV_RANGE_SKETCH) complete = request_elements(walk);
    if (complete) cursor->stage = STAGE_START;
    return complete;
}

// Answers the ranges that are not started yet. Returns false if the message is full.
static bool answer_ranges(struct walk *walk) {
    struct gv_rbsr *state = walk->state;
    const struct gv_window_range *next;
    struct gv_window window;
    gv_window_init(&window, walk->tree, walk->key, state->summary, state->at, state->lo);
    gv_strategy_sample(&state->strategy, &window);
    while ((next = gv_window_next(&window)) != NULL) {
        walk->range = &next->range;
        if (!start_range(walk, next->first, next->mine)) return false;
        state->at = next->range.end;
        state->lo = next->range.hi;
        if (!finish_range(walk)) {
            state->range = next->range;
            return false;
        }
    }
    state->error = gv_window_error(&window);
    return true;
}

int gv_rbsr_answer(struct gv_rbsr *state, struct gv_tree *tree, const struct gv_digest_key *key,
                   struct gv_rbsr_out *out) {
    if (state == NULL || tree == NULL || key == NULL || out == NULL) return GV_EINVAL;
    if (out->send == NULL || out->summary.data == NULL) return GV_EINVAL;
    if (out->summary.cap < GV_RBSR_CAPACITY_MIN) return GV_ESPACE;
    struct walk walk = {state, tree, key, out, &state->range};
    if (!state->done) {
        if (!finish_range(&walk) || !answer_ranges(&walk)) return 1;
        state->done = true;
    }
    return state->error;
}

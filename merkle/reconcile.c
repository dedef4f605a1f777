// SPDX-License-Identifier: MIT
#include "reconcile.h"

#include "part.h"
#include "peel.h"
#include "survey.h"

enum stage { STAGE_START, STAGE_GIVE, STAGE_WANT };

enum {
    SALT_SIZE = 1,
    HEAD_MAX = 1 + GV_PACK_VARINT_MAX,            // a part's kind and bound
    BEFORE_MAX = SALT_SIZE + HEAD_MAX,            // what a part may need before it: a skip
    SUM_MAX = HEAD_MAX + GV_PACK_VARINT_MAX + 16, // a part of a split
    SKETCH_MAX = HEAD_MAX + 1 + GV_SKETCH_CAP * 4,
    LIST_MAX = HEAD_MAX + 1 + GV_RECONCILE_LIST * 4, // a list or a want
    PROBE_MAX = HEAD_MAX + 1 + GV_PACK_VARINT_MAX,   // a probe
    SPLIT_MIN = 4,                                   // parts that there must be room for
    PART_MAX = BEFORE_MAX + SPLIT_MIN * SKETCH_MAX,
    SLACK_MAX = 16,       // ranks by which a cut may be moved for the sake of a shorter bound
    CUTS = 32,            // cuts looked up at a time
    QUOTIENTS = 8,        // candidates looked for where a quotient is not unique …
    QUOTIENTS_ROOT = 256, // … of everything, which is spoken of once
    PROBE_SHARE = 12,     // bits by which a probe is narrower than the gap it lies in
};
_Static_assert((int)PART_MAX <= (int)GV_RECONCILE_ROOM_MIN &&
                   (int)BEFORE_MAX + (int)LIST_MAX <= (int)PART_MAX,
               "an empty message must hold any one part");

// What the functions below share during one call.
struct walk {
    struct gv_reconcile *state;
    struct gv_tree *tree;
    const struct gv_digest_key *key;
    struct gv_reconcile_out *out;
    struct gv_survey survey;
};

static uint32_t print_of(const struct walk *walk, uint64_t hash) {
    struct gv_digest one = {1, hash, 0};
    return (uint32_t)gv_digest_fingerprint(walk->key, one, walk->state->salt);
}

static size_t room(const struct walk *walk) {
    const struct gv_writer *out = &walk->out->summary;
    return out->cap > out->len ? out->cap - out->len : 0;
}

static struct gv_item item_of_rank(const struct gv_tree *tree, uint64_t rank) {
    struct gv_tree_cursor at;
    bool found = gv_tree_select(tree, rank, &at);
    GV_ASSERT(found);
    return gv_tree_get(&at);
}

// --- writing parts ---------------------------------------------------------------------------

static void open_part(struct walk *walk, enum gv_part_kind kind, uint64_t lo, uint64_t hi) {
    struct gv_reconcile_out *out = walk->out;
    GV_ASSERT(out->wrote <= lo && lo < hi);
    if (out->summary.len == 0) gv_pack_put_u8(&out->summary, walk->state->salt);
    if (out->wrote < lo) gv_part_put_head(&out->summary, GV_PART_SKIP, out->wrote, lo);
    gv_part_put_head(&out->summary, kind, lo, hi);
    out->wrote = hi;
}

static void put_sums(struct walk *walk, bool both, uint64_t lo, uint64_t hi,
                     struct gv_digest sums) {
    struct gv_writer *out = &walk->out->summary;
    open_part(walk, sums.count == 0 ? GV_PART_NONE : both ? GV_PART_BOTH : GV_PART_SUM, lo, hi);
    if (sums.count == 0) return;
    gv_pack_put_varint(out, sums.count);
    gv_pack_put_u64(out, sums.sum);
    if (both) gv_pack_put_u64(out, sums.cross);
}

static void put_sketch(struct walk *walk, uint64_t lo, uint64_t hi, uint64_t count) {
    open_part(walk, count == 0 ? GV_PART_NONE : GV_PART_SKETCH, lo, hi);
    if (count == 0) return;
    struct gv_sketch sketch = gv_tree_sketch(walk->tree, lo, hi);
    gv_part_put_sketch(&walk->out->summary, &sketch, count);
}

void gv_reconcile_open(const struct gv_tree *tree, uint8_t salt, struct gv_writer *out) {
    if (tree == NULL || out == NULL) return;
    GV_ASSERT(out->len == 0);
    struct gv_digest root = gv_tree_root(tree);
    gv_pack_put_u8(out, salt);
    gv_pack_put_u8(out, GV_PART_ROOT);
    gv_pack_put_varint(out, root.count);
    gv_pack_put_u64(out, root.sum);
    gv_pack_put_u64(out, root.cross);
    gv_part_put_tally(out, gv_tree_tally(tree));
    GV_ASSERT(out->full || out->len <= GV_RECONCILE_ROOT_MAX);
}

bool gv_reconcile_opens(struct gv_slice summary) {
    return summary.data != NULL && summary.len > SALT_SIZE &&
           summary.len <= GV_RECONCILE_ROOT_MAX && summary.data[SALT_SIZE] == GV_PART_ROOT;
}

// --- cutting a range -------------------------------------------------------------------------

// The bound in (below, place] whose distance from `lo` takes the fewest bytes: the one with the
// most trailing zero bits.
static uint64_t short_bound(uint64_t lo, uint64_t below, uint64_t place) {
    GV_ASSERT(lo <= below && below < place);
    uint64_t from = below - lo, to = place - lo;
    uint64_t differ = from ^ to;
    unsigned bit = 0;
    while (differ >>= 1) bit++;
    return lo + (to & ~(((uint64_t)1 << bit) - 1));
}

// A range being cut.
struct cuts {
    struct gv_digest first, mine; // before the range, and in it
    uint64_t parts, slack;
    uint64_t start; // the rank of the cut before the first
    uint64_t from;  // the last bound …
    struct gv_digest before;
    bool both;   // sums
    bool sketch; // none, but sketches
};

static void put_cut(struct walk *walk, const struct cuts *cuts, uint64_t lo, uint64_t hi,
                    struct gv_digest sums) {
    if (cuts->sketch) {
        put_sketch(walk, lo, hi, sums.count);
    } else {
        put_sums(walk, cuts->both, lo, hi, sums);
    }
}

// The cuts k to `end` of a range: bounds are chosen among those near the right rank, for shortness.
static void cut(struct walk *walk, struct cuts *cuts, uint64_t k, uint64_t end) {
    uint64_t ranks[2 * CUTS], places[2 * CUTS], bounds[CUTS];
    struct gv_digest below[CUTS];
    uint32_t n = 0, bound_count = 0;
    GV_ASSERT(k < end && end - k <= CUTS);
    for (; k < end; k++) {
        uint64_t rank = cuts->start + cuts->mine.count * k / cuts->parts;
        ranks[n++] = rank - cuts->slack - 1;
        ranks[n++] = rank + cuts->slack;
    }
    gv_tree_select_each(walk->tree, ranks, n, places);
    uint64_t from = cuts->from;
    for (size_t i = 0; i < n; i += 2) {
        uint64_t low = places[i], high = places[i + 1];
        // Items that share a place stay together: a cut inside them moves to where they begin.
        if (low == high || low < from) continue;
        from = bounds[bound_count++] = short_bound(from, low, high);
    }
    gv_tree_below_each(walk->tree, bounds, bound_count, below);
    for (size_t i = 0; i < bound_count; i++) {
        put_cut(walk, cuts, cuts->from, bounds[i], gv_digest_sub(below[i], cuts->before));
        cuts->from = bounds[i];
        cuts->before = below[i];
    }
}

// Whether the sums of the differences in the current part are the same by accident, so that only
// the second ones can tell.
static bool collide(const struct gv_reconcile *state, struct gv_digest mine) {
    bool both = state->kind == GV_PART_BOTH || state->kind == GV_PART_ROOT;
    return both && state->peer.sum == mine.sum;
}

// Whether an item's hash tells its place, so that one sum is enough to decode a single difference.
static bool tells_place(const struct walk *walk, struct gv_item item) {
    return item.hash == gv_peel_image(walk->key, item.place);
}

// The sums of the current part, where I hold `mine` and `first` before it, in so many parts of
// about as many items each. Two items at least stand apart. All cuts are shifted alike, by up to a
// quarter of a part, under the exchange's salt: of differences whose sums hide them in one exchange
// the next one may find some on either side of a cut.
static void split(struct walk *walk, struct gv_digest first, struct gv_digest mine, uint32_t parts,
                  bool sketch) {
    const struct gv_tree *tree = walk->tree;
    uint64_t lo = walk->state->lo, hi = walk->state->hi, quarter = mine.count / parts / 4;
    struct gv_digest last = gv_digest_add(first, mine);
    struct gv_item sample = item_of_rank(tree, first.count + mine.count / 2);
    uint64_t shift = gv_digest_fingerprint(walk->key, mine, walk->state->salt);
    struct cuts cuts = {
        .first = first,
        .mine = mine,
        .parts = parts,
        .slack = quarter < SLACK_MAX ? quarter : SLACK_MAX,
        .start = first.count + shift % (2 * quarter + 1) - quarter,
        .from = lo,
        .before = first,
        .both = collide(walk->state, mine) || !tells_place(walk, sample),
        .sketch = sketch,
    };
    for (uint64_t k = 1; k < parts; k += CUTS)
        cut(walk, &cuts, k, k + CUTS < parts ? k + CUTS : parts);
    if (cuts.from == lo && parts > 1) { // no cut fell between two places: cut before the last one
        cuts.from = item_of_rank(tree, last.count - 1).place;
        cuts.before = gv_tree_below(tree, cuts.from);
        put_cut(walk, &cuts, lo, cuts.from, gv_digest_sub(cuts.before, first));
    }
    uint64_t end = hi;
    if (walk->state->kind == GV_PART_ROOT && walk->state->peer.count > mine.count + 1) {
        // New places are often the largest: what the peer has beyond mine can be sent at once.
        uint64_t beyond = item_of_rank(tree, last.count - 1).place + 1;
        if (cuts.from < beyond) end = beyond;
    }
    put_cut(walk, &cuts, cuts.from, end, gv_digest_sub(last, cuts.before));
    if (end < hi) open_part(walk, GV_PART_NONE, end, hi);
}

static void put_list(struct walk *walk, uint64_t lo, uint64_t hi, uint64_t count) {
    GV_ASSERT(count > 0 && count <= GV_RECONCILE_LIST);
    open_part(walk, GV_PART_LIST, lo, hi);
    gv_part_put_count(&walk->out->summary, GV_PART_LIST, (uint32_t)count);
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(walk->tree, lo, &at);
    for (; count > 0; count--, more = gv_tree_next(&at)) {
        GV_ASSERT(more);
        gv_part_put_u32(&walk->out->summary, print_of(walk, gv_tree_get(&at).hash));
    }
}

// Leaves what I hold in [from, to) to be given, as the answer to a part of this kind; what answers
// none is given outright.
static bool give_later(struct walk *walk, uint8_t kind, uint64_t from, uint64_t to) {
    struct gv_reconcile *state = walk->state;
    state->kind = kind;
    state->stage = STAGE_GIVE;
    state->from = state->place = from;
    state->to = to;
    state->equals = 0;
    state->held = 0;
    return true;
}

// Says more about the current part, where I hold `mine` and the peer something else. False: no
// room, nothing was written.
static bool narrow_down(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    uint64_t lo = walk->state->lo, hi = walk->state->hi;
    if (room(walk) < PART_MAX) return false;
    if (mine.count == 0) {
        open_part(walk, GV_PART_NONE, lo, hi);
        walk->state->spots++;
        return true;
    }
    struct gv_survey_choice choice = gv_survey_choose(&walk->survey, walk->state, mine);
    if (choice.kind == GV_PART_LIST) {
        put_list(walk, lo, hi, mine.count);
        return true;
    }
    uint64_t ends[2] = {first.count, first.count + mine.count - 1};
    gv_tree_select_each(walk->tree, ends, 2, ends);
    if (ends[0] == ends[1]) {
        // One place cannot be cut, nor is there a bound for a list of it: say "I hold nothing" and
        // give everything.
        open_part(walk, GV_PART_NONE, lo, hi);
        return give_later(walk, GV_PART_NONE, lo, hi);
    }
    bool sketch = choice.kind == GV_PART_SKETCH;
    size_t fit = (room(walk) - BEFORE_MAX - HEAD_MAX) / (sketch ? SKETCH_MAX : SUM_MAX);
    GV_ASSERT(fit > 1);
    if (fit < choice.parts && fit < 16 && walk->out->summary.len > SALT_SIZE) return false;
    split(walk, first, mine, fit < choice.parts ? (uint32_t)fit : choice.parts, sketch);
    return true;
}

// The same of a part that came without sums.
static bool narrow_down_part(struct walk *walk) {
    struct gv_digest first = gv_tree_below(walk->tree, walk->state->lo);
    struct gv_digest end = gv_tree_below(walk->tree, walk->state->hi);
    return narrow_down(walk, first, gv_digest_sub(end, first));
}

// --- answering sums --------------------------------------------------------------------------

// Whether I hold an item at this place, and, unless `any`, with this hash.
static bool holds(const struct walk *walk, uint64_t place, bool any, uint64_t hash) {
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(walk->tree, place, &at);
    for (; more && gv_tree_get(&at).place == place; more = gv_tree_next(&at)) {
        if (any || gv_tree_get(&at).hash == hash) return true;
    }
    return false;
}

// Writes a probe for what the peer holds at this place, in which I hold nothing at other places.
static void put_probe(struct walk *walk, uint64_t place) {
    uint64_t lo = walk->state->lo, hi = walk->state->hi;
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(walk->tree, place, &at);
    struct gv_tree_cursor before = at;
    uint64_t low = gv_tree_prev(&before) ? gv_tree_get(&before).place : 0;
    while (more && gv_tree_get(&at).place == place) more = gv_tree_next(&at);
    uint64_t high = more ? gv_tree_get(&at).place : GV_PLACE_END;
    uint64_t gap = place - low < high - place ? place - low : high - place;
    unsigned zeros = 0;
    while (zeros < 63 && gap >> zeros >> (PROBE_SHARE + 1) != 0) zeros++;
    open_part(walk, GV_PART_PROBE, lo, hi);
    gv_pack_put_u8(&walk->out->summary, (uint8_t)zeros);
    gv_pack_put_varint(&walk->out->summary, (place - lo) >> zeros);
}

// Where the quotient of the differences says the only difference is, if `fits`; else hi.
static uint64_t find_quotient(const struct walk *walk, struct gv_digest more, bool known) {
    uint64_t hi = walk->state->hi, step;
    uint64_t place = gv_peel_quotient(more.sum, more.cross, walk->state->lo, hi, &step);
    if (!known) return step <= hi - walk->state->lo && step != 0 ? hi : place;
    int most = walk->state->kind == GV_PART_ROOT ? QUOTIENTS_ROOT : QUOTIENTS;
    for (int i = 0; place < hi && i < most; i++) {
        if (holds(walk, place, more.count == 0, more.sum)) return place;
        if (step == 0 || hi - place <= step) break;
        place += step;
    }
    return hi;
}

// Whether there may be but one difference: in all of what the tallies are of it adds 1 to each or
// takes it, or is two such where a value changed.
static bool may_be_one(const struct walk *walk, struct gv_digest mine) {
    if (walk->state->kind != GV_PART_ROOT) return true;
    uint64_t differ = gv_survey_estimate(&walk->survey, walk->state, mine);
    return differ <= (mine.count == walk->state->peer.count ? 4 : 1);
}

enum peeled { PEELED_NOT, PEELED, PEELED_FULL };

// Tries to tell the only difference. `mine` has one item more or less than the peer, or as many.
static enum peeled peel(struct walk *walk, struct gv_digest mine) {
    const struct gv_reconcile *state = walk->state;
    uint64_t lo = state->lo, hi = state->hi, place = hi;
    if (!may_be_one(walk, mine)) return PEELED_NOT;
    bool ours = mine.count >= state->peer.count, changed = mine.count == state->peer.count;
    struct gv_digest more =
        ours ? gv_digest_sub(mine, state->peer) : gv_digest_sub(state->peer, mine);
    if (!changed) {
        place = gv_peel_place(walk->key, more.sum);
        bool good = place >= lo && place < hi;
        if (good && ours) good = holds(walk, place, false, more.sum);
        if (good && state->kind != GV_PART_SUM) good = place * more.sum == more.cross;
        if (!good) place = hi;
    }
    if (place == hi && state->kind != GV_PART_SUM) place = find_quotient(walk, more, ours);
    if (place == hi) return PEELED_NOT;
    // Where I hold something already, several items at this place may differ.
    if (!ours && holds(walk, place, true, 0)) return PEELED_NOT;
    if (!ours || changed) {
        if (room(walk) < BEFORE_MAX + PROBE_MAX) return PEELED_FULL;
        put_probe(walk, place);
    }
    walk->state->spots++;
    if (ours) give_later(walk, GV_PART_NONE, place, place + 1);
    return PEELED;
}

// Whether the peer lacks just a run of items at one end of the part; if so they are to be given.
static bool peel_run(struct walk *walk, struct gv_digest first, struct gv_digest mine) {
    const struct gv_reconcile *state = walk->state;
    uint64_t cut = item_of_rank(walk->tree, first.count + state->peer.count).place;
    struct gv_digest left = gv_digest_sub(gv_tree_below(walk->tree, cut), first);
    if (gv_survey_matches(state, left)) return give_later(walk, GV_PART_NONE, cut, state->hi);
    cut = item_of_rank(walk->tree, first.count + mine.count - state->peer.count).place;
    left = gv_digest_sub(gv_tree_below(walk->tree, cut), first);
    if (gv_survey_matches(state, gv_digest_sub(mine, left)))
        return give_later(walk, GV_PART_NONE, state->lo, cut);
    return false;
}

// False: no room, nothing was written.
static bool answer_sums(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    struct gv_digest first, mine = gv_survey_mine(&walk->survey, state, &first);
    if (gv_survey_matches(state, mine)) return true;
    if (state->peer.count == 0) {
        state->spots++;
        return give_later(walk, GV_PART_NONE, state->lo, state->hi);
    }
    int64_t by = gv_survey_lead(state, mine.count);
    if (by >= -1 && by <= 1 && mine.count > 0) {
        enum peeled peeled = peel(walk, mine);
        if (peeled != PEELED_NOT) return peeled == PEELED;
    } else if (mine.count > state->peer.count && peel_run(walk, first, mine)) {
        state->spots++;
        return true;
    }
    return narrow_down(walk, first, mine);
}

// --- answering sketches ----------------------------------------------------------------------

// False: no room, nothing was written.
static bool answer_sketch(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    struct gv_sketch differ = gv_tree_sketch(walk->tree, state->lo, state->hi);
    gv_sketch_merge(&differ, &state->sketch);
    int count = gv_sketch_decode(&differ, state->words, walk->tree->fast, state->elements);
    if (count < 0) return narrow_down_part(walk);
    if (count == 0) return true;
    state->count = (uint32_t)count;
    state->spots += (state->count + 1) / 2;
    return give_later(walk, GV_PART_SKETCH, state->lo, state->hi);
}

// Gives what has one of the elements. False: the message is full.
static bool give_elements(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    uint8_t filter[GV_TREE_FILTER] = {0};
    for (uint32_t i = 0; i < state->count; i++) {
        filter[state->elements[i] % GV_TREE_FILTER] = 1;
        if (state->elements[i] == 1) filter[0] = 1; // of a hash that ends in zeros
    }
    struct gv_tree_cursor at;
    uint64_t place = state->place, seen = 0;
    bool more = gv_tree_seek(walk->tree, place, &at) && gv_tree_scan(&at, state->to, filter);
    for (; more; more = gv_tree_next(&at) && gv_tree_scan(&at, state->to, filter)) {
        struct gv_item item = gv_tree_get(&at);
        uint32_t element = gv_sketch_element(item.hash), i = 0;
        while (i < state->count && state->elements[i] != element) i++;
        if (i == state->count) continue;
        if (item.place != place) place = item.place, seen = 0;
        if (seen++ < state->equals && place == state->place) continue;
        if (!walk->out->give(walk->out->ctx, item.ref, walk->out->summary.len)) {
            state->place = place;
            state->equals = seen - 1;
            return false;
        }
        state->held |= UINT32_C(1) << i;
    }
    return true;
}

// Of a sketch's elements, asks for those that I lack, unless the counts say that they are not the
// differences. False: the message is full.
static bool ask_for_rest(struct walk *walk) {
    const struct gv_reconcile *state = walk->state;
    uint32_t missing = 0;
    for (uint32_t i = 0; i < state->count; i++) missing += (state->held >> i & 1) == 0;
    uint64_t mine = gv_tree_digest(walk->tree, state->lo, state->hi).count;
    uint64_t peer = mine - (state->count - missing) + missing;
    if ((peer - state->remains) % GV_PART_REMAINDERS != 0) return narrow_down_part(walk);
    if (missing == 0) return true;
    if (room(walk) < PART_MAX) return false;
    open_part(walk, GV_PART_LIST, state->lo, state->hi);
    gv_part_put_count(&walk->out->summary, GV_PART_ASK, missing);
    for (uint32_t i = 0; i < state->count; i++) {
        if ((state->held >> i & 1) == 0) gv_part_put_u32(&walk->out->summary, state->elements[i]);
    }
    return true;
}

// --- answering lists, wants and probes -------------------------------------------------------

// Reads the prints of the part.
static void read_prints(const struct gv_reconcile *state, uint32_t prints[GV_RECONCILE_LIST]) {
    struct gv_reader in = state->in;
    GV_ASSERT(state->count <= GV_RECONCILE_LIST);
    in.at = state->prints;
    for (uint32_t i = 0; i < state->count; i++) prints[i] = gv_part_get_u32(&in);
}

// Gives what I hold in [from, to): of a list what is not in it, of a want what is. False: the
// message is full.
static bool give_range(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    bool list = state->kind == GV_PART_LIST, want = state->kind == GV_PART_WANT;
    uint32_t prints[GV_RECONCILE_LIST];
    if (list || want) read_prints(state, prints);
    struct gv_tree_cursor at;
    uint64_t place = state->place, seen = 0;
    for (bool more = gv_tree_seek(walk->tree, place, &at); more; more = gv_tree_next(&at)) {
        struct gv_item item = gv_tree_get(&at);
        if (item.place >= state->to) break;
        if (item.place != place) place = item.place, seen = 0;
        if (seen++ < state->equals && place == state->place) continue;
        if (list || want) {
            uint32_t print = print_of(walk, item.hash), index = 0;
            while (index < state->count && prints[index] != print) index++;
            bool found = index < state->count;
            if (list && found) state->held |= UINT32_C(1) << index;
            if (found == list) continue;
        }
        if (!walk->out->give(walk->out->ctx, item.ref, walk->out->summary.len)) {
            state->place = place;
            state->equals = seen - 1;
            return false;
        }
        state->spots += list;
    }
    return true;
}

// Asks for what the peer's list has and I lack. False: the message is full.
static bool put_want(struct walk *walk) {
    const struct gv_reconcile *state = walk->state;
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++) count += (state->held >> i & 1) == 0;
    if (count == 0) return true;
    if (room(walk) < PART_MAX) return false;
    open_part(walk, GV_PART_LIST, state->lo, state->hi);
    gv_part_put_count(&walk->out->summary, GV_PART_WANT, count);
    uint32_t prints[GV_RECONCILE_LIST];
    read_prints(state, prints);
    for (uint32_t i = 0; i < state->count; i++) {
        if ((state->held >> i & 1) == 0) gv_part_put_u32(&walk->out->summary, prints[i]);
    }
    walk->state->spots += count;
    return true;
}

static bool answer_probe(struct walk *walk) {
    const struct gv_reconcile *state = walk->state;
    struct gv_tree_cursor at;
    bool some = gv_tree_seek(walk->tree, state->from, &at) && gv_tree_get(&at).place < state->to;
    if (some) return give_later(walk, GV_PART_NONE, state->from, state->to);
    return narrow_down_part(walk);
}

// --- the walk over the parts -----------------------------------------------------------------

int gv_reconcile_begin(struct gv_reconcile *state, struct gv_slice summary) {
    if (state == NULL || (summary.data == NULL && summary.len > 0)) return GV_EINVAL;
    *state = (struct gv_reconcile){.in = {summary.data, summary.len, 0, 0}, .kind = GV_PART_END};
    state->salt = gv_pack_get_u8(&state->in);
    return state->in.error;
}

// Begins to answer the current part. False: no room, nothing was written.
static bool start_part(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    switch (state->kind) {
    case GV_PART_SKIP:
        return true;
    case GV_PART_SKETCH:
        return answer_sketch(walk);
    case GV_PART_PROBE:
        return answer_probe(walk);
    case GV_PART_SUM:
    case GV_PART_BOTH:
    case GV_PART_ROOT:
        return answer_sums(walk);
    default:
        if (state->kind == GV_PART_ASK) state->spots += state->count;
        return give_later(walk, state->kind, state->lo, state->hi);
    }
}

// Answers the current part. False: the message is full.
static bool answer_part(struct walk *walk) {
    struct gv_reconcile *state = walk->state;
    if (state->stage == STAGE_START) {
        if (!start_part(walk)) return false;
        if (state->stage == STAGE_START) return true;
    }
    bool elements = state->kind == GV_PART_SKETCH || state->kind == GV_PART_ASK;
    if (state->stage == STAGE_GIVE) {
        if (!(elements ? give_elements(walk) : give_range(walk))) return false;
        state->stage = STAGE_WANT;
    }
    if (state->kind == GV_PART_SKETCH) return ask_for_rest(walk);
    return state->kind != GV_PART_LIST || put_want(walk);
}

int gv_reconcile_answer(struct gv_reconcile *state, struct gv_tree *tree,
                        const struct gv_digest_key *key, struct gv_reconcile_out *out) {
    if (state == NULL || tree == NULL || key == NULL || out == NULL) return GV_EINVAL;
    if (out->give == NULL || out->summary.data == NULL) return GV_EINVAL;
    if (out->summary.cap < GV_RECONCILE_ROOM_MIN) return GV_ESPACE;
    struct walk walk = {
        .state = state, .tree = tree, .key = key, .out = out, .survey = {.tree = tree, .key = key}};
    if (!state->surveyed) gv_survey_take(&walk.survey, state);
    while (!state->done) {
        if (state->kind == GV_PART_END) {
            state->stage = STAGE_START;
            if (!gv_part_next(state)) {
                state->done = true;
                break;
            }
        }
        gv_survey_ahead(&walk.survey, state);
        if (!answer_part(&walk)) return 1;
        state->kind = GV_PART_END;
    }
    return state->in.error;
}

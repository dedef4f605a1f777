// SPDX-License-Identifier: MIT
#include "reconcile.h"

enum kind { KIND_SKIP, KIND_DIGEST, KIND_LIST, KIND_WANT, KIND_NONE };
enum stage { STAGE_READ, STAGE_GIVE, STAGE_WANT };

enum {
    SALT_SIZE = 8,
    HEAD_MAX = 1 + GV_PACK_VARINT_MAX, // a part's kind and bound
    // The largest answer to one digest: a skip, then either a split or a list.
    SPLIT_MAX = GV_RECONCILE_SPLIT * (HEAD_MAX + GV_PACK_VARINT_MAX + 8),
    LIST_MAX = HEAD_MAX + GV_RECONCILE_LIST * (GV_PACK_VARINT_MAX + 4) + 1,
    PART_MAX = SALT_SIZE + HEAD_MAX + (SPLIT_MAX > LIST_MAX ? SPLIT_MAX : LIST_MAX),
};
_Static_assert((int)PART_MAX <= (int)GV_RECONCILE_ROOM_MIN,
               "an empty message must hold any one part");

static uint32_t item_print(const struct gv_digest_key *key, uint64_t hash, uint64_t salt) {
    return (uint32_t)gv_digest_fingerprint(key, (struct gv_digest){1, hash}, salt);
}

static size_t room(const struct gv_reconcile_out *out) {
    return out->summary.cap - out->summary.len;
}

// --- writing parts ---------------------------------------------------------------------------

static void put_bound(struct gv_writer *out, enum kind kind, uint64_t lo, uint64_t hi) {
    GV_ASSERT(lo < hi);
    if (hi == GV_PLACE_END) { // a mantissa of 0 stands for the end of all places
        gv_pack_put_u8(out, (uint8_t)kind);
        gv_pack_put_varint(out, 0);
        return;
    }
    unsigned zeros = 0;
    uint64_t mantissa = hi - lo;
    while ((mantissa & 1) == 0) mantissa >>= 1, zeros++;
    gv_pack_put_u8(out, (uint8_t)(kind | zeros << 2));
    gv_pack_put_varint(out, mantissa);
}

static void open_part(struct gv_reconcile_out *out, enum kind kind, uint64_t lo, uint64_t hi) {
    GV_ASSERT(out->wrote <= lo && lo < hi);
    if (out->summary.len == 0) gv_pack_put_u64(&out->summary, out->salt);
    if (out->wrote < lo) put_bound(&out->summary, KIND_SKIP, out->wrote, lo);
    put_bound(&out->summary, kind, lo, hi);
    out->wrote = hi;
}

static void put_digest(struct gv_reconcile_out *out, const struct gv_digest_key *key, uint64_t lo,
                       uint64_t hi, struct gv_digest digest) {
    open_part(out, KIND_DIGEST, lo, hi);
    gv_pack_put_varint(&out->summary, digest.count);
    gv_pack_put_u64(&out->summary, gv_digest_fingerprint(key, digest, out->salt));
}

void gv_reconcile_open(const struct gv_tree *tree, const struct gv_digest_key *key, uint64_t salt,
                       struct gv_writer *out) {
    GV_ASSERT(out->len == 0);
    struct gv_reconcile_out one = {.summary = *out, .salt = salt};
    put_digest(&one, key, 0, GV_PLACE_END, gv_tree_root(tree));
    *out = one.summary;
    GV_ASSERT(out->full || out->len <= GV_RECONCILE_ROOT_MAX);
}

bool gv_reconcile_opens(struct gv_slice summary) {
    return summary.len > SALT_SIZE + 2 && summary.len <= GV_RECONCILE_ROOT_MAX &&
           summary.data[SALT_SIZE] == KIND_DIGEST && summary.data[SALT_SIZE + 1] == 0;
}

// --- answering a digest ----------------------------------------------------------------------

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

static uint64_t place_of_rank(const struct gv_tree *tree, uint64_t rank) {
    struct gv_tree_cursor at;
    bool found = gv_tree_select(tree, rank, &at);
    GV_ASSERT(found);
    return gv_tree_get(&at).place;
}

static void split(const struct gv_tree *tree, const struct gv_digest_key *key, uint64_t lo,
                  uint64_t hi, uint64_t count, struct gv_reconcile_out *out) {
    uint64_t first = gv_tree_rank(tree, lo);
    uint64_t from = lo;
    for (uint64_t k = 1; k < GV_RECONCILE_SPLIT; k++) {
        uint64_t rank = first + count * k / GV_RECONCILE_SPLIT;
        uint64_t below = place_of_rank(tree, rank - 1), place = place_of_rank(tree, rank);
        // Items that share a place stay together: a cut inside them moves to where they begin.
        if (below == place || below < from) continue;
        uint64_t bound = short_bound(from, below, place);
        put_digest(out, key, from, bound, gv_tree_digest(tree, from, bound));
        from = bound;
    }
    if (from == lo) { // no cut fell between two places: cut before the last one
        from = place_of_rank(tree, first + count - 1);
        put_digest(out, key, lo, from, gv_tree_digest(tree, lo, from));
    }
    put_digest(out, key, from, hi, gv_tree_digest(tree, from, hi));
}

static void put_list(const struct gv_tree *tree, const struct gv_digest_key *key, uint64_t lo,
                     uint64_t hi, struct gv_reconcile_out *out) {
    open_part(out, KIND_LIST, lo, hi);
    struct gv_tree_cursor at;
    uint64_t last = lo;
    for (bool more = gv_tree_seek(tree, lo, &at); more; more = gv_tree_next(&at)) {
        struct gv_item item = gv_tree_get(&at);
        if (item.place >= hi) break;
        gv_pack_put_varint(&out->summary, item.place - last + 1);
        uint32_t print = item_print(key, item.hash, out->salt);
        for (int i = 0; i < 4; i++) gv_pack_put_u8(&out->summary, (uint8_t)(print >> (8 * i)));
        last = item.place;
    }
    gv_pack_put_u8(&out->summary, 0);
}

// Leaves the part to be answered by giving everything in it.
static void give_all(struct gv_reconcile *state) {
    state->kind = KIND_LIST;
    state->stage = STAGE_GIVE;
    state->payload = 0; // no list to compare with
}

// False: no room, nothing was written.
static bool answer_digest(struct gv_reconcile *state, const struct gv_tree *tree,
                          const struct gv_digest_key *key, struct gv_reconcile_out *out) {
    uint64_t lo = state->lo, hi = state->hi;
    struct gv_reader in = state->in;
    uint64_t count = gv_pack_get_varint(&in), print = gv_pack_get_u64(&in);
    struct gv_digest mine = gv_tree_digest(tree, lo, hi);
    bool equal = count == mine.count && print == gv_digest_fingerprint(key, mine, state->salt);
    if (in.error || equal) {
        state->in = in;
        return true;
    }
    if (room(out) < PART_MAX) return false;
    if (count == 0 && mine.count > 0) {
        give_all(state);
    } else if (mine.count <= GV_RECONCILE_LIST) {
        put_list(tree, key, lo, hi, out);
    } else {
        uint64_t first = gv_tree_rank(tree, lo);
        if (place_of_rank(tree, first) != place_of_rank(tree, first + mine.count - 1)) {
            split(tree, key, lo, hi, mine.count, out);
        } else if (room(out) >= PART_MAX + mine.count * (GV_PACK_VARINT_MAX + 4)) {
            put_list(tree, key, lo, hi, out); // one place cannot be cut
        } else if (out->summary.len > 0) {
            return false;
        } else { // nor listed in any message: say "I hold nothing" and give everything
            open_part(out, KIND_LIST, lo, hi);
            gv_pack_put_u8(&out->summary, 0);
            give_all(state);
        }
    }
    GV_ASSERT(!out->summary.full);
    state->in = in;
    return true;
}

// --- answering a list or a want --------------------------------------------------------------

// Reads the entries of a list or a want; `place` is the current one, GV_PLACE_END behind the last.
struct places {
    struct gv_reader in;
    uint64_t place, hi;
    uint32_t print;
    bool prints, begun;
};

static void places_next(struct places *list) {
    uint64_t step = gv_pack_get_varint(&list->in);
    bool repeats = step == 1 && list->begun && !list->prints;
    if (step == 0 || list->in.error) {
        list->place = GV_PLACE_END;
        return;
    }
    if (step - 1 >= list->hi - list->place || repeats) {
        list->in.error = GV_ESYNTAX;
        list->place = GV_PLACE_END;
        return;
    }
    list->place += step - 1;
    list->begun = true;
    if (!list->prints) return;
    const uint8_t *bytes = gv_pack_get_bytes(&list->in, 4);
    list->print = 0;
    for (int i = 0; bytes != NULL && i < 4; i++) list->print |= (uint32_t)bytes[i] << (8 * i);
    if (list->in.error) list->place = GV_PLACE_END;
}

static struct places places_begin(const struct gv_reconcile *state) {
    struct places list = {state->in, state->lo, state->hi, 0, state->kind == KIND_LIST, false};
    if (state->payload == 0) { // everything is to be given: an empty list
        list.place = GV_PLACE_END;
        return list;
    }
    list.in.at = state->payload;
    places_next(&list);
    return list;
}

// Whether the group of entries at the list's current place has this fingerprint.
static bool group_has(struct places list, uint32_t print) {
    for (uint64_t place = list.place; list.place == place; places_next(&list)) {
        if (list.print == print) return true;
    }
    return false;
}

// Gives what the peer's list lacks. False: the message is full.
static bool give_missing(struct gv_reconcile *state, const struct gv_tree *tree,
                         const struct gv_digest_key *key, struct gv_reconcile_out *out) {
    struct places list = places_begin(state);
    struct gv_tree_cursor at;
    uint64_t place = state->place, seen = 0;
    for (bool more = gv_tree_seek(tree, place, &at); more; more = gv_tree_next(&at)) {
        struct gv_item item = gv_tree_get(&at);
        if (item.place >= state->hi) break;
        if (item.place != place) place = item.place, seen = 0;
        if (seen++ < state->equals && place == state->place) continue;
        while (list.place < place) places_next(&list);
        if (list.place == place && group_has(list, item_print(key, item.hash, state->salt)))
            continue;
        if (!out->give(out->ctx, item.ref, out->summary.len)) {
            state->place = place;
            state->equals = seen - 1;
            return false;
        }
    }
    return true;
}

// Whether all entries of the list's current place are mine; moves the list behind them.
static bool hold_group(struct places *list, const struct gv_tree *tree,
                       const struct gv_digest_key *key, uint64_t salt) {
    uint64_t place = list->place;
    bool all = true;
    for (; list->place == place; places_next(list)) {
        bool found = false;
        struct gv_tree_cursor at;
        bool more = all && gv_tree_seek(tree, place, &at);
        for (; more && !found; more = gv_tree_next(&at)) {
            struct gv_item item = gv_tree_get(&at);
            if (item.place != place) break;
            found = item_print(key, item.hash, salt) == list->print;
        }
        all = all && found;
    }
    return all;
}

// Asks for what the peer's list has and I lack. False: the message is full.
static bool want_missing(struct gv_reconcile *state, const struct gv_tree *tree,
                         const struct gv_digest_key *key, struct gv_reconcile_out *out) {
    struct places list = places_begin(state);
    bool open = false;
    uint64_t last = state->lo;
    while (list.place != GV_PLACE_END) {
        uint64_t place = list.place;
        if (hold_group(&list, tree, key, state->salt) || place < state->place) continue;
        // Room for opening the part, for the entry, and for the closing zero.
        size_t need = (open ? 0 : SALT_SIZE + 2 * HEAD_MAX) + GV_PACK_VARINT_MAX + 1;
        if (room(out) < need) {
            if (open) gv_pack_put_u8(&out->summary, 0);
            state->place = place;
            return false;
        }
        if (!open) open_part(out, KIND_WANT, state->lo, state->hi);
        open = true;
        gv_pack_put_varint(&out->summary, place - last + 1);
        last = place;
    }
    if (open) gv_pack_put_u8(&out->summary, 0);
    if (state->payload != 0) state->in = list.in;
    return true;
}

static bool give_wanted(struct gv_reconcile *state, const struct gv_tree *tree,
                        struct gv_reconcile_out *out) {
    struct places list = places_begin(state);
    for (; list.place != GV_PLACE_END; places_next(&list)) {
        if (list.place < state->place) continue;
        uint64_t skip = list.place == state->place ? state->equals : 0, seen = 0;
        struct gv_tree_cursor at;
        bool more = gv_tree_seek(tree, list.place, &at);
        for (; more; more = gv_tree_next(&at)) {
            struct gv_item item = gv_tree_get(&at);
            if (item.place != list.place) break;
            if (seen++ < skip) continue;
            if (!out->give(out->ctx, item.ref, out->summary.len)) {
                state->place = list.place;
                state->equals = seen - 1;
                return false;
            }
        }
    }
    state->in = list.in;
    return true;
}

// --- the walk over the parts -----------------------------------------------------------------

int gv_reconcile_begin(struct gv_reconcile *state, struct gv_slice summary) {
    GV_ASSERT(state != NULL);
    *state = (struct gv_reconcile){.in = {summary.data, summary.len, 0, 0}, .kind = KIND_NONE};
    state->salt = gv_pack_get_u64(&state->in);
    return state->in.error;
}

static void read_part(struct gv_reconcile *state) {
    uint8_t head = gv_pack_get_u8(&state->in);
    uint64_t mantissa = gv_pack_get_varint(&state->in);
    unsigned zeros = head >> 2;
    state->lo = state->hi;
    state->kind = head & 3;
    if (mantissa == 0 && zeros == 0) {
        state->hi = GV_PLACE_END;
    } else if ((mantissa & 1) == 0 || mantissa > (GV_PLACE_END - 1 - state->lo) >> zeros) {
        state->in.error = GV_ESYNTAX; // no writer says it so, or it is beyond the last place
    } else {
        state->hi = state->lo + (mantissa << zeros);
    }
    if (state->lo == GV_PLACE_END) state->in.error = GV_ESYNTAX;
    state->place = state->lo;
    state->equals = 0;
    state->stage = STAGE_READ;
    state->payload = state->in.at;
}

// Answers the current part. False: the message is full.
static bool answer_part(struct gv_reconcile *state, const struct gv_tree *tree,
                        const struct gv_digest_key *key, struct gv_reconcile_out *out) {
    if (state->kind == KIND_SKIP) return true;
    if (state->kind == KIND_WANT) return give_wanted(state, tree, out);
    if (state->kind == KIND_DIGEST) {
        if (!answer_digest(state, tree, key, out)) return false;
        if (state->kind == KIND_DIGEST) return true; // else it became a list to be given
    }
    if (state->stage != STAGE_WANT) {
        if (!give_missing(state, tree, key, out)) return false;
        state->stage = STAGE_WANT;
        state->place = state->lo;
    }
    return want_missing(state, tree, key, out);
}

int gv_reconcile_answer(struct gv_reconcile *state, const struct gv_tree *tree,
                        const struct gv_digest_key *key, struct gv_reconcile_out *out) {
    GV_ASSERT(out->summary.cap >= GV_RECONCILE_ROOM_MIN);
    GV_ASSERT(out->give != NULL);
    while (!state->done) {
        if (state->kind == KIND_NONE) {
            if (state->in.at == state->in.len) {
                state->done = true;
                break;
            }
            read_part(state);
        }
        if (!state->in.error && !answer_part(state, tree, key, out)) return 1;
        state->kind = KIND_NONE;
        if (state->in.error) {
            state->done = true;
            return GV_ESYNTAX;
        }
    }
    return 0;
}

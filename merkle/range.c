// SPDX-License-Identifier: MIT
#include "range.h"

enum { AS_REQUEST_HASHES = 1 << 6, AS_REQUEST_ELEMENTS = 2 << 6 }; // flags in the count of a list

// --- writing ---------------------------------------------------------------------------------

void gv_range_put_header(struct gv_writer *out, enum gv_range_kind kind, uint64_t lo, uint64_t hi) {
    GV_ASSERT(lo < hi && kind <= GV_RANGE_ROOT);
    unsigned pairs = 0;                                      // pairs of trailing zero bits
    uint64_t mantissa = hi == GV_POSITION_END ? 0 : hi - lo; // 0 stands for GV_POSITION_END
    while (mantissa != 0 && (mantissa & 3) == 0) mantissa >>= 2, pairs++;
    gv_pack_put_u8(out, (uint8_t)((unsigned)kind | pairs << 3));
    gv_pack_put_varint(out, mantissa);
}

void gv_range_put_count(struct gv_writer *out, enum gv_range_kind kind, uint32_t count) {
    GV_ASSERT(count > 0 && count <= GV_RECONCILE_LIST_MAX);
    uint32_t as = kind == GV_RANGE_REQUEST_HASHES     ? AS_REQUEST_HASHES
                  : kind == GV_RANGE_REQUEST_ELEMENTS ? AS_REQUEST_ELEMENTS
                                                      : 0;
    gv_pack_put_u8(out, (uint8_t)(count + as));
}

void gv_range_put_sketch(struct gv_writer *out, const struct gv_pinsketch *sketch, uint64_t count) {
    uint64_t count_mod = count % GV_RANGE_COUNT_MODULUS;
    gv_pack_put_u8(out, (uint8_t)(GV_PINSKETCH_CAPACITY - 1 + count_mod * GV_PINSKETCH_CAPACITY));
    for (int i = 0; i < GV_PINSKETCH_CAPACITY; i++) gv_pack_put_u32(out, sketch->syndrome[i]);
}

// Packs four bytes of six bits each into 24 bits.
static uint32_t pack_estimator(uint32_t estimator) {
    return (estimator & 0x3f) | (estimator >> 2 & 0xfc0) | (estimator >> 4 & 0x3f000) |
           (estimator >> 6 & 0xfc0000);
}

static uint32_t unpack_estimator(uint32_t bits) {
    return (bits & 0x3f) | (bits & 0xfc0) << 2 | (bits & 0x3f000) << 4 | (bits & 0xfc0000) << 6;
}

void gv_range_put_estimator(struct gv_writer *out, uint32_t estimator) {
    uint32_t bits = pack_estimator(estimator);
    for (int i = 0; i < 24; i += 8) gv_pack_put_u8(out, (uint8_t)(bits >> i));
}

// --- reading ---------------------------------------------------------------------------------

static void read_bound(struct gv_reconcile *state, unsigned pairs) {
    uint64_t mantissa = gv_pack_get_varint(&state->in);
    unsigned zeros = 2 * pairs;
    if (mantissa == 0 && pairs == 0) {
        state->hi = GV_POSITION_END;
    } else if ((mantissa & 3) == 0 || mantissa > (GV_POSITION_END - 1 - state->lo) >> zeros) {
        state->in.error = GV_ESYNTAX; // not the shortest form, or beyond the last position
    } else {
        state->hi = state->lo + (mantissa << zeros);
    }
}

static void read_short_hashes(struct gv_reconcile *state) {
    uint8_t count = gv_pack_get_u8(&state->in);
    state->count = count % AS_REQUEST_HASHES;
    state->kind = count < AS_REQUEST_HASHES     ? GV_RANGE_LIST
                  : count < AS_REQUEST_ELEMENTS ? GV_RANGE_REQUEST_HASHES
                                                : GV_RANGE_REQUEST_ELEMENTS;
    state->short_hashes = state->in.at;
    bool elements = state->kind == GV_RANGE_REQUEST_ELEMENTS;
    if (elements &&
        (count >= AS_REQUEST_HASHES + AS_REQUEST_ELEMENTS || state->count > GV_PINSKETCH_CAPACITY))
        state->count = 0;
    if (state->count == 0 || state->count > GV_RECONCILE_LIST_MAX) state->in.error = GV_ESYNTAX;
    for (uint32_t i = 0; elements && i < state->count; i++)
        state->elements[i] = gv_pack_get_u32(&state->in);
    if (!elements && !state->in.error) gv_pack_get_bytes(&state->in, (size_t)state->count * 4);
}

static void read_sketch(struct gv_reconcile *state) {
    uint8_t head = gv_pack_get_u8(&state->in);
    state->syndromes = head % GV_PINSKETCH_CAPACITY + 1;
    state->count_mod = head / GV_PINSKETCH_CAPACITY;
    for (int i = 0; i < state->syndromes; i++)
        state->sketch.syndrome[i] = gv_pack_get_u32(&state->in);
}

static void read_estimator(struct gv_reconcile *state) {
    uint32_t bits = 0;
    for (int i = 0; i < 24; i += 8) bits |= (uint32_t)gv_pack_get_u8(&state->in) << i;
    state->estimator = unpack_estimator(bits);
}

static void read_probe(struct gv_reconcile *state) {
    unsigned zeros = gv_pack_get_u8(&state->in);
    uint64_t steps = gv_pack_get_varint(&state->in);
    if (zeros > 63 || steps > (state->hi - 1 - state->lo) >> zeros) {
        state->in.error = GV_ESYNTAX;
        return;
    }
    uint64_t width = UINT64_C(1) << zeros;
    state->from = state->lo + (steps << zeros);
    state->to = state->hi - state->from > width ? state->from + width : state->hi;
}

static void read_range(struct gv_reconcile *state) {
    uint8_t head = gv_pack_get_u8(&state->in);
    state->kind = head & 7;
    state->lo = state->hi;
    if (state->lo == GV_POSITION_END) state->in.error = GV_ESYNTAX;
    if (state->kind == GV_RANGE_ROOT) {
        state->hi = GV_POSITION_END;
        if (head != GV_RANGE_ROOT || state->lo != 0) state->in.error = GV_ESYNTAX;
    } else {
        read_bound(state, head >> 3);
    }
    bool sums = state->kind == GV_RANGE_SUM || state->kind == GV_RANGE_DIGEST ||
                state->kind == GV_RANGE_ROOT;
    if (sums) {
        state->peer.count = gv_pack_get_varint(&state->in);
        state->peer.sum = gv_pack_get_u64(&state->in);
        state->peer.weighted_sum = state->kind == GV_RANGE_SUM ? 0 : gv_pack_get_u64(&state->in);
        if (state->kind == GV_RANGE_ROOT) read_estimator(state);
    } else if (state->in.error) {
        return;
    } else if (state->kind == GV_RANGE_LIST) {
        read_short_hashes(state);
    } else if (state->kind == GV_RANGE_SKETCH) {
        read_sketch(state);
    } else if (state->kind == GV_RANGE_PROBE) {
        read_probe(state);
    }
}

bool gv_range_next(struct gv_reconcile *state) {
    if (state->in.at == state->in.len) return false;
    read_range(state);
    return !state->in.error;
}

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
    GV_ASSERT(count > 0 && count <= GV_RANGE_LIST_MAX);
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

static void read_bound(struct gv_reader *in, unsigned pairs, struct gv_range *range) {
    uint64_t mantissa = gv_pack_get_varint(in);
    unsigned zeros = 2 * pairs;
    if (mantissa == 0 && pairs == 0) {
        range->hi = GV_POSITION_END;
    } else if ((mantissa & 3) == 0 || mantissa > (GV_POSITION_END - 1 - range->lo) >> zeros) {
        in->error = GV_ESYNTAX; // not the shortest form, or beyond the last position
    } else {
        range->hi = range->lo + (mantissa << zeros);
    }
}

// Reads the kind and the upper bound.
static void read_header(struct gv_reader *in, struct gv_range *range) {
    uint8_t header = gv_pack_get_u8(in);
    range->kind = header & 7;
    if (range->lo == GV_POSITION_END) in->error = GV_ESYNTAX;
    if (range->kind != GV_RANGE_ROOT) {
        read_bound(in, header >> 3, range);
        return;
    }
    range->hi = GV_POSITION_END;
    if (header != GV_RANGE_ROOT || range->lo != 0) in->error = GV_ESYNTAX;
}

static void read_words(struct gv_reader *in, uint32_t count, struct gv_range *range) {
    range->count = count;
    range->words = in->at;
    gv_pack_get_bytes(in, (size_t)count * 4);
}

static void read_list(struct gv_reader *in, struct gv_range *range) {
    uint8_t header = gv_pack_get_u8(in);
    uint32_t count = header % AS_REQUEST_HASHES;
    range->kind = header < AS_REQUEST_HASHES     ? GV_RANGE_LIST
                  : header < AS_REQUEST_ELEMENTS ? GV_RANGE_REQUEST_HASHES
                                                 : GV_RANGE_REQUEST_ELEMENTS;
    uint32_t most =
        range->kind == GV_RANGE_REQUEST_ELEMENTS ? GV_PINSKETCH_CAPACITY : GV_RANGE_LIST_MAX;
    bool unknown = header >= AS_REQUEST_HASHES + AS_REQUEST_ELEMENTS;
    if (unknown || count == 0 || count > most) {
        in->error = GV_ESYNTAX;
    } else {
        read_words(in, count, range);
    }
}

static void read_sketch(struct gv_reader *in, struct gv_range *range) {
    uint8_t header = gv_pack_get_u8(in);
    range->count_mod = header / GV_PINSKETCH_CAPACITY;
    read_words(in, header % GV_PINSKETCH_CAPACITY + 1, range);
}

static void read_sums(struct gv_reader *in, struct gv_range *range) {
    range->peer.count = gv_pack_get_varint(in);
    range->peer.sum = gv_pack_get_u64(in);
    if (range->kind != GV_RANGE_SUM) range->peer.weighted_sum = gv_pack_get_u64(in);
    if (range->kind != GV_RANGE_ROOT) return;
    uint32_t bits = 0;
    for (int i = 0; i < 24; i += 8) bits |= (uint32_t)gv_pack_get_u8(in) << i;
    range->estimator = unpack_estimator(bits);
}

static void read_probe(struct gv_reader *in, struct gv_range *range) {
    unsigned zeros = gv_pack_get_u8(in);
    uint64_t steps = gv_pack_get_varint(in);
    if (zeros > 63 || steps > (range->hi - 1 - range->lo) >> zeros) {
        in->error = GV_ESYNTAX;
        return;
    }
    uint64_t width = UINT64_C(1) << zeros;
    range->from = range->lo + (steps << zeros);
    range->to = range->hi - range->from > width ? range->from + width : range->hi;
}

static void read_content(struct gv_reader *in, struct gv_range *range) {
    switch (range->kind) {
    case GV_RANGE_SUM:
    case GV_RANGE_DIGEST:
    case GV_RANGE_ROOT:
        read_sums(in, range);
        break;
    case GV_RANGE_LIST:
        read_list(in, range);
        break;
    case GV_RANGE_SKETCH:
        read_sketch(in, range);
        break;
    case GV_RANGE_PROBE:
        read_probe(in, range);
        break;
    default: // skip, empty: nothing
        break;
    }
}

bool gv_range_next(struct gv_reader *in, uint64_t lo, struct gv_range *range) {
    GV_ASSERT(in != NULL && range != NULL);
    if (in->at == in->len) return false;
    *range = (struct gv_range){.lo = lo};
    read_header(in, range);
    if (!in->error) read_content(in, range);
    range->end = in->at;
    return !in->error;
}

void gv_range_words(const struct gv_range *range, struct gv_slice summary, uint32_t *words) {
    struct gv_reader in = {summary.data, summary.len, range->words, 0};
    for (uint32_t i = 0; i < range->count; i++) words[i] = gv_pack_get_u32(&in);
    GV_ASSERT(in.error == 0);
}

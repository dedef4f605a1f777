// SPDX-License-Identifier: MIT
#include "byzantine.h"

#include "../../merkle/range.h"
#include "../../merkle/singlediff.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    RANGES_MAX = 64,
    RUN_MAX = 64, // maximum number of entries in a message
    SUMMARY_CAP = 4096,
    TEXT_CAP = 512,
};

uint8_t gv_byzantine_byte(struct gv_byzantine *byzantine) {
    if (byzantine->len == 0) return 0;
    byzantine->len--;
    return *byzantine->data++;
}

struct gv_slice gv_byzantine_bytes(struct gv_byzantine *byzantine, size_t len) {
    if (len > byzantine->len) len = byzantine->len;
    struct gv_slice bytes = {byzantine->data, len};
    byzantine->data += len;
    byzantine->len -= len;
    return bytes;
}

static uint64_t word(struct gv_byzantine *byzantine) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word = word << 8 | gv_byzantine_byte(byzantine);
    return word;
}

// A number to send in place of the correct one.
static uint64_t number(struct gv_byzantine *byzantine, uint64_t truth) {
    switch (gv_byzantine_byte(byzantine) % 8) {
    case 0:
        return truth + gv_byzantine_byte(byzantine);
    case 1:
        return truth - gv_byzantine_byte(byzantine);
    case 2:
        return UINT64_MAX - gv_byzantine_byte(byzantine);
    case 3:
        return UINT64_C(1) << gv_byzantine_byte(byzantine) % 64;
    case 4:
        return word(byzantine);
    case 5:
        return gv_byzantine_byte(byzantine);
    default:
        return truth;
    }
}

// ---- Summaries ----------------------------------------------------------------------------------

static struct gv_item item(struct gv_byzantine *byzantine, const struct gv_tree *tree) {
    uint64_t count = gv_tree_root(tree).count, rank = (uint64_t)gv_byzantine_byte(byzantine) << 8;
    rank |= gv_byzantine_byte(byzantine);
    struct gv_tree_cursor at;
    if (!gv_tree_select(tree, count > 0 ? rank % count : 0, &at)) return (struct gv_item){0};
    return gv_tree_get(&at);
}

// Chooses an upper bound for a range that begins at `lo`.
static uint64_t bound(struct gv_byzantine *byzantine, const struct gv_tree *tree, uint64_t lo) {
    uint8_t how = gv_byzantine_byte(byzantine);
    uint64_t hi = GV_POSITION_END;
    if (how % 4 == 0) hi = item(byzantine, tree).position;
    if (how % 4 == 1) hi = item(byzantine, tree).position + 1;
    if (how % 4 == 2) hi = lo + (UINT64_C(1) << how / 4) * (1 + gv_byzantine_byte(byzantine));
    return hi > lo ? hi : GV_POSITION_END;
}

// A wrong digest of a range, as if some items had been added or removed.
static struct gv_digest digest(struct gv_byzantine *byzantine, const struct gv_replica *replica,
                               uint64_t lo, uint64_t hi) {
    struct gv_digest digest = gv_tree_digest(&replica->tree, lo, hi);
    for (int changes = gv_byzantine_byte(byzantine) % 4; changes > 0; changes--) {
        struct gv_item one = item(byzantine, &replica->tree);
        uint8_t how = gv_byzantine_byte(byzantine);
        if (how % 2) one.position = lo + number(byzantine, 0) % (hi - lo);
        if (how % 4 < 2) one.hash = gv_singlediff_permute(&replica->key, one.position);
        struct gv_digest change = gv_digest_of(one.position, one.hash);
        digest = how & 4 ? gv_digest_sub(digest, change) : gv_digest_add(digest, change);
    }
    if (gv_byzantine_byte(byzantine) % 8 == 7) digest.sum = number(byzantine, digest.sum);
    if (gv_byzantine_byte(byzantine) % 8 == 7)
        digest.weighted_sum = number(byzantine, digest.weighted_sum);
    digest.count = number(byzantine, digest.count);
    return digest;
}

static void put_short_hashes(struct gv_byzantine *byzantine, const struct gv_replica *replica,
                             enum gv_range_kind kind, uint8_t salt, struct gv_writer *out) {
    uint32_t most = kind == GV_RANGE_REQUEST_ELEMENTS ? GV_PINSKETCH_CAPACITY : GV_RANGE_LIST_MAX;
    uint32_t count = 1 + gv_byzantine_byte(byzantine) % most;
    gv_range_put_count(out, kind, count);
    for (uint32_t i = 0; i < count; i++) {
        struct gv_item one = item(byzantine, &replica->tree);
        struct gv_digest digest = gv_digest_of(one.position, one.hash);
        uint32_t short_hash = (uint32_t)gv_digest_fingerprint(&replica->key, digest, salt);
        uint32_t truth =
            kind == GV_RANGE_REQUEST_ELEMENTS ? gv_pinsketch_element(one.hash) : short_hash;
        gv_pack_put_u32(out, (uint32_t)number(byzantine, truth));
    }
}

static void put_sketch(struct gv_byzantine *byzantine, struct gv_replica *replica, uint64_t lo,
                       uint64_t hi, struct gv_writer *out) {
    struct gv_pinsketch sketch = gv_tree_sketch(&replica->tree, lo, hi);
    uint64_t hashes[12];
    size_t changes = gv_byzantine_byte(byzantine) % (sizeof hashes / sizeof *hashes);
    for (size_t i = 0; i < changes; i++) {
        hashes[i] = item(byzantine, &replica->tree).hash;
        if (gv_byzantine_byte(byzantine) % 2) hashes[i] = word(byzantine);
    }
    gv_pinsketch_add(&sketch, hashes, changes, false);
    uint8_t odd = gv_byzantine_byte(byzantine);
    if (odd % 8 == 7) sketch.syndrome[odd / 8 % GV_PINSKETCH_CAPACITY] = (uint32_t)word(byzantine);
    gv_range_put_sketch(out, &sketch,
                        number(byzantine, gv_tree_digest(&replica->tree, lo, hi).count));
}

static void put_content(struct gv_byzantine *byzantine, struct gv_replica *replica,
                        enum gv_range_kind kind, uint64_t lo, uint64_t hi, uint8_t salt,
                        struct gv_writer *out) {
    if (kind == GV_RANGE_SUM || kind == GV_RANGE_DIGEST) {
        struct gv_digest about = digest(byzantine, replica, lo, hi);
        gv_pack_put_varint(out, about.count);
        gv_pack_put_u64(out, about.sum);
        if (kind == GV_RANGE_DIGEST) gv_pack_put_u64(out, about.weighted_sum);
    }
    if (kind == GV_RANGE_LIST || kind == GV_RANGE_REQUEST_HASHES ||
        kind == GV_RANGE_REQUEST_ELEMENTS)
        put_short_hashes(byzantine, replica, kind, salt, out);
    if (kind == GV_RANGE_SKETCH) put_sketch(byzantine, replica, lo, hi, out);
    if (kind == GV_RANGE_PROBE) {
        uint8_t zeros = gv_byzantine_byte(byzantine) % 64;
        gv_pack_put_u8(out, zeros);
        gv_pack_put_varint(out, number(byzantine, 0) % (((hi - 1 - lo) >> zeros) + 1));
    }
}

static void put_root(struct gv_byzantine *byzantine, const struct gv_replica *replica, uint8_t salt,
                     struct gv_writer *out) {
    struct gv_digest root = digest(byzantine, replica, 0, GV_POSITION_END);
    gv_pack_put_u8(out, salt);
    gv_pack_put_u8(out, GV_RANGE_ROOT);
    gv_pack_put_varint(out, root.count);
    gv_pack_put_u64(out, root.sum);
    gv_pack_put_u64(out, root.weighted_sum);
    gv_range_put_estimator(out, (uint32_t)number(byzantine, gv_tree_estimator(&replica->tree)) &
                                    0x3f3f3f3f);
}

static struct gv_slice summary(struct gv_byzantine *byzantine, struct gv_replica *replica) {
    static const enum gv_range_kind kinds[] = {
        GV_RANGE_SKIP,
        GV_RANGE_SUM,
        GV_RANGE_DIGEST,
        GV_RANGE_LIST,
        GV_RANGE_SKETCH,
        GV_RANGE_PROBE,
        GV_RANGE_EMPTY,
        GV_RANGE_REQUEST_HASHES,
        GV_RANGE_REQUEST_ELEMENTS,
        GV_RANGE_SUM,
        GV_RANGE_SKETCH,
        GV_RANGE_LIST,
    };
    static uint8_t bytes[SUMMARY_CAP];
    struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
    uint8_t ranges = gv_byzantine_byte(byzantine) % (RANGES_MAX + 1),
            salt = gv_byzantine_byte(byzantine);
    if (ranges == 0) {
        put_root(byzantine, replica, salt, &out);
        return (struct gv_slice){bytes, out.len};
    }
    gv_pack_put_u8(&out, salt);
    for (uint64_t lo = 0; lo < GV_POSITION_END && ranges > 0 && byzantine->len > 0; ranges--) {
        enum gv_range_kind kind =
            kinds[gv_byzantine_byte(byzantine) % (sizeof kinds / sizeof *kinds)];
        uint64_t hi = bound(byzantine, &replica->tree, lo);
        bool request = kind == GV_RANGE_REQUEST_HASHES || kind == GV_RANGE_REQUEST_ELEMENTS;
        gv_range_put_header(&out, request ? GV_RANGE_LIST : kind, lo, hi);
        put_content(byzantine, replica, kind, lo, hi, salt, &out);
        lo = hi;
    }
    return (struct gv_slice){bytes, out.len};
}

// ---- Entries ------------------------------------------------------------------------------------

static struct gv_entry entry(struct gv_byzantine *byzantine, const struct gv_replica *replica) {
    static char key[TEXT_CAP], value[TEXT_CAP];
    struct gv_entry entry = {0};
    struct gv_item one = item(byzantine, &replica->tree);
    uint8_t how = gv_byzantine_byte(byzantine);
    if (how % 4 == 0 && gv_tree_root(&replica->tree).count > 0)
        entry = gv_replica_get(replica, one.ref);
    int len = 0;
    if (how % 4 == 1) len = snprintf(key, sizeof key, "%" PRId64, (int64_t)number(byzantine, 1000));
    if (how % 4 == 2)
        len = snprintf(key, sizeof key, "[%d,\"k%d\"]", how / 4, gv_byzantine_byte(byzantine));
    if (how % 4 == 3)
        len = snprintf(key, sizeof key, "\"%*d\"", how * 2, gv_byzantine_byte(byzantine));
    if (len > 0) {
        entry.key = (struct gv_slice){(const uint8_t *)key, (size_t)len};
        entry.lattice = (enum gv_lattice)(gv_byzantine_byte(byzantine) % GV_LATTICES);
    }
    if (len > 0 && entry.lattice == GV_LATTICE_LOG) {
        static char element[TEXT_CAP + GV_ENTRY_LOG_KEY_MAX];
        uint64_t offset = number(byzantine, 1000) & GV_ENTRY_OFFSET_MAX;
        len = gv_entry_log_key_put(element, sizeof element, entry.key, offset);
        entry.key = (struct gv_slice){(const uint8_t *)element, (size_t)len};
        entry.value = (struct gv_slice){(const uint8_t *)key, 1}; // often no JSON
    }
    entry.count = number(byzantine, entry.count);
    if (len > 0 && entry.lattice == GV_LATTICE_PROMISE) {
        static const struct gv_slice slots[] = {{(const uint8_t *)"0", 1},
                                                {(const uint8_t *)"1", 1},
                                                {(const uint8_t *)"2", 1},
                                                {(const uint8_t *)"16383", 5}};
        entry.key = slots[how / 4 % 4];
    }
    if (entry.lattice == GV_LATTICE_PROMISE) entry.lamport = number(byzantine, entry.lamport);
    if (entry.lattice != GV_LATTICE_REGISTER) return entry;
    entry.lamport = number(byzantine, entry.lamport);
    uint8_t longer = gv_byzantine_byte(byzantine);
    if (longer % 2 == 0 && entry.value.len > 0 && entry.node.len > 0) return entry;
    len = snprintf(value, sizeof value, "\"%*d\"", longer, how);
    entry.value = (struct gv_slice){(const uint8_t *)value, (size_t)len};
    entry.node = entry.value;
    return entry;
}

static void put_entries(struct gv_byzantine *byzantine, const struct gv_replica *replica,
                        size_t reserve, struct gv_message_writer *out) {
    uint8_t how = gv_byzantine_byte(byzantine);
    for (int count = how % 4 ? how % 4 : how % (RUN_MAX + 1); count > 0; count--) {
        struct gv_entry one = entry(byzantine, replica);
        if (!gv_message_put(out, &one, reserve)) return;
    }
}

// ---- Messages -----------------------------------------------------------------------------------

static struct gv_message header(struct gv_byzantine *byzantine, const struct gv_engine *engine,
                                int peer) {
    static const struct gv_peer stranger = {.ack = {.next_id = 1}};
    const struct gv_peer *at = engine->peers.at[peer] != NULL ? engine->peers.at[peer] : &stranger;
    uint8_t has = gv_byzantine_byte(byzantine);
    struct gv_message header = {
        .sync = has & 1,
        .has_id = has & 2,
        .immediate_ack = (has & 6) == 6,
        .to_parent = has & 8,
        .has_ack = has & 16,
    };
    if (header.has_id) header.id = number(byzantine, at->ack.largest + 1);
    if (has & 32) header.next_flush_ms = (uint32_t)number(byzantine, 400);
    const struct gv_cut *cut = &engine->cut;
    if (has & 64 && cut->slots != NULL) {
        uint64_t sum = cut->slots[cut->self].all;
        header.life = (uint32_t)number(byzantine, cut->slots[peer].life);
        header.recover = has & 1;
        header.has_told = has & 128;
        header.told.life = (uint32_t)number(byzantine, cut->life);
        header.told.count = number(byzantine, cut->last);
        header.told.sum = number(byzantine, sum);
    }
    if (!header.has_ack) return header;
    header.ack.largest = number(byzantine, at->ack.next_id - 1);
    header.ack.mask = number(byzantine, UINT64_MAX);
    header.ack.ack_delay_us = number(byzantine, 100);
    return header;
}

size_t gv_byzantine_message(struct gv_byzantine *byzantine, struct gv_engine *engine, int peer,
                            char *buf, size_t cap) {
    uint8_t has = gv_byzantine_byte(byzantine);
    struct gv_message first = header(byzantine, engine, peer);
    struct gv_slice ranges = {0};
    if (has & 1) ranges = summary(byzantine, &engine->replica);
    GV_ASSERT(cap > GV_MESSAGE_HEADER_MAX + GV_MESSAGE_TAIL + GV_MESSAGE_RANGES(ranges.len));
    struct gv_message_writer out;
    gv_message_begin(&out, &first, buf, cap);
    if (has & 2) put_entries(byzantine, &engine->replica, GV_MESSAGE_RANGES(ranges.len), &out);
    size_t len = gv_message_end(&out, ranges);
    for (int changes = has / 4 % 8 == 7 ? 1 + has / 32 : 0; changes > 0; changes--) {
        size_t at = (size_t)gv_byzantine_byte(byzantine) << 8;
        at |= gv_byzantine_byte(byzantine);
        buf[at % len] = (char)gv_byzantine_byte(byzantine);
    }
    return len;
}
